"""Makes the result of one job: a finished file beside its place, with what was measured of it. Records nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from cg_upscaler import codecs
from cg_upscaler.delivery import create, deliver, in_file
from cg_upscaler.flight.crew import Flight
from cg_upscaler.flight.reading import in_working_space, picture_of, read
from cg_upscaler.gates import Judge, judged, lost_in_encoding
from cg_upscaler.generate.adapt import adapting
from cg_upscaler.job import Event, Figure, Job, Used
from cg_upscaler.library.outputs import hash_file
from cg_upscaler.pixels.rows import Pixels, Sink
from cg_upscaler.smooth import without_models_where_smooth
from cg_upscaler.upscale import Generators, upscale

_WRITE_SHARE = 0.05
"""Of a job's progress, kept for matching and writing."""


@dataclass(frozen=True, slots=True)
class Made:
    """A finished result that waits to be put into its place."""

    path: str
    """Of the temporary file, on the disk of its place."""
    hash: str
    """Of its bytes."""
    figures: tuple[Figure, ...]
    """What was measured of it, held against the job's gates."""
    models: tuple[Used, ...]
    """What touched it: none that it was left without."""
    notes: tuple[str, ...] = ()
    """What arose on the way."""


class Maker(Protocol):
    """Makes results: here, or on another machine that sees the same files."""

    def make(self, job: Job, flight: Flight[Event], scratch: Path) -> Made:
        """Return a job's result, finished. `scratch` is a folder for files that are gone again at the end.

        Raises what reading, generating and writing raise, `Cancelled` among it; then nothing is left of it.
        """
        ...


@dataclass(frozen=True, slots=True)
class Here:
    """A `Maker` in this process."""

    generators: Generators

    def make(self, job: Job, flight: Flight[Event], scratch: Path) -> Made:
        image = read(job, scratch)
        picture, own = (in_working_space(source, job) for source in (picture_of(image, job), image))

        def tick(share: float) -> None:
            flight.tell(Event(job, share * (1 - _WRITE_SHARE)))

        def attempt(now: Job) -> Made:
            now, notes = without_models_where_smooth(picture, now)
            assert now.output_spec is not None  # an upscaling job has one
            result = upscale(picture, now, self.generators, scratch=scratch, tick=tick)
            sink = create(now, image)
            try:
                judges: list[Judge] = []

                def watch(into: Sink) -> Sink:
                    judges.append(Judge(into, own, now))
                    return _Told(judges[0], now, flight)

                deliver(result, now, image, sink, watch, scratch=scratch)
                measured = judges[0].figures()
                finished = sink.finish()
                if encoding_counts(now):
                    stored = codecs.read(finished, limit=now.output_spec.stack.pixels)
                    measured += (lost_in_encoding(in_file(result, now), stored),)
                made = Made(str(finished), hash_file(finished), judged(measured, now.gates), now.used, notes)
                sink.release()
                return made
            finally:
                sink.discard()

        made, notes = adapting(job, attempt, alone=lambda: not flight.accompanied)
        return replace(made, notes=(*made.notes, *notes))


def encoding_counts(job: Job) -> bool:
    """Whether it matters to a job what is lost as its result is stored."""
    return job.gates.min_encoding is not None and job.output_spec is not None and job.output_spec.lossy


@dataclass(slots=True)
class _Told:
    """A `Sink` before another, that tells of the rows that pass, and so stops where the run is to stop."""

    sink: Sink
    job: Job
    flight: Flight[Event]
    passed: int = 0

    def put(self, rows: Pixels) -> None:
        assert self.job.output_spec is not None
        self.sink.put(rows)
        self.passed += len(rows)
        share = self.passed / self.job.output_spec.stack.height
        self.flight.tell(Event(self.job, min(1 - _WRITE_SHARE * (1 - share), 0.999)))  # 1 is when it has its receipt

    def commit(self) -> None:
        self.sink.commit()

    def discard(self) -> None:
        self.sink.discard()
