"""Structural similarity, as Wang, Bovik, Sheikh and Simoncelli (2004) define it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cg_upscaler.pixels.rows import Pixels

_SIDE, _SIGMA = 11, 1.5
_K1, _K2 = 0.01, 0.03


def ssim(before: Pixels, after: Pixels, *, peak: float = 1.0) -> float:
    """Return the mean structural similarity over texels and channels of two pictures (h, w, c): -1 … 1, 1 if equal.

    Their equation 13, with the Gaussian window of 11 × 11 texels and σ = 1.5 of their section III-C, where it lies
    within the picture; pictures smaller than the window are continued by reflection.
    """
    c1, c2 = (_K1 * peak) ** 2, (_K2 * peak) ** 2
    means = []
    for channel in range(before.shape[2]):
        x, y = (np.ascontiguousarray(picture[:, :, channel], np.float64) for picture in (before, after))
        mean_x, mean_y = _blurred(x), _blurred(y)
        # Differences of squares: in double precision they lose nothing that counts.
        var_x, var_y = _blurred(x * x) - mean_x**2, _blurred(y * y) - mean_y**2
        shared = _blurred(x * y) - mean_x * mean_y
        light = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
        structure = (2 * shared + c2) / (var_x + var_y + c2)
        means.append(float((light * structure).mean()))
    return float(np.mean(means))


def _blurred(plane: NDArray[np.float64]) -> NDArray[np.float64]:
    blurred = np.asarray(cv2.GaussianBlur(plane, (_SIDE, _SIDE), _SIGMA, borderType=cv2.BORDER_REFLECT), np.float64)
    if min(plane.shape) < _SIDE:
        return blurred
    inside = slice(_SIDE // 2, -(_SIDE // 2))
    return blurred[inside, inside]
