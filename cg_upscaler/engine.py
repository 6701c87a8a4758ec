"""Runs jobs: read → upscale → check → write → receipt, one texture after another, and goes on past a bad one."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from cg_upscaler import codecs
from cg_upscaler.errors import Cancelled, ForeignOutput, UnreadableImage, UpscaleError
from cg_upscaler.generate.adapt import adapting
from cg_upscaler.job import Action, Event, Job, Outcome, Plan, Receipt
from cg_upscaler.library.receipts import OutputState, Receipts, hash_file
from cg_upscaler.pixels.rows import pour
from cg_upscaler.upscale import Generators, upscale

Listener = Callable[[Event], None]
"""Told of every step. May raise `Cancelled` or KeyboardInterrupt, upon which nothing partial is left."""

_WRITE_SHARE = 0.05
"""Of a job's progress, kept for matching and writing."""

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
        """`force` overwrites outputs that this tool did not write, and does again what is up to date."""
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
        source, output = Path(job.source), Path(job.output)
        source_hash = hash_file(source)
        key = job.key(source_hash)
        state = receipts.output_state(job)
        if state in (OutputState.OURS, OutputState.LOCKED) and not self._force:
            earlier = receipts.find(job.name)
            if earlier is not None and earlier.key == key and earlier.outcome in (Outcome.DONE, Outcome.COPIED):
                return replace(earlier, outcome=Outcome.CURRENT)
        if state in _IN_THE_WAY and not self._force:
            raise ForeignOutput(_IN_THE_WAY[state], where=output, fix="move it away, or run with --force to replace it")

        if job.action is Action.COPY:
            receipts.intend(job, key, source_hash)
            codecs.copy_file(source, output)
            notes, outcome = job.notes, Outcome.COPIED
        else:
            notes = self._upscale(job, receipts, key, source_hash, listen)
            outcome = Outcome.DONE
        return Receipt(
            job.name,
            outcome,
            output=job.output,
            key=key,
            source_hash=source_hash,
            output_hash=hash_file(output),
            notes=notes,
        )

    def _upscale(self, job: Job, receipts: Receipts, key: str, source_hash: str, listen: Listener) -> tuple[str, ...]:
        """Upscale a texture into its place, and return what there is to note."""
        image = codecs.read(Path(job.source), limit=max(codecs.PIXEL_LIMIT, _pixels(job)))
        if image.spec != job.source_spec:
            raise UnreadableImage("changed since it was planned", where=job.name, fix="run again")

        def tick(share: float) -> None:
            listen(Event(job, share * (1 - _WRITE_SHARE)))

        def attempt(now: Job) -> None:
            assert now.output_spec is not None  # an upscaling job has one
            result = upscale(image, now, self._generators, scratch=receipts.path.parent, tick=tick)
            sink = codecs.create(Path(now.output), now.output_spec)
            try:
                pour(result, sink)
                receipts.intend(job, key, source_hash)
                sink.commit()
            finally:
                sink.discard()

        _, notes = adapting(job, attempt)
        return (*job.notes, *notes)


def _pixels(job: Job) -> int:
    return 0 if job.source_spec is None else job.source_spec.size.pixels


def _in_words(error: Exception, job: Job) -> str:
    if isinstance(error, UpscaleError):
        return str(error)
    if isinstance(error, MemoryError):
        return f"{job.name}: out of memory; free some, or exclude it under 'rules'"
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return f"{job.name}: no space left on the disk of {job.output}; free some and run again"
    return f"{job.name}: {error}"
