"""A decoded file: its pixels whole, in the file's own type, readable as rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cg_upscaler.codecs.metadata import NOTHING, Metadata
from cg_upscaler.geometry import Size
from cg_upscaler.pixels.rows import Pixels, to_float
from cg_upscaler.spec import ImageSpec


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """A picture as its file holds it; a `Source`.

    Alpha is straight: colour was never multiplied by it, and stays what it was where alpha is 0.
    """

    spec: ImageSpec
    pixels: NDArray[np.generic]
    """(height, width, channels) of uint8, uint16, float16 or float32, as `spec.depth` says; slices below each other."""
    metadata: Metadata = NOTHING

    @property
    def size(self) -> Size:
        return self.spec.stack

    @property
    def channels(self) -> int:
        return self.spec.channels

    def rows(self, start: int, stop: int) -> Pixels:
        """Return rows 0 ≤ start ≤ i < stop ≤ height as float32: integers scaled to 0 … 1, floats as they are."""
        return to_float(self.pixels[start:stop])
