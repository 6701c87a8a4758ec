"""The blended engine, for any network: tiles with padding that meet in a raised-cosine blend over their overlap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cg_upscaler.backends import Network, WrappingNetwork
from cg_upscaler.generate import Tick
from cg_upscaler.generate.checked import Checked
from cg_upscaler.geometry import Cut, Edge, Edges, Size, Span, Tiled, Wraps
from cg_upscaler.pixels.edges import take
from cg_upscaler.pixels.rows import Pixels, Rows, Source
from cg_upscaler.spec import ModelInfo, Precision


@dataclass(frozen=True, slots=True)
class Piece:
    """One tile along one axis, in source texels but for the weights."""

    reads: Span
    """What the network sees; reaches beyond the picture where the edges say what is there."""
    gives: Span
    """What it hands over: its own texels, and the overlaps."""
    weights: NDArray[np.float32]
    """One for each texel of the result in `gives`; over all pieces they sum to one at each texel."""
    wraps: bool = False
    """It is the whole axis, and the network itself goes on at the other side."""


def pieces(
    length: int, cut: Tiled, edge: Edge, scale: int, multiple: int = 1, *, wrapping: bool = False
) -> tuple[Piece, ...]:
    """Divide one axis. Neighbours blend by a raised cosine across 2 · overlap texels about the line between them.

    What is read begins and ends at a `multiple`, so that pixel-unshuffle groups the same texels in every tile. Where
    the network is `wrapping`, nothing is read beyond an axis that wraps and is one piece.
    """
    cores = list(cut.spans(length))
    if wrapping and edge is Edge.WRAP and len(cores) == 1 and length % multiple == 0:
        return (Piece(cores[0], cores[0], np.ones(length * scale, np.float32), wraps=True),)
    # Nothing is blended across a wrapped border, and so all of the error there shows: more context makes up for it.
    outside = {Edge.WRAP: cut.padding + cut.overlap, Edge.ZERO: 0}.get(edge, cut.border)
    reads, gives, ramps = [], [], []
    for i, core in enumerate(cores):
        first, last = i == 0, i == len(cores) - 1
        read = core.grow(outside if first else cut.padding, outside if last else cut.padding)
        reads.append(Span(read.start // multiple * multiple, -(-read.stop // multiple) * multiple))
        span = core.grow(0 if first else cut.overlap, 0 if last else cut.overlap)
        gives.append(Span(max(0, span.start), min(length, span.stop)))
        ramps.append(_ramp(core, gives[-1], cut.overlap, first, last, scale))
    total = np.zeros(length * scale)
    for span, ramp in zip(gives, ramps, strict=True):
        total[span.start * scale : span.stop * scale] += ramp
    return tuple(
        Piece(read, span, (ramp / total[span.start * scale : span.stop * scale]).astype(np.float32))
        for read, span, ramp in zip(reads, gives, ramps, strict=True)
    )


def _ramp(core: Span, gives: Span, overlap: int, first: bool, last: bool, scale: int) -> NDArray[np.float64]:
    """Rise from 0 to 1 about the core's start and fall about its stop: ½ - ½ cos over 2 · overlap texels."""
    at = (np.arange(gives.start * scale, gives.stop * scale) + 0.5) / scale
    weights = np.ones(len(at))
    if overlap:
        if not first:
            weights *= 0.5 - 0.5 * np.cos(np.pi * np.clip((at - core.start) / (2 * overlap) + 0.5, 0, 1))
        if not last:
            weights *= 0.5 - 0.5 * np.cos(np.pi * np.clip((core.stop - at) / (2 * overlap) + 0.5, 0, 1))
    return weights


@dataclass(frozen=True, slots=True)
class Tiles:
    """A `Generator` that runs a network tile by tile."""

    network: Network

    @property
    def info(self) -> ModelInfo:
        return self.network.info

    def run(self, source: Source, cut: Cut, edges: Edges, precision: Precision, tick: Tick) -> Rows:
        assert isinstance(cut, Tiled)  # as plans say of networks that are run in tiles
        rows = _TiledRows(self.network, source, cut, edges, precision, tick)
        return Checked(rows, source, self.info.name, precision)


@dataclass(frozen=True, slots=True)
class _TiledRows:
    network: Network
    source: Source
    cut: Tiled
    edges: Edges
    precision: Precision
    tick: Tick

    @property
    def size(self) -> Size:
        return self.source.size * self.network.info.scale

    @property
    def channels(self) -> int:
        return self.source.channels

    def __iter__(self) -> Iterator[Pixels]:
        scale, multiple, size = self.network.info.scale, self.network.info.multiple, self.source.size
        wrapping = isinstance(self.network, WrappingNetwork)
        down = pieces(size.height, self.cut, self.edges.y, scale, multiple, wrapping=wrapping)
        across = pieces(size.width, self.cut, self.edges.x, scale, multiple, wrapping=wrapping)
        reach = Span(min(piece.reads.start for piece in across), max(piece.reads.stop for piece in across))
        waiting: Pixels = np.zeros((0, size.width * scale, self.channels), np.float32)
        done = 0  # rows of the result that have been handed over; `waiting` begins there
        for j, row in enumerate(down):
            top, bottom = row.gives.start * scale, row.gives.stop * scale
            missing = bottom - done - len(waiting)
            waiting = np.concatenate([waiting, np.zeros((max(0, missing), *waiting.shape[1:]), np.float32)])
            band = take(self.source, row.reads, reach, self.edges)
            for i, column in enumerate(across):
                window = band[:, column.reads.start - reach.start : column.reads.stop - reach.start]
                tile = self._tile(np.ascontiguousarray(window), row, column)
                left, right = column.gives.start * scale, column.gives.stop * scale
                with np.errstate(invalid="ignore"):  # infinity becomes NaN, which `Checked` finds
                    tile *= row.weights[:, None, None] * column.weights[None, :, None]
                    waiting[top - done : bottom - done, left:right] += tile
                self.tick((j * len(across) + i + 1) / (len(down) * len(across)))
            # No later tile reaches above the next row's own start.
            ready = down[j + 1].gives.start * scale if j + 1 < len(down) else size.height * scale
            if ready > done:
                yield waiting[: ready - done]
                waiting, done = waiting[ready - done :], ready

    def _tile(self, window: Pixels, row: Piece, column: Piece) -> Pixels:
        scale = self.network.info.scale
        if isinstance(self.network, WrappingNetwork) and (row.wraps or column.wraps):
            result = self.network.run_wrapped(window, self.precision, Wraps(column.wraps, row.wraps))
        else:
            result = self.network.run(window, self.precision)
        top = (row.gives.start - row.reads.start) * scale
        left = (column.gives.start - column.reads.start) * scale
        return result[top : top + len(row.gives) * scale, left : left + len(column.gives) * scale].copy()
