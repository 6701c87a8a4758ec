"""Fills what no generator can take in: NaN, and what is infinite."""

from __future__ import annotations

import numpy as np

from cg_upscaler.pixels.rows import Pixels

_AS_GOOD_AS_INFINITE = 1e9
"""Files say infinity by the largest float as well, and arithmetic on that overflows."""

INFINITY = np.float32(65504)
"""The largest half float, which stands for what is infinite."""


def without_holes(pixels: Pixels) -> Pixels:
    """Replace NaN by 0, and what is infinite or as good as by the largest half: no generator can take them in."""
    sound = np.abs(pixels) < _AS_GOOD_AS_INFINITE  # false for NaN too
    if sound.all():
        return pixels
    return np.where(sound, pixels, np.copysign(INFINITY, np.nan_to_num(pixels)) * ~np.isnan(pixels))
