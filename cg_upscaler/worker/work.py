"""Does what a host asks for, one request after the other, with generators that stay loaded."""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from cg_upscaler.backends import devices
from cg_upscaler.client.messages import (
    Abilities,
    About,
    Cancelled,
    Done,
    Failed,
    Look,
    Looked,
    Message,
    Model,
    Planned,
    Preview,
    Previewed,
    Progress,
    Request,
    Result,
    Task,
    Upscale,
)
from cg_upscaler.engine import Engine
from cg_upscaler.errors import Cancelled as WasCancelled
from cg_upscaler.errors import GenerateError, ModelError, OutputError, SourceError, UpscaleError, UsageError
from cg_upscaler.flight.attempt import Conduct
from cg_upscaler.flight.hooks import unlocking
from cg_upscaler.flight.turn import turn
from cg_upscaler.generate.known_reach import reach_on
from cg_upscaler.generate.pool import Pool
from cg_upscaler.job import ALGORITHM, Event, Job, Outcome, Receipt
from cg_upscaler.library.config import Config
from cg_upscaler.library.plan import make_plan
from cg_upscaler.library.receipts import Receipts
from cg_upscaler.library.record.mending import open_record
from cg_upscaler.library.record.place import state_folder
from cg_upscaler.library.standing import Terms
from cg_upscaler.models import catalog
from cg_upscaler.models.own import OWN
from cg_upscaler.spec import DeviceInfo, Precision
from cg_upscaler.worker import batches, crops
from cg_upscaler.worker.channel import Channel

_OFTEN = 0.1
"""Seconds between two messages of progress."""

_DRAFT = 1_000_000
"""Parameters of a generator that is small enough for a preview."""

_KINDS: tuple[tuple[type[UpscaleError], str], ...] = (
    (UsageError, "usage"),
    (SourceError, "source"),
    (ModelError, "model"),
    (GenerateError, "device"),
    (OutputError, "output"),
)


