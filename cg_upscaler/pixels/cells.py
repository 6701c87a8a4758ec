"""Takes a sheet of pictures apart along its grid, and puts it together again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cg_upscaler.geometry import Cells, Size
from cg_upscaler.pixels.rows import Pixels, Source


@dataclass(frozen=True, slots=True)
class Cropped:
    """A rectangle of a picture."""

    source: Source
    left: int
    top: int
    size: Size

    @property
    def channels(self) -> int:
        return self.source.channels

    def rows(self, start: int, stop: int) -> Pixels:
        block = self.source.rows(self.top + start, self.top + stop)
        return np.ascontiguousarray(block[:, self.left : self.left + self.size.width])


def taken_apart(source: Source, cells: Cells) -> tuple[Cropped, ...]:
    """Return the cells of a sheet without their gutters, row by row. The grid divides the sheet (`Cells.content`)."""
    content = cells.content(source.size)
    if content is None:
        raise ValueError(f"{cells} does not divide {source.size}")
    width, height = source.size.width // cells.columns, source.size.height // cells.rows
    return tuple(
        Cropped(source, column * width + cells.gutter, row * height + cells.gutter, content)
        for row in range(cells.rows)
        for column in range(cells.columns)
    )


def put_together(parts: Sequence[Source], sheet: Source, cells: Cells) -> Source:
    """Return the sheet of the enlarged cells. Its gutters are those of `sheet`, each texel become a square of its own.

    Only gutters are nearest: nothing of a cell may reach into them, nor they into a cell.
    """
    content = cells.content(sheet.size)
    if content is None:
        raise ValueError(f"{cells} does not divide {sheet.size}")
    return _Sheet(tuple(parts), sheet, cells, parts[0].size.width / content.width, content)


@dataclass(frozen=True, slots=True)
class _Sheet:
    parts: tuple[Source, ...]
    sheet: Source
    cells: Cells
    factor: float
    content: Size

    @property
    def size(self) -> Size:
        one, gutter = self.parts[0].size, self._gutter
        return Size((one.width + 2 * gutter) * self.cells.columns, (one.height + 2 * gutter) * self.cells.rows)

    @property
    def _gutter(self) -> int:
        return round(self.cells.gutter * self.factor)

    @property
    def channels(self) -> int:
        return self.sheet.channels

    def rows(self, start: int, stop: int) -> Pixels:
        size, one, gutter = self.size, self.parts[0].size, self._gutter
        height, width = one.height + 2 * gutter, one.width + 2 * gutter
        result = self._nearest(start, stop) if gutter else np.empty((stop - start, size.width, self.channels), "f4")
        for row in range(start // height, -(-stop // height)):
            top = row * height + gutter
            first, last = max(start, top), min(stop, top + one.height)
            if first >= last:
                continue
            for column in range(self.cells.columns):
                left = column * width + gutter
                block = self.parts[row * self.cells.columns + column].rows(first - top, last - top)
                result[first - start : last - start, left : left + one.width] = block
        return result

    def _nearest(self, start: int, stop: int) -> Pixels:
        ys = np.arange(start, stop) * self.sheet.size.height // self.size.height
        xs = np.arange(self.size.width) * self.sheet.size.width // self.size.width
        rows = self.sheet.rows(int(ys[0]), int(ys[-1]) + 1)
        return np.ascontiguousarray(rows[ys - ys[0]][:, xs])
