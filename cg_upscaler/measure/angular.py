"""Angles between the vectors of two normal maps, and how far their lengths are from one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cg_upscaler.pixels import normals
from cg_upscaler.pixels.rows import Pixels

XYZ, XY, AG = (0, 1, 2), (0, 1), (3, 1)
"""The usual layouts: which channels of a map hold x, y and, unless it is to be rebuilt, z. AG is that of DXT5nm."""


@dataclass(frozen=True, slots=True)
class Angles:
    """How far vectors are apart, in degrees."""

    mean: float
    p95: float
    """What 95 of 100 texels stay below."""
    worst: float


def vectors(pixels: Pixels, layout: tuple[int, ...] = XYZ, *, signed: bool = False) -> Pixels:
    """Return the vectors (h, w, 3) of a map (h, w, c), components -1 … 1, of any length.

    Stored numbers are 0 … 1, or with `signed`, as some float files have them, -1 … 1.
    """
    return normals.decode(pixels[:, :, list(layout)], signed=signed)


def angles(before: Pixels, after: Pixels) -> Angles:
    """Return the angles between two fields of vectors (h, w, 3), of which the lengths do not count."""
    apart = degrees(before, after)
    return Angles(float(apart.mean()), float(np.percentile(apart, 95)), float(apart.max()))


def degrees(before: Pixels, after: Pixels) -> NDArray[np.float64]:
    """Return the angle at each texel (h, w), of which the lengths do not count.

    By atan2(|a × b|, a · b): arccos of the dot product has no digits left where the angle is small.
    """
    a, b = (normals.normalise(field).astype(np.float64) for field in (before, after))
    return np.asarray(np.degrees(np.arctan2(np.linalg.norm(np.cross(a, b), axis=2), (a * b).sum(axis=2))))


def off_unit(field: Pixels) -> tuple[float, float]:
    """Return the mean and the largest | |v| - 1 | of vectors (h, w, 3); rounding to 8 bits alone makes it 0.007."""
    off = np.abs(np.sqrt(np.square(field.astype(np.float64)).sum(axis=2)) - 1)
    return float(off.mean()), float(off.max())
