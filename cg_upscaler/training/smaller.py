"""Makes pieces small as games make textures small, each in the numbers in which its mean means something."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from cg_upscaler.library.config.training import Degradations, Lesson
from cg_upscaler.pixels import normals, transfer
from cg_upscaler.pixels.resample import shrink
from cg_upscaler.pixels.rows import Pixels

WAYS = ("box", "mips", "lanczos")
_LOBES = 3


def smaller(large: Pixels, factor: int, way: str, lesson: Lesson, blur: float = 0.0) -> Pixels:
    """Return a piece (k·h, k·w, c) of stored numbers, 0 … 1, as (h, w, c). `blur` is a σ in texels of the result.

    `way` is one of `WAYS`. Colour is filtered as light, and vectors as vectors, which are of unit length again after.
    """
    if way == "mips" and factor & (factor - 1) == 0:
        result = large
        while factor > 1:
            factor //= 2
            result = _rounded(_stored(shrink(_meant(result, lesson), 2), lesson), lesson)
        meant = _meant(result, lesson)
    elif way == "lanczos":
        meant = _lanczos(_meant(large, lesson), factor)
    else:
        meant = shrink(_meant(large, lesson), factor)
    if blur > 0:
        meant = np.asarray(cv2.GaussianBlur(meant, (0, 0), blur, borderType=cv2.BORDER_REPLICATE), np.float32)
        meant = meant.reshape(*meant.shape[:2], large.shape[2])
    return _stored(meant, lesson)


def _meant(stored: Pixels, lesson: Lesson) -> Pixels:
    if lesson is Lesson.COLOR:
        return transfer.srgb_to_linear(stored)
    return stored * np.float32(2) - np.float32(1) if lesson is Lesson.NORMAL else stored


def _stored(meant: Pixels, lesson: Lesson) -> Pixels:
    if lesson is Lesson.NORMAL:
        return normals.encode(normals.normalise(meant), 3)
    clipped = np.clip(meant, 0, 1)
    return transfer.linear_to_srgb(clipped) if lesson is Lesson.COLOR else clipped


def _rounded(stored: Pixels, lesson: Lesson) -> Pixels:
    levels = np.float32(65535 if lesson is Lesson.HEIGHT else 255)
    return np.asarray(np.round(stored * levels) / levels, np.float32)


@cache
def _weights(length: int, factor: int) -> NDArray[np.float32]:
    """Return what each of length / factor texels takes of each of `length`: a Lanczos kernel, widened by the factor."""
    at = (np.arange(length // factor)[:, None] + 0.5) * factor - 0.5
    distance = (np.arange(length)[None] - at) / factor
    weights = np.where(np.abs(distance) < _LOBES, np.sinc(distance) * np.sinc(distance / _LOBES), 0.0)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)


def _lanczos(pixels: Pixels, factor: int) -> Pixels:
    height, width, channels = pixels.shape
    tall = _weights(height, factor) @ pixels.reshape(height, -1)
    across = tall.reshape(-1, width, channels).transpose(0, 2, 1) @ _weights(width, factor).T
    return np.ascontiguousarray(across.transpose(0, 2, 1))


def way_of(degradations: Degradations, rng: np.random.Generator) -> str:
    """Draw one of `WAYS` by its share."""
    shares = np.array([getattr(degradations, way) for way in WAYS], float)
    return WAYS[int(rng.choice(len(WAYS), p=shares / shares.sum()))]
