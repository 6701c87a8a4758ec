"""Recognises colour look-up tables: a cube of colours laid out as tiles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cg_upscaler.pixels.rows import Pixels

_CORRELATION = 0.6
"""What each axis of the cube has at least to do with its own channel. A grade bends the cube but keeps its order."""


def lookup_side(colors: Pixels) -> int:
    """Return N where (height, width, 3) shows a cube of N³ colours, else 0.

    Red runs along each tile, green up or down it, and blue from tile to tile, which stand in one row, one column, or
    a square. Sides of 8, 16, 32 and 64 are known.
    """
    height, width, channels = colors.shape
    if channels != 3:
        return 0
    for side in (8, 16, 32, 64):
        across = width // side
        if height * width == side**3 and (across * side, height % side) == (width, 0) and across in _layouts(side):
            tiles = colors.reshape(height // side, side, across, side, 3).transpose(0, 2, 1, 3, 4)
            return side if _is_cube(tiles.reshape(side, side, side, 3)) else 0
    return 0


def _layouts(side: int) -> set[int]:
    """How many tiles may stand beside each other."""
    root = round(side**0.5)
    return {1, side, root} if root * root == side else {1, side}


def _is_cube(cube: NDArray[np.float32]) -> bool:
    """Look at (blue, green, red, 3)."""
    side = len(cube)
    step = np.arange(side, dtype=np.float32)
    axes = np.meshgrid(step, step, step, indexing="ij")
    for axis, channel in zip(axes, (2, 1, 0), strict=True):
        values = cube[..., channel]
        if values.std() < 1e-3 or abs(np.corrcoef(axis.ravel(), values.ravel())[0, 1]) < _CORRELATION:
            return False
    return True
