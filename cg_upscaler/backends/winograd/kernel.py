"""A 3×3 convolution of float32 by tiles of 4×4 results, which takes a quarter of the multiplications.

Winograd's minimal filtering, F(4×4, 3×3): Lavin and Gray, Fast Algorithms for Convolutional Neural Networks (2015),
arXiv:1509.09308. A tile of 6×6 inputs is brought into a space in which the convolution is 36 products, one a point;
for all tiles and channels together these are 36 products of matrices. The points of the interpolation are 0, ±√½, ±√2
and ∞, whose matrices have entries of one size, and lose a third as much to rounding as the usual 0, ±1, ±2 and ∞.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cg_upscaler.backends.winograd.loops import COLUMNS, ROWS, A, B, finish, from_points, multiply, to_points

Floats = NDArray[np.float32]

TILE = 4
"""Results of a tile, a side."""

SEEN = TILE + 2
"""Inputs of a tile, a side."""

POINTS = SEEN * SEEN

CHUNK = 4 * ROWS
"""Tiles that are taken together: their numbers in the other space stay near the processor's second cache, and the
weights, which do not, are read once for all of them."""

FILTER = np.array(
    [
        [1, 0, 0],
        *([1 / (2 * p * p * (p * p - q * q)) * p**k for k in range(3)] for p, q in ((A, B), (-A, B), (B, A), (-B, A))),
        [0, 0, 1],
    ]
)
"""What brings three weights to the six points: the table G of the paper."""


def transformed(weights: Floats) -> Floats:
    """Return (outputs, inputs, 3, 3) at the points, as `convolve` reads them: (36, outputs / 16, inputs, 16)."""
    outputs, inputs = weights.shape[:2]
    points = np.einsum("ai,bj,nkij->abkn", FILTER, FILTER, weights.astype(np.float64))
    panels = points.reshape(POINTS, inputs, outputs // COLUMNS, COLUMNS).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(panels, np.float32)


def scratch_size(inputs: int, outputs: int) -> int:
    """Return how many floats one thread works in."""
    return POINTS * CHUNK * (inputs + outputs) + POINTS * max(inputs, outputs) + outputs


def _compiled(function: Callable[..., None]) -> Callable[..., None]:
    """Return a function that is compiled when it is first called; for later runs too, where that can be kept."""
    for kept in (True, False):
        with suppress(RuntimeError):  # neither beside the package nor in the user's cache may be written
            made: Callable[..., None] = njit(nogil=True, cache=kept, error_model="numpy")(function)
            return made
    raise AssertionError("without a cache nothing can go wrong")


@_compiled
def convolve(
    source: Floats,
    top: int,
    inputs: int,
    weights: Floats,
    bias: Floats,
    slope: Floats,
    result: Floats,
    row: int,
    column: int,
    channel: int,
    outputs: int,
    height: int,
    first: int,
    last: int,
    work: Floats,
) -> None:
    """Compute tiles first ≤ i < last of a convolution and its activation, which takes what is negative times `slope`.

    `source`, (n, rows, width + 2, channels), is read from row `top` on, height + 2 rows, channels 0 … inputs - 1.
    `result`, (n, rows, ≥ width, channels), is written from `row`, `column` and `channel` on. Both are contiguous, and
    may be one where no channel that is read is written. Tiles are counted from left to right, top to bottom, picture
    after picture; each result depends on its tile's inputs alone.
    """
    width = source.shape[2] - 2
    across, down = (width + TILE - 1) // TILE, (height + TILE - 1) // TILE
    x_step, x_row = 4 * source.shape[3], 4 * source.shape[2] * source.shape[3]
    y_step, y_row = 4 * result.shape[3], 4 * result.shape[2] * result.shape[3]
    x_start = source.ctypes.data + top * x_row
    y_start = result.ctypes.data + row * y_row + column * y_step + 4 * channel
    # All in bytes but for what the loops take, which is in floats.
    points = work.ctypes.data
    sums = points + 4 * POINTS * CHUNK * inputs
    half = sums + 4 * POINTS * CHUNK * outputs
    nowhere = half + 4 * POINTS * max(inputs, outputs)
    one_point, one_sum = CHUNK * inputs, CHUNK * outputs
    for chunk in range(first, last, CHUNK):
        tiles = min(CHUNK, last - chunk)
        for t in range(tiles):
            picture, place = divmod(chunk + t, across * down)
            y, x = place // across * TILE, place % across * TILE
            for j in range(SEEN):
                # Beyond the border is read what stands on it: the results that it reaches are not kept.
                at = x_start + picture * source.shape[1] * x_row + min(x + j, width + 1) * x_step
                to_points(
                    at + y * x_row,
                    at + (y + 1) * x_row,
                    at + (y + 2) * x_row,
                    at + min(y + 3, height + 1) * x_row,
                    at + min(y + 4, height + 1) * x_row,
                    at + min(y + 5, height + 1) * x_row,
                    half + 4 * j * inputs,
                    SEEN * inputs,
                    inputs,
                )
            for i in range(SEEN):
                at, step = half + 4 * i * SEEN * inputs, 4 * inputs
                to_points(
                    at,
                    at + step,
                    at + 2 * step,
                    at + 3 * step,
                    at + 4 * step,
                    at + 5 * step,
                    points + 4 * (i * SEEN * one_point + t * inputs),
                    one_point,
                    inputs,
                )
        for p in range(POINTS):
            for n in range(0, outputs, COLUMNS):
                panel = weights.ctypes.data + 4 * (p * outputs + n) * inputs
                for t in range(0, tiles, ROWS):
                    a, c = points + 4 * (p * one_point + t * inputs), sums + 4 * (p * one_sum + t * outputs + n)
                    multiply(a, panel, c, inputs, outputs)
        for t in range(tiles):
            picture, place = divmod(chunk + t, across * down)
            y, x = place // across * TILE, place % across * TILE
            for j in range(SEEN):
                at = sums + 4 * (j * one_sum + t * outputs)
                from_points(at, SEEN * one_sum, half + 4 * j * outputs, SEEN * outputs, outputs)
            for i in range(min(TILE, height - y)):
                to = y_start + (picture * result.shape[1] + y + i) * y_row + x * y_step
                finish(
                    half + 4 * i * SEEN * outputs,
                    outputs,
                    bias.ctypes.data,
                    slope.ctypes.data,
                    to,
                    to + y_step if x + 1 < width else nowhere,
                    to + 2 * y_step if x + 2 < width else nowhere,
                    to + 3 * y_step if x + 3 < width else nowhere,
                    outputs,
                )
