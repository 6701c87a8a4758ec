"""Makes smooth pieces of rough ones: gradients, glows and bent surfaces, which libraries hold few pieces of.

A network that has seen none draws dents into them, where bicubic resampling is all but exact.
"""

from __future__ import annotations

import cv2
import numpy as np

from cg_upscaler.library.config.training import Lesson
from cg_upscaler.pixels import normals
from cg_upscaler.pixels.rows import Pixels

SIGMAS = (1.0, 16.0)
"""Standard deviations of the blur, in texels of the large piece: the smallest and the largest."""

_MOST = 8.0
"""By how much the contrast that a blur takes may be given back: more would show the levels of the file."""

_STEEPEST = 0.95
"""Of the length of x and y of a unit vector."""


def softened(piece: Pixels, sigma: float, lesson: Lesson) -> Pixels:
    """Return a piece (h, w, c) of stored numbers, 0 … 1, blurred by `sigma` texels, with the contrast it had."""
    if lesson is not Lesson.NORMAL:
        return np.clip(_blurred(piece, sigma), 0, 1)
    slopes = _blurred(normals.normalise(normals.decode(piece))[:, :, :2], sigma)
    length = np.sqrt(np.square(slopes).sum(axis=2, keepdims=True))
    slopes *= np.minimum(1, np.float32(_STEEPEST) / np.maximum(length, np.float32(1e-6)))
    up = np.sqrt(np.maximum(0, 1 - np.square(slopes).sum(axis=2, keepdims=True)))
    return normals.encode(np.concatenate([slopes, up], axis=2), 3)


def _blurred(piece: Pixels, sigma: float) -> Pixels:
    soft = cv2.GaussianBlur(piece, (0, 0), sigma, borderType=cv2.BORDER_REFLECT).reshape(piece.shape)
    middle = soft.mean(axis=(0, 1), keepdims=True)
    gain = min(_MOST, float(piece.std()) / max(1e-6, float(soft.std())))
    return np.asarray(middle + (soft - middle) * np.float32(max(1.0, gain)), np.float32)
