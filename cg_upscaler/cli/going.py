"""Carries out a run: planned, guarded, done.

What plans and generates is imported where that is done: a library in which nothing changed need not wait for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import click

from cg_upscaler.cli import supervision
from cg_upscaler.cli.ending import end
from cg_upscaler.cli.exit_codes import ExitCode
from cg_upscaler.cli.guards import require_few_changes
from cg_upscaler.cli.how import Begun, How, terms_of
from cg_upscaler.cli.recording import recorded
from cg_upscaler.cli.telling import version
from cg_upscaler.cli.workplace import Workplace, workplace
from cg_upscaler.errors import RecordDamaged
from cg_upscaler.flight.turn import turn
from cg_upscaler.job import Event, Outcome, Plan, Receipt
from cg_upscaler.library.config import Config
from cg_upscaler.library.precautions import Precautions
from cg_upscaler.library.receipts import Receipts
from cg_upscaler.library.surveying import Survey, survey_library
from cg_upscaler.report.log import EventLog
from cg_upscaler.spec import DeviceInfo, Precision

if TYPE_CHECKING:
    from cg_upscaler.upscale import Generators


def start(config: Config, how: How) -> ExitCode:
    """Do a run: in a child process where this one was called to look after it."""
    if supervision.is_child():
        return _go(config, how)
    state = how.state_of(config)
    with turn(state, config.output, how.wait, say=lambda text: click.echo(text, err=True)):
        if not how.afresh and not how.only:
            with suppress(RecordDamaged):  # which a run mends
                settled = _settled(config, how)
                if settled is not None:
                    return settled
        arguments = click.get_current_context().obj
        return ExitCode(supervision.supervise(arguments, state)) if arguments is not None else _go(config, how)


def _settled(config: Config, how: How) -> ExitCode | None:
    """Do a run that has nothing to do, where that shows without a plan; else None. Raises `RecordDamaged`."""
    begun = Begun()
    with Receipts(config.output, state=how.state_of(config), read_only=True) as receipts:
        survey = survey_library(config, receipts)
    if not survey.is_settled or not survey.settled or receipts.mended:
        return None
    device = DeviceInfo("", "", Precision.FLOAT32, ())
    with recorded(config, how, check=False) as receipts, _log(how) as log:
        plan = Plan(str(config.source), str(config.output), device, (), settled=tuple(survey.settled.values()))
        plan = replace(plan, orphans=receipts.orphans(config.source, survey.seen.names))
        if log is not None:
            log.begin(plan, version())
        return end(config, how, receipts, survey, plan, (), begun, log)


@dataclass(frozen=True, slots=True)
class Around:
    """What is around a run."""

    precautions: Precautions = field(default_factory=Precautions)
    since: str = ""
    """When the run began with which this one goes on, after its process died."""
    generators: Callable[[DeviceInfo], Generators] | None = None
    """Gives generators that outlive the run."""
    drain_by: Callable[[Callable[[], None]], None] = supervision.drain_by
    """Is given what drains the run."""
    tells: Callable[[str], bool] = lambda name: True
    """Whether to say of a texture that it failed."""
    brief: bool = False
    """Whether nothing is said where nothing was done, nor what has no source."""


def _go(config: Config, how: How) -> ExitCode:
    """Plan a run and do it, here, as is fit for a process."""
    supervision.behave()
    precautions, since = supervision.orders()
    if how.ray is None:  # there textures may wait for a worker
        supervision.watch(precautions.flying, config.time_limit)
    return go(config, how, Around(precautions, since))


def go(config: Config, how: How, around: Around, survey: Survey | None = None) -> ExitCode:
    """Plan a run and do it, here. `survey` is that of its library, where there is one from just now."""
    from cg_upscaler.cli.planned import planned, with_standings

    begun = Begun()
    with recorded(config, how) as receipts, _log(how) as log:
        receipts.seen.verify = how.verify
        survey = survey or survey_library(config, receipts, only=how.only, afresh=how.afresh)
        with ExitStack() as stack:
            making = workplace(config, how, stack)
            plan = planned(
                config,
                receipts,
                only=how.only,
                quiet=how.quiet,
                survey=survey,
                shard=how.part,
                precautions=around.precautions,
                device=making.device,
            )
            plan = with_standings(plan, receipts, terms_of(config, how))
            require_few_changes(plan, config.max_changes)
            if log is not None:
                log.begin(plan, version(), shard=how.shard or "")
            _say_plan(plan, making.notes, around)
            done = _run(config, how, receipts, plan, making, around, log)
        if around.since:
            done = tuple(_of_this_run(receipt, receipts, around.since) for receipt in done)
        return end(config, how, receipts, survey, plan, done, begun, log, brief=around.brief)


@contextmanager
def _log(how: How) -> Iterator[EventLog | None]:
    if how.log is None:
        yield None
        return
    with EventLog(how.log) as log:
        yield log
    if log.error is not None:
        click.echo(f"note: the log misses {log.lost} lines: {log.error}", err=True)


def _run(
    config: Config,
    how: How,
    receipts: Receipts,
    plan: Plan,
    making: Workplace,
    around: Around,
    log: EventLog | None,
) -> tuple[Receipt, ...]:
    from cg_upscaler.cli.progress import Progress
    from cg_upscaler.engine import Engine
    from cg_upscaler.flight.attempt import Conduct
    from cg_upscaler.flight.estimate import Measuring, speeds
    from cg_upscaler.flight.hooks import unlocking
    from cg_upscaler.generate.pool import Pool

    conduct = Conduct(terms_of(config, how), time_limit=config.time_limit, precautions=around.precautions)
    if config.before_write is not None:
        conduct = replace(conduct, unlock=unlocking(config.before_write))
    generators = around.generators or Pool
    measuring = Measuring(generators(plan.device)) if making.maker is None else None
    engine = Engine(
        measuring,
        maker=making.maker,
        conduct=conduct,
        jobs=how.jobs or making.lanes,
        memory=making.memory,
        max_failures=config.max_failures,
    )
    around.drain_by(engine.drain)
    begun = Begun()
    with Progress(plan, quiet=how.quiet) as progress:

        def listen(event: Event) -> None:
            progress(event, told=_is_told(event.receipt, around))
            if log is not None:
                log(event)

        done = engine.run(plan, receipts, listen)
    if measuring is not None:
        speeds.learn(measuring, plan.jobs, done, begun.seconds, plan.device)
    return done


def _say_plan(plan: Plan, notes: tuple[str, ...], around: Around) -> None:
    for note in () if around.brief else (*plan.notes, *notes):
        click.echo(f"note: {note}", err=True)
    for problem in plan.problems:
        if around.tells(problem.name):
            click.echo(f"failed: {problem.name}: {problem.message}", err=True)


def _is_told(receipt: Receipt | None, around: Around) -> bool:
    """Whether a texture's end is said: in brief, that it is up to date is not."""
    if receipt is None:
        return True
    if receipt.outcome is Outcome.FAILED:
        return around.tells(receipt.name)
    return not (around.brief and receipt.outcome in (Outcome.CURRENT, Outcome.SKIPPED))


def _of_this_run(receipt: Receipt, receipts: Receipts, since: str) -> Receipt:
    """Return the receipt that says what made a texture up to date, where that was this run, before its process died."""
    earlier = receipts.find(receipt.name) if receipt.outcome is Outcome.CURRENT else None
    return receipt if earlier is None or earlier.at < since else earlier
