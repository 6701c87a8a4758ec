"""Says as JSON what a run came to: for dashboards, and for scripts that go on with what changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import Any

from cg_upscaler.job import Job, Outcome, Plan, Problem, Receipt
from cg_upscaler.report.plain import json_of
from cg_upscaler.standing import Stand
from cg_upscaler.summary import Summary, counted

FORMAT = 1
"""Goes up when a field means something else than before; new fields leave it."""

SLOWEST = 10
"""Textures that are named for the time they took."""

_WRITTEN = (Outcome.DONE, Outcome.COPIED)
_TRIED = (Outcome.DONE, Outcome.REJECTED, Outcome.FAILED)
"""What took a run its time; what is up to date has the time that it took another."""


def summary_json(summary: Summary, receipts: Sequence[Receipt], problems: Iterable[Problem], plan: Plan) -> str:
    """Return what a run came to; all lists are there, and empty where there is nothing to say."""
    jobs = {job.name: job for job in plan.jobs}
    failed = [{"name": problem.name, "error": problem.message} for problem in problems]
    failed += [{"name": r.name, "error": r.error} for r in receipts if r.outcome is Outcome.FAILED]
    return json_of(
        {
            "format": FORMAT,
            "run": {**_fields(summary), "textures": summary.textures},
            "source": plan.source,
            "output": plan.output,
            "kinds": _kinds(receipts, jobs),
            "failed": failed,
            "rejected": [
                {"name": r.name, "error": r.error, "figures": r.figures}
                for r in receipts
                if r.outcome is Outcome.REJECTED
            ],
            "blocked": _standing(plan, Stand.BLOCKED),
            "kept": _standing(plan, Stand.KEPT),
            "changed": [_within(plan.output, r.output) for r in receipts if r.outcome in _WRITTEN],
            "slowest": [
                {"name": r.name, "seconds": r.seconds, "megapixels": _megapixels(jobs.get(r.name))}
                for r in sorted((r for r in receipts if r.outcome in _TRIED), key=lambda r: -r.seconds)[:SLOWEST]
            ],
            "orphans": plan.orphans,
            "notes": plan.notes,
        },
        indent=2,
    )


def _fields(summary: Summary) -> dict[str, Any]:
    return {field: getattr(summary, field) for field in summary.__dataclass_fields__}


def _kinds(receipts: Iterable[Receipt], jobs: dict[str, Job]) -> dict[str, dict[str, float]]:
    """Return for each kind of map how many ended how, the megapixels of what was upscaled, and the seconds it took."""
    by_kind: dict[str, list[Receipt]] = defaultdict(list)
    for receipt in receipts:
        if receipt.name in jobs:
            by_kind[jobs[receipt.name].kind.value].append(receipt)
    return {
        kind: {
            "textures": len(ended),
            **counted(ended),
            "megapixels": round(sum(_megapixels(jobs[r.name]) for r in ended if r.outcome is Outcome.DONE), 6),
            "seconds": round(sum(receipt.seconds for receipt in ended), 3),
        }
        for kind, ended in sorted(by_kind.items())
    }


def _standing(plan: Plan, stand: Stand) -> list[dict[str, str]]:
    """Return which textures stand like that, and why."""
    pairs = zip(plan.jobs, plan.standings, strict=False)  # of which there are none without a record
    return [{"name": job.name, "why": standing.why} for job, standing in pairs if standing.stand is stand]


def _megapixels(job: Job | None) -> float:
    return 0.0 if job is None else job.megapixels


def _within(folder: str, path: str) -> str:
    """Return a result's path within its folder, with forward slashes; all of it where it lies elsewhere."""
    found = PurePath(path)
    return (found.relative_to(folder) if found.is_relative_to(folder) else found).as_posix()
