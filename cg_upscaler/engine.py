"""Runs plans: several textures on their way at once, so that while one is generated others are decoded and encoded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cg_upscaler import codecs
from cg_upscaler.flight import footprint, threads
from cg_upscaler.flight.attempt import Attempts
from cg_upscaler.flight.crew import Crew, Flight
from cg_upscaler.job import Event, Job, Outcome, Plan, Receipt
from cg_upscaler.library.receipts import Receipts
from cg_upscaler.upscale import Generators

Listener = Callable[[Event], None]
"""Told of every step, on the thread that runs the plan. May raise `Cancelled` or KeyboardInterrupt, upon which nothing
partial is left."""


def _nobody(event: Event) -> None:
    pass


class Engine:
    """Runs the jobs of plans with one set of generators."""

    def __init__(
        self, generators: Generators, *, force: bool = False, jobs: int | None = None, memory: int | None = None
    ) -> None:
        """`force` overwrites outputs that this tool did not write, and does again what is up to date or rejected.

        At most `jobs` textures are on their way at once (None: as suits the processors), which hold about `memory`
        bytes together (None: half of what is free). Neither reaches a pixel.
        """
        self._generators, self._force = generators, force
        self._jobs = threads.at_once() if jobs is None else jobs
        self._memory = memory

    def run(self, plan: Plan, receipts: Receipts, listen: Listener = _nobody) -> tuple[Receipt, ...]:
        """Run a plan's jobs and return their receipts, both in its order. A job that fails never stops another.

        `listen` is told of them as they go, one event at a time. What it raises ends the run, and so does
        KeyboardInterrupt: at once, with every thread ended and what was finished recorded.
        """
        codecs.sweep(Path(plan.output))
        attempts = Attempts(self._generators, receipts, self._force)
        crew = Crew[Receipt, Event](
            [footprint.footprint(job) for job in plan.jobs],
            lambda index, flight: attempts.receipt(plan.jobs[index], flight),
            hear=listen,
            keep=lambda index, receipt: _record(receipt, receipts),
            land=lambda index, receipt: listen(Event(plan.jobs[index], 1.0, receipt)),
            jobs=self._jobs,
            memory=footprint.budget(plan.device.name) if self._memory is None else self._memory,
        )
        with threads.divided(among=min(self._jobs, len(plan.jobs))):
            return crew.run()

    def run_job(self, job: Job, receipts: Receipts, listen: Listener = _nobody) -> Receipt:
        """Run one job here and now, and return its receipt, which is recorded. Only `Cancelled` and bugs are raised."""
        receipt = Attempts(self._generators, receipts, self._force).receipt(job, Flight(listen))
        _record(receipt, receipts)
        listen(Event(job, 1.0, receipt))
        return receipt


def _record(receipt: Receipt, receipts: Receipts) -> None:
    if receipt.outcome is not Outcome.CURRENT:
        receipts.record(receipt)
