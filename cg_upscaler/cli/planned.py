"""Makes the plan that commands show or carry out, on the device at hand.

What loads torch is imported where it is used: it takes two seconds, which what is up to date need not wait for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cg_upscaler.cli.progress import planning
from cg_upscaler.errors import SourceError, UsageError
from cg_upscaler.job import Job, Plan
from cg_upscaler.library.config import Config
from cg_upscaler.library.plan import Survey, make_plan
from cg_upscaler.library.precautions import Precautions
from cg_upscaler.library.receipts import Receipts
from cg_upscaler.library.shards import Shard
from cg_upscaler.library.standing import Terms
from cg_upscaler.spec import DeviceInfo, Precision
from cg_upscaler.standing import Stand, Standing


def planned(
    config: Config,
    receipts: Receipts,
    *,
    only: Sequence[str] = (),
    quiet: bool = False,
    survey: Survey | None = None,
    shard: Shard | None = None,
    precautions: Precautions | None = None,
    device: DeviceInfo | None = None,
) -> Plan:
    """Return the plan of a run, for a `device` or for that of the settings. Raises `UsageError` where it is empty."""
    from cg_upscaler.backends import devices
    from cg_upscaler.generate.known_reach import reach_on

    device = device or devices.describe(config.device)
    if config.precision is not Precision.AUTO:
        devices.require(device, config.precision)
    with planning(quiet=quiet) as told:
        plan = make_plan(
            config,
            device=device,
            only=only,
            receipts=receipts,
            on_progress=told,
            measure=reach_on(device),
            survey=survey,
            shard=shard,
            precautions=precautions,
        )
    if not plan.jobs and not plan.settled and not plan.problems and not config.overwrite and shard is None:
        why = next((note for note in plan.notes if "of an earlier run" in note), "no textures here")
        raise UsageError(why, where=plan.source, fix="check the path, --only and the rules")
    return plan


def with_standings(plan: Plan, receipts: Receipts, terms: Terms) -> Plan:
    """Return a plan that says of each texture whether something is to be done, and why."""
    return replace(plan, standings=tuple(_standing(job, receipts, terms) for job in plan.jobs))


def _standing(job: Job, receipts: Receipts, terms: Terms) -> Standing:
    from cg_upscaler.flight.attempt import standing_of

    try:
        return standing_of(job, receipts, terms).standing
    except (SourceError, OSError) as error:
        return Standing(Stand.DUE, f"cannot be read now: {error}")
