"""Prints plans and other data as tables or as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tabulate import tabulate

from cg_upscaler.geometry import Edge, Edges
from cg_upscaler.job import Action, Job, Plan
from cg_upscaler.library.classify import DOUBTFUL
from cg_upscaler.maps import MapKind
from cg_upscaler.model_names import short
from cg_upscaler.spec import ImageSpec
from cg_upscaler.standing import Stand, Standing
from cg_upscaler.wire import to_plain

if TYPE_CHECKING:
    from cg_upscaler.flight.estimate import Estimate

_FOLDERS = 8
"""Folders in which nothing changed that are named."""

_SHOWN = 3
"""Results without a source that are named."""


def as_json(value: Any) -> str:
    """Return dataclasses, and lists and dicts of them, as indented JSON."""
    return json.dumps(to_plain(value), indent=2)


def table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return rows in aligned columns, numbers as they are given."""
    return str(tabulate(rows, headers, tablefmt="simple", disable_numparse=True))


def plan_table(plan: Plan, estimate: Estimate) -> str:
    """Return a plan as a table, then what is worth a look: problems, data, notes, and what is doubtful; a summary."""
    parts = []
    if plan.jobs:
        stands = plan.standings or (Standing(Stand.DUE),) * len(plan.jobs)
        rows = [_row(job, standing) for job, standing in zip(plan.jobs, stands, strict=True)]
        headers = ("texture", "to do", "map", "why", "size", "file", "wrap", "model", "notes")
        parts.append(table(headers, rows))
    if plan.settled:
        parts.append(_settled(plan))
    if plan.problems:
        parts.append(
            "cannot be worked on:\n" + "\n".join(f"  {problem.name}: {problem.message}" for problem in plan.problems)
        )
    if plan.notes:
        parts.append("\n".join(f"note: {note}" for note in plan.notes))
    parts += [text for text in (_data(plan), _doubtful(plan), kept(plan), orphans(plan)) if text]
    counts = {action: sum(job.action is action for job in plan.jobs) for action in Action}
    megapixels = sum(job.megapixels for job in plan.jobs)
    if counts[Action.UPSCALE]:
        parts.append("\n".join([*_memory(plan), *_takes(plan, estimate)]))
    parts.append(
        f"{_due(plan)}{counts[Action.UPSCALE]} to upscale ({megapixels:.2f} megapixels), "
        f"{counts[Action.COPY]} to copy, "
        f"{counts[Action.SKIP]} skipped, {len(plan.problems)} impossible; "
        f"on {plan.device.label} ({plan.device.name}); into {plan.output}"
    )
    return "\n\n".join(parts)


def plan_json(plan: Plan, estimate: Estimate) -> str:
    """Return a plan as JSON, and what it takes, which is no part of it: `memory` while it runs, and the `estimate`."""
    from cg_upscaler.flight.needs import needs  # numpy and OpenCV, which `--help` need not wait for

    return as_json({**to_plain(plan), "memory": needs(plan), "estimate": estimate})


def _due(plan: Plan) -> str:
    """Say how many of a plan's textures are to be done now, where that is not all of them."""
    due = sum(each.stand is Stand.DUE for each in plan.standings)
    return f"{due} of {len(plan.jobs)} to be done now; " if plan.standings and due < len(plan.jobs) else ""


def _settled(plan: Plan) -> str:
    textures = sum(each.textures for each in plan.settled)
    folders = [f"{each.folder or '.'}/ ({each.textures})" for each in plan.settled]
    more = ", …" if len(folders) > _FOLDERS else ""
    return f"{textures} up to date, in folders where nothing changed: {', '.join(folders[:_FOLDERS])}{more}"


def _takes(plan: Plan, estimate: Estimate) -> list[str]:
    from cg_upscaler.flight.estimate.words import in_words

    return in_words(estimate, Path(plan.output))


def _memory(plan: Plan) -> Iterator[str]:
    """Say what memory the largest texture needs, what is free, how many go at once; and which are too wide for it."""
    from cg_upscaler.flight.needs import needs

    need = needs(plan)
    for wide in need.too_wide:
        fits = f"pictures of its height up to {wide.fits} texels in width fit" if wide.fits else "no picture fits"
        yield (
            f"warning: {wide.name} needs {_gigabytes(wide.needed)} even in the smallest bands, and "
            f"{_gigabytes(need.free or 0)} are free: {fits}"
        )
    name = max(need.jobs, key=lambda name: need.jobs[name])
    free = "" if need.free is None else f", of {_gigabytes(need.free)} free on {plan.device.name}"
    largest, shared = _gigabytes(need.jobs[name]), _gigabytes(need.weights)
    yield f"memory: {largest} for {name}, the largest, and {shared} for weights{free}; {need.at_once} at once"


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.2g} GB"


