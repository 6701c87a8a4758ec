"""Carries out a run: planned, guarded, done, recorded, and told of."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cg_upscaler.cli import supervision
from cg_upscaler.cli.exit_codes import ExitCode
from cg_upscaler.cli.guards import require_few_changes
from cg_upscaler.cli.planned import planned, with_standings
from cg_upscaler.cli.progress import Progress, summary_line
from cg_upscaler.cli.tables import as_json, orphans
from cg_upscaler.cli.telling import Ended, Paths, after, tell, version
from cg_upscaler.cli.turn import turn
from cg_upscaler.errors import OutputError, RecordDamaged
from cg_upscaler.job import ALGORITHM, Event, Outcome, Plan, Receipt
from cg_upscaler.library.config import Config
from cg_upscaler.library.plan import Survey, survey_library
from cg_upscaler.library.precautions import Precautions
from cg_upscaler.library.pruning import prune
from cg_upscaler.library.receipts import WRITTEN, Receipts
from cg_upscaler.library.record.mending import COPY, open_record
from cg_upscaler.library.record.merging import absorb
from cg_upscaler.library.record.place import FILE, shard_folder, state_folder
from cg_upscaler.library.record.textfile import read_lock, write_lock
from cg_upscaler.library.shards import Shard
from cg_upscaler.library.standing import Terms
from cg_upscaler.library.unchanged import settle
from cg_upscaler.report.log import EventLog
from cg_upscaler.spec import DeviceInfo, Precision
from cg_upscaler.summary import Summary, counted

if TYPE_CHECKING:
    from cg_upscaler.flight.making import Maker
    from cg_upscaler.upscale import Generators


@dataclass(frozen=True, slots=True)
class How:
    """How a command goes about a library, beside what configurations say."""

    only: tuple[str, ...] = ()
    json_: bool = False
    force: bool = False
    quiet: bool = False
    jobs: int | None = None
    verify: bool = False
    prune: bool = False
    wait: float | None = None
    shard: str | None = None
    ray: str | None = None
    log: Path | None = None
    summary: Path | None = None
    junit: Path | None = None
    prometheus: Path | None = None
    report: bool = False

    @staticmethod
    def of(options: dict[str, Any]) -> tuple[How, dict[str, Any]]:
        """Return what of a command's options this is, and the others."""
        own = {each.name for each in fields(How)}
        return How(**{name: value for name, value in options.items() if name in own}), {
            name: value for name, value in options.items() if name not in own
        }

    @property
    def part(self) -> Shard | None:
        return None if self.shard is None else Shard.of(self.shard)

    @property
    def afresh(self) -> bool:
        """Whether nothing is taken for settled."""
        return self.force or self.verify or self.shard is not None

    def state_of(self, config: Config) -> Path:
        """Return the folder of the record: parts of a library have one each."""
        state = state_folder(config.output, config.state)
        return state if self.part is None else shard_folder(state, str(self.part))


def terms_of(config: Config, how: How) -> Terms:
    return Terms(how.force, config.pin_revision or ALGORITHM, config.before_write is not None)


def start(config: Config, how: How) -> ExitCode:
    """Do a run: in a child process where this one was called to look after it."""
    if supervision.is_child():
        return _go(config, how)
    state = how.state_of(config)
    with turn(state, config.output, how.wait):
        if not how.afresh and not how.only:
            settled = _settled(config, how)
            if settled is not None:
                return settled
        arguments = click.get_current_context().obj
        return ExitCode(supervision.supervise(arguments, state)) if arguments is not None else _go(config, how)


