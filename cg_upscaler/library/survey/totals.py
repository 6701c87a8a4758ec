"""Counts what must hold for every texel of a picture, in one pass over blocks of its rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cg_upscaler.geometry import Size
from cg_upscaler.library.survey.wrap import threads
from cg_upscaler.pixels.rows import Pixels

ROUNDING = 1.5 / 255
SOLID = 0.99
"""Block compression does not always come back to the top."""

_LARGEST = 1e9
"""Arithmetic on what is larger would overflow."""


class Totals:
    """Running figures over all rows, and the threads along which borders are looked at."""

    def __init__(self, size: Size, channels: int, color: Sequence[int], alpha: int | None) -> None:
        self.low = np.full(channels, np.inf, np.float32)
        self.high = np.full(channels, -np.inf, np.float32)
        self.finite = self.gray = self.rows_equal = self.columns_equal = True
        self.clear = self.solid = self.blank = 0
        self.hidden_low, self.hidden_high = np.full(len(color), np.inf), np.full(len(color), -np.inf)
        self.sums = {"hidden": np.zeros(len(color)), "all": np.zeros(len(color))}
        self._color, self._alpha = list(color), alpha
        self._first: Pixels | None = None
        self._rows, self._columns = threads(size.width, size.height), threads(size.height, size.width)
        self._along_x: list[Pixels] = []
        self._along_y: list[Pixels] = []
        self._sides: list[Pixels] = []
        self._last: Pixels | None = None
        self._top = 0

    def add(self, block: Pixels) -> None:
        """Take the next rows, (h, w, c)."""
        low, high = _extremes(block)
        if not (np.isfinite(low).all() and np.isfinite(high).all()):  # both NaN and infinity show in an extreme
            self.finite = False
            finite = np.isfinite(block)
            low = _extremes(np.where(finite, block, np.float32(np.inf)))[0]
            high = _extremes(np.where(finite, block, np.float32(-np.inf)))[1]
            block = np.where(finite, block, np.float32(0))
        self.low, self.high = np.minimum(self.low, low), np.maximum(self.high, high)
        if max(-low.min(), high.max()) > _LARGEST:
            block = np.clip(block, -_LARGEST, _LARGEST)
        if self.gray:
            first = block[:, :, self._color[0]]
            self.gray = all(bool((block[:, :, channel] == first).all()) for channel in self._color[1:])
        self._compare_lines(block)
        if self._alpha is not None:
            self._add_alpha(block[:, :, self._color], block[:, :, self._alpha])
        self._keep_threads(block)

    @property
    def texels(self) -> int:
        return max(1, self._top * self._width)

    @property
    def _width(self) -> int:
        return 0 if self._first is None else self._first.shape[1]

    @property
    def along_x(self) -> Pixels:
        """Rows spread over the height, (threads, width, channels)."""
        return finite(np.concatenate(self._along_x))

    @property
    def along_y(self) -> Pixels:
        """Columns spread over the width, (threads, height, channels)."""
        return finite(np.concatenate(self._along_y)).transpose(1, 0, 2)

    @property
    def sides(self) -> Pixels:
        """The first and the last column, (height, 2, channels)."""
        return finite(np.concatenate(self._sides))

    @property
    def ends(self) -> Pixels:
        """The first and the last row, (width, 2, channels)."""
        assert self._first is not None and self._last is not None
        return finite(np.concatenate([self._first, self._last])).transpose(1, 0, 2)

    def _keep_threads(self, block: Pixels) -> None:
        bottom = self._top + len(block)
        inside = self._rows[(self._rows >= self._top) & (self._rows < bottom)] - self._top
        self._along_x.append(block[inside])
        self._along_y.append(block[:, self._columns])
        self._sides.append(block[:, [0, -1]])
        self._last = block[-1:].copy()
        self._top = bottom

    def _compare_lines(self, block: Pixels) -> None:
        if self._first is None:
            self._first = block[:1].copy()
        for few in (block[:: max(1, len(block) // 4)], block):  # few rows tell most pictures from a gradient
            self.rows_equal = self.rows_equal and bool((np.abs(few - self._first) <= ROUNDING).all())
            self.columns_equal = self.columns_equal and bool((np.abs(few - few[:, :1]) <= ROUNDING).all())

    def _add_alpha(self, colors: Pixels, alpha: NDArray[np.float32]) -> None:
        clear = alpha <= 0
        self.clear += int(clear.sum())
        self.solid += int((alpha >= SOLID).sum())
        self.sums["all"] += colors.sum(axis=(0, 1), dtype=np.float64)
        if clear.any():
            hidden = colors[clear]
            self.sums["hidden"] += hidden.sum(axis=0, dtype=np.float64)
            self.hidden_low = np.minimum(self.hidden_low, hidden.min(axis=0))
            self.hidden_high = np.maximum(self.hidden_high, hidden.max(axis=0))
            self.blank += max(int((hidden <= 0).all(axis=1).sum()), int((hidden >= 1).all(axis=1).sum()))


def finite(window: Pixels) -> Pixels:
    """Leave out what is no number, and what is so large that arithmetic on it would overflow."""
    if np.abs(window).max(initial=0) < _LARGEST:  # false for NaN
        return window
    return np.where(np.abs(window) < _LARGEST, window, np.float32(0))


def _extremes(block: Pixels) -> tuple[Pixels, Pixels]:
    # Along rows first, where memory is contiguous: a fiftieth of the time that NumPy takes over both axes at once.
    channels = block.shape[2]
    rows = block.reshape(len(block), -1)
    return rows.min(axis=0).reshape(-1, channels).min(axis=0), rows.max(axis=0).reshape(-1, channels).max(axis=0)
