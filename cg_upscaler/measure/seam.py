"""Wrap seams: whether a picture that is laid beside itself shows where it meets."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from cg_upscaler.pixels.rows import Pixels

_ALONG = 90
"""Percentile along a line: what most of it does, whatever a few texels do."""
_ACROSS = 99
"""Percentile over the lines within: mortar, frames and grooves are lines of large steps too, and no seams."""


@dataclass(frozen=True, slots=True)
class Seam:
    """How far the step across a border goes beyond the large steps within, in levels of 255; 0: there is no seam."""

    x: float
    """Of the left and right borders."""
    y: float
    """Of the top and bottom borders."""

    @property
    def worst(self) -> float:
        return max(self.x, self.y)


def seam(picture: Pixels) -> Seam:
    """Return the wrap seams of a picture (h, w, c) in 0 … 1."""
    return Seam(_excess(picture.transpose(1, 0, 2)), _excess(picture))


def _excess(picture: Pixels) -> float:
    """The seam between the last row and the first."""
    if len(picture) < 3:
        return 0.0
    across = np.percentile(np.abs(picture[0] - picture[-1]).max(axis=1), _ALONG)
    within = [np.percentile(np.abs(b - a).max(axis=1), _ALONG) for a, b in pairwise(picture)]
    return float(255 * max(0.0, across - np.percentile(within, _ACROSS)))
