"""Plans a job again where the device cannot do it as planned: with a smaller cut, or in float32. Never patches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from cg_upscaler.cut import smaller
from cg_upscaler.errors import Blank, NonFinite, OutOfMemory
from cg_upscaler.geometry import Bands, Chained, Tiled
from cg_upscaler.job import Group, Job
from cg_upscaler.spec import Precision

T = TypeVar("T")


def adapting(
    job: Job, attempt: Callable[[Job], T], *, alone: Callable[[], bool] = lambda: True
) -> tuple[T, tuple[str, ...]]:
    """Return what `attempt` gives for the job, or for the nearest that the device can do, and notes on what changed.

    Each attempt starts afresh. Raises `OutOfMemory` or MemoryError where the smallest cut does not fit, or where others
    hold memory too (not `alone`); `NonFinite` or `Blank` where float32 gives such too.
    """
    notes: tuple[str, ...] = ()
    while True:
        try:
            return attempt(job), notes
        except (OutOfMemory, MemoryError) as error:
            if not alone():
                raise
            job, note = with_smaller_cuts(job, error)
        except (NonFinite, Blank) as error:
            job, note = in_float32(job, error)
        notes = (*notes, note)


def with_smaller_cuts(job: Job, error: OutOfMemory | MemoryError) -> tuple[Job, str]:
    """Return the job with the next smaller canonical cut, and words for it. Raises `error` where there is none."""
    groups = tuple(
        replace(group, passes=tuple(replace(step, cut=smaller(step.cut) or step.cut) for step in group.passes))
        for group in job.groups
    )
    if groups == job.groups:
        raise error
    return replace(job, groups=groups), f"out of memory: done again with {_in_words(groups)}"


def _in_words(groups: tuple[Group, ...]) -> str:
    whole = [step.cut for group in groups for step in group.passes]
    cuts = [own for cut in whole for own in (cut.steps if isinstance(cut, Chained) else (cut,))]
    tiles = [cut.tile for cut in cuts if isinstance(cut, Tiled)]
    rows = [cut.rows for cut in cuts if isinstance(cut, Bands)]
    said = [f"bands of {max(rows)}"] if rows else []
    # Plain resampling is done in tiles too, which are worth a word only where there is nothing else.
    return " and ".join(said or [f"tiles of {max(tiles)}"])


def in_float32(job: Job, error: NonFinite | Blank) -> tuple[Job, str]:
    """Return the job in float32, and words for it. Raises `error` where it is already."""
    if all(group.precision is Precision.FLOAT32 for group in job.groups):
        raise error
    groups = tuple(replace(group, precision=Precision.FLOAT32) for group in job.groups)
    return replace(job, groups=groups), f"{error.what}: done again in float32"
