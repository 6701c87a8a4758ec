"""Brings a picture to any size, by whole factors or not, on texel centres or on the vertices of a grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cg_upscaler.geometry import Edges, Size, Span
from cg_upscaler.pixels.edges import take
from cg_upscaler.pixels.resample import cubic
from cg_upscaler.pixels.rows import Pixels, Source

_REACH = 2.0
"""Of the cubic, in texels of the coarser picture."""


def fitted(source: Source, size: Size, edges: Edges, *, vertices: bool = False) -> Source:
    """Return a picture filtered to `size`, lazily; the picture itself where that is its size.

    By the Catmull-Rom cubic, widened where the result is smaller so that nothing aliases, and by a box where it is
    smaller by a whole factor, which keeps means exactly. With `vertices` the first and the last texels of both
    pictures lie upon each other, as the corners of a height field do; otherwise their outer borders.
    """
    if source.size == size:
        return source
    return _Fitted(
        source,
        size,
        edges,
        _taps(source.size.height, size.height, vertices=vertices),
        _taps(source.size.width, size.width, vertices=vertices),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Taps:
    """For each texel of an axis of the result: from which texel of the source on it takes, and how much of each."""

    first: NDArray[np.intp]
    weights: NDArray[np.float32]
    """(result texels, taps)."""

    def reads(self, start: int, stop: int) -> Span:
        first = self.first[start:stop]
        return Span(int(first.min()), int(first.max()) + self.weights.shape[1])


def _taps(length: int, wanted: int, *, vertices: bool) -> _Taps:
    at = np.arange(wanted, dtype=np.float64)
    if vertices:
        centre = at * ((length - 1) / max(1, wanted - 1))
        ratio = max(1.0, (length - 1) / max(1, wanted - 1))
    else:
        centre = (at + 0.5) * (length / wanted) - 0.5
        ratio = max(1.0, length / wanted)
    if not vertices and length % wanted == 0:
        factor = length // wanted
        return _Taps(np.arange(wanted) * factor, np.full((wanted, factor), 1 / factor, np.float32))
    first = np.floor(centre - _REACH * ratio).astype(np.intp) + 1
    taps = np.arange(int(np.ceil(2 * _REACH * ratio)))
    weights = cubic((first[:, None] + taps - centre[:, None]) / ratio)
    return _Taps(first, (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32))


@dataclass(frozen=True, slots=True, eq=False)
class _Fitted:
    source: Source
    size: Size
    edges: Edges
    down: _Taps
    across: _Taps

    @property
    def channels(self) -> int:
        return self.source.channels

    def rows(self, start: int, stop: int) -> Pixels:
        ys, xs = self.down.reads(start, stop), self.across.reads(0, self.size.width)
        window = take(self.source, ys, xs, self.edges)
        tall = _gathered(window, self.down.first[start:stop] - ys.start, self.down.weights[start:stop])
        wide = _gathered(tall.transpose(1, 0, 2), self.across.first - xs.start, self.across.weights)
        return np.ascontiguousarray(wide.transpose(1, 0, 2))


def _gathered(pixels: Pixels, first: NDArray[np.intp], weights: NDArray[np.float32]) -> Pixels:
    """Sum up what each line of the result takes of the lines of `pixels`."""
    result: Pixels = np.zeros((len(first), *pixels.shape[1:]), np.float32)
    for tap in range(weights.shape[1]):
        result += pixels[first + tap] * weights[:, tap, None, None]
    return result
