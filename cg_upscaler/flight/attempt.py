"""Takes one job from its source to its receipt: is it up to date? → make → place → record."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock

from cg_upscaler import codecs
from cg_upscaler.errors import (
    Cancelled,
    DeviceLost,
    ForeignOutput,
    GenerateError,
    OutOfMemory,
    SourceChanged,
    SourceError,
    TooSlow,
    UpscaleError,
)
from cg_upscaler.flight import companions
from cg_upscaler.flight.companions import Ready
from cg_upscaler.flight.crew import Flight
from cg_upscaler.flight.making import Made, Maker, encoding_counts
from cg_upscaler.flight.twins import Twin, Twins
from cg_upscaler.gates import in_words, judged
from cg_upscaler.job import Action, Event, Job, Outcome, Receipt
from cg_upscaler.library.outputs import OutputState, hash_file, stat_of
from cg_upscaler.library.precautions import Precautions
from cg_upscaler.library.receipts import Receipts
from cg_upscaler.library.rejected import reject, withdraw
from cg_upscaler.library.standing import IN_THE_WAY, Found, Terms, find
from cg_upscaler.maps import PLAIN
from cg_upscaler.moments import now
from cg_upscaler.standing import Stand

_ALONE = "out of memory beside other textures: done again alone"

_TRIES = 3
"""How often a job is begun anew whose source was changed while it was worked on."""


def _never(path: Path) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Conduct:
    """How a run goes about its jobs. Reaches no pixel."""

    terms: Terms = field(default_factory=Terms)
    unlock: Callable[[Path], None] = _never
    """Makes a read-only file writable, before it is replaced. Raises `OutputError`."""
    time_limit: float | None = None
    """Seconds that a texture may take."""
    precautions: Precautions = field(default_factory=Precautions)


@dataclass(slots=True)
class Attempts:
    """Takes jobs to their receipts; shared by the threads of a run."""

    maker: Maker
    receipts: Receipts
    conduct: Conduct = field(default_factory=Conduct)
    twins: Twins = field(default_factory=Twins)
    lost: DeviceLost | None = None
    """Why the device takes no more work."""
    rejecting: Lock = field(default_factory=Lock)
    """Held while a result goes among the rejected ones or leaves them: folders are made, and removed when empty."""

    def at_once(self, job: Job) -> Receipt | None:
        """Return the receipt of a job with which nothing is to be done, where that shows without reading a file."""
        if job.action is Action.SKIP:
            return Receipt(job.name, Outcome.SKIPPED, notes=(job.why,))
        if job.companions or self.conduct.terms.force or job.name in self.conduct.precautions.set_aside:
            return None
        try:
            if any(self.receipts.seen.known_hash(path, stat_of(Path(path))) is None for path in job.sources):
                return None
            found = find(job, self.receipts, self.conduct.terms, judged_now)
        except (SourceError, OSError):
            return None  # and told when it is tried
        return found.receipt if found.standing.stand is Stand.CURRENT else None

    def receipt(self, job: Job, flight: Flight[Event]) -> Receipt:
        """Return the receipt of one job, which is not recorded yet.

        Raises `Cancelled`, bugs and, only of a flight with company, `OutOfMemory` and MemoryError.
        """
        set_aside = self.conduct.precautions.set_aside.get(job.name)
        if set_aside is not None:
            return Receipt(job.name, Outcome.FAILED, error=f"{job.name}: {set_aside}", at=now())
        start = time.monotonic()
        flight.check = self._limit(job, start, flight)
        flight.tell(Event(job, 0.0))
        try:
            with self.conduct.precautions.at(job.name):
                receipt = self._tried(job, flight)
        except Cancelled:
            raise
        except (UpscaleError, OSError, MemoryError) as error:
            if flight.accompanied and isinstance(error, OutOfMemory | MemoryError):
                raise
            if isinstance(error, DeviceLost):
                self.lost = error
            receipt = Receipt(job.name, Outcome.FAILED, error=_in_words(error, job))
        notes = (*receipt.notes, _ALONE) if flight.again else receipt.notes
        seconds = round(time.monotonic() - start, 3)
        at = receipt.at if receipt.outcome is Outcome.CURRENT else now()
        return replace(receipt, seconds=seconds, notes=notes, at=at)

    def _limit(self, job: Job, start: float, flight: Flight[Event]) -> Callable[[], None] | None:
        limit = self.conduct.time_limit
        if limit is None:
            return None

        def check() -> None:
            if time.monotonic() - start - flight.waited > limit:
                fix = "raise --time-limit, or skip it by a rule"
                raise TooSlow(f"took longer than the {limit:g} s that a texture may take", where=job.name, fix=fix)

        return check

    def _tried(self, job: Job, flight: Flight[Event]) -> Receipt:
        for _ in range(_TRIES - 1):
            sources = _Sources(job)
            try:
                return self._attempt(job, flight, sources)
            except SourceError:
                if not sources.changed:
                    raise
        return self._attempt(job, flight, _Sources(job))

    def _attempt(self, job: Job, flight: Flight[Event], sources: _Sources) -> Receipt:
        if job.action is Action.SKIP:
            return Receipt(job.name, Outcome.SKIPPED, notes=(job.why,))
        found = find(job, self.receipts, self.conduct.terms, judged_now)
        if found.receipt is not None and found.standing.stand is Stand.REJECTED:
            return found.receipt
        ready = companions.prepare(job)
        for path, state in companions.in_the_way(ready, self.receipts):
            self._keep_clear(path, state)
        if found.receipt is not None:
            written = companions.write(ready, self.receipts, self._unlock)
            anew = tuple(f"{name} is written anew" for name in written)
            return replace(found.receipt, notes=(*found.receipt.notes, *anew))
        if Path(job.output) == Path(job.source):  # which a plan says only where it was told to overwrite
            self._keep_unlocked(Path(job.output))
        else:
            self._keep_clear(Path(job.output))
        started = Receipt(
            job.name, Outcome.DONE, job.output, found.key, found.source_hash,
            models=job.used, why=found.standing.why,
        )  # fmt: skip
        if job.action is Action.COPY:
            copied = replace(started, outcome=Outcome.COPIED, notes=job.notes)
            return self._copied(Path(job.source), job, copied, ready, sources)
        with self.twins.turn(started.key + Path(job.output).suffix.lower()) as turn:
            ended = None if turn.twin is None else self._taken_from(turn.twin, job, started, ready, sources)
            if ended is None:
                ended = self._made(job, started, flight, ready, sources)
                turn.hand_on(ended, ended.notes[len(job.notes) :])
        return ended

    def _copied(self, source: Path, job: Job, ended: Receipt, ready: tuple[Ready, ...], sources: _Sources) -> Receipt:
        """Copy a file into a job's place."""
        copy = codecs.copy_beside(source, Path(job.output))
        try:
            return self._placed(copy, job, replace(ended, output_hash=hash_file(copy)), ready, sources)
        finally:
            codecs.remove(copy)

    def _taken_from(
        self, twin: Twin, job: Job, started: Receipt, ready: tuple[Ready, ...], sources: _Sources
    ) -> Receipt | None:
        """Return a result that is an equal job's, copied; None where that is gone, or breaks a gate of this one."""
        made = judged_now(twin.receipt, job)
        if made is None or made.error or not _is_still(Path(made.output), made.output_hash):
            return None
        notes = (*job.notes, *twin.notes, f"the same as {made.name}")
        ended = replace(started, figures=made.figures, notes=notes)
        return self._copied(Path(made.output), job, ended, ready, sources)

    def _made(
        self, job: Job, started: Receipt, flight: Flight[Event], ready: tuple[Ready, ...], sources: _Sources
    ) -> Receipt:
        """Make a texture's result, and put it into its place, or among the rejected ones."""
        if self.lost is not None and _needs_device(job):
            raise DeviceLost(self.lost.what, where=self.lost.where, fix=self.lost.fix)
        codecs.require_space(Path(job.output))
        made = self.maker.make(job, flight, self.receipts.state)
        finished = Path(made.path)
        try:
            ended = _ended(started, job, made)
            if ended.error:
                sources.require_unchanged()
                self._keep_clear(self.receipts.rejected(job))
                with self.rejecting:
                    return reject(finished, job, ended, self.receipts)
            return self._placed(finished, job, ended, ready, sources)
        finally:
            codecs.remove(finished)

    def _placed(self, finished: Path, job: Job, ended: Receipt, ready: tuple[Ready, ...], sources: _Sources) -> Receipt:
        """Put a finished file into its place: what it is goes on record before, so that a kill loses nothing."""
        output = Path(job.output)
        sources.require_unchanged()
        # Before the texture: where both replace their sources, a run that is killed in between begins with it.
        companions.write(ready, self.receipts, self._unlock)
        self._unlock(output)
        ended = replace(ended, at=now())
        self.receipts.intend(ended, job, finished)
        codecs.place(finished, output)
        with self.rejecting:
            withdraw(job, self.receipts)
        return ended

    def _keep_clear(self, path: Path, state: OutputState | None = None) -> None:
        state = state or self.receipts.state_at(path)
        if state in IN_THE_WAY and state is not OutputState.LOCKED and not self.conduct.terms.force:
            raise ForeignOutput(IN_THE_WAY[state], where=path, fix="move it away, or run with --force to replace it")
        self._keep_unlocked(path)

    def _keep_unlocked(self, path: Path) -> None:
        """Raise where a read-only file is to be replaced and there is no command for that: whatever is forced."""
        if codecs.is_read_only(path) and not self.conduct.terms.unlocks:
            fix = "make it writable, or have 'before_write' in the configuration do so"
            raise ForeignOutput(IN_THE_WAY[OutputState.LOCKED], where=path, fix=fix)

    def _unlock(self, path: Path) -> None:
        if codecs.is_read_only(path):
            self.conduct.unlock(path)


