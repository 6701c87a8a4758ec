"""Runs several generators one after another as one: each is shown what the one before gave, as it came, in float."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cg_upscaler.cut import stages
from cg_upscaler.generate import Generator, Tick
from cg_upscaler.geometry import Chained, Cut, Edges, Size
from cg_upscaler.pixels.rows import Pixels, Rows, Source
from cg_upscaler.pixels.scratch import hold
from cg_upscaler.spec import ModelInfo, Precision


@dataclass(frozen=True, slots=True)
class Chain:
    """A `Generator` of several. Nothing is clamped or matched between its steps, and each wraps where the picture does.

    What a step gives is held, in memory or in a file: the next one reads about each place what lies around it.
    """

    info: ModelInfo
    generators: tuple[Generator, ...]

    def run(self, source: Source, cut: Cut, edges: Edges, precision: Precision, tick: Tick) -> Rows:
        assert isinstance(cut, Chained)  # as plans say of chains
        return _ChainedRows(self, source, cut, edges, precision, tick)


@dataclass(frozen=True, slots=True)
class _ChainedRows:
    chain: Chain
    source: Source
    cut: Chained
    edges: Edges
    precision: Precision
    tick: Tick

    @property
    def size(self) -> Size:
        return self.source.size * self.chain.info.scale

    @property
    def channels(self) -> int:
        return self.source.channels

    def __iter__(self) -> Iterator[Pixels]:
        work = [float(size.pixels * max(1, model.parameters)) for model, _, size in self._stages()]
        picture = self.source
        for i, (generator, cut) in enumerate(zip(self.chain.generators, self.cut.steps, strict=True)):
            done, own = sum(work[:i]) / sum(work), work[i] / sum(work)
            rows = generator.run(picture, cut, self.edges, self.precision, _part(self.tick, done, own))
            if i == len(work) - 1:
                yield from rows
            else:
                picture = hold(rows, Path(tempfile.gettempdir()))

    def _stages(self) -> Sequence[tuple[ModelInfo, Cut, Size]]:
        return list(stages(self.chain.info, self.cut, self.source.size))


def _part(tick: Tick, done: float, own: float) -> Tick:
    return lambda share: tick(done + own * share)
