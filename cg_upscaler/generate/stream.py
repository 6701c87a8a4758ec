"""The exact engine: a picture goes through its network in bands of rows, and comes out as though it had been whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from cg_upscaler import cut as cuts
from cg_upscaler.backends.memory import free_bytes
from cg_upscaler.backends.torch_ import TorchNetwork
from cg_upscaler.demand import memory
from cg_upscaler.errors import OutOfMemory
from cg_upscaler.generate import Tick
from cg_upscaler.generate.checked import Checked
from cg_upscaler.generate.compact import BandedCompact
from cg_upscaler.generate.rrdb import BandedRRDB
from cg_upscaler.generate.window import Space
from cg_upscaler.geometry import Bands, Cut, Edge, Edges, Size, Span, Wraps
from cg_upscaler.models.compact import SRVGGNetCompact
from cg_upscaler.models.rrdb import RRDBNet
from cg_upscaler.pixels.edges import take
from cg_upscaler.pixels.rows import Pixels, Rows, Source
from cg_upscaler.spec import ModelInfo, Precision


@dataclass(frozen=True, slots=True)
class Stream:
    """A `Generator` that runs a network of the ESRGAN family in bands."""

    network: TorchNetwork

    @property
    def info(self) -> ModelInfo:
        return self.network.info

    def run(self, source: Source, cut: Cut, edges: Edges, precision: Precision, tick: Tick) -> Rows:
        assert isinstance(cut, Bands)  # as plans say of this family
        rows = _BandedRows(self.network, View(source, cut, edges, self.info), precision, tick)
        return Checked(rows, source, self.info.name, precision)


@dataclass(frozen=True, slots=True)
class View:
    """A picture as its network is shown it: continued beyond its borders, in sides of whole multiples."""

    source: Source
    cut: Bands
    edges: Edges
    info: ModelInfo

    @property
    def xs(self) -> Span:
        width = self.source.size.width
        return Span(0, width).grow(*cuts.beyond(self.edges.x, self.cut, width, self.info.multiple, wraps=True))

    @property
    def ys(self) -> Span:
        height, whole = self.source.size.height, self.cut.rows == 0
        return Span(0, height).grow(*cuts.beyond(self.edges.y, self.cut, height, self.info.multiple, wraps=whole))

    @property
    def space(self) -> tuple[Size, int, Wraps]:
        """The plane of its features, the height of a band there, and where that goes on at the other side."""
        multiple, size = self.info.multiple, self.source.size
        features = Size(len(self.xs) // multiple, len(self.ys) // multiple)
        wraps = Wraps(
            x=self.edges.x is Edge.WRAP and len(self.xs) == size.width,
            y=self.edges.y is Edge.WRAP and len(self.ys) == size.height and self.cut.rows == 0,
        )
        # In a band that holds the picture and all lags, everything is there at once.
        band = self.cut.rows or features.height + (self.info.horizon or 0)
        return features, band, wraps

    def rows(self, span: Span) -> Pixels:
        """Return the texels of some rows of features, (rows · multiple, width, channels)."""
        ys, top = span * self.info.multiple, self.ys.start
        return take(self.source, Span(ys.start + top, ys.stop + top), self.xs, self.edges)

    def cropped(self, rows: Pixels, at: int) -> Pixels:
        """Return what is the picture's own of rows of the result, which are `at` and further down."""
        scale, size = self.info.scale, self.source.size
        above, left = -self.ys.start * scale, -self.xs.start * scale
        start, stop = (min(max(0, above + end - at), len(rows)) for end in (0, size.height * scale))
        return rows[start:stop, left : left + size.width * scale]


@dataclass(frozen=True, slots=True)
class _BandedRows:
    network: TorchNetwork
    view: View
    precision: Precision
    tick: Tick

    @property
    def size(self) -> Size:
        return self.view.source.size * self.network.info.scale

    @property
    def channels(self) -> int:
        return self.view.source.channels

    def __iter__(self) -> Iterator[Pixels]:
        for _, rows in banded(self.network, [self.view], self.precision, self.tick):
            if len(rows):
                yield rows


def banded(
    network: TorchNetwork, views: Sequence[View], precision: Precision, tick: Tick
) -> Iterator[tuple[int, Pixels]]:
    """Run pictures together that are cut alike, and yield rows of their results, each with its picture's number.

    The device is free for others between steps. Raises `OutOfMemory` before memory is taken that is not there.
    """
    info, device = network.info, network.device.name
    planes = [view.space for view in views]
    band, wraps = max(band for _, band, _ in planes), planes[0][2]
    space = Space(tuple(features for features, _, _ in planes), band, wraps, device)
    what = f"{views[0].source.size} texels in bands of {space.rows(0, 0).stop * info.multiple} rows"
    _require(network, views, precision, what)
    given = [0] * len(views)
    run = network.turn(what, lambda: _start(network, space, precision))

    def one(step: int) -> list[tuple[int, Pixels]]:
        picture = torch.from_numpy(_picture(views, space, space.rows(step, 0))).to(device)
        # What a step gives lies in memory that the next one uses.
        return [(i, rows.float().cpu().clone().numpy()) for i, rows in run.step(step, picture, tick)]

    for step in range(run.steps):
        for i, rows in network.turn(what, partial(one, step)):
            yield i, views[i].cropped(rows, given[i])
            given[i] += len(rows)


def _start(network: TorchNetwork, space: Space, precision: Precision) -> BandedRRDB | BandedCompact:
    model, layers = network.loaded(precision)
    if isinstance(model, RRDBNet):
        return BandedRRDB(model, space, layers)
    assert isinstance(model, SRVGGNetCompact)  # others are run in tiles
    return BandedCompact(model, space, layers)


def _picture(views: Sequence[View], space: Space, span: Span) -> Pixels:
    """Return the texels of a span of feature rows, (n, rows, width, channels), zero where a picture has none."""
    multiple = views[0].info.multiple
    shape = len(views), len(span) * multiple, space.width * multiple, views[0].source.channels
    picture: Pixels = np.zeros(shape, np.float32)
    for i, (view, size) in enumerate(zip(views, space.sizes, strict=True)):
        own = Span(span.start, min(span.stop, size.height))
        if own.start < own.stop:
            rows = view.rows(own)
            picture[i, : len(rows), : rows.shape[1]] = rows
    return picture


def _require(network: TorchNetwork, views: Sequence[View], precision: Precision, what: str) -> None:
    """Raise `OutOfMemory` where the device has not the memory that is needed: some systems would kill the process."""
    info, free = network.info, free_bytes(network.device.name)
    cut, edges, sizes = views[0].cut, views[0].edges, [view.source.size for view in views]
    # Each lies in a plane that holds the largest.
    largest = Size(max(size.width for size in sizes), max(size.height for size in sizes))
    need = len(views) * memory(largest, cut, info, edges, precision)
    if free is not None and need > free:
        width = cuts.widest(free // len(views), largest.height, cut, info, edges, precision)
        fits = f"pictures of up to {width} texels in width fit" if width else "not even the narrowest picture fits"
        raise OutOfMemory(
            f"{what} take {need / 1e9:.2g} GB of memory, and {free / 1e9:.2g} GB of {network.device.label} are free",
            where=info.name,
            fix=f"free some; in the smallest bands {fits}",
        )
