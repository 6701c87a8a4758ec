"""Ends a run: what it came to is recorded, what has no source goes, whoever asked is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from cg_upscaler.cli.exit_codes import ExitCode
from cg_upscaler.cli.how import Begun, How
from cg_upscaler.cli.recording import keep, write_locks
from cg_upscaler.cli.telling import Ended, Paths, after, tell, version
from cg_upscaler.job import Outcome, Plan, Receipt
from cg_upscaler.library.config import Config
from cg_upscaler.library.pruning import Pruned, prune
from cg_upscaler.library.receipts import REJECTED, WRITTEN, Receipts
from cg_upscaler.library.surveying import Survey
from cg_upscaler.report.log import EventLog
from cg_upscaler.summary import Summary, counted


def end(
    config: Config,
    how: How,
    receipts: Receipts,
    survey: Survey,
    plan: Plan,
    done: tuple[Receipt, ...],
    begun: Begun,
    log: EventLog | None,
    *,
    brief: bool = False,
) -> ExitCode:
    """Record what a run came to, and tell it."""
    outcomes = {receipt.name: receipt.outcome for receipt in done}
    keep(receipts, survey, plan, outcomes, how)
    pruned = prune(plan, receipts, force=how.force) if how.prune else Pruned()
    for line in filter(None, (pruned.refused, *pruned.kept)):
        click.echo(f"note: {line}", err=True)
    changed = any(receipt.outcome in WRITTEN for receipt in done) or bool(pruned.removed)
    well = write_locks(config, receipts, changed=changed) and not pruned.refused
    code = _exit_code(plan, outcomes, well=well)
    ended = Ended(plan, done, _summary(plan, done, begun, how, code), pruned.removed)
    if not after(config, ended, receipts.state):
        code = _exit_code(plan, outcomes, well=False)
        ended = replace(ended, summary=replace(ended.summary, exit_code=int(code)))
    receipts.add_run(ended.summary)
    if not tell(ended, Paths(how.summary, how.junit, how.prometheus, how.report), receipts):
        code = _exit_code(plan, outcomes, well=False)
    if log is not None:
        log.end(replace(ended.summary, exit_code=int(code)))
    if how.json_:
        from cg_upscaler.cli.tables import as_json

        click.echo(as_json({"receipts": done, "problems": plan.problems, "summary": ended.summary}))
    if not (how.quiet or brief):
        from cg_upscaler.cli.tables import kept, orphans

        for line in filter(None, (kept(plan), "" if how.prune else orphans(plan))):
            click.echo(line, err=True)
    if changed or not brief:
        shown = replace(plan, problems=()) if brief else plan  # in brief what fails is told by name
        click.echo(summary_line(done, shown, begun.seconds, removed=len(ended.removed)), err=True)
    return code


def _summary(plan: Plan, done: tuple[Receipt, ...], begun: Begun, how: How, code: ExitCode) -> Summary:
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


def _exit_code(plan: Plan, outcomes: dict[str, Outcome], *, well: bool) -> ExitCode:
    """Return what a run came to. Failures come before gates: what failed was not judged at all.

    `well` is whether all that a run does beside its textures went well.
    """
    found = set(outcomes.values())
    if plan.problems or Outcome.FAILED in found:
        return ExitCode.FAILED
    if Outcome.CANCELLED in found:
        return ExitCode.INTERRUPTED
    if Outcome.REJECTED in found:
        return ExitCode.GATE
    return ExitCode.OK if well else ExitCode.FAILED


def summary_line(receipts: tuple[Receipt, ...], plan: Plan, seconds: float, *, removed: int = 0) -> str:
    """Return one line on what a run did; `removed` results that had no source any more."""
    counts = {outcome: sum(receipt.outcome is outcome for receipt in receipts) for outcome in Outcome}
    skipped = sum(each.skipped for each in plan.settled)
    counts[Outcome.SKIPPED] += skipped
    counts[Outcome.CURRENT] += sum(each.textures for each in plan.settled) - skipped
    enlarged = any(group.passes for job in plan.jobs for group in job.groups)
    words = {
        Outcome.DONE: "upscaled" if enlarged else "converted",
        Outcome.COPIED: "copied",
        Outcome.CURRENT: "up to date",
        Outcome.SKIPPED: "skipped",
    }
    parts = [f"{counts[outcome]} {word}" for outcome, word in words.items() if counts[outcome]]
    if removed:
        parts.append(f"{removed} removed")
    if counts[Outcome.CANCELLED]:
        parts.append(f"{counts[Outcome.CANCELLED]} not begun")
    failed = counts[Outcome.FAILED] + len(plan.problems)
    if failed:
        parts.append(f"{failed} FAILED")
    if counts[Outcome.REJECTED]:
        parts.append(f"{counts[Outcome.REJECTED]} REJECTED by quality gates, see {Path(plan.output) / REJECTED}")
    done = {receipt.name for receipt in receipts if receipt.outcome is Outcome.DONE}
    megapixels = sum(job.megapixels for job in plan.jobs if job.name in done)
    minutes, rest = divmod(round(seconds), 60)
    return f"{', '.join(parts) or 'nothing to do'}; {megapixels:.2f} megapixels in {minutes}:{rest:02d}; {plan.output}"
