"""Estimates what a job holds in memory while it is worked on. It decides how many run at once, and nothing else."""

from __future__ import annotations

from cg_upscaler.backends.memory import free_bytes
from cg_upscaler.cut import stages
from cg_upscaler.demand import memory
from cg_upscaler.geometry import Bands, Chained, Size, Tiled
from cg_upscaler.job import Action, Group, Job, Pass
from cg_upscaler.library.workload import passes
from cg_upscaler.models import catalog
from cg_upscaler.pixels.rows import BLOCK
from cg_upscaler.pixels.scratch import SCRATCH_IN_MEMORY
from cg_upscaler.spec import ModelInfo

_COPY = 1 << 20
_FLOAT = 4
_AT_ONCE = 8
"""Arrays of a block's size that are alive together while the match works on it, and the judge and the sink after."""
_REACH = 64
"""Rows above and below a block that verbs read with it, in texels of the result."""
_WHOLE = ("webp", "jpg")
"""Containers whose encoders take the picture whole."""

_SHARE = 0.5
"""Of the free memory that textures on their way may hold: the estimate is one, and others want some too."""
_UNKNOWN = 4 << 30
"""Bytes that are taken to be free where the system does not say."""


def budget(device: str = "cpu") -> int:
    """Return the bytes that all jobs on their way may hold together, by what is free now: RAM, and on their device."""
    known = [free for name in {"cpu", device} if (free := free_bytes(name)) is not None]
    return int(min(known, default=_UNKNOWN) * _SHARE)


def footprint(job: Job) -> int:
    """Return about how many bytes a job holds at its peak: what was read, what waits to be read again, and blocks."""
    if job.action is not Action.UPSCALE or job.source_spec is None or job.output_spec is None:
        return _COPY
    source, result = job.source_spec, job.output_spec
    total = source.bytes * (1 + len(job.sources))  # the file's own type, and once more as it is put together
    for group in job.groups:
        if not group.constant:
            total += _group_bytes(job, group)
    total += _AT_ONCE * _block(result.size) * _FLOAT * result.channels
    if result.container in _WHOLE:
        total += 2 * result.bytes
    return total


def generated(job: Job) -> int:
    """Return how many bytes generators hold at most for a job, whose groups and passes come one after another."""
    groups = [group for group in job.groups if not group.constant]
    return max((_held(job, group, *shown) for group in groups for shown in passes(job, group)), default=0)


def _held(job: Job, group: Group, step: Pass, size: Size) -> int:
    """Return what the exact engine holds; of the blended one, what a row of tiles comes to."""
    if not isinstance(step.cut, Chained):
        return _held_by(job, group, None, step.cut, size, step.factor)
    held, waiting = 0, 0
    for model, cut, seen in stages(catalog.find(group.model), step.cut, size):
        held = max(held, waiting + _held_by(job, group, model, cut, seen, model.scale))
        # What a step gave waits for the next one.
        waiting = min(SCRATCH_IN_MEMORY, (seen * model.scale).pixels * _FLOAT * max(3, len(group.channels)))
    return held


def _held_by(job: Job, group: Group, model: ModelInfo | None, cut: Tiled | Bands, size: Size, factor: int) -> int:
    if isinstance(cut, Bands):
        return memory(size, cut, model or catalog.find(group.model), job.edges, group.precision)
    tile = min(cut.tile + 2 * cut.padding, 2 * size.height)
    return 2 * _FLOAT * 3 * tile * (size.width + 2 * cut.padding) * factor**2


def _group_bytes(job: Job, group: Group) -> int:
    held, most = 0, 0
    for step, size in passes(job, group):
        given = size * step.factor
        # Rows wait in memory up to a limit, and beyond it in a file; one channel goes through a generator as three.
        held += min(SCRATCH_IN_MEMORY, given.pixels * _FLOAT * max(3, len(group.channels)))
        most = max(most, _held(job, group, step, size))
    return held + most


def _block(size: Size) -> int:
    """Return the texels of the rows that travel together, with what verbs read about them."""
    return min(size.pixels, max(BLOCK, size.width)) + 2 * _REACH * size.width
