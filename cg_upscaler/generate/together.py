"""Runs small pictures together, which several textures ask for at the same time: alone they leave a device idle."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from cg_upscaler.errors import OutOfMemory
from cg_upscaler.generate import Tick
from cg_upscaler.generate.checked import Checked
from cg_upscaler.generate.stream import Stream, View, banded
from cg_upscaler.geometry import Bands, Cut, Edges, Size
from cg_upscaler.pixels.rows import Pixels, Rows, Source
from cg_upscaler.spec import ModelInfo, Precision

SMALL = 1 << 14
"""Texels of features up to which a picture looks for company. Larger ones fill a device by themselves."""

TOGETHER = 1 << 15
"""Texels of features that go through together at most."""

FULL = 0.8
"""Of the plane that holds the largest of them, how much they have to fill: what they do not is computed for nothing."""


@dataclass(eq=False, slots=True)
class _Request:
    view: View
    precision: Precision
    result: list[Pixels] = field(default_factory=list)
    error: BaseException | None = None
    done: bool = False

    @property
    def features(self) -> Size:
        return self.view.space[0]


class Together:
    """A `Generator` that hands small pictures to another in groups, and all else one by one.

    Nobody waits for company. Whoever finds the device free takes along what has come since it was last free, in its own
    thread. A picture's result is the same in any company: it is used where a layer's arithmetic allows that.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._waiting: list[_Request] = []
        self._free = threading.Condition()
        self._busy = False

    @property
    def info(self) -> ModelInfo:
        return self._stream.info

    def run(self, source: Source, cut: Cut, edges: Edges, precision: Precision, tick: Tick) -> Rows:
        assert isinstance(cut, Bands)  # as plans say of this family
        request = _Request(View(source, cut, edges, self.info), precision)
        small = cut.rows == 0 and request.features.pixels <= SMALL
        if not (small and self._stream.network.independent(precision)):
            return self._stream.run(source, cut, edges, precision, tick)
        return Checked(_GatheredRows(self, request, tick), source, self.info.name, precision)

    def result(self, request: _Request) -> list[Pixels]:
        """Return the rows of a picture's result, once somebody has run it."""
        with self._free:
            self._waiting.append(request)
            self._free.wait_for(lambda: request.done or not self._busy)
            group = [] if request.done else self._group(request)
            self._busy = self._busy or bool(group)
        if group:
            try:
                self._run(group)
            finally:
                with self._free:
                    self._busy = False
                    self._free.notify_all()
        if request.error is not None:
            raise request.error
        return request.result

    def _group(self, first: _Request) -> list[_Request]:
        """Take those that wait and go well with the first, most alike first, and the first itself."""
        self._waiting.remove(first)
        group, own = [first], first.features
        for other in sorted(self._waiting, key=lambda other: _unlike(own, other.features)):
            if other.precision is first.precision and _fit([*(one.view for one in group), other.view]):
                group.append(other)
                self._waiting.remove(other)
        return group

    def _run(self, group: list[_Request]) -> None:
        try:
            views = [request.view for request in group]
            for i, rows in banded(self._stream.network, views, group[0].precision, lambda share: None):
                group[i].result.append(rows)
        except OutOfMemory as error:
            if len(group) == 1:
                group[0].error = error
            else:  # each is to be told only of what it needs by itself
                for request in group:
                    request.result.clear()
                    self._run([request])
        except BaseException as error:
            for request in group:
                request.error = error
        for request in group:
            request.done = True


def _unlike(a: Size, b: Size) -> int:
    return abs(a.width - b.width) + abs(a.height - b.height)


def _fit(views: list[View]) -> bool:
    """Whether pictures can go through together, and fill a plane well enough."""
    sizes = [view.space[0] for view in views]
    wraps = {view.space[2] for view in views}
    if len(wraps) > 1 or (any(wraps.pop()) and len(set(sizes)) > 1):
        return False  # beyond the border of a smaller one lie zeros
    plane = max(size.width for size in sizes) * max(size.height for size in sizes) * len(sizes)
    return plane <= TOGETHER and sum(size.pixels for size in sizes) >= FULL * plane


@dataclass(frozen=True, slots=True)
class _GatheredRows:
    together: Together
    request: _Request
    tick: Tick

    @property
    def size(self) -> Size:
        return self.request.view.source.size * self.together.info.scale

    @property
    def channels(self) -> int:
        return self.request.view.source.channels

    def __iter__(self) -> Iterator[Pixels]:
        yield from (rows for rows in self.together.result(self.request) if len(rows))
        self.tick(1.0)
