"""Peak signal-to-noise ratio: how far two pictures are apart, on average, in decibels."""

from __future__ import annotations

import numpy as np

from cg_upscaler.pixels.rows import Pixels

EQUAL = 120.0
"""What equal pictures are given, so that a figure is always a number; rounding to 16 bits alone is at 107."""

_ROWS = 256


def psnr(before: Pixels, after: Pixels, *, peak: float = 1.0, weights: Pixels | None = None) -> float:
    """Return 10 · log₁₀(peak² / mean squared difference) in decibels, at most `EQUAL`; 48 is one level of 255.

    Both pictures are (h, w, c); `weights` (h, w, 1) are for the mean. A picture of no weight at all is equal to any.
    """
    total, weight = 0.0, 0.0
    for start in range(0, len(before), _ROWS):
        rows = slice(start, start + _ROWS)
        squared = np.square(before[rows].astype(np.float64) - after[rows])
        if weights is None:
            weight += squared.size
        else:
            squared *= weights[rows]
            weight += float(weights[rows].sum(dtype=np.float64)) * squared.shape[2]
        total += float(squared.sum())
    if total <= 0:
        return EQUAL
    return float(min(EQUAL, 10 * np.log10(peak * peak * weight / total)))
