"""Says what memory a plan needs, what is free, and what follows: how many textures go at once, and which do not fit."""

from __future__ import annotations

from dataclasses import dataclass

from cg_upscaler.backends.memory import free_bytes
from cg_upscaler.cut import least_memory, stages, widest
from cg_upscaler.demand import weights
from cg_upscaler.flight import threads
from cg_upscaler.flight.footprint import budget, footprint, generated
from cg_upscaler.geometry import Bands, Chained
from cg_upscaler.job import Action, Job, Plan
from cg_upscaler.library.workload import passes
from cg_upscaler.models import catalog
from cg_upscaler.spec import ModelInfo


@dataclass(frozen=True, slots=True)
class TooWide:
    """A texture that its device cannot hold even in the smallest bands."""

    name: str
    needed: int
    """Bytes, so cut."""
    fits: int
    """Texels across of the widest picture of its height that the device can hold; 0: none."""


@dataclass(frozen=True, slots=True)
class Needs:
    """The memory of a run, in bytes, before it is begun."""

    jobs: dict[str, int]
    """What generators hold for each texture that is upscaled, by its name."""
    weights: int
    """Of all networks together, once for the whole run."""
    free: int | None
    """On the device, now."""
    at_once: int
    """Textures as large as the largest that are on their way together."""
    too_wide: tuple[TooWide, ...]


def needs(plan: Plan) -> Needs:
    """Return what a plan needs. What is free now decides how many textures go at once, and never a pixel."""
    jobs = [job for job in plan.jobs if job.action is Action.UPSCALE]
    device = plan.device.name
    groups = [group for job in jobs for group in job.groups if not group.constant and group.passes]
    used = {(group.model, group.precision) for group in groups}
    loaded = {(one, precision) for model, precision in used for one in _networks(catalog.find(model))}
    shared = sum(weights(model, precision, device) for model, precision in loaded)
    free = free_bytes(device)
    most = max((footprint(job) for job in jobs), default=1)
    together = max(1, min(threads.at_once(), len(jobs), budget(device) // most))
    left = None if free is None else max(0, free - shared)
    found = () if left is None else tuple(wide for job in jobs if (wide := _too_wide(job, left)) is not None)
    return Needs({job.name: generated(job) for job in jobs}, shared, free, together, found)


def _networks(model: ModelInfo) -> tuple[ModelInfo, ...]:
    return model.steps or (model,)


def _too_wide(job: Job, left: int) -> TooWide | None:
    for group in job.groups:
        for step, size in () if group.constant else passes(job, group):
            if not isinstance(step.cut, (Bands, Chained)):
                continue  # plain resampling, or tiles, which are small
            before = 1
            for model, cut, seen in stages(catalog.find(group.model), step.cut, size):
                if isinstance(cut, Bands):
                    how = cut, model, job.edges, group.precision
                    needed = least_memory(seen, *how)
                    if needed > left:
                        return TooWide(job.name, needed, widest(left, seen.height, *how) // before)
                before *= model.scale
    return None
