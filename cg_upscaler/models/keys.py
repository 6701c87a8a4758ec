"""Translates the layer names that ESRGAN checkpoints are met with into Real-ESRGAN's, which are ours."""

from __future__ import annotations

import re
from collections.abc import Iterable

_ROWS = (
    # ours                    theirs                                                     met in
    ("conv_first",            r"conv_first"),                                          # Real-ESRGAN, BasicSR, mmagic
    ("conv_first",            r"initial_conv"),                                        # basic-block style
    ("conv_first",            r"model\.0"),                                            # ESRGAN 2018
    ("body.{}.rdb{}.conv{}",  r"body\.(\d+)\.rdb([123])\.conv([1-5])"),                # Real-ESRGAN, mmagic
    ("body.{}.rdb{}.conv{}",  r"RRDB_trunk\.(\d+)\.RDB([123])\.conv([1-5])"),          # BasicSR, BSRGAN, RealSR
    ("body.{}.rdb{}.conv{}",  r"basic_blocks\.(\d+)\.dense_block_([123])\.conv_block_([1-5])"),  # basic-block style
    ("body.{}.rdb{}.conv{}",  r"model\.1\.sub\.(\d+)\.RDB([123])\.conv([1-5])"),       # ESRGAN 2018
    ("conv_body",             r"conv_body"),                                           # Real-ESRGAN, basic-block style
    ("conv_body",             r"trunk_conv"),                                          # BasicSR
    ("conv_body",             r"model\.1\.sub\.\d+"),                                  # ESRGAN 2018: after the blocks
    ("conv_up{}",             r"conv_up(\d)"),                                         # Real-ESRGAN
    ("conv_up{}",             r"upconv(\d)"),                                          # BasicSR
    ("conv_up{}",             r"upsample_2x_(\d)_convblock"),                          # basic-block style
    ("conv_hr",               r"conv_hr"),                                             # Real-ESRGAN
    ("conv_hr",               r"HRconv"),                                              # BasicSR
    ("conv_hr",               r"pen_conv"),                                            # basic-block style
    ("conv_last",             r"conv_last"),                                           # Real-ESRGAN, BasicSR
    ("conv_last",             r"final_conv"),                                          # basic-block style
    ("body.{}",               r"body\.(\d+)"),                                         # SRVGGNetCompact
    ("head.{}",               r"model\.(\d+)"),                                        # ESRGAN 2018, numbered
)  # fmt: skip

_WRAPPED = r"(?:\.0|\.conv|\.cnn)?"  # a convolution that lies in a block of its own
_LAYERS = tuple((ours, re.compile(f"{theirs}{_WRAPPED}\\.(weight|bias)")) for ours, theirs in _ROWS)
_FIRST = re.compile(rf"((?:\w+\.)*?)(?:conv_first|initial_conv|model\.0|body\.0){_WRAPPED}\.weight")


def translate(keys: Iterable[str]) -> dict[str, str]:
    """Return their name → our name for the tensors of one network.

    Whatever stands before the name of the first layer (``module.``, ``generator.``, ``netG.``) is left off, and with
    it all that does not begin so: a discriminator beside the generator. A name that is in no table stays as it is.
    """
    keys = list(keys)
    prefix = _prefix(keys)
    names = {key: _ours(key[len(prefix) :]) for key in keys if key.startswith(prefix)}
    head = _sequential_head(names.values())
    return {key: head.get(name, name) for key, name in names.items()}


def _prefix(keys: list[str]) -> str:
    found = [match[1] for key in keys if (match := _FIRST.fullmatch(key))]
    # The running average of a generator's weights is the better one, where both are there.
    return min(found, key=lambda prefix: ("ema" not in prefix, len(prefix)), default="")


def _ours(name: str) -> str:
    for ours, pattern in _LAYERS:
        if match := pattern.fullmatch(name):
            *numbers, tensor = match.groups()
            return f"{ours.format(*numbers)}.{tensor}"
    return name


def _sequential_head(names: Iterable[str]) -> dict[str, str]:
    """Name the layers that ESRGAN 2018 only numbers.

    They stand in a sequence with the steps that have no weights: for each doubling *upsample, convolution,
    activation* (3, 6 … are convolutions), then *convolution, activation, convolution*.
    """
    found = {int(name.split(".")[1]) for name in names if name.startswith("head.")}
    doublings = len(found) - 2
    layers = {3 * i: f"conv_up{i}" for i in range(1, doublings + 1)}
    layers |= {3 * doublings + 2: "conv_hr", 3 * doublings + 4: "conv_last"}
    return {f"head.{i}.{tensor}": f"{ours}.{tensor}" for i, ours in layers.items() for tensor in ("weight", "bias")}
