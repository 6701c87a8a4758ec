"""Reads off the tensors' shapes which network some weights belong to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isqrt

from cg_upscaler.errors import UnknownArchitecture
from cg_upscaler.models.shape import CompactShape, RRDBShape, Shape

ACCEPTED = "give weights of ESRGAN or Real-ESRGAN (RRDBNet, 1x to 8x) or of its compact network (SRVGGNetCompact)"


def detect(found: Mapping[str, tuple[int, ...]], *, where: str | None = None) -> Shape:
    """Return the network whose tensors, under our names, are exactly those found.

    Raises UnknownArchitecture saying what was seen, and where it departs from the family that it resembles most.
    """
    shape = _compact(found) if "body.0.weight" in found else _rrdb(found)
    if shape is None:
        keys = sorted(found)
        seen = ", ".join(keys[:4]) + (" …" if len(keys) > 4 else "")
        raise UnknownArchitecture(
            f"weights of no network known here: {len(keys)} tensors, among them {seen}", where=where, fix=ACCEPTED
        )
    expected = shape.tensors()
    for name in (*expected, *found):
        if found.get(name) != expected.get(name):
            raise UnknownArchitecture(
                f"nearly {_NETWORKS[shape.architecture]}, but {name} is {_text(found.get(name))} "
                f"and not {_text(expected.get(name))}",
                where=where,
                fix=ACCEPTED,
            )
    return shape


_NETWORKS = {"rrdb": "an RRDBNet", "compact": "an SRVGGNetCompact"}


def _rrdb(found: Mapping[str, tuple[int, ...]]) -> RRDBShape | None:
    first, dense, last = (found.get(f"{name}.weight", ()) for name in ("conv_first", "body.0.rdb1.conv1", "conv_last"))
    if not len(first) == len(dense) == len(last) == 4 or 0 in (*first, *dense, *last):
        return None
    channels, unshuffle = last[0], isqrt(first[1] // last[0])
    upsamplings = _count(found, r"conv_up(\d+)\.weight")
    if unshuffle < 1 or unshuffle > 2**upsamplings or unshuffle & (unshuffle - 1):
        return None
    return RRDBShape(
        channels=channels,
        width=first[0],
        growth=dense[0],
        blocks=_count(found, r"body\.(\d+)\..*"),
        upsamplings=upsamplings,
        unshuffle=unshuffle,
    )


def _compact(found: Mapping[str, tuple[int, ...]]) -> CompactShape | None:
    convolutions = _count({name: s for name, s in found.items() if len(s) == 4}, r"body\.(\d+)\.weight")
    first, last = (found.get(f"body.{i}.weight", ()) for i in (0, 2 * convolutions - 2))
    if convolutions < 2 or not len(first) == len(last) == 4 or 0 in (*first, *last):
        return None
    scale = isqrt(last[0] // first[1])
    if scale < 1:
        return None
    return CompactShape(channels=first[1], width=first[0], hidden=convolutions - 2, scale=scale)


def _count(names: Mapping[str, object], pattern: str) -> int:
    return len({match[1] for name in names if (match := re.fullmatch(pattern, name))})


def _text(shape: tuple[int, ...] | None) -> str:
    return "missing" if shape is None else "×".join(map(str, shape)) or "a single number"
