"""Prints what a run would do: each texture with the reason, and what all of it takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from cg_upscaler.cli.exit_codes import ExitCode
from cg_upscaler.cli.how import How, terms_of
from cg_upscaler.cli.planned import planned, with_standings
from cg_upscaler.cli.tables import plan_json, plan_table
from cg_upscaler.job import Job, Plan
from cg_upscaler.library.config import Config
from cg_upscaler.library.plan import survey_library
from cg_upscaler.library.receipts import Receipts
from cg_upscaler.standing import Stand

if TYPE_CHECKING:
    from cg_upscaler.flight.estimate import Estimate


def show(config: Config, how: How, *, measure: bool = False) -> ExitCode:
    """Print what would be done."""
    with Receipts(config.output, state=how.state_of(config), read_only=True) as receipts:
        receipts.seen.verify = how.verify
        survey = survey_library(config, receipts, only=how.only, afresh=how.afresh)
        plan = planned(config, receipts, only=how.only, survey=survey, shard=how.part)
        plan = with_standings(plan, receipts, terms_of(config, how))
    due = [job for job, each in zip(plan.jobs, plan.standings, strict=True) if each.stand is Stand.DUE]
    takes = _estimate(plan, due, config, measure=measure)
    click.echo(plan_json(plan, takes) if how.json_ else plan_table(plan, takes))
    return ExitCode.FAILED if plan.problems else ExitCode.OK


def _estimate(plan: Plan, due: Sequence[Job], config: Config, *, measure: bool) -> Estimate:
    from cg_upscaler.flight.estimate import calibrate, estimate, speeds

    known = speeds.load()
    if measure:
        from cg_upscaler.generate.pool import Pool

        known = calibrate(due, Pool(plan.device), known, plan.device)
    return estimate(due, known, plan.device, library=plan.jobs, budget=config.budget)
