"""Makes the small picture of a VTF file, and the mean of its colours, from rows as they come."""

from __future__ import annotations

import numpy as np

from cg_upscaler.codecs.blocks import Encoder
from cg_upscaler.codecs.codec import Texels
from cg_upscaler.geometry import Size
from cg_upscaler.maps import ColorSpace
from cg_upscaler.pixels.rows import to_float
from cg_upscaler.spec import Depth, ImageSpec

_GAMMA = 2.2
"""By which Valve's own tool takes 8-bit colours to light."""

_AT_ONCE = 64
"""Rows of float64 that are held beside what the writer has anyway."""


class Thumbnail:
    """Adds up the light of each texel's share of the picture, with no filter but the mean."""

    def __init__(self, spec: ImageSpec, size: Size) -> None:
        self._spec, self._size = spec, size
        curved = spec.depth is Depth.UINT8 and spec.color_space is not ColorSpace.DATA
        self._gamma = _GAMMA if curved else 1
        self._light = (np.arange(256) / 255) ** self._gamma
        self._sums = np.zeros((size.height, size.width, 3))
        self._columns = np.arange(size.width) * spec.size.width // size.width
        self._row = 0

    def add(self, rows: Texels) -> None:
        """Take the next rows."""
        for start in range(0, len(rows), _AT_ONCE):
            part = _colours(rows[start : start + _AT_ONCE])
            if part.dtype == np.uint8:
                light = self._light[part]
            else:
                light = np.nan_to_num(to_float(part).astype(np.float64), posinf=0, neginf=0)
            across = np.add.reduceat(light, self._columns, axis=1)
            places = (self._row + np.arange(len(part))) * self._size.height // self._spec.size.height
            np.add.at(self._sums, places, across)
            self._row += len(part)

    @property
    def reflectivity(self) -> tuple[float, float, float]:
        """The mean light, of red, green and blue."""
        red, green, blue = self._sums.sum(axis=(0, 1)) / self._spec.size.pixels
        return float(red), float(green), float(blue)

    @property
    def blocks(self) -> bytes:
        """The small picture, in BC1."""
        across = np.diff(np.append(self._columns, self._spec.size.width))
        rows = np.arange(self._spec.size.height) * self._size.height // self._spec.size.height
        down = np.bincount(rows, minlength=self._size.height)
        mean = self._sums / (down[:, None, None] * across[None, :, None])
        shown = np.clip(mean, 0, 1) ** (1 / self._gamma)
        return Encoder("bc1").encode(np.round(shown * 255).astype(np.uint8))


def _colours(rows: Texels) -> Texels:
    if rows.shape[2] >= 3:
        return rows[:, :, :3]
    return np.repeat(rows[:, :, :1], 3, axis=2)
