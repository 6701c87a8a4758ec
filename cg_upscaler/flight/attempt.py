"""Takes one job from its source to its receipt: read → upscale → check → write."""

from __future__ import annotations

import errno
import hashlib
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock

from cg_upscaler import codecs
from cg_upscaler.delivery import create, deliver, in_file
from cg_upscaler.errors import (
    Cancelled,
    DeviceLost,
    ForeignOutput,
    GenerateError,
    OutOfMemory,
    UnreadableImage,
    UpscaleError,
)
from cg_upscaler.flight import companions
from cg_upscaler.flight.companions import Ready
from cg_upscaler.flight.crew import Flight
from cg_upscaler.flight.reading import in_working_space, picture_of, read
from cg_upscaler.flight.twins import Twin, Twins
from cg_upscaler.gates import Judge, in_words, judged, lost_in_encoding
from cg_upscaler.generate.adapt import adapting
from cg_upscaler.job import Action, Event, Job, Outcome, Receipt
from cg_upscaler.library.receipts import OutputState, Receipts, hash_file
from cg_upscaler.library.rejected import reject, withdraw
from cg_upscaler.maps import PLAIN
from cg_upscaler.pixels.rows import Pixels, Sink
from cg_upscaler.upscale import Generators, upscale

_WRITE_SHARE = 0.05
"""Of a job's progress, kept for matching and writing."""

_OURS = (OutputState.OURS, OutputState.LOCKED)

_IN_THE_WAY = {
    OutputState.FOREIGN: "is there already, and this tool did not write it",
    OutputState.EDITED: "was changed by somebody since this tool wrote it",
    OutputState.LOCKED: "is read-only, as version control makes it",
}

_ALONE = "out of memory beside other textures: done again alone"


@dataclass(slots=True)
class Attempts:
    """Takes jobs to their receipts; shared by the threads of a run."""

    generators: Generators
    receipts: Receipts
    force: bool = False
    """Overwrite what this tool did not write, and do again what is up to date or rejected."""
    twins: Twins = field(default_factory=Twins)
    lost: DeviceLost | None = None
    """Why the device takes no more work."""
    rejecting: Lock = field(default_factory=Lock)
    """Held while a result goes among the rejected ones or leaves them: folders are made, and removed when empty."""

    def receipt(self, job: Job, flight: Flight[Event]) -> Receipt:
        """Return the receipt of one job, which is not recorded yet.

        Raises `Cancelled`, bugs and, only of a flight with company, `OutOfMemory` and MemoryError.
        """
        start = time.monotonic()
        flight.tell(Event(job, 0.0))
        try:
            receipt = self._attempt(job, flight)
        except Cancelled:
            raise
        except (UpscaleError, OSError, MemoryError) as error:
            if flight.accompanied and isinstance(error, OutOfMemory | MemoryError):
                raise
            if isinstance(error, DeviceLost):
                self.lost = error
            receipt = Receipt(job.name, Outcome.FAILED, error=_in_words(error, job))
        notes = (*receipt.notes, _ALONE) if flight.again else receipt.notes
        return replace(receipt, seconds=round(time.monotonic() - start, 3), notes=notes)

    def _attempt(self, job: Job, flight: Flight[Event]) -> Receipt:
        if job.action is Action.SKIP:
            return Receipt(job.name, Outcome.SKIPPED, notes=(job.why,))
        source_hash = _hash_of_sources(job)
        started = Receipt(job.name, Outcome.DONE, job.output, job.key(source_hash), source_hash)
        standing = None if self.force else _standing(job, started.key, self.receipts)
        if standing is not None and standing.outcome is Outcome.REJECTED:
            return standing
        ready = companions.prepare(job)
        for path, state in companions.in_the_way(ready, self.receipts):
            self._keep_clear(path, state)
        if standing is not None:
            anew = tuple(f"{name} is written anew" for name in companions.write(ready, self.receipts))
            return replace(standing, notes=(*standing.notes, *anew))
        if Path(job.output) != Path(job.source):  # which a plan says only where it was told to overwrite
            self._keep_clear(Path(job.output))
        if job.action is Action.COPY:
            copied = replace(started, outcome=Outcome.COPIED, notes=job.notes)
            return self._copied(Path(job.source), job, copied, ready)
        with self.twins.turn(started.key + Path(job.output).suffix.lower()) as turn:
            ended = None if turn.twin is None else self._taken_from(turn.twin, job, started, ready)
            if ended is None:
                ended = self._upscaled(job, started, flight, ready)
                turn.hand_on(ended, ended.notes[len(job.notes) :])
        return ended

    def _copied(self, source: Path, job: Job, ended: Receipt, ready: tuple[Ready, ...]) -> Receipt:
        companions.write(ready, self.receipts)
        self.receipts.intend(job, ended.key, ended.source_hash)
        codecs.copy_file(source, Path(job.output))
        return self._ended(job, ended)

    def _taken_from(self, twin: Twin, job: Job, started: Receipt, ready: tuple[Ready, ...]) -> Receipt | None:
        """Return a result that is an equal job's, copied; None where that is gone, or breaks a gate of this one."""
        made = _judged_now(twin.receipt, job)
        if made is None or made.error or not _is_still(Path(made.output), made.output_hash):
            return None
        notes = (*job.notes, *twin.notes, f"the same as {made.name}")
        ended = replace(started, figures=made.figures, notes=notes)
        return self._copied(Path(made.output), job, ended, ready)

    def _upscaled(self, job: Job, started: Receipt, flight: Flight[Event], ready: tuple[Ready, ...]) -> Receipt:
        """Upscale a texture, measure it, and put it into its place, or among the rejected ones."""
        if self.lost is not None and _needs_device(job):
            raise DeviceLost(self.lost.what, where=self.lost.where, fix=self.lost.fix)
        image = read(job, self.receipts.path.parent)
        picture, own = (in_working_space(source, job) for source in (picture_of(image, job), image))

        def tick(share: float) -> None:
            flight.tell(Event(job, share * (1 - _WRITE_SHARE)))

        def attempt(now: Job) -> Receipt:
            assert now.output_spec is not None  # an upscaling job has one
            result = upscale(picture, now, self.generators, scratch=self.receipts.path.parent, tick=tick)
            sink, scratch = create(now, image), self.receipts.path.parent
            try:
                judges: list[Judge] = []

                def watch(into: Sink) -> Sink:
                    judges.append(Judge(into, own, now))
                    return _Told(judges[0], now, flight)

                deliver(result, now, image, sink, watch, scratch=scratch)
                measured = judges[0].figures()
                if _encoding_counts(now):
                    stored = codecs.read(sink.finish(), limit=now.output_spec.stack.pixels)
                    measured += (lost_in_encoding(in_file(result, now), stored),)
                figures = judged(measured, now.gates)
                ended = replace(started, figures=figures, error=in_words(figures))
                if ended.error:
                    self._keep_clear(self.receipts.rejected(now))
                    with self.rejecting:
                        return reject(sink, now, ended, self.receipts)
                # Before the texture: where both replace their sources, a run that is killed in between begins with it.
                companions.write(ready, self.receipts)
                self.receipts.intend(now, started.key, started.source_hash)
                sink.commit()
                return ended
            finally:
                sink.discard()

        ended, notes = adapting(job, attempt, alone=lambda: not flight.accompanied)
        return self._ended(job, replace(ended, notes=(*job.notes, *notes)))

    def _ended(self, job: Job, ended: Receipt) -> Receipt:
        if ended.outcome is not Outcome.REJECTED:
            with self.rejecting:
                withdraw(job, self.receipts)
        return replace(ended, output_hash=hash_file(Path(ended.output)))

    def _keep_clear(self, path: Path, state: OutputState | None = None) -> None:
        state = state or self.receipts.state_at(path)
        if state in _IN_THE_WAY and not self.force:
            raise ForeignOutput(_IN_THE_WAY[state], where=path, fix="move it away, or run with --force to replace it")


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


