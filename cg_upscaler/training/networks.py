"""Makes the network that is trained: from the weights that it starts from, or from nothing but a shape."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import nn

from cg_upscaler.errors import ModelError, UsageError
from cg_upscaler.library.config.training import Family, Lesson, Shaped, Training
from cg_upscaler.models import catalog
from cg_upscaler.models.compact import SRVGGNetCompact
from cg_upscaler.models.load import Architecture, build, load
from cg_upscaler.models.rrdb import RRDBNet
from cg_upscaler.models.shape import CompactShape, RRDBShape, Shape
from cg_upscaler.pixels.resample import cubic, phases

CHANNELS = {Lesson.COLOR: 3, Lesson.NORMAL: 3, Lesson.MASK: 1, Lesson.HEIGHT: 1}
"""Of the picture, in and out."""

_CARRIED = 8
"""Features of each channel that a compact network hands to its last layer to begin as a bicubic."""

_SMALL = 0.1
"""By how much smaller than usual an RRDB's weights begin, as ESRGAN's did: sums of many residuals stay in bounds."""


def network_of(training: Training) -> Architecture:
    """Return the network in float32 on the CPU, ready to learn. Raises `ModelError`, and `UsageError` for one that the
    lesson cannot take.
    """
    if training.start is None:
        return fresh(shape_of(training.network, training.teach, training.scale), training.seed)
    info = catalog.find(training.start)
    if info.architecture not in (RRDBShape.architecture, CompactShape.architecture):
        fix = "start from an ESRGAN or a compact network"
        raise ModelError("is no network that can be trained here", where=training.start, fix=fix)
    network, wanted = load(info), CHANNELS[training.teach]
    if (network.shape.channels, wanted) == (3, 1):
        network = of_gray(network)
    shape = network.shape
    if shape.scale != training.scale or shape.channels != wanted:
        raise UsageError(
            f"{training.start} is {shape.scale}x with {shape.channels} channels, and {training.teach.value} at "
            f"{training.scale}x takes {training.scale}x with {wanted}",
            fix="set 'scale', or start from other weights",
        )
    return network.train().requires_grad_(True)


def of_gray(network: Architecture) -> Architecture:
    """Return the network of one channel that does with gray what a network for colour does with it, in the mean."""
    state, shape = dict(network.state_dict()), network.shape
    if isinstance(shape, CompactShape):
        first, last = "body.0.weight", f"body.{2 * shape.hidden + 2}"
    else:
        first, last = "conv_first.weight", "conv_last"
    state[first] = state[first].unflatten(1, (3, -1)).sum(1)
    for name in (f"{last}.weight", f"{last}.bias"):
        state[name] = state[name].unflatten(0, (3, -1)).mean(0)
    return build(replace(shape, channels=1), state)


def shape_of(asked: Shaped, lesson: Lesson, scale: int) -> Shape:
    """Return the shape of a network from nothing. Raises `UsageError` for a scale that the family has not."""
    channels = CHANNELS[lesson]
    if asked.family is Family.COMPACT:
        return CompactShape(channels, asked.width or 48, asked.hidden or 9, scale)
    if scale & (scale - 1):
        raise UsageError(f"an RRDB doubles sizes and is never {scale}x", fix="set 'scale' to 2 or 4, or take compact")
    width = asked.width or 64
    return RRDBShape(channels, width, max(1, width // 2), asked.blocks or 6, scale.bit_length() - 1)


def fresh(shape: Shape, seed: int) -> Architecture:
    """Return a network that has learnt nothing. Yet a compact one begins as a bicubic filter, where
    it has room for one, and an RRDB as a linear one: all that follows is better than that.
    """
    generator = torch.Generator().manual_seed(seed)
    state = {name: _random(name, dimensions, shape, generator) for name, dimensions in shape.tensors().items()}
    if isinstance(shape, CompactShape):
        _begin_as_bicubic(state, shape)
    else:
        _begin_as_linear(state, shape)
    return build(shape, state).train().requires_grad_(True)


def _random(name: str, dimensions: tuple[int, ...], shape: Shape, generator: torch.Generator) -> torch.Tensor:
    if name.endswith(".bias"):
        return torch.zeros(dimensions)
    if len(dimensions) == 1:
        return torch.full(dimensions, 0.25)  # a PReLU's slope
    deviation = sqrt(2 / (dimensions[1] * 9)) * (_SMALL if isinstance(shape, RRDBShape) else 1.0)
    return torch.randn(dimensions, generator=generator) * deviation


def _begin_as_linear(state: dict[str, torch.Tensor], shape: RRDBShape) -> None:
    """Write into fresh weights what makes the network a linear filter.

    The picture goes through a few features as it is, whose activations let it pass, since it is never negative. What is
    twice as large by the nearest texel is linearly interpolated by the kernel 1 2 1. The trunk adds nothing at first.
    """
    state["conv_body.weight"].zero_()
    soft = torch.tensor([1.0, 2.0, 1.0]) / 4
    same, smooth = torch.zeros(3, 3), torch.outer(soft, soft)
    same[1, 1] = 1
    kernels = {"conv_first": same, "conv_hr": same, "conv_last": same}
    kernels |= {f"conv_up{number + 1}": smooth for number in range(shape.upsamplings)}
    for name, kernel in kernels.items():
        weight = state[f"{name}.weight"]
        weight[: shape.channels] = 0
        for channel in range(shape.channels):
            weight[channel, channel] = kernel


def _begin_as_bicubic(state: dict[str, torch.Tensor], shape: CompactShape) -> None:
    """Write into fresh weights what makes the network a bicubic filter.

    A few features carry the steps from each texel to the next on through all layers, whose activations let them pass as
    they are (a slope of 1). The last hidden layer shifts them by a texel each way, and so the last one, which sees 3×3,
    reaches the 5×5 texels of a cubic: it adds what a cubic is beside the nearest texel. They are steps, not the texels
    themselves, so that rounding to bfloat16 stays small where the picture is smooth. All of it may be unlearnt.
    """
    last = f"body.{2 * shape.hidden + 2}"
    state[f"{last}.weight"].zero_()
    if shape.width < _CARRIED * shape.channels:
        return  # it begins as the nearest texel
    carried = 2 * shape.channels
    first = state["body.0.weight"]
    first[:carried] = 0
    for channel in range(shape.channels):
        for axis in range(2):
            kernel = first[2 * channel + axis, channel]
            kernel[1, 1] = -1
            kernel[(1, 2) if axis == 0 else (2, 1)] = 1
    for layer in range(1, shape.hidden + 1):
        weight, slopes = state[f"body.{2 * layer}.weight"], state[f"body.{2 * layer - 1}.weight"]
        slopes[:carried] = 1
        if layer < shape.hidden:
            weight[:carried] = 0
            for feature in range(carried):
                weight[feature, feature, 1, 1] = 1
        else:
            weight[: 4 * carried] = 0
            for feature in range(carried):
                for corner, (down, across) in enumerate(_CORNERS):
                    weight[4 * feature + corner, feature, 1 + down, 1 + across] = 1
    state[f"body.{2 * shape.hidden + 1}.weight"][: 4 * carried] = 1
    solved = torch.from_numpy(_solved(shape.scale))
    for channel in range(shape.channels):
        phase = channel * shape.scale**2
        of = slice(_CARRIED * channel, _CARRIED * (channel + 1))
        state[f"{last}.weight"][phase : phase + shape.scale**2, of] = solved


_CORNERS = ((-1, -1), (-1, 1), (1, -1), (1, 1))


def _solved(scale: int) -> NDArray[np.float32]:
    """Return the last layer's weights (scale², 8, 3, 3): what gives of shifted steps a cubic less its nearest texel."""
    side, middle = 9, 4
    columns = []
    for axis in range(2):
        for down, across in _CORNERS:
            for y in range(-1, 2):
                for x in range(-1, 2):
                    kernel = np.zeros((side, side))
                    at = middle + down + y, middle + across + x
                    kernel[at] = -1
                    kernel[(at[0], at[1] + 1) if axis == 0 else (at[0] + 1, at[1])] = 1
                    columns.append(kernel.ravel())
    taps = phases(scale, cubic)
    wanted = []
    for row in taps:
        for column in taps:
            kernel = np.zeros((side, side))
            kernel[middle - 2 : middle + 3, middle - 2 : middle + 3] = np.outer(row, column)
            kernel[middle, middle] -= 1
            wanted.append(kernel.ravel())
    solution = np.linalg.lstsq(np.stack(columns, 1), np.stack(wanted, 1), rcond=None)[0]
    return np.ascontiguousarray(solution.T.reshape(scale**2, _CARRIED, 3, 3).astype(np.float32))


def forward(network: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Return float32 (n, c, h·scale, w·scale) for (n, c, h, w), as a network computes while it learns.

    What a run computes layer by layer in the types of the weights is left to torch's autocast here.
    """
    if isinstance(network, SRVGGNetCompact):
        features = x
        for layer in network.body:
            features = layer(features)
        detail = F.pixel_shuffle(features.float(), network.shape.scale)
        return detail + F.interpolate(x, scale_factor=float(network.shape.scale), mode="nearest")
    assert isinstance(network, RRDBNet)
    return network.head(network.trunk(x)).float()
