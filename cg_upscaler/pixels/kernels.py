"""Makes a picture smaller by one of the filters of mip levels, from any size to any other, with nothing shifted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from cg_upscaler.geometry import Edges, Size, Span
from cg_upscaler.job import MipFilter
from cg_upscaler.pixels.edges import take
from cg_upscaler.pixels.rows import Pixels, Source

_WIDTH, _ALPHA = 3.0, 4.0
"""Of the Kaiser window: its reach in texels of the result, and how steeply it falls (NVIDIA Texture Tools' own)."""

_TOGETHER = 32
"""Texels of the result along an axis that are summed up at once. Across by a product of matrices: a tap costs a
tenth of what it does by itself, and so small a product runs in one thread."""


@dataclass(frozen=True, slots=True, eq=False)
class Taps:
    """For each texel of an axis of the result: from which texel of the source on it takes, and how much of each."""

    first: NDArray[np.intp]
    weights: NDArray[np.float32]
    """(result texels, taps); each row sums to 1."""

    def reads(self, start: int, stop: int) -> Span:
        """Return the texels that a span of the result takes; they may lie beyond the source's borders."""
        return Span(int(self.first[start]), int(self.first[stop - 1]) + self.weights.shape[1])

    def matrix(self, start: int, stop: int) -> NDArray[np.float32]:
        """Return what brings the texels of `reads` to those of the result: (stop - start, texels read)."""
        span = self.reads(start, stop)
        result = np.zeros((stop - start, len(span)), np.float32)
        at = self.first[start:stop, None] - span.start + np.arange(self.weights.shape[1])
        np.put_along_axis(result, at, self.weights[start:stop], axis=1)
        return result


@lru_cache(maxsize=64)
def taps(length: int, wanted: int, how: MipFilter) -> Taps:
    """Return the taps that bring an axis of `length` texels to `wanted`, no more than there are.

    Each texel of the result is weighed about its own centre, so that a picture of odd sides keeps its place. Of equal
    lengths each texel is itself.
    """
    ratio = length / wanted
    at = np.arange(wanted, dtype=np.float64)
    centre = (at + 0.5) * ratio
    reach = {MipFilter.KAISER: _WIDTH, MipFilter.BOX: 0.5, MipFilter.TRIANGLE: 1.0}[how]
    first = np.floor(centre - reach * ratio + 1e-9).astype(np.intp)
    last = np.ceil(centre + reach * ratio - 1e-9).astype(np.intp)
    texels = first[:, None] + np.arange(int((last - first).max()))
    if how is MipFilter.BOX:  # how much of the texel lies under that of the result
        weights = np.minimum(texels + 1, (at[:, None] + 1) * ratio) - np.maximum(texels, at[:, None] * ratio)
        weights = np.maximum(weights, 0)
    else:
        distance = np.abs(texels + 0.5 - centre[:, None]) / ratio
        weights = _kaiser(distance) if how is MipFilter.KAISER else np.maximum(0, 1 - distance)
    return Taps(first, (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32))


def _kaiser(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sinc under a Kaiser window (Kaiser and Schafer 1980)."""
    within = np.sqrt(np.maximum(0, 1 - np.square(distance / _WIDTH)))
    window: NDArray[np.float64] = np.i0(_ALPHA * within) / np.i0(_ALPHA)
    return np.where(distance < _WIDTH, np.sinc(distance) * window, 0)


@dataclass(frozen=True, slots=True, eq=False)
class Shrinking:
    """How a picture becomes a smaller one, both axes."""

    down: Taps
    across: Taps

    @classmethod
    def by(cls, source: Size, wanted: Size, how: MipFilter) -> Shrinking:
        return cls(taps(source.height, wanted.height, how), taps(source.width, wanted.width, how))

    def reads(self, start: int, stop: int) -> tuple[Span, Span]:
        """Return the rows and columns of the source that rows of the result take."""
        return self.down.reads(start, stop), self.across.reads(0, len(self.across.first))

    def rows(self, window: Pixels, ys: Span, xs: Span, start: int, stop: int) -> Pixels:
        """Return rows of the result, (stop - start, width, c), of a window on rows `ys` and columns `xs`, or more."""
        channels, rows = window.shape[2], stop - start
        tall = self._tall(window.reshape(len(window), -1), self.down.first[start:stop] - ys.start, start, stop)
        # Channel by channel, so that a matrix of one texel's taps does for all of them.
        planes = np.ascontiguousarray(tall.reshape(rows, -1, channels).transpose(2, 0, 1))
        result = np.empty((channels, rows, len(self.across.first)), np.float32)
        for left, right, span, matrix in _parts(self.across):
            result[:, :, left:right] = planes[:, :, span.start - xs.start : span.stop - xs.start] @ matrix
        return np.ascontiguousarray(result.transpose(1, 2, 0))

    def _tall(self, lines: NDArray[np.float32], first: NDArray[np.intp], start: int, stop: int) -> NDArray[np.float32]:
        """Sum up lines, tap by tap: a product of matrices this large runs in threads, and depends on how many."""
        weights = self.down.weights[start:stop]
        result = np.zeros((len(first), lines.shape[1]), np.float32)
        part = np.empty_like(result)
        step = int(first[1] - first[0]) if len(first) > 1 else 1
        even = bool((np.diff(first) == step).all())
        for tap in range(weights.shape[1]):
            begin = int(first[0]) + tap
            taken = lines[begin : begin + step * (len(first) - 1) + 1 : step] if even else lines[first + tap]
            np.multiply(taken, weights[:, tap, None], out=part)
            result += part
        return result

    def bounds(self, window: Pixels, ys: Span, xs: Span, start: int, stop: int) -> tuple[Pixels, Pixels]:
        """Return the least and the greatest of the texels that each texel of the result takes anything of."""
        return self._extreme(np.minimum, window, ys, xs, start, stop), self._extreme(
            np.maximum, window, ys, xs, start, stop
        )

    def _extreme(self, of: np.ufunc, window: Pixels, ys: Span, xs: Span, start: int, stop: int) -> Pixels:
        first, weights = self.down.first[start:stop] - ys.start, self.down.weights[start:stop]
        tall = window[first]
        for tap in range(1, weights.shape[1]):
            tall = of(tall, window[np.where(weights[:, tap] > 0, first + tap, first)])
        first, weights = self.across.first - xs.start, self.across.weights
        wide: Pixels = tall[:, first]
        for tap in range(1, weights.shape[1]):
            wide = of(wide, tall[:, np.where(weights[:, tap] > 0, first + tap, first)])
        return wide


@lru_cache(maxsize=64)
def _parts(axis: Taps) -> tuple[tuple[int, int, Span, NDArray[np.float32]], ...]:
    """Return an axis in pieces: from where to where each goes, what it reads, and its matrix, to be multiplied by."""
    width, step = len(axis.first), _TOGETHER if axis.weights.shape[1] <= _TOGETHER else _TOGETHER // 4
    ends = [(left, min(left + step, width)) for left in range(0, width, step)]
    return tuple((left, right, axis.reads(left, right), axis.matrix(left, right).T) for left, right in ends)


@dataclass(frozen=True, slots=True)
class Shrunk:
    """A picture filtered to a smaller size."""

    source: Source
    size: Size
    how: MipFilter
    edges: Edges

    @property
    def channels(self) -> int:
        return self.source.channels

    def rows(self, start: int, stop: int) -> Pixels:
        shrinking = Shrinking.by(self.source.size, self.size, self.how)
        result: Pixels = np.empty((stop - start, self.size.width, self.channels), np.float32)
        for top, end in strips(start, stop):
            ys, xs = shrinking.reads(top, end)
            result[top - start : end - start] = shrinking.rows(take(self.source, ys, xs, self.edges), ys, xs, top, end)
        return result


def strips(start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Divide rows of a result into those that are filtered together: few enough to stay in a processor's cache."""
    for top in range(start, stop, _TOGETHER):
        yield top, min(top + _TOGETHER, stop)
