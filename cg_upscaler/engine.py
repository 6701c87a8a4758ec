"""Runs plans: several textures on their way at once, so that while one is generated others are decoded and encoded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from cg_upscaler import codecs
from cg_upscaler.flight import footprint, threads
from cg_upscaler.flight.attempt import Attempts, Conduct
from cg_upscaler.flight.crew import Crew, Flight
from cg_upscaler.flight.making import Here, Maker
from cg_upscaler.job import Event, Job, Outcome, Plan, Receipt
from cg_upscaler.library.receipts import Receipts
from cg_upscaler.library.standing import Terms
from cg_upscaler.upscale import Generators

Listener = Callable[[Event], None]
"""Told of every step, on the thread that runs the plan. May raise `Cancelled` or KeyboardInterrupt, upon which nothing
partial is left."""


def _nobody(event: Event) -> None:
    pass


class Engine:
    """Runs the jobs of plans with one set of generators, or wherever a `Maker` makes results."""

    def __init__(
        self,
        generators: Generators | None = None,
        *,
        maker: Maker | None = None,
        force: bool = False,
        conduct: Conduct | None = None,
        jobs: int | None = None,
        memory: int | None = None,
        max_failures: int | None = None,
    ) -> None:
        """At most `jobs` textures are on their way at once (None: as suits the processors), which hold about `memory`
        bytes together (None: half of what is free). Neither reaches a pixel.

        `force` stands for a conduct whose terms are so. After `max_failures` textures have failed no further one is
        begun.
        """
        if maker is None:
            assert generators is not None
            maker = Here(generators)
        self._maker = maker
        self._conduct = conduct or Conduct(Terms(force=force))
        self._jobs = threads.at_once() if jobs is None else jobs
        self._memory, self._max_failures = memory, max_failures
        self._crew: Crew[Receipt, Event] | None = None
        self._drained = False

    def run(self, plan: Plan, receipts: Receipts, listen: Listener = _nobody) -> tuple[Receipt, ...]:
        """Run a plan's jobs and return their receipts, both in its order. A job that fails never stops another.

        `listen` is told of them as they go, one event at a time. What it raises ends the run, and so does
        KeyboardInterrupt: at once, with every thread ended and what was finished recorded. Jobs that were not begun,
        after `drain` or too many failures, are cancelled.
        """
        codecs.sweep(Path(plan.output))
        attempts = Attempts(self._maker, receipts, self._conduct)
        ended: dict[str, Receipt] = {}
        for job in plan.jobs:
            receipt = attempts.at_once(job)
            if receipt is not None:  # which is most of a library, most nights: no thread is troubled with it
                ended[job.name] = receipt
                listen(Event(job, 1.0, receipt))
        jobs = [job for job in plan.jobs if job.name not in ended]
        if jobs:
            ended |= self._fly(jobs, attempts, plan, listen)
        return tuple(ended.get(job.name) or Receipt(job.name, Outcome.CANCELLED, job.output) for job in plan.jobs)

    def _fly(self, jobs: Sequence[Job], attempts: Attempts, plan: Plan, listen: Listener) -> dict[str, Receipt]:
        """Work on jobs, several at once, and return the receipts of those that ended, by name."""
        failures = 0

        def land(index: int, receipt: Receipt) -> None:
            nonlocal failures
            failures += receipt.outcome is Outcome.FAILED
            if self._max_failures is not None and failures >= self._max_failures:
                self.drain()
            listen(Event(jobs[index], 1.0, receipt))

        crew = self._crew = Crew[Receipt, Event](
            [footprint.footprint(job) for job in jobs],
            lambda index, flight: attempts.receipt(jobs[index], flight),
            hear=listen,
            keep=lambda index, receipt: record(receipt, jobs[index], attempts.receipts),
            land=land,
            jobs=self._jobs,
            memory=footprint.budget(plan.device.name) if self._memory is None else self._memory,
            alone=[index for index, job in enumerate(jobs) if job.name in self._conduct.precautions.alone],
        )
        if self._drained:
            crew.drain()
        with threads.divided(among=min(self._jobs, len(jobs))):
            return {jobs[index].name: receipt for index, receipt in crew.run().items()}

    def drain(self) -> None:
        """Begin nothing more; what is on its way ends as it would. May be called from a signal handler."""
        self._drained = True
        if self._crew is not None:
            self._crew.drain()

    def run_job(self, job: Job, receipts: Receipts, listen: Listener = _nobody) -> Receipt:
        """Run one job here and now, and return its receipt, which is recorded. Only `Cancelled` and bugs are raised."""
        receipt = Attempts(self._maker, receipts, self._conduct).receipt(job, Flight(listen))
        record(receipt, job, receipts)
        listen(Event(job, 1.0, receipt))
        return receipt


def record(receipt: Receipt, job: Job, receipts: Receipts) -> None:
    """Keep what a job did; what it found up to date is on record already."""
    if receipt.outcome is not Outcome.CURRENT:
        receipts.record(receipt, job)