def _settled(config: Config, how: How) -> ExitCode | None:
    """Do a run that has nothing to do, where that shows without a plan; else None."""
    begun = _Begun()
    try:
        with Receipts(config.output, state=how.state_of(config), read_only=True) as receipts:
            survey = survey_library(config, receipts)
    except RecordDamaged:
        return None  # a run mends it
    if not survey.is_settled or not survey.settled or receipts.mended:
        return None
    device = DeviceInfo("", "", Precision.FLOAT32, ())
    with _record(config, how) as receipts, _log(how) as log:
        plan = Plan(str(config.source), str(config.output), device, (), settled=tuple(survey.settled.values()))
        plan = replace(plan, orphans=receipts.orphans(config.source))
        if log is not None:
            log.begin(plan, version())
        return _end(config, how, receipts, survey, plan, (), begun, log)


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
    begun = _Begun()
    with _record(config, how) as receipts, _log(how) as log:
        receipts.seen.verify = how.verify
        survey = survey or survey_library(config, receipts, only=how.only, afresh=how.afresh)
        with ExitStack() as stack:
            making = _making(config, how, stack)
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
            if config.max_changes is not None:
                plan = with_standings(plan, receipts, terms_of(config, how))
                require_few_changes(plan, config.max_changes)
            if log is not None:
                log.begin(plan, version(), shard=how.shard or "")
            _say_plan(plan, making.notes, around)
            done = _run(config, how, receipts, plan, making, around, log)
        if around.since:
            done = tuple(_of_this_run(receipt, receipts, around.since) for receipt in done)
        return _end(config, how, receipts, survey, plan, done, begun, log, brief=around.brief)


@dataclass(frozen=True, slots=True)
class _Making:
    """Where results are made."""

    device: DeviceInfo | None
    maker: Maker | None = None
    lanes: int | None = None
    memory: int | None = None
    notes: tuple[str, ...] = ()


class _Begun:
    """When a run began."""

    def __init__(self) -> None:
        self.at = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._start = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._start


@contextmanager
def _record(config: Config, how: How) -> Iterator[Receipts]:
    """Open the record of a run, mended where it is damaged, and filled from the lock file where that knows more."""
    state = how.state_of(config)
    receipts, notes = open_record(config.output, state)
    with receipts:
        for note in notes:
            click.echo(f"note: {note}", err=True)
        if receipts.mended:
            count = len(receipts.mended)
            click.echo(
                f"note: {count} results were in place and not on record, as a run was killed: now they are", err=True
            )
        if config.lock is not None and config.lock.is_file():
            lock = read_lock(config.lock, receipts.folder)
            known = {entry.receipt.name for entry in receipts.entries()}
            paths = {output.path for output in receipts.outputs()}
            receipts.restore(
                ((receipt, None) for receipt in lock.receipts if receipt.name not in known),
                (output for output in lock.outputs if output.path not in paths),
            )
        if how.part is not None:
            _absorb_whole(receipts, state_folder(config.output, config.state))
        yield receipts


def _absorb_whole(receipts: Receipts, state: Path) -> None:
    """Have the record of a part begin with what runs over all of the library did, and merges of earlier parts."""
    if not (state / FILE).is_file():
        return
    try:
        with Receipts(receipts.folder, state=state, read_only=True) as whole:
            absorb(receipts, [whole])
    except RecordDamaged as error:
        click.echo(f"note: {error}", err=True)


@contextmanager
def _log(how: How) -> Iterator[EventLog | None]:
    if how.log is None:
        yield None
        return
    with EventLog(how.log) as log:
        yield log
    if log.error is not None:
        click.echo(f"note: the log misses {log.lost} lines: {log.error}", err=True)


def _making(config: Config, how: How, stack: ExitStack) -> _Making:
    if how.ray is None:
        return _Making(None)
    from cg_upscaler import cluster

    address = None if how.ray == "auto" else how.ray
    there = stack.enter_context(cluster.connect(address, config.source, config.output, device=config.device))
    return _Making(there.device, there.maker, there.lanes, there.memory, there.notes)


def _run(
    config: Config,
    how: How,
    receipts: Receipts,
    plan: Plan,
    making: _Making,
    around: Around,
    log: EventLog | None,
) -> tuple[Receipt, ...]:
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
    begun = _Begun()
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