class Work:
    """What is kept between requests: generators by device."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._pools: dict[str, tuple[DeviceInfo, Pool]] = {}

    def do(self, request: Request) -> None:
        """Do what is asked for, and say how it ended. Never raises."""
        number = getattr(request, "id", 0)
        try:
            self._channel.say(self._answer(request, number))
        except WasCancelled:
            self._channel.say(Cancelled(number))
        except UpscaleError as error:
            kind = next((word for type_, word in _KINDS if isinstance(error, type_)), "bug")
            self._channel.say(Failed(number, error.what, kind, error.where or "", error.fix or ""))
        except OSError as error:
            what = error.strerror or str(error)
            self._channel.say(
                Failed(number, what, "output", str(error.filename or ""), "check the disk, and try again")
            )
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            what = f"this is a bug in cg-upscaler: {type(error).__name__}: {error}"
            self._channel.say(Failed(number, what, "bug", fix="please report it"))

    def _answer(self, request: Request, number: int) -> Message:
        check = partial(self._check, number)
        check()
        if isinstance(request, About):
            return self._abilities(number)
        if isinstance(request, Look):
            return self._looked(number, request.task, check)
        if isinstance(request, Preview):
            return self._previewed(request, check)
        assert isinstance(request, Upscale)
        return self._upscaled(number, request.task, check)

    def _check(self, number: int) -> None:
        if self._channel.is_cancelled(number):
            raise WasCancelled

    def _abilities(self, number: int) -> Abilities:
        device = devices.describe("auto")
        models = tuple(
            Model(each.name, each.scale, each.licence, draft=0 < each.parameters < _DRAFT)
            for each in catalog.names()
            if each.name not in OWN or OWN[each.name].teaches == "color"  # the others draw no pictures
        )
        return Abilities(number, device.name, device.label, models)

    def _on(self, config: Config) -> tuple[DeviceInfo, Pool]:
        if config.device not in self._pools:
            device = devices.describe(config.device)
            self._pools[config.device] = device, Pool(device)
        device, pool = self._pools[config.device]
        if config.precision is not Precision.AUTO:
            devices.require(device, config.precision)
        return device, pool

    @contextmanager
    def _planned(
        self, batch: batches.Batch, check: Callable[[], None], *, read_only: bool = False, force: bool = False
    ) -> Iterator[tuple[batches.Planned, Receipts]]:
        config = batch.config
        device, _ = self._on(config)

        def looked(done: int, total: int) -> None:
            check()

        make = partial(make_plan, device=device, measure=reach_on(device), on_progress=looked)
        state = state_folder(config.output, config.state)
        if read_only:
            with Receipts(config.output, state=state, read_only=True) as receipts:
                yield batches.planned(batch, receipts, make), receipts
            return
        with turn(state, config.output, None, until=lambda: self._stops(check)):
            receipts, _ = open_record(config.output, config.state, check=False)
            with receipts:
                yield batches.planned(batch, receipts, make, force=force), receipts

    @staticmethod
    def _stops(check: Callable[[], None]) -> bool:
        try:
            check()
        except WasCancelled:
            return True
        return False

    def _looked(self, number: int, task: Task, check: Callable[[], None]) -> Looked:
        textures: list[Planned] = []
        failures: dict[str, str] = {}
        for batch in batches.batches(task):
            with self._planned(batch, check, read_only=True) as (found, _):
                textures += [_seen(found.path(job), job) for job in found.plan.jobs]
                failures |= found.failures
        return Looked(number, tuple(textures), failures)

    def _upscaled(self, number: int, task: Task, check: Callable[[], None]) -> Done:
        results: list[Result] = []
        ahead = len(task.textures)
        for batch in batches.batches(task):
            with self._planned(batch, check, force=task.force) as (found, receipts):
                results += [Result(path, "failed", error=error) for path, error in found.failures.items()]
                told = _Told(self._channel, number, check, found, len(results), ahead)
                _, pool = self._on(batch.config)
                done = _engine(batch.config, pool, force=task.force).run(found.plan, receipts, told)
                jobs = {job.name: job for job in found.plan.jobs}
                results += [_result(found.path(jobs[each.name]), jobs[each.name], each) for each in done]
        return Done(number, tuple(results))

    def _previewed(self, request: Preview, check: Callable[[], None]) -> Previewed:
        found = batches.batches(replace(request.task, into=os.path.join(request.into, "result")))  # none is written
        if len(found) != 1 or len(found[0].paths) != 1:
            raise UsageError("a preview is of one texture", fix="ask for one after the other")
        with self._planned(found[0], check, read_only=True) as (planned, _):
            for path, why in planned.failures.items():
                raise UsageError(why, where=path)
        (job,) = planned.plan.jobs
        device, pool = self._on(found[0].config)

        def tell(event: Event) -> None:
            check()
            self._channel.say(Progress(request.id, event.progress, next(iter(found[0].paths.values())), 0, 1))

        return crops.upscaled(request, job, found[0].config, device, pool, tell)


def _engine(config: Config, pool: Pool, *, force: bool) -> Engine:
    terms = Terms(force, config.pin_revision or ALGORITHM, config.before_write is not None)
    conduct = Conduct(terms, time_limit=config.time_limit)
    if config.before_write is not None:
        conduct = Conduct(terms, unlock=unlocking(config.before_write), time_limit=config.time_limit)
    return Engine(pool, conduct=conduct, max_failures=config.max_failures)


class _Told:
    """A listener for `Engine.run` that tells the host how far a request is, and stops it where it was cancelled."""

    def __init__(
        self,
        channel: Channel,
        number: int,
        check: Callable[[], None],
        found: batches.Planned,
        before: int,
        of: int,
    ) -> None:
        """`before` textures ended before this batch, `of` there are in the request."""
        self._channel, self._number, self._check, self._found = channel, number, check, found
        self._before, self._of = before, of
        self._shares: dict[str, float] = {}
        self._done = 0
        self._last = 0.0

    def __call__(self, event: Event) -> None:
        self._check()
        self._shares[event.job.name] = event.progress
        self._done += event.receipt is not None
        now = time.monotonic()
        if event.receipt is None and now - self._last < _OFTEN:
            return
        self._last = now
        share = (self._before + sum(self._shares.values())) / self._of
        done = self._before + self._done
        self._channel.say(Progress(self._number, min(share, 1.0), self._found.path(event.job), done, self._of))


def _seen(path: str, job: Job) -> Planned:
    size = job.output_spec.size if job.output_spec is not None else None
    return Planned(
        path,
        job.kind.value,
        job.why,
        job.action.value,
        job.output,
        size.width if size else 0,
        size.height if size else 0,
        job.notes,
    )


def _result(path: str, job: Job, receipt: Receipt) -> Result:
    size = job.output_spec.size if job.output_spec is not None else None
    there = receipt.outcome in (Outcome.DONE, Outcome.COPIED, Outcome.CURRENT)
    return Result(
        path,
        receipt.outcome.value,
        receipt.output if there or receipt.outcome is Outcome.REJECTED else "",
        job.kind.value,
        size.width if size else 0,
        size.height if size else 0,
        receipt.seconds,
        receipt.error,
        receipt.notes,
    )
