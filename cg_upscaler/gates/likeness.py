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

    def __init__(self, part: Part, factor: int, *, vertices: bool = False) -> None:
        """With `vertices`, the texels of the source lie upon every so many of the result, and are not their means."""
        self._part, self._factor, self._vertices = part, factor, vertices
        self._squared, self._weight = 0.0, 0.0

    def take(self, rows: Pixels, top: int) -> None:
        """Take rows of the result, whole multiples of the factor but for the last on vertices, from row `top` on."""
        factor = self._factor
        start, stop = top // factor, -(-(top + len(rows)) // factor)
        after = self._part.after(rows)
        after = after[::factor, ::factor] if self._vertices else shrink(after, factor)
        source = self._part.source.rows(start, stop)
        shown, seen = self._part.shown, self._part.seen_before(source)
        squared = np.square(shown(after) - shown(self._part.before(source)))
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
        stored = self._part.before(self._part.source.rows(start, stop))
        if group.flip:
            stored = normals.flipped(stored, signed=group.signed)
        before, after = normals.decode(stored, signed=group.signed), self._part.after(rows)
        if len(group.channels) == 2:  # a mean of z is not the z of a mean
            after = shrink(normals.decode(after, signed=group.signed), factor)
        else:  # of unit length as they are
            after = normals.decode(shrink(after, factor), signed=group.signed)
        turned = degrees(before, after)
        self._degrees += float(turned.sum())
        self._texels += turned.size

    def value(self) -> float:
        """Return the mean angle in degrees."""
        return self._degrees / max(1, self._texels)
