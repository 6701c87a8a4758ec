"""Noise: what a result shows where its source is flat."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from cg_upscaler.pixels.rows import Pixels

_ALIKE = 0.5 / 255
_NEAR = 5
"""Texels a side of the surroundings that must be alike: an edge two texels off may ring here, and is no noise."""


@dataclass(frozen=True, slots=True)
class Noise:
    """Of the parts where a source is flat."""

    flat: float
    """Their share of the source, 0 … 1."""
    mean: float
    """How far the result is from the one value of its source there, in levels of 255, on average."""


def noise(source: Pixels, result: Pixels) -> Noise:
    """Return how noisy `result`, as large or larger, is where `source` (h, w, c), both in 0 … 1, has but one colour."""
    window = np.ones((_NEAR, _NEAR), np.uint8)
    low, high = (fn(source, window, borderType=cv2.BORDER_REPLICATE) for fn in (cv2.erode, cv2.dilate))
    flat = (high - low).reshape(source.shape).max(axis=2) <= _ALIKE
    if not flat.any():
        return Noise(0.0, 0.0)
    ys, xs = (np.arange(now) * then // now for now, then in zip(result.shape[:2], source.shape[:2], strict=True))
    where = flat[np.ix_(ys, xs)]
    there = source[np.ix_(ys, xs)][where]
    apart = np.abs(result[where] - there)
    return Noise(float(flat.mean()), float(255 * apart.mean(dtype=np.float64)))
