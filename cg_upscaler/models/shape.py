"""What a network of each family is made of: every tensor's name and shape, from which scale and reach follow."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

Tensors = dict[str, tuple[int, ...]]
"""Names and shapes, in the order in which a network uses them."""

MEASURED_REACH = 64
"""Feature texels beyond which a texel's influence on an RRDBNet's output is under one level of 255 (0.6 … 0.9 at the
edge of a tile). In theory it reaches 15 for each basic block."""


@dataclass(frozen=True, slots=True)
class RRDBShape:
    """The dimensions of an RRDBNet (ESRGAN, Real-ESRGAN)."""

    channels: int = 3
    """Of the picture, in and out."""
    width: int = 64
    """Channels between basic blocks."""
    growth: int = 32
    """Channels that each convolution of a dense block adds."""
    blocks: int = 23
    upsamplings: int = 2
    """How often the head doubles the size."""
    unshuffle: int = 1
    """By how much the network first folds space into channels: 2 in Real-ESRGAN's 2x weights, 4 in its 1x."""

    architecture = "rrdb"

    @property
    def scale(self) -> int:
        return (1 << self.upsamplings) // self.unshuffle

    @property
    def multiple(self) -> int:
        return self.unshuffle

    @property
    def horizon(self) -> int:
        ends = 4  # conv_first, conv_body, and a head that sees at most two texels far
        return (15 * self.blocks + ends) * self.unshuffle

    @property
    def reach(self) -> int:
        return min(MEASURED_REACH * self.unshuffle, self.horizon)

    @property
    def held(self) -> int:
        # A dense block's last convolution sees its input of six rows before, and each map behind that one row less. The
        # input of a basic block waits for 15 rows, that of the trunk for all of them.
        dense = 6 * self.width + (5 + 4 + 3 + 2) * self.growth
        return self.blocks * (3 * dense + 15 * self.width) + (15 * self.blocks + 1 + 2) * self.width

    @property
    def live(self) -> int:
        return self.channels * self.unshuffle**2 + (self.width + 4 * self.growth) + 4 * self.width

    def tensors(self) -> Tensors:
        width, growth, found = self.width, self.growth, Tensors()
        _convolution(found, "conv_first", self.channels * self.unshuffle**2, width)
        for block in range(self.blocks):
            for dense in (1, 2, 3):
                for k in range(5):
                    name = f"body.{block}.rdb{dense}.conv{k + 1}"
                    _convolution(found, name, width + k * growth, growth if k < 4 else width)
        ups = [f"conv_up{i + 1}" for i in range(self.upsamplings)]
        for name in ("conv_body", *ups, "conv_hr"):
            _convolution(found, name, width, width)
        _convolution(found, "conv_last", width, self.channels)
        return found


@dataclass(frozen=True, slots=True)
class CompactShape:
    """The dimensions of an SRVGGNetCompact, Real-ESRGAN's network for video and drafts."""

    channels: int = 3
    width: int = 64
    hidden: int = 16
    """Convolutions between the first and the last."""
    scale: int = 4

    architecture = "compact"
    multiple = 1

    @property
    def horizon(self) -> int:
        return self.hidden + 2  # each convolution sees one texel far, and nothing else reaches beyond a texel

    @property
    def reach(self) -> int:
        return self.horizon

    @property
    def held(self) -> int:
        return 2 * (self.hidden + 1) * self.width + self.horizon * self.channels

    @property
    def live(self) -> int:
        return (self.hidden + 1) * self.width + 2 * self.channels * (1 + self.scale**2)

    def tensors(self) -> Tensors:
        found = Tensors()
        for i in range(self.hidden + 1):
            _convolution(found, f"body.{2 * i}", self.width if i else self.channels, self.width)
            found[f"body.{2 * i + 1}.weight"] = (self.width,)
        _convolution(found, f"body.{2 * self.hidden + 2}", self.width, self.channels * self.scale**2)
        return found


Shape = RRDBShape | CompactShape


def parameters(shape: Shape) -> int:
    """Return how many numbers the network's weights are."""
    return sum(prod(dimensions) for dimensions in shape.tensors().values())


def _convolution(found: Tensors, name: str, inputs: int, outputs: int) -> None:
    found[f"{name}.weight"] = (outputs, inputs, 3, 3)
    found[f"{name}.bias"] = (outputs,)
