"""Encodes JPEG, and holds the mean colour that its integer arithmetic would move."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

QUALITY = 95

_NOTICEABLE = 0.02
"""Levels by which a mean may move before it is worth another encoding."""

_ROUNDS = 3

_STEPS = (0.7548776662466927, 0.5698402909980532)
"""The R2 sequence (Roberts 2018): its fractions fill the unit interval evenly in every neighbourhood of the plane."""


def encode(pixels: NDArray[np.uint8], quality: int = QUALITY) -> bytes:
    """Return (h, w, 1 or 3) as a JPEG file of a quality of 1 … 100, 4:4:4.

    JPEG stores brightness and colour differences as whole levels, and on nearly gray pictures their rounding moves the
    mean of a channel by up to half a level, at any quality. So what was moved is measured, and an evenly strewn share
    of the texels is moved the other way by one level: at 0.1, every tenth. The encoding nearest to the mean is kept.
    """
    best = _encoded(pixels, quality)
    moved = least = _moved(best, pixels)
    amounts = np.zeros_like(moved)
    for _ in range(_ROUNDS):
        if np.abs(least).max() < _NOTICEABLE:
            break
        amounts = np.clip(amounts - moved, -1, 1)
        encoded = _encoded(_strewn(pixels, amounts), quality)
        moved = _moved(encoded, pixels)
        if np.abs(moved).max() < np.abs(least).max():
            best, least = encoded, moved
    return best


def _strewn(pixels: NDArray[np.uint8], amounts: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return a picture with each channel's mean raised by an amount of -1 … 1, by one level here and there."""
    height, width, _ = pixels.shape
    order = (np.arange(width) * _STEPS[0] + np.arange(height)[:, None] * _STEPS[1]) % 1
    steps = (order[:, :, None] < np.abs(amounts)) * np.sign(amounts).astype(np.int16)
    return np.clip(pixels + steps, 0, 255).astype(np.uint8)


def _moved(encoded: bytes, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return by how many levels the mean of each channel is above that of `pixels`."""
    return _mean(np.asarray(Pillow.open(BytesIO(encoded)))) - _mean(pixels)


def _encoded(pixels: NDArray[np.uint8], quality: int = QUALITY) -> bytes:
    file = BytesIO()
    picture = Pillow.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    picture.save(file, "JPEG", quality=quality, subsampling=0)
    return file.getvalue()


def _mean(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    return np.asarray(np.atleast_1d(pixels.mean(axis=(0, 1), dtype=np.float64)))