def _needs_device(job: Job) -> bool:
    return any(group.model not in PLAIN and not group.constant for group in job.groups)


def _is_still(path: Path, known: str) -> bool:
    try:
        return hash_file(path) == known
    except OSError:
        return False


def _standing(job: Job, key: str, receipts: Receipts) -> Receipt | None:
    """Return the receipt of what is there already, from an equal job: up to date, or rejected then and now."""
    earlier = receipts.find(job.name)
    now = None if earlier is None or earlier.key != key else _judged_now(earlier, job)
    if now is None:
        return None
    if now.outcome is Outcome.REJECTED:
        return now if now.error and receipts.state_at(Path(now.output)) in _OURS else None
    if now.outcome in (Outcome.DONE, Outcome.COPIED) and not now.error and receipts.output_state(job) in _OURS:
        return replace(now, outcome=Outcome.CURRENT)
    return None


def _judged_now(earlier: Receipt, job: Job) -> Receipt | None:
    """Return a receipt as its figures stand against a job's gates, which may have changed since, or be another's.

    None where what the gates bound was not measured.
    """
    figures = judged(earlier.figures, job.gates)
    if _encoding_counts(job) and all(figure.name != "encoding" for figure in figures):
        return None
    return replace(earlier, figures=figures, error=in_words(figures))


def _encoding_counts(job: Job) -> bool:
    return job.gates.min_encoding is not None and job.output_spec is not None and job.output_spec.lossy


def _hash_of_sources(job: Job) -> str:
    """Return the hash of all bytes that reach the result: of its source alone where there are no neighbours."""
    hashes = [hash_file(Path(job.source))]
    try:
        hashes += [hash_file(Path(source)) for source in job.sources[1:]]
    except FileNotFoundError as error:
        raise UnreadableImage(
            f"its neighbour {error.filename} is not there", where=job.name, fix="bring it back, or plan again"
        ) from error
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()


def _in_words(error: Exception, job: Job) -> str:
    if isinstance(error, GenerateError):
        return f"{job.name}: {error}"  # which names the model or the device
    if isinstance(error, UpscaleError):
        return str(error)
    if isinstance(error, MemoryError):
        return f"{job.name}: out of memory; free some, or skip it by a rule"
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return f"{job.name}: no space left on the disk of {job.output}; free some and run again"
    return f"{job.name}: {error}"
