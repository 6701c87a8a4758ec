"""Leaves textures that are smooth to plain resampling, which is all but exact on them, and draws nothing of its own."""

from __future__ import annotations

from dataclasses import replace

from cg_upscaler.cut import canonical_cut
from cg_upscaler.geometry import Edges, Size
from cg_upscaler.job import Group, Job, Pass, Via
from cg_upscaler.maps import BICUBIC, Role
from cg_upscaler.model_names import short
from cg_upscaler.models import catalog
from cg_upscaler.pixels.channels import split_channels
from cg_upscaler.pixels.rows import Source
from cg_upscaler.pixels.smoothness import lost_by_halving
from cg_upscaler.pixels.space import space_of
from cg_upscaler.pixels.views import Mapped
from cg_upscaler.spec import Precision

DEGREES = 0.8
"""The mean angle that halving a normal map costs below which it is smooth. Bent surfaces with nothing on them lose 0.2
to 0.8, maps of games 2.3 and more (docs/decisions/0022-own-weights.md)."""

LEVELS = 1.0
"""The same of numbers: the root mean square, in levels of 255. Gradients lose up to 0.7, pictures 1.7 and more."""


def without_models_where_smooth(source: Source, job: Job) -> tuple[Job, tuple[str, ...]]:
    """Return the job with those groups resampled whose picture is smooth, and a note on each of them.

    Only groups that are to fall back are looked at. Equal sources and jobs give equal answers.
    """
    if not any(_is_asked(group) for group in job.groups):
        return job, ()
    groups, notes = [], []
    for split in split_channels(source, job):
        group = split.group
        if _is_asked(group) and (found := _smooth(split.source, group, job.edges)):
            notes.append(f"resampled by bicubic, and not drawn by {short(group.model)}: {found}")
            group = resampled(group, source.size, job.edges)
        groups.append(group)
    return replace(job, groups=tuple(groups)), tuple(notes)


def resampled(group: Group, size: Size, edges: Edges) -> Group:
    """Return a group of a picture of `size` that is resampled by bicubic in place of its model."""
    passes = []
    for step in group.passes:
        cut = canonical_cut(size, catalog.find(BICUBIC, scale=step.factor), edges)
        passes.append(Pass(step.factor, Via.DIRECT, cut))
        size = size * step.factor
    return replace(
        group,
        model=BICUBIC,
        passes=tuple(passes),
        precision=Precision.FLOAT32,
        weights="",
        grain=0.0,
        gamma=1.0,
        fallback=False,
        licence="",
    )


def _is_asked(group: Group) -> bool:
    return group.fallback and bool(group.passes) and not group.constant


def _smooth(source: Source, group: Group, edges: Edges) -> str:
    """Return in words that a group's picture is smooth, and how much so; empty where it is not."""
    space, vectors = space_of(source, group, edges), group.role is Role.NORMAL
    own = 3 if vectors else source.channels
    lost = lost_by_halving(Mapped(source, space.working, own), edges, vectors=vectors)
    if lost is None or lost > (DEGREES if vectors else LEVELS / 255):
        return ""
    much = f"{lost:.2f} degrees" if vectors else f"{lost * 255:.2f} levels of 255"
    return f"it is so smooth that halving it costs {much}"
