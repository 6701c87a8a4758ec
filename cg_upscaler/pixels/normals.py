"""Normal maps as vectors: decode, make unit length, encode, turn to the other convention."""

from __future__ import annotations

import numpy as np

from cg_upscaler.pixels.rows import Pixels
from cg_upscaler.pixels.views import for_each_channel

_SHORTEST, _LONGEST = 1e-4, 1e3
"""What is shorter or longer points nowhere, and becomes the flat normal. The long ones are infinities and garbage."""

_BLACK = np.float32(-0.9)
"""Below this in all components a stored vector is unused black, JPEG's own noise included: no unit vector is there."""


def decode(stored: Pixels, *, signed: bool = False) -> Pixels:
    """Return vectors, (h, w, 3), from stored x, y and perhaps z: 0 … 1 for components of -1 … 1, or those themselves.

    A z that is not stored is rebuilt as √(1 - x² - y²). Where x and y lie outside the unit disc they are brought back
    to its rim, in their direction, and z is 0. Black in all channels, as between UV islands, becomes the zero vector.
    """
    vectors = stored if signed else stored * np.float32(2) - np.float32(1)
    if vectors.shape[2] == 3:
        if not signed:
            unused = np.logical_and.reduce([vectors[:, :, at] < _BLACK for at in range(3)])
            vectors[unused] = 0
        return vectors
    length = np.sqrt(squared(vectors))
    vectors = vectors / for_each_channel(np.maximum(length, 1), 2)
    z = np.sqrt(np.maximum(0, 1 - squared(vectors)))
    return np.concatenate([vectors, np.where(length < 1, z, np.float32(0))], axis=2)


def normalise(vectors: Pixels) -> Pixels:
    """Return (h, w, 3) vectors at unit length; those of no length or none to speak of, and NaN, become (0, 0, 1)."""
    length = np.sqrt(squared(vectors))
    nowhere = ~((length > _SHORTEST) & (length < _LONGEST))  # true for NaN too
    length[nowhere] = 1
    result: Pixels = vectors / for_each_channel(length, 3)
    result[nowhere[:, :, 0]] = 0, 0, 1
    return result


def squared(vectors: Pixels) -> Pixels:
    """Return the square of the length, (h, w, 1). A component after the other: NumPy sums a short axis slowly."""
    total = np.square(vectors[:, :, :1])
    for at in range(1, vectors.shape[2]):
        total += np.square(vectors[:, :, at : at + 1])
    return total


def encode(vectors: Pixels, channels: int, *, signed: bool = False) -> Pixels:
    """Return vectors as they are stored, with z left out where the map has two channels.

    Stored numbers 0 … 1 are whole multiples of 2⁻²³, so that `flipped` is exact.
    """
    kept = vectors[:, :, :channels]
    return kept if signed else (kept * np.float32(0.5) + np.float32(1.5)) - np.float32(1)


def flipped(stored: Pixels, *, signed: bool = False) -> Pixels:
    """Return stored vectors, (h, w, 2 or 3), in the other convention: y negated.

    In an integer file level n of y becomes exactly 255 - n, or 65535 - n: what is converted twice is what it was.
    """
    y = stored[:, :, 1]
    result = stored.copy()
    # One half lies between two levels and rounds up, so its mirror image must round down. No other number does so.
    mirrored = np.where(y == 0.5, np.nextafter(np.float32(0.5), np.float32(0)), 1 - y)
    result[:, :, 1] = -y if signed else mirrored
    return result