class _Sources:
    """The files that a job reads, as they were before it began."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._before = self._stats()

    @property
    def changed(self) -> bool:
        return self._stats() != self._before

    def require_unchanged(self) -> None:
        """Raise `SourceChanged` where somebody has written to one since."""
        if self.changed:
            raise SourceChanged(
                "was changed over and over while it was worked on", where=self._job.name, fix="run again"
            )

    def _stats(self) -> list[tuple[int, int] | None]:
        return [_stat(Path(source)) for source in self._job.sources]


def judged_now(earlier: Receipt, job: Job) -> Receipt | None:
    """Return a receipt as its figures stand against a job's gates, which may have changed since, or be another's.

    None where what the gates bound was not measured.
    """
    figures = judged(earlier.figures, job.gates)
    if encoding_counts(job) and all(figure.name != "encoding" for figure in figures):
        return None
    return replace(earlier, figures=figures, error=in_words(figures))


def standing_of(job: Job, receipts: Receipts, terms: Terms) -> Found:
    """Return how a texture stands before a run. Raises as `find` does."""
    return find(job, receipts, terms, judged_now)


def _ended(started: Receipt, job: Job, made: Made) -> Receipt:
    notes = (*job.notes, *made.notes)
    error = in_words(made.figures)
    return replace(started, figures=made.figures, error=error, notes=notes, output_hash=made.hash, models=made.models)


def _needs_device(job: Job) -> bool:
    return any(group.model not in PLAIN and not group.constant for group in job.groups)


def _is_still(path: Path, known: str) -> bool:
    try:
        return hash_file(path) == known
    except OSError:
        return False


def _stat(path: Path) -> tuple[int, int] | None:
    try:
        return stat_of(path)
    except OSError:
        return None


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
