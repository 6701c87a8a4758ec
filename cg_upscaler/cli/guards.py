"""Stops a run before a surprise."""

from __future__ import annotations

from collections import Counter

from cg_upscaler.errors import UsageError
from cg_upscaler.job import Plan
from cg_upscaler.standing import Stand

_NAMED = 3


def require_few_changes(plan: Plan, most: int | None) -> None:
    """Raise `UsageError` where a plan would write more textures than it may, with the reasons why."""
    if most is None:
        return
    reasons = Counter(each.why for each in plan.standings if each.stand is Stand.DUE)
    count = sum(reasons.values())
    if count <= most:
        return
    named = "; ".join(f"{number} × {why}" for why, number in reasons.most_common(_NAMED))
    more = "; …" if len(reasons) > _NAMED else ""
    raise UsageError(
        f"{count} textures would be written, and max-changes is {most}: {named}{more}",
        where=plan.source,
        fix="look at them with 'cg-upscale plan', then raise --max-changes; --pin-revision lets older results stand",
    )