def orphans(plan: Plan) -> str:
    """Return a line on the results of earlier runs that no texture of now becomes, or nothing."""
    count = len(plan.orphans)
    if not count:
        return ""
    belong = "result belongs" if count == 1 else "results belong"
    return f"note: {count} {belong} to no texture in {plan.source} any more: {_some(plan.orphans)}"


def kept(plan: Plan) -> str:
    """Return a line on the results that somebody edited and that are kept, or nothing."""
    names = [job.name for job, each in zip(plan.jobs, plan.standings, strict=False) if each.stand is Stand.KEPT]
    if not names:
        return ""
    were = "result was" if len(names) == 1 else "results were"
    return f"note: {len(names)} {were} changed by hand and kept (--force replaces): {_some(names)}"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")


def _data(plan: Plan) -> str:
    lines = [f"  {job.name}: {job.why}" for job in plan.jobs if job.kind is MapKind.DATA and job.action is Action.COPY]
    return "data, copied as it is:\n" + "\n".join(lines) if lines else ""


def _doubtful(plan: Plan) -> str:
    """Say which textures could be something else, why, and how to put one right."""
    doubtful = [job for job in plan.jobs if job.confidence < DOUBTFUL]
    if not doubtful:
        return ""
    lines = [f"  {job.name}: {job.kind.value} ({job.confidence:.0%} sure): {job.why}" for job in doubtful]
    name = json.dumps(doubtful[0].name, ensure_ascii=False)
    rule = f"where one is wrong, say so in the configuration:\n  rules:\n    - match: {name}\n      kind: …"
    return "\n".join(["doubtful:", *lines, rule])


def confidences(values: Sequence[float]) -> str:
    """Return a histogram of confidences, 0 … 1."""
    bounds = ((0.9, "90 % and more"), (0.7, "70 to 90 %"), (0.5, "50 to 70 %"), (0.0, "less than 50 %"))
    lines, above = [], 2.0
    for least, label in bounds:
        count = sum(least <= value < above for value in values)
        lines.append(f"  {label:>14}  {count:5}  {'#' * -(-40 * count // max(1, len(values)))}")
        above = least
    return "\n".join(["confidence", *lines])


def _row(job: Job, standing: Standing) -> tuple[str, ...]:
    due = standing.why if standing.stand is Stand.DUE else standing.stand.value
    if standing.stand in (Stand.BLOCKED, Stand.KEPT):
        due = f"{due}: {standing.why}"
    return (
        job.name, due, job.kind.value, job.why, _sizes(job), _file(job), wraps(job.edges), _models(job),
        "; ".join(job.notes)
    )  # fmt: skip


def wraps(edges: Edges) -> str:
    """Return the axes along which a texture tiles: ``xy``, ``x``, ``y`` or a dash."""
    return "".join(axis for axis, edge in (("x", edges.x), ("y", edges.y)) if edge is Edge.WRAP) or "-"


def _sizes(job: Job) -> str:
    if job.action is not Action.UPSCALE or job.source_spec is None or job.output_spec is None:
        return job.action.value
    return f"{job.source_spec.size} → {job.output_spec.size}"


def _file(job: Job) -> str:
    """Return the file that a result becomes, and what it was where that is another: ``png → dds bc7, 11 mips``."""
    if job.action is not Action.UPSCALE or job.source_spec is None or job.output_spec is None:
        return ""
    before, after = (_stored(spec) for spec in (job.source_spec, job.output_spec))
    levels = job.output_spec.storage.levels
    mips = f", {levels} mips" if levels > 1 else ""
    return f"{after}{mips}" if before == after else f"{before} → {after}{mips}"


def _stored(spec: ImageSpec) -> str:
    return f"{spec.container} {spec.storage.encoding}".rstrip()


def _models(job: Job) -> str:
    """The distinct models of a job with their precisions, in the order of its groups; constant groups need none."""
    used = dict.fromkeys(
        f"{short(group.model)} ({group.precision.value})" for group in job.groups if group.passes and not group.constant
    )
    return ", ".join(used)
