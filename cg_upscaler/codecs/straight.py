"""Divides colour by alpha, and multiplies it again, in a file's own numbers."""

from __future__ import annotations

import numpy as np

from cg_upscaler.codecs.codec import Texels
from cg_upscaler.pixels.rows import from_float, to_float


def straight(pixels: Texels, alpha: int) -> Texels:
    """Divide colour by alpha where that is not 0, in the type that it has."""
    cover = to_float(pixels[:, :, alpha])
    result = pixels.copy()
    for channel in range(pixels.shape[2]):
        if channel != alpha:
            colour = to_float(pixels[:, :, channel])
            divided = np.divide(colour, cover, out=colour.copy(), where=cover != 0)
            result[:, :, channel] = from_float(divided, pixels.dtype)
    return result


def multiplied(pixels: Texels, alpha: int) -> Texels:
    """Multiply colour by alpha, in the type that it has: what `straight` undoes, but for rounding."""
    cover = to_float(pixels[:, :, alpha])
    result = pixels.copy()
    for channel in range(pixels.shape[2]):
        if channel != alpha:
            result[:, :, channel] = from_float(to_float(pixels[:, :, channel]) * cover, pixels.dtype)
    return result
