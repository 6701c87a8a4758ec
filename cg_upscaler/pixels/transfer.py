"""Transfer curves: between stored numbers, light, and what a generator was trained on."""

from __future__ import annotations

import numpy as np

from cg_upscaler.pixels.rows import Pixels

_LOG_GAIN = 16.0
"""Puts the log curve within a few hundredths of the sRGB curve over 0 … 1: a generator then sees what it knows."""


def srgb_to_linear(pixels: Pixels) -> Pixels:
    """Decode sRGB (IEC 61966-2-1). Odd about zero, so that out-of-range numbers survive."""
    size = np.abs(pixels)
    return np.copysign(np.where(size <= 0.04045, size / 12.92, ((size + 0.055) / 1.055) ** 2.4), pixels)


def linear_to_srgb(pixels: Pixels) -> Pixels:
    """Encode sRGB, the inverse of `srgb_to_linear`."""
    size = np.abs(pixels)
    return np.copysign(np.where(size <= 0.0031308, size * 12.92, 1.055 * size ** (1 / 2.4) - 0.055), pixels)


def compress(pixels: Pixels, peak: float) -> Pixels:
    """Bring linear light of up to `peak` (> 1) into 0 … 1 by a log curve; `expand` is its exact inverse."""
    scale = np.float32(1 / np.log1p(_LOG_GAIN * peak))
    return np.copysign(np.log1p(_LOG_GAIN * np.abs(pixels)) * scale, pixels)


def expand(pixels: Pixels, peak: float) -> Pixels:
    """Return the linear light that `compress` brought into 0 … 1."""
    scale = np.float32(np.log1p(_LOG_GAIN * peak))
    return np.copysign(np.expm1(np.abs(pixels) * scale) / np.float32(_LOG_GAIN), pixels)


def power(pixels: Pixels, exponent: float) -> Pixels:
    """Raise to a power, which the inverse exponent undoes. Odd about zero, so that out-of-range numbers survive."""
    return pixels if exponent == 1 else np.copysign(np.abs(pixels) ** np.float32(exponent), pixels)
