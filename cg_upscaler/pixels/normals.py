"""Normal maps as vectors: decode, make unit length, encode."""

from __future__ import annotations

import numpy as np

from cg_upscaler.pixels.rows import Pixels

_SHORTEST = 1e-4
"""Vectors shorter than this point nowhere; they become the flat normal."""


def decode(pixels: Pixels) -> Pixels:
    """Return vectors of components -1 … 1, (h, w, 3), from stored numbers 0 … 1 of two or three channels.

    Of a two-channel map z is rebuilt as √(1 - x² - y²), and 0 where x and y lie outside the unit disc.
    """
    vectors = pixels * np.float32(2) - np.float32(1)
    if vectors.shape[2] == 3:
        return vectors
    z = np.sqrt(np.maximum(0, 1 - np.square(vectors).sum(axis=2, keepdims=True)))
    return np.concatenate([vectors, z], axis=2)


def normalise(vectors: Pixels) -> Pixels:
    """Return (h, w, 3) vectors at unit length; those of no length become (0, 0, 1)."""
    length = np.sqrt(np.square(vectors).sum(axis=2, keepdims=True))
    flat = np.array([0, 0, 1], np.float32)
    return np.where(length > _SHORTEST, vectors / np.maximum(length, _SHORTEST), flat)


def encode(vectors: Pixels, channels: int) -> Pixels:
    """Return vectors as stored numbers 0 … 1, with z left out where the map has two channels."""
    return vectors[:, :, :channels] * np.float32(0.5) + np.float32(0.5)
