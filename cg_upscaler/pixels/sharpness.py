"""How sharply a normal map can be enlarged, by its own evidence: it is halved, enlarged again, and held against itself.

Stone and grain gain by back-projection; hard bevels ring, and noise is blown up. Nothing tells these apart as well as
the map does itself; docs/decisions/0008-normals.md has the figures.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from cg_upscaler.geometry import Edges, Size
from cg_upscaler.job import Band
from cg_upscaler.maps import ColorSpace
from cg_upscaler.pixels import normals
from cg_upscaler.pixels.projection import PASSES, projected
from cg_upscaler.pixels.resample import CUBIC_REACH, enlarge, halve
from cg_upscaler.pixels.rows import Pixels, Source, blocks
from cg_upscaler.pixels.views import Mapped, Resized, picked
from cg_upscaler.pixels.windows import Local, windowed

_LEAST = 32
"""Texels of a side below which there is too little evidence."""

_DOUBT = 0.3
"""Taken off the verdict: it was reached on the halved map, and is used on the map."""

_ROUNDED = 1.4
"""The mean angle, in steps between levels, up to which rounding alone decides; from twice that on it does not. What a
map's own grain adds to that angle falls as texels get smaller, what rounding adds does not."""

_STEPS = (0.0, 0.5, 1.0)


def sharpness(vectors: Source, edges: Edges, levels: int | None = None) -> float:
    """Return 0 … 1 for a map of unit vectors: how far to go from bicubic to what is back-projected, for least angles.

    `levels` is the number of steps that the map was rounded to, where that is coarse: a halved map has to be as coarse,
    or it would seem less noisy than the map is.
    """
    size = vectors.size
    if min(size.width, size.height) < _LEAST:
        return 0.0
    even = Size(size.width // 2 * 2, size.height // 2 * 2)
    # Halved from each of the four texels that a pair may begin with: a tileable map has no first one.
    starts = [Resized(vectors, even, edges, left, top) for top in (0, 1) for left in (0, 1)]
    errors = np.concatenate([_errors_of_halving(start, edges, levels) for start in starts], axis=1)
    means = [math.fsum(column) / (len(starts) * even.pixels) for column in errors]
    trust = 1.0 if levels is None else min(1.0, max(0.0, means[0] * levels / _ROUNDED - 1))
    return trust * min(1.0, max(0.0, _lowest(*means) - _DOUBT))


def _errors_of_halving(vectors: Source, edges: Edges, levels: int | None) -> NDArray[np.float64]:
    halved = Mapped(halve(vectors, ColorSpace.DATA), lambda pixels: _rounded(normals.normalise(pixels), levels), 3)
    ways = windowed(Local(_both_ways, reach=(PASSES + 1) * CUBIC_REACH, ratio=2, channels=6), edges, halved)
    errors, start = [], 0
    for block in blocks(ways):
        errors.append(_errors(vectors.rows(start, start + len(block)), block))
        start += len(block)
    return np.concatenate(errors, axis=1)


def _rounded(vectors: Pixels, levels: int | None) -> Pixels:
    if levels is None:
        return vectors
    stored = np.round(normals.encode(vectors, 3) * np.float32(levels)) / np.float32(levels)
    return normals.normalise(normals.decode(stored.astype(np.float32)))


def _both_ways(window: Pixels) -> Pixels:
    """Enlarge twofold: (2h, 2w, 6), which is three channels of bicubic and three of what is back-projected."""
    cubic = enlarge(window, 2)
    return np.concatenate([cubic, projected(2, 1.0, Band.ALL).fn(cubic, window)], axis=2)


def _errors(truth: Pixels, ways: Pixels) -> NDArray[np.float64]:
    """Return the angles between `truth` and each step from one way to the other, added up by rows: (steps, h)."""
    cubic, sharp = picked(ways, (0, 1, 2)), picked(ways, (3, 4, 5))
    sums = []
    for step in _STEPS:
        guess = normals.normalise(cubic + np.float32(step) * (sharp - cubic))
        # By the chord of unit vectors: near 0, where arccos of a dot product has no digits left, it has all of them.
        angle = 2 * np.arcsin(np.minimum(1, np.sqrt(normals.squared(guess - truth)[:, :, 0]) / 2))
        sums.append(angle.sum(axis=1, dtype=np.float64))
    return np.stack(sums)


def _lowest(start: float, middle: float, end: float) -> float:
    """Return where the parabola through errors at 0, ½ and 1 is lowest; may lie outside of these."""
    bend = 2 * (start - 2 * middle + end)
    if bend <= 0:
        return 0.0 if start <= end else 1.0
    return (3 * start + end - 4 * middle) / (2 * bend)