def _end(
    config: Config,
    how: How,
    receipts: Receipts,
    survey: Survey,
    plan: Plan,
    done: tuple[Receipt, ...],
    begun: _Begun,
    log: EventLog | None,
    *,
    brief: bool = False,
) -> ExitCode:
    """Record what a run came to, and tell it."""
    outcomes = {receipt.name: receipt.outcome for receipt in done}
    _keep(receipts, survey, plan, outcomes, how)
    pruned = prune(plan, receipts, force=how.force) if how.prune else None
    code = _exit_code(plan, outcomes, stopped=Outcome.CANCELLED in outcomes.values())
    summary = _summary(plan, done, begun, how, code)
    ended = Ended(plan, done, summary, pruned.removed if pruned else ())
    receipts.add_run(summary)
    changed = any(receipt.outcome in WRITTEN for receipt in done) or bool(ended.removed)
    well = _write_locks(config, receipts, changed=changed)
    well &= tell(ended, Paths(how.summary, how.junit, how.prometheus, how.report), receipts)
    well &= after(config, ended, receipts.state)
    if pruned is not None:
        for line in filter(None, (pruned.refused, *pruned.kept)):
            click.echo(f"note: {line}", err=True)
        well &= not pruned.refused
    if not well and code is ExitCode.OK:
        code = ExitCode.FAILED
    if log is not None:
        log.end(replace(summary, exit_code=code))
    if how.json_:
        click.echo(as_json({"receipts": done, "problems": plan.problems, "summary": summary}))
    if not (how.quiet or brief or how.prune) and plan.orphans:
        click.echo(orphans(plan), err=True)
    if changed or not brief:
        shown = replace(plan, problems=()) if brief else plan  # in brief what fails is told by name
        click.echo(summary_line(done, shown, begun.seconds, removed=len(ended.removed)), err=True)
    return code


def _keep(receipts: Receipts, survey: Survey, plan: Plan, outcomes: dict[str, Outcome], how: How) -> None:
    """Remember which folders are settled now, and which textures failed before and do not now."""
    good = (Outcome.DONE, Outcome.COPIED, Outcome.CURRENT, Outcome.SKIPPED)
    receipts.mend_failures([name for name, outcome in outcomes.items() if outcome in good])
    for problem in plan.problems:
        receipts.record(Receipt(problem.name, Outcome.FAILED, error=problem.message, at=_now()))
    if not plan.complete:
        return
    ended = {name: outcome is not Outcome.SKIPPED for name, outcome in outcomes.items() if outcome in good}
    names = survey.seen.names
    receipts.keep_only({*names, *(problem.name for problem in plan.problems)})
    settle(survey.folders, receipts, plan.settled, ended, names)


def _summary(plan: Plan, done: tuple[Receipt, ...], begun: _Begun, how: How, code: ExitCode) -> Summary:
    counts = counted(done)
    skipped = sum(each.skipped for each in plan.settled)
    counts["skipped"] += skipped
    counts["current"] += sum(each.textures for each in plan.settled) - skipped
    counts["failed"] += len(plan.problems)
    upscaled = {receipt.name for receipt in done if receipt.outcome is Outcome.DONE}
    megapixels = sum(job.megapixels for job in plan.jobs if job.name in upscaled)
    return Summary(
        begun.at,
        round(begun.seconds, 3),
        version(),
        plan.device.label,
        **counts,
        megapixels=round(megapixels, 6),
        exit_code=int(code),
        shard=how.shard or "",
    )


def _exit_code(plan: Plan, outcomes: dict[str, Outcome], *, stopped: bool) -> ExitCode:
    """Return what a run came to. Failures come before gates: what failed was not judged at all."""
    found = set(outcomes.values())
    if plan.problems or Outcome.FAILED in found:
        return ExitCode.FAILED
    if stopped:
        return ExitCode.INTERRUPTED
    return ExitCode.GATE if Outcome.REJECTED in found else ExitCode.OK


def _write_locks(config: Config, receipts: Receipts, *, changed: bool) -> bool:
    """Write the lock file beside the record, should that be damaged one day, and the one that was asked for."""
    asked = None if config.lock is None or (config.lock.is_file() and not changed) else config.lock
    paths = [path for path in (receipts.state / COPY if changed else None, asked) if path is not None]
    if not paths:
        return True
    made, outputs = [entry.receipt for entry in receipts.entries()], receipts.outputs()
    for path in paths:
        try:
            write_lock(path, receipts.folder, made, outputs)
        except OutputError as error:
            click.echo(f"failed: {error}", err=True)
            return False
    return True


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
