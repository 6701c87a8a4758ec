"""Measures generators while a run goes on: the seconds that each had the device, and the texels that it was shown."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from cg_upscaler.generate import Generator, Tick
from cg_upscaler.generate.chain import Chain
from cg_upscaler.geometry import Cut, Edges, Size
from cg_upscaler.library.workload import Network, texels_shown
from cg_upscaler.maps import PLAIN
from cg_upscaler.pixels.rows import Pixels, Rows, Source
from cg_upscaler.spec import ModelInfo, Precision
from cg_upscaler.upscale import Generators


class Measuring:
    """`Generators` that pass on others' and measure them. For one run; shared by its threads.

    While several textures are with one network its seconds count once, and while two networks are at work each counts
    for half: so all seconds together are no more than the run took.
    """

    def __init__(self, generators: Generators, clock: Callable[[], float] = time.monotonic) -> None:
        self._generators, self._clock = generators, clock
        self._lock = threading.Lock()
        self._inside: dict[Network, int] = {}
        """How many threads are with each network."""
        self._since = 0.0
        self._busy: dict[Network, float] = {}
        self._shown: dict[Network, float] = {}

    def get(self, model: str, scale: int) -> Generator:
        generator = self._generators.get(model, scale)
        if isinstance(generator, Chain):  # each of its steps is known by itself
            return Chain(generator.info, tuple(_Measured(step, self) for step in generator.generators))
        return generator if model in PLAIN else _Measured(generator, self)

    @property
    def busy(self) -> dict[Network, float]:
        """Seconds that each network was at work so far, with loading its weights."""
        with self._lock:
            return dict(self._busy)

    @property
    def shown(self) -> dict[Network, float]:
        """Texels that each network was shown, of pictures that came out whole."""
        with self._lock:
            return dict(self._shown)

    @contextmanager
    def at_work(self, network: Network) -> Iterator[None]:
        """Count the time within for a network."""
        self._change(network, 1)
        try:
            yield
        finally:
            self._change(network, -1)

    def was_shown(self, network: Network, texels: float) -> None:
        with self._lock:
            self._shown[network] = self._shown.get(network, 0.0) + texels

    def _change(self, network: Network, by: int) -> None:
        with self._lock:
            now = self._clock()
            for other in self._inside:
                self._busy[other] = self._busy.get(other, 0.0) + (now - self._since) / len(self._inside)
            self._since = now
            threads = self._inside.pop(network, 0) + by
            if threads:
                self._inside[network] = threads


@dataclass(frozen=True, slots=True)
class _Measured:
    generator: Generator
    measuring: Measuring

    @property
    def info(self) -> ModelInfo:
        return self.generator.info

    def run(self, source: Source, cut: Cut, edges: Edges, precision: Precision, tick: Tick) -> Rows:
        rows = self.generator.run(source, cut, edges, precision, tick)
        network = Network(self.info.name, self.info.weights, precision)
        return _MeasuredRows(rows, self.measuring, network, texels_shown(source.size, cut, self.info, edges))


@dataclass(frozen=True, slots=True)
class _MeasuredRows:
    rows: Rows
    measuring: Measuring
    network: Network
    texels: float

    @property
    def size(self) -> Size:
        return self.rows.size

    @property
    def channels(self) -> int:
        return self.rows.channels

    def __iter__(self) -> Iterator[Pixels]:
        coming = iter(self.rows)
        while True:
            with self.measuring.at_work(self.network):
                rows = next(coming, None)
            if rows is None:
                break
            yield rows
        self.measuring.was_shown(self.network, self.texels)
