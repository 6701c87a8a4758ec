"""Measures a result while it is on its way into a sink: in one pass, by running sums, in little memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from cg_upscaler.gates.border import Seam
from cg_upscaler.gates.covered import Coverage
from cg_upscaler.gates.drift import Drift
from cg_upscaler.gates.likeness import Consistency, Turning
from cg_upscaler.gates.part import Part, parts_of, strips
from cg_upscaler.geometry import Edge, Size
from cg_upscaler.job import Figure, Job
from cg_upscaler.maps import AlphaMode, Role
from cg_upscaler.pixels.rows import Pixels, Sink, Source


class Measure(Protocol):
    """A figure on its way."""

    def take(self, rows: Pixels, top: int) -> None:
        """Take the next rows of the result, of which `top` is the first."""
        ...

    def value(self) -> float: ...


class Judge:
    """A `Sink` that passes rows on to another, and says afterwards what they came to against their source."""

    def __init__(self, sink: Sink, source: Source, job: Job) -> None:
        """`source` is the job's own picture, without any frame. It is looked through here."""
        assert job.output_spec is not None  # an upscaling job has one
        self._sink, self._size = sink, job.output_spec.stack
        self._factor = _whole(source.size, self._size, vertices=job.vertices) or 1
        self._measures = tuple(_measures(tuple(parts_of(source, job)), job, self._size))
        self._waiting: list[Pixels] = []
        self._taken = 0

    def put(self, rows: Pixels) -> None:
        self._sink.put(rows)
        self._waiting.append(rows)
        there = sum(map(len, self._waiting))
        ready = there - there % self._factor
        if not ready:
            return
        together = self._waiting[0] if len(self._waiting) == 1 else np.concatenate(self._waiting)
        for start, stop in strips(self._size, ready, self._factor):
            self._measure(together[start:stop])
        self._waiting = [together[ready:].copy()] if ready < there else []

    def _measure(self, strip: Pixels) -> None:
        for _, measure in self._measures:
            measure.take(strip, self._taken)
        self._taken += len(strip)

    def commit(self) -> None:
        self._sink.commit()

    def discard(self) -> None:
        self._sink.discard()

    def figures(self) -> tuple[Figure, ...]:
        """Return what was measured, the worst of its groups each, once the last row is there."""
        for rows in self._waiting:  # on vertices the last row is one more than a multiple
            self._measure(rows)
        self._waiting = []
        values: dict[str, list[float]] = {}
        for name, measure in self._measures:
            values.setdefault(name, []).append(measure.value())
        return tuple(
            Figure(name, round(min(found) if name == "consistency" else max(found), 4))
            for name, found in values.items()
        )


def _whole(source: Size, result: Size, *, vertices: bool) -> int | None:
    """Return the whole factor between two sizes, or between what lies between their vertices; None: there is none."""
    one = int(vertices)
    factor = (result.width - one) // max(1, source.width - one)
    wanted = (source.width - one) * factor + one, (source.height - one) * factor + one
    return factor if factor and wanted == (result.width, result.height) else None


def _measures(parts: tuple[Part, ...], job: Job, size: Size) -> Iterator[tuple[str, Measure]]:
    """Yield what makes sense for a job, by the name of its figure."""
    if not parts:
        return
    source = parts[0].source.size
    factor = _whole(source, size, vertices=job.vertices)
    for part in parts:
        role = part.group.role
        if role in (Role.COLOR, Role.SCALAR):
            if not job.vertices:  # on which texels of the border count half
                yield "color_drift", Drift(part, smaller=size.pixels < source.pixels)
            if factor:
                yield "consistency", Consistency(part, factor, vertices=job.vertices)
        elif role is Role.NORMAL and factor and not job.vertices:
            yield "normal_drift", Turning(part, factor)
        elif role is Role.ALPHA and job.alpha is AlphaMode.CUTOUT:
            assert job.output_spec is not None
            yield "coverage_error", Coverage(part, job.alpha_threshold, job.output_spec.depth)
    alone = job.output_spec is None or job.output_spec.storage.slices == 1
    if Edge.WRAP in (job.edges.x, job.edges.y) and job.cells is None and job.frame is None and alone:
        yield "seam", Seam(parts, job.edges, size.height)
