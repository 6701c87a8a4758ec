"""Reads beyond the borders of a picture, as its edges say."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cg_upscaler.geometry import Edge, Edges, Span
from cg_upscaler.pixels.rows import Pixels, Source


def indices(span: Span, length: int, edge: Edge) -> NDArray[np.intp]:
    """Return which texel stands at each position of a span, -1 where none does. The table form of `resolve`."""
    at = np.arange(span.start, span.stop)
    if edge is Edge.WRAP:
        return at % length
    if edge is Edge.MIRROR:
        folded = at % (2 * length)
        return np.minimum(folded, 2 * length - 1 - folded)
    if edge is Edge.CLAMP:
        return np.clip(at, 0, length - 1)
    return np.where((at < 0) | (at >= length), -1, at)


def take(source: Source, ys: Span, xs: Span, edges: Edges) -> Pixels:
    """Return a window of a source, float32 (len(ys), len(xs), channels), reaching beyond its borders at will."""
    size = source.size
    rows, columns = indices(ys, size.height, edges.y), indices(xs, size.width, edges.x)
    inside = rows[rows >= 0]
    result = np.zeros((len(ys), size.width, source.channels), np.float32)
    if len(inside):
        # Runs of neighbouring rows are read together: the rows of a wrapped or mirrored window lie in two places.
        for run in _runs(inside):
            low = int(run[0])
            block = source.rows(low, int(run[-1]) + 1)
            wanted = (rows >= run[0]) & (rows <= run[-1])
            result[wanted] = block[rows[wanted] - low]
    if len(xs) == size.width and xs.start == 0:
        return result
    window = np.ascontiguousarray(result[:, np.maximum(columns, 0)])
    window[:, columns < 0] = 0
    return window


def _runs(rows: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    unique = np.unique(rows)
    return np.split(unique, np.flatnonzero(np.diff(unique) > 1) + 1)
