"""Counts a network's arithmetic from its shape: which convolutions it is made of, and what they cost for each texel."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from cg_upscaler.models.shape import RRDBShape, Shape


@dataclass(frozen=True, slots=True)
class Layer:
    """A 3×3 convolution, and how often a network has it."""

    inputs: int
    outputs: int
    zoom: Fraction
    """How many times as wide as the network's input the pictures are that it works on."""
    end: bool = False
    """It is the first or the last of its network, which mixed precision leaves in float32."""
    count: int = 1

    @property
    def flops(self) -> Fraction:
        """Two for each multiplication and addition, for one texel of the network's input; biases are left out."""
        return 2 * 9 * self.inputs * self.outputs * self.zoom**2


def layers(shape: Shape) -> tuple[Layer, ...]:
    """Return the distinct convolutions of a network with their counts, in the order in which they are first used."""
    found: dict[Layer, int] = {}
    convolutions = [name for name, dimensions in shape.tensors().items() if len(dimensions) == 4]
    for name in convolutions:
        outputs, inputs, *_ = shape.tensors()[name]
        end = name in (convolutions[0], convolutions[-1])
        layer = Layer(inputs, outputs, _zoom(name.removesuffix(".weight"), shape), end)
        found[layer] = found.get(layer, 0) + 1
    return tuple(replace(layer, count=count) for layer, count in found.items())


def flops_per_texel(shape: Shape) -> float:
    """Return what a texel of the input costs. Nothing counts twice: what an engine computes again is its own loss."""
    return float(sum(layer.flops * layer.count for layer in layers(shape)))


def _zoom(name: str, shape: Shape) -> Fraction:
    if not isinstance(shape, RRDBShape):
        return Fraction(1)  # its size grows by one shuffle, at the very end
    doublings = 0
    if name in ("conv_hr", "conv_last"):
        doublings = shape.upsamplings
    elif name.startswith("conv_up"):
        doublings = int(name.removeprefix("conv_up"))
    return Fraction(1 << doublings, shape.unshuffle)
