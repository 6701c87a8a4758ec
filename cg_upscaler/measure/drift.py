"""Colour drift: how far the mean of what is visible moved."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cg_upscaler.pixels.rows import Pixels

_ROWS = 256


def drift(before: Pixels, after: Pixels, alphas: tuple[Pixels, Pixels] | None = None) -> float:
    """Return how far the mean colour moved, in levels of 255, in the channel where it moved most.

    Where light is brighter than 1 on average, a level is the 255th part of that average. The pictures (h, w, c)
    may be of different sizes. With `alphas`, (h, w, 1) for each of them, means are weighted by how much is seen. Where
    nothing is seen nothing moves.
    """
    first, second = alphas or (None, None)
    old, new = _mean(before, first), _mean(after, second)
    if old is None or new is None:
        return 0.0
    return float(np.max(255 * np.abs(old - new) / np.maximum(1, np.abs(old))))


def _mean(picture: Pixels, alpha: Pixels | None) -> NDArray[np.float64] | None:
    total, weight = np.zeros(picture.shape[2]), 0.0
    for start in range(0, len(picture), _ROWS):
        rows = picture[start : start + _ROWS].astype(np.float64)
        weights = np.ones((*rows.shape[:2], 1)) if alpha is None else alpha[start : start + _ROWS].astype(np.float64)
        total += (rows * weights).sum(axis=(0, 1))
        weight += float(weights.sum())
    return total / weight if weight > 0 else None
