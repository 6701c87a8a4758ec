"""Widens roughness where a mip level loses bumps: what was many small normals becomes one blunter highlight."""

from __future__ import annotations

import numpy as np

from cg_upscaler.geometry import Edges, Size
from cg_upscaler.job import MipFilter
from cg_upscaler.pixels import normals
from cg_upscaler.pixels.kernels import Shrunk
from cg_upscaler.pixels.rows import Pixels, Source
from cg_upscaler.pixels.views import Mapped

_NOISE = np.float32(2e-5)
"""Loss that vectors rounded to 255 levels show where they mean the same: half a level off is a third of a degree."""

_SHORTEST = np.float32(1e-3)
_ROUGHEST = np.float32(1 - 1e-6)


def vectors(stored: Source) -> Source:
    """Return the unit vectors of a normal map that stores them as 0 … 1, in two channels or three."""
    return Mapped(stored, lambda pixels: normals.normalise(normals.decode(pixels)), 3)


def averaged(vectors: Source, size: Size, edges: Edges) -> Source:
    """Return the mean vector under each texel of a smaller picture, not made of unit length again.

    Along an axis where the map is the coarser one, what lies under a texel is one vector or a mix of two.
    """
    return vectors if vectors.size == size else Shrunk(vectors, size, MipFilter.BOX, edges)


def lost(means: Pixels) -> Pixels:
    """Return what mean vectors (h, w, 3) lost of their length, (h, w, 1), as a width: 0 where they all agree.

    (1 - |N|) / |N| is what Toksvig ("Mipmapping Normal Maps", 2005) adds to the inverse of the Blinn-Phong power:
    1/s' = 1/s + (1 - |N|) / |N|.
    """
    length = np.clip(np.sqrt(normals.squared(means)), _SHORTEST, 1)
    return np.asarray(np.maximum((1 - length) / length - _NOISE, 0), np.float32)


def widened(roughness: Pixels, lost: Pixels) -> Pixels:
    """Return roughness, 0 … 1, of any number of channels, after a loss (h, w, 1). It never falls.

    Through the power s = 2/α² - 2 of a microfacet of width α = roughness² (Karis, "Specular BRDF Reference", 2013).
    """
    alpha2 = np.minimum(np.clip(roughness, 0, 1) ** 4, _ROUGHEST)
    inverse = alpha2 / (2 * (1 - alpha2)) + lost
    wider = (2 * inverse / (1 + 2 * inverse)) ** np.float32(0.25)
    return np.where(lost > 0, np.maximum(roughness, wider), roughness)


def dulled(gloss: Pixels, lost: Pixels) -> Pixels:
    """Return gloss, which is roughness upside down, after a loss (h, w, 1). It never rises."""
    return np.where(lost > 0, np.minimum(gloss, 1 - widened(1 - gloss, lost)), gloss)
