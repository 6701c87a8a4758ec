"""How sharply a normal map can be enlarged, by its own evidence: it is halved, enlarged again, and held against itself.

Hard bevels and a codec's noise are best enlarged softly, grain and stone as sharply as their source says. Nothing tells
these apart as well as the map does itself; docs/decisions/0008-normals.md has the figures.
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
from cg_upscaler.pixels.resample import CUBIC_REACH, enlarge, halve, tent
from cg_upscaler.pixels.rows import Pixels, Source, blocks
from cg_upscaler.pixels.views import Mapped, Resized
from cg_upscaler.pixels.windows import Local, windowed

_LEAST = 32
"""Texels of a side below which there is too little evidence."""

_DOUBT = 0.3
"""Taken off the verdict, either way: it was reached on the halved map, and is used on the map."""

_STEPS = (-1.0, -0.5, 0.0, 0.5, 1.0)


def sharpness(vectors: Source, edges: Edges) -> float:
    """Return -1 … 1 for a map of unit vectors: how `sharpened` bicubic is to be, for the least angles."""
    size = vectors.size
    if min(size.width, size.height) < _LEAST:
        return 0.0
    even = Resized(vectors, Size(size.width // 2 * 2, size.height // 2 * 2))
    halved = Mapped(halve(even, ColorSpace.DATA), normals.normalise, 3)
    ways = windowed(Local(_three_ways, reach=(PASSES + 1) * CUBIC_REACH, ratio=2, channels=9), edges, halved)
    errors, start = [], 0
    for block in blocks(ways):
        errors.append(_errors(even.rows(start, start + len(block)), block))
        start += len(block)
    soft, softer, cubic, sharper, sharp = (math.fsum(column) for column in np.concatenate(errors, axis=1))
    upward, downward = _lowest(cubic, sharper, sharp), _lowest(cubic, softer, soft)
    return _doubted(upward) if upward > 0 else -_doubted(downward)


def sharpened(factor: int, share: float) -> Local:
    """Return the verb that takes (result, source) windows of bicubically enlarged vectors to sharper or softer ones.

    `share` -1 … 1: so far towards linear interpolation, or towards back-projection.
    """
    if share >= 0:
        return projected(factor, share, Band.ALL)

    def softened(result: Pixels, source: Pixels) -> Pixels:
        return result - np.float32(share) * (enlarge(source, factor, tent) - result)

    return Local(softened, reach=CUBIC_REACH, ratio=factor)


def _three_ways(window: Pixels) -> Pixels:
    """Enlarge twofold: (2h, 2w, 9), which is three channels each of linear, cubic and back-projected."""
    cubic = enlarge(window, 2)
    return np.concatenate([enlarge(window, 2, tent), cubic, projected(2, 1.0, Band.ALL).fn(cubic, window)], axis=2)


def _errors(truth: Pixels, ways: Pixels) -> NDArray[np.float64]:
    """Return the angles between `truth` and each step from linear to back-projected, added up by rows: (steps, h)."""
    linear, cubic, sharp = np.split(ways, 3, axis=2)
    sums = []
    for step in _STEPS:
        goal = sharp if step > 0 else linear
        guess = normals.normalise(cubic + np.float32(abs(step)) * (goal - cubic))
        # Of unit vectors; near 0, where arccos of a dot product has no precision left, this has all of it.
        angle = 2 * np.arcsin(np.minimum(1, np.linalg.norm(guess - truth, axis=2) / 2))
        sums.append(angle.sum(axis=1, dtype=np.float64))
    return np.stack(sums)


def _lowest(start: float, middle: float, end: float) -> float:
    """Return where the parabola through errors at 0, ½ and 1 is lowest; may lie outside of these."""
    bend = 2 * (start - 2 * middle + end)
    if bend <= 0:
        return 0.0 if start <= end else 1.0
    return (3 * start + end - 4 * middle) / (2 * bend)


def _doubted(step: float) -> float:
    return min(1.0, max(0.0, step - _DOUBT))
