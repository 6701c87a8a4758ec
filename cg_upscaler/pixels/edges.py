"""Reads beyond the borders of a picture, as its edges say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cg_upscaler.geometry import Edge, Edges, Span
from cg_upscaler.pixels.rows import Pixels, Source, as_texels


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
    if xs == Span(0, size.width) and 0 <= ys.start < ys.stop <= size.height:
        return source.rows(ys.start, ys.stop)
    window: Pixels = np.empty((len(ys), len(xs), source.channels), np.float32)
    there = as_texels(window)
    down, across = (
        tuple(_stretches(span, length, edge))
        for span, length, edge in ((ys, size.height, edges.y), (xs, size.width, edges.x))
    )
    # Rows that touch are read together: those of a wrapped or mirrored window lie in two places.
    for run in _runs(down):
        block = as_texels(np.ascontiguousarray(source.rows(run.start, run.stop), np.float32))
        for rows in down:
            if rows.of is None or not run.start <= rows.of.start < run.stop:
                continue
            for columns in across:
                if columns.of is not None:
                    there[rows.at, columns.at] = block[rows.steps(run.start), columns.steps()]
    for empty in down:
        if empty.of is None:
            window[empty.at] = 0
    for empty in across:
        if empty.of is None:
            window[:, empty.at] = 0
    return window


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Neighbours along one axis of a window, and which texels stand there: none, one for all, or as many."""

    at: slice
    of: Span | None
    turned: bool = False

    def steps(self, first: int = 0) -> slice:
        """Return where the texels are, in their order, in what holds them from texel `first` on."""
        assert self.of is not None
        start, stop = self.of.start - first, self.of.stop - first
        return slice(stop - 1, start - 1 if start else None, -1) if self.turned else slice(start, stop)


def _stretches(span: Span, length: int, edge: Edge) -> Iterator[_Stretch]:
    """Divide a span where it crosses a border. The form of `indices` that copies whole pieces."""
    start = span.start
    while start < span.stop:
        turn, first = divmod(start, length)
        if turn == 0 or edge in (Edge.WRAP, Edge.MIRROR):
            stop = min(span.stop, start + length - first)
            of, turned = Span(first, first + stop - start), edge is Edge.MIRROR and turn % 2 == 1
            if turned:
                of = Span(length - of.stop, length - of.start)
            yield _Stretch(slice(start - span.start, stop - span.start), of, turned)
        else:
            stop = min(span.stop, 0) if turn < 0 else span.stop
            last = 0 if turn < 0 else length - 1
            of_edge = Span(last, last + 1) if edge is Edge.CLAMP else None
            yield _Stretch(slice(start - span.start, stop - span.start), of_edge)
        start = stop


def _runs(stretches: Sequence[_Stretch]) -> list[Span]:
    """Return what stretches are of, with those that overlap or touch as one."""
    runs: list[Span] = []
    for of in sorted((stretch.of for stretch in stretches if stretch.of is not None), key=lambda of: of.start):
        if runs and of.start <= runs[-1].stop:
            runs[-1] = Span(runs[-1].start, max(runs[-1].stop, of.stop))
        else:
            runs.append(of)
    return runs
