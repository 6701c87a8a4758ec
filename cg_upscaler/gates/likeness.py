"""How like its source a result is, once it is filtered down to its size: numbers in decibels, vectors in degrees."""

from __future__ import annotations

import math

import numpy as np

from cg_upscaler.gates.part import Part
from cg_upscaler.measure.angular import degrees
from cg_upscaler.measure.psnr import EQUAL
from cg_upscaler.pixels import normals
from cg_upscaler.pixels.resample import shrink
from cg_upscaler.pixels.rows import Pixels


class Consistency:
    """The running squared difference of a group, each texel of the source as far as it is seen."""

    def __init__(self, part: Part, factor: int) -> None:
        self._part, self._factor = part, factor
        self._squared, self._weight = 0.0, 0.0

    def take(self, rows: Pixels, top: int) -> None:
        """Take rows of the result, whole multiples of the factor, from row `top` on."""
        start, stop = top // self._factor, (top + len(rows)) // self._factor
        mean = shrink(self._part.after(rows), self._factor)
        shown, seen = self._part.shown, self._part.seen_before(start, stop)
        squared = np.square(shown(mean) - shown(self._part.before(start, stop)))
        self._weight += squared.size if seen is None else float(seen.sum(dtype=np.float64)) * squared.shape[2]
        self._squared += float((squared if seen is None else squared * seen).sum(dtype=np.float64))

    def value(self) -> float:
        """Return dB, at most `EQUAL`: of light under its curve, of other numbers as stored."""
        if self._squared <= 0:
            return EQUAL
        return min(EQUAL, 10 * math.log10(self._weight / self._squared))


class Turning:
    """The running angle between the vectors of a group and those of its source."""

    def __init__(self, part: Part, factor: int) -> None:
        self._part, self._factor = part, factor
        self._degrees, self._texels = 0.0, 0

    def take(self, rows: Pixels, top: int) -> None:
        group, factor = self._part.group, self._factor
        start, stop = top // factor, (top + len(rows)) // factor
        stored = self._part.before(start, stop)
        if group.flip:
            stored = normals.flipped(stored, signed=group.signed)
        before = normals.decode(stored, signed=group.signed)
        after = shrink(normals.normalise(normals.decode(self._part.after(rows), signed=group.signed)), factor)
        turned = degrees(before, after)
        self._degrees += float(turned.sum())
        self._texels += turned.size

    def value(self) -> float:
        """Return the mean angle in degrees."""
        return self._degrees / max(1, self._texels)
