"""How much of a picture is gone when it is halved: next to nothing of a smooth one, which bicubic enlarges as it is."""

from __future__ import annotations

import numpy as np

from cg_upscaler.geometry import Edges, Size
from cg_upscaler.maps import ColorSpace
from cg_upscaler.pixels import normals
from cg_upscaler.pixels.resample import CUBIC_REACH, enlarge, halve
from cg_upscaler.pixels.rows import Pixels, Source, blocks
from cg_upscaler.pixels.views import Mapped, Resized
from cg_upscaler.pixels.windows import Local, windowed

LEAST = 32
"""Texels of a side below which there is too little evidence."""


def lost_by_halving(picture: Source, edges: Edges, *, vectors: bool = False) -> float | None:
    """Return how far a picture in working numbers is from itself, halved and enlarged again by bicubic.

    Of unit vectors the mean angle in degrees; of numbers the root mean square, in those numbers. None where it is too
    small to tell.
    """
    size = picture.size
    if min(size.width, size.height) < LEAST:
        return None
    even = Resized(picture, Size(size.width // 2 * 2, size.height // 2 * 2), edges)
    halved = halve(even, ColorSpace.DATA)
    if vectors:
        halved = Mapped(halved, normals.normalise, picture.channels)
    back = windowed(Local(lambda window: enlarge(window, 2), reach=CUBIC_REACH, ratio=2), edges, halved)
    total, start = 0.0, 0
    for block in blocks(back):
        total += _apart(even.rows(start, start + len(block)), block, vectors=vectors)
        start += len(block)
    mean = total / even.size.pixels
    return float(np.degrees(mean)) if vectors else float(np.sqrt(mean / picture.channels))


def _apart(truth: Pixels, result: Pixels, *, vectors: bool) -> float:
    if not vectors:
        return float(np.square(truth - result, dtype=np.float64).sum())
    # By the chord of unit vectors: near 0, where arccos of a dot product has no digits left, it has all of them.
    chord = np.sqrt(normals.squared(normals.normalise(result) - truth)[:, :, 0])
    return float((2 * np.arcsin(np.minimum(1, chord / 2))).sum(dtype=np.float64))
