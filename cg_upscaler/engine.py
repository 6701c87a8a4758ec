"""Runs jobs: read → upscale → check → write → receipt, one texture after another, and goes on past a bad one."""

from __future__ import annotations

import errno
import hashlib
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from cg_upscaler import codecs
from cg_upscaler.errors import Cancelled, ForeignOutput, SourceError, UnreadableImage, UpscaleError
from cg_upscaler.gates import Judge, in_words, judged, lost_in_encoding
from cg_upscaler.generate.adapt import adapting
from cg_upscaler.job import Action, Event, Job, Outcome, Plan, Receipt
from cg_upscaler.library.receipts import OutputState, Receipts, hash_file
from cg_upscaler.library.rejected import reject, withdraw
from cg_upscaler.pixels.frame import framed
from cg_upscaler.pixels.rows import Source, pour
from cg_upscaler.upscale import Generators, upscale

Listener = Callable[[Event], None]
"""Told of every step. May raise `Cancelled` or KeyboardInterrupt, upon which nothing partial is left."""

_WRITE_SHARE = 0.05
"""Of a job's progress, kept for matching and writing."""

_OURS = (OutputState.OURS, OutputState.LOCKED)

_IN_THE_WAY = {
    OutputState.FOREIGN: "is there already, and this tool did not write it",
    OutputState.EDITED: "was changed by somebody since this tool wrote it",
    OutputState.LOCKED: "is read-only, as version control makes it",
}


def _nobody(event: Event) -> None:
    pass


class Engine:
    """Runs the jobs of plans with one set of generators."""

    def __init__(self, generators: Generators, *, force: bool = False) -> None:
        """`force` overwrites outputs that this tool did not write, and does again what is up to date or rejected."""
        self._generators, self._force = generators, force

    def run(self, plan: Plan, receipts: Receipts, listen: Listener = _nobody) -> tuple[Receipt, ...]:
        """Run a plan's jobs in order and return their receipts. A job that fails never stops the next."""
        codecs.sweep(Path(plan.output))
        return tuple(self.run_job(job, receipts, listen) for job in plan.jobs)

    def run_job(self, job: Job, receipts: Receipts, listen: Listener = _nobody) -> Receipt:
        """Run one job and return its receipt, which is recorded. Only `Cancelled` and bugs are raised."""
        start = time.monotonic()
        listen(Event(job, 0.0))
        try:
            receipt = self._attempt(job, receipts, listen)
        except Cancelled:
            raise
        except (UpscaleError, OSError, MemoryError) as error:
            receipt = Receipt(job.name, Outcome.FAILED, error=_in_words(error, job))
        receipt = replace(receipt, seconds=round(time.monotonic() - start, 3))
        if receipt.outcome is not Outcome.CURRENT:
            receipts.record(receipt)
        listen(Event(job, 1.0, receipt))
        return receipt

    def _attempt(self, job: Job, receipts: Receipts, listen: Listener) -> Receipt:
        if job.action is Action.SKIP:
            return Receipt(job.name, Outcome.SKIPPED, notes=(job.why,))
        source_hash = _hash_of_sources(job)
        started = Receipt(job.name, Outcome.DONE, job.output, job.key(source_hash), source_hash)
        standing = None if self._force else _standing(job, started.key, receipts)
        if standing is not None:
            return standing
        self._keep_clear(Path(job.output), receipts)
        if job.action is Action.COPY:
            receipts.intend(job, started.key, source_hash)
            codecs.copy_file(Path(job.source), Path(job.output))
            ended = replace(started, outcome=Outcome.COPIED, notes=job.notes)
        else:
            ended = self._upscale(job, receipts, started, listen)
        if ended.outcome is not Outcome.REJECTED:
            withdraw(job, receipts)
        return replace(ended, output_hash=hash_file(Path(ended.output)))

    def _keep_clear(self, path: Path, receipts: Receipts) -> None:
        state = receipts.state_at(path)
        if state in _IN_THE_WAY and not self._force:
            raise ForeignOutput(_IN_THE_WAY[state], where=path, fix="move it away, or run with --force to replace it")

    def _upscale(self, job: Job, receipts: Receipts, started: Receipt, listen: Listener) -> Receipt:
        """Upscale a texture, measure it, and put it into its place, or among the rejected ones."""
        image = _read(job)
        picture: Source = image if job.frame is None else _with_neighbours(image, job)

        def tick(share: float) -> None:
            listen(Event(job, share * (1 - _WRITE_SHARE)))

        def attempt(now: Job) -> Receipt:
            assert now.output_spec is not None  # an upscaling job has one
            result = upscale(picture, now, self._generators, scratch=receipts.path.parent, tick=tick)
            sink = codecs.create(Path(now.output), now.output_spec)
            try:
                judge = Judge(sink, image, now)
                pour(result, judge)
                measured = judge.figures()
                if _encoding_counts(now):
                    stored = codecs.read(sink.finish(), limit=now.output_spec.size.pixels)
                    measured += (lost_in_encoding(result, stored),)
                figures = judged(measured, now.gates)
                ended = replace(started, figures=figures, error=in_words(figures))
                if ended.error:
                    self._keep_clear(receipts.rejected(now), receipts)
                    return reject(sink, now, ended, receipts)
                receipts.intend(now, started.key, started.source_hash)
                sink.commit()
                return ended
            finally:
                sink.discard()

        ended, notes = adapting(job, attempt)
        return replace(ended, notes=(*job.notes, *notes))


def _standing(job: Job, key: str, receipts: Receipts) -> Receipt | None:
    """Return the receipt of what is there already, from an equal job: up to date, or rejected then and now.

    Gates may have been changed since, and are held against what was measured.
    """
    earlier = receipts.find(job.name)
    if earlier is None or earlier.key != key:
        return None
    figures = judged(earlier.figures, job.gates)
    if _encoding_counts(job) and all(figure.name != "encoding" for figure in figures):
        return None
    now = replace(earlier, figures=figures, error=in_words(figures))
    if earlier.outcome is Outcome.REJECTED:
        return now if now.error and receipts.state_at(Path(earlier.output)) in _OURS else None
    if earlier.outcome in (Outcome.DONE, Outcome.COPIED) and not now.error and receipts.output_state(job) in _OURS:
        return replace(now, outcome=Outcome.CURRENT)
    return None


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


def _read(job: Job) -> codecs.Image:
    image = codecs.read(Path(job.source), limit=_limit(job))
    if image.spec != job.source_spec:
        raise UnreadableImage("changed since it was planned", where=job.name, fix="run again")
    return image


def _with_neighbours(image: codecs.Image, job: Job) -> Source:
    """Return the picture with its neighbours around it. Raises `UnreadableImage` for one that does not go with it."""
    assert job.frame is not None  # asked only where there is one
    try:
        others = {side: codecs.read(Path(side.source), limit=_limit(job)).pixels for side in job.frame.neighbours}
        return framed(image.pixels, job.frame, job.edges, others)
    except SourceError as error:
        what = f"its neighbour {error.where} {error.what}"
        raise UnreadableImage(what, where=job.name, fix=error.fix) from error


def _limit(job: Job) -> int:
    return max(codecs.PIXEL_LIMIT, 0 if job.source_spec is None else job.source_spec.size.pixels)


def _in_words(error: Exception, job: Job) -> str:
    if isinstance(error, UpscaleError):
        return str(error)
    if isinstance(error, MemoryError):
        return f"{job.name}: out of memory; free some, or skip it by a rule"
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return f"{job.name}: no space left on the disk of {job.output}; free some and run again"
    return f"{job.name}: {error}"
