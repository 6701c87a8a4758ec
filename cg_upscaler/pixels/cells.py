"""Takes a sheet of pictures apart along its grid, and puts it together again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cg_upscaler.errors import UsageError
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


def cell_by_cell(sheet: Source, cells: Cells, size: Size, enlarge: Callable[[int, Source, Size], Source]) -> Source:
    """Return a sheet brought to `size`, each of its cells by itself: by `enlarge`, told its number, itself, its size.

    Of its gutters each texel becomes a rectangle of its own colour: nothing of a cell may reach into them, nor they
    into a cell. Raises `UsageError` where the grid divides the sheet, or the result, into unequal cells.
    """
    content = cells.content(sheet.size)
    if content is None or size.width % cells.columns or size.height % cells.rows:
        raise UsageError(
            f"a grid of {cells.columns} × {cells.rows} cells with gutters of {cells.gutter} does not divide "
            f"{sheet.size if content is None else size} evenly",
            fix="correct the grid, or choose a whole factor",
        )
    across = _Axis(cells.columns, cells.gutter, content.width, sheet.size.width, size.width)
    down = _Axis(cells.rows, cells.gutter, content.height, sheet.size.height, size.height)
    wanted = Size(across.enlarged, down.enlarged)
    parts: list[Source] = []
    for row in range(cells.rows):
        for column in range(cells.columns):
            cell = Cropped(sheet, across.begins(column), down.begins(row), content)
            parts.append(enlarge(len(parts), cell, wanted))
    return _Sheet(tuple(parts), sheet, size, across, down)


@dataclass(frozen=True, slots=True)
class _Axis:
    """Where cells lie along one axis of the sheet and of the result."""

    count: int
    gutter: int
    content: int
    length: int
    result: int

    @property
    def pitch(self) -> int:
        return self.result // self.count

    @property
    def enlarged(self) -> int:
        """How long the content of a cell of the result is; at least a texel."""
        return max(1, self.content * self.result // self.length)

    @property
    def before(self) -> int:
        """Texels of gutter before the content of a cell of the result; what is odd goes behind it."""
        return (self.pitch - self.enlarged) // 2

    def begins(self, cell: int) -> int:
        return cell * (self.length // self.count) + self.gutter

    @property
    def nearest(self) -> NDArray[np.intp]:
        """For each texel of the result, which of the sheet it shows: a texel of a gutter one of the same gutter."""
        after = self.pitch - self.enlarged - self.before
        behind = self.gutter + self.content
        one = np.concatenate(
            [
                np.arange(self.before) * self.gutter // max(1, self.before),
                self.gutter + np.arange(self.enlarged) * self.content // self.enlarged,
                behind + np.arange(after) * self.gutter // max(1, after),
            ]
        )
        starts = np.arange(self.count) * (self.length // self.count)
        shown: NDArray[np.intp] = starts[:, None] + np.minimum(one, self.length // self.count - 1)
        return shown.reshape(-1)


@dataclass(frozen=True, slots=True)
class _Sheet:
    parts: tuple[Source, ...]
    sheet: Source
    size: Size
    across: _Axis
    down: _Axis

    @property
    def channels(self) -> int:
        return self.parts[0].channels

    def rows(self, start: int, stop: int) -> Pixels:
        result = self._gutters(start, stop)
        across, down = self.across, self.down
        for row in range(start // down.pitch, -(-stop // down.pitch)):
            top = row * down.pitch + down.before
            first, last = max(start, top), min(stop, top + down.enlarged)
            if first >= last:
                continue
            for column in range(across.count):
                left = column * across.pitch + across.before
                block = self.parts[row * across.count + column].rows(first - top, last - top)
                result[first - start : last - start, left : left + across.enlarged] = block
        return result

    def _gutters(self, start: int, stop: int) -> Pixels:
        if self.across.pitch == self.across.enlarged and self.down.pitch == self.down.enlarged:
            return np.empty((stop - start, self.size.width, self.channels), np.float32)
        ys = self.down.nearest[start:stop]
        rows = self.sheet.rows(int(ys.min()), int(ys.max()) + 1)
        return np.ascontiguousarray(rows[ys - ys.min()][:, self.across.nearest])
