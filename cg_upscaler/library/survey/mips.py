"""Measures whether a mip level is a downscale of the first, or was made by hand: faded, drawn upon, colour-coded.

What tools do differently among themselves does not count: the filter, in light or in stored numbers, colour weighed by
alpha or not, vectors made of unit length or not, and the noise of block compression.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import gt

import numpy as np

from cg_upscaler.geometry import Size
from cg_upscaler.job import MipFilter
from cg_upscaler.pixels import normals, transfer
from cg_upscaler.pixels.kernels import Shrinking
from cg_upscaler.pixels.rows import Pixels
from cg_upscaler.pixels.views import for_each_channel, picked

BY_HAND = 6 / 255
"""From here on somebody made it: more than any filter, curve or compressor does (`docs/decisions/0016-mips.md`).

But picking single texels does, in small levels: only those of `LEAST` texels and more along both sides tell."""

LEAST = 16

_AREA = 4
"""Texels of a level, each way, whose means are compared: filters, and the noise of a block, leave these as they are."""

_SEEN = 1 / 16
"""How much of an area must be seen for its colour to count."""

_TINY, _HALF = np.float32(1e-6), np.float32(0.5)

_WIDER = np.float32(0.25)
"""How far a curve may lie beyond the two that are tried, as a share of what is between them."""


def made_by_hand(first: Pixels, level: Pixels, *, alpha: int | None = None, vectors: bool = False) -> float:
    """Return how far a level, (h, w, c), is from any downscale of the first one, (H, W, c); both of stored numbers.

    It is the root of the mean square, over areas of a few texels, by which their means lie beyond all that filters
    make of them; 0 … 1, and `BY_HAND` or more where somebody made it. `alpha` is the channel that hides colour, and is
    itself left out, since tools bend it. `vectors` are two or three channels of a normal map, stored as 0 … 1. Raises
    `ValueError` for a level that is larger than the first, or has other channels.
    """
    if first.shape[2] != level.shape[2] or any(map(gt, level.shape, first.shape)):
        raise ValueError(f"{level.shape} is no level of {first.shape}")
    colour = [channel for channel in range(first.shape[2]) if channel != alpha]
    before, after = picked(first, colour), picked(level, colour)
    opacity = None if alpha is None else np.clip(picked(first, [alpha]), 0, 1, dtype=np.float32)
    size = Size(level.shape[1], level.shape[0])
    if vectors:
        after = normals.decode(after) * _HALF
        made = list(_of_vectors(normals.decode(before), size))
    else:
        made = list(_of_colour(before, opacity, size))
    weight = np.ones((*level.shape[:2], 1), np.float32) if opacity is None else _smaller(opacity, size)
    areas = Size(-(-size.width // _AREA), -(-size.height // _AREA))
    seen = _smaller(weight, areas)
    there, means = _weighed(after, weight, areas), [_weighed(one, weight, areas) for one in made]
    low, high = np.minimum.reduce(means), np.maximum.reduce(means)
    room = _WIDER * (high - low)
    beyond = np.maximum(np.maximum(low - room - there, there - high - room), 0)
    counts = seen * (seen >= _SEEN)
    total = float(counts.sum()) * beyond.shape[2]
    return float(np.sqrt((np.square(beyond) * counts).sum(dtype=np.float64) / total)) if total else 0.0


def _of_vectors(vectors: Pixels, size: Size) -> Iterator[Pixels]:
    """Yield what tools make of vectors; halved, so that they span as much as stored numbers do."""
    mean = _smaller(vectors, size)
    yield mean * _HALF
    yield normals.normalise(mean) * _HALF


def _of_colour(stored: Pixels, opacity: Pixels | None, size: Size) -> Iterator[Pixels]:
    """Yield what tools make of colour: in stored numbers or in light, weighed by what is seen of it or not."""
    light = transfer.srgb_to_linear(stored)
    yield _smaller(stored, size)
    yield transfer.linear_to_srgb(_smaller(light, size))
    if opacity is not None:
        yield _weighed(stored, opacity, size)
        yield transfer.linear_to_srgb(_weighed(light, opacity, size))


def _weighed(pixels: Pixels, weight: Pixels, size: Size) -> Pixels:
    """Return means weighed by (h, w, 1); 0 where there is no weight."""
    total = _smaller(pixels * for_each_channel(weight, pixels.shape[2]), size)
    total /= np.maximum(_smaller(weight, size), _TINY)
    return total


def _smaller(pixels: Pixels, size: Size) -> Pixels:
    """Return the means under the texels of a smaller picture."""
    box = Shrinking.by(Size(pixels.shape[1], pixels.shape[0]), size, MipFilter.BOX)
    ys, xs = box.reads(0, size.height)
    short = max(0, ys.stop - pixels.shape[0]), max(0, xs.stop - pixels.shape[1])  # taps that weigh nothing
    padded = np.pad(pixels, ((0, short[0]), (0, short[1]), (0, 0)), mode="edge") if any(short) else pixels
    return box.rows(padded, ys, xs, 0, size.height)
