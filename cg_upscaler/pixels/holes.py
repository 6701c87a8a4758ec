"""Fills what no generator can take in: NaN, and what is infinite."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cg_upscaler.pixels.rows import Pixels

_AS_GOOD_AS_INFINITE = 1e9
"""Files say infinity by the largest float as well, and arithmetic on that overflows."""

INFINITY = np.float32(65504)
"""The largest half float, which stands for what is infinite."""


def sound(pixels: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Return where there is a number, and neither NaN nor infinity nor what is as good as that."""
    return np.asarray(np.abs(pixels) < _AS_GOOD_AS_INFINITE)  # false for NaN too


def without_holes(pixels: Pixels) -> Pixels:
    """Replace NaN by 0, and what is infinite or as good as by the largest half: no generator can take them in."""
    whole = sound(pixels)
    if whole.all():
        return pixels
    return np.where(whole, pixels, np.copysign(INFINITY, np.nan_to_num(pixels)) * ~np.isnan(pixels))
