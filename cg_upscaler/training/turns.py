"""Turns and mirrors pieces, and the vectors in them."""

from __future__ import annotations

import numpy as np

from cg_upscaler.pixels.rows import Pixels

COUNT = 8
"""Ways in which a square lies upon itself."""


def turned(pixels: Pixels, way: int, *, vectors: bool = False) -> Pixels:
    """Return a piece (h, w, c) in one of `COUNT` ways: 1 mirrors columns, 2 rows, 4 swaps rows and columns.

    Vectors are in 0 … 1, x to the right and y up (OpenGL): they turn with the surface that they stand on.
    """
    result = pixels
    if way & 1:
        result = _negated(result[:, ::-1], (0,)) if vectors else result[:, ::-1]
    if way & 2:
        result = _negated(result[::-1], (1,)) if vectors else result[::-1]
    if way & 4:
        result = result.swapaxes(0, 1)
        if vectors:  # what pointed right points down now, and what pointed up points left
            result = _negated(result[:, :, [1, 0, 2]], (0, 1))
    return np.ascontiguousarray(result)


def _negated(encoded: Pixels, channels: tuple[int, ...]) -> Pixels:
    result = encoded.copy()
    for channel in channels:
        result[:, :, channel] = 1 - result[:, :, channel]
    return result
