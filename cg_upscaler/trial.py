"""Tries a model on each texture's own small version first, and resamples the texture where it fails there.

What a network draws of a texture at four times its size cannot be checked: there is no truth. What it makes of the
texture at a quarter of its size can: that is the same material, seen from further away.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from cg_upscaler.cut import canonical_cut
from cg_upscaler.generate import Tick
from cg_upscaler.geometry import Edges, Size
from cg_upscaler.job import Group, Job, Pass, Via
from cg_upscaler.maps import BICUBIC, Role
from cg_upscaler.measure.angular import degrees
from cg_upscaler.model_names import short
from cg_upscaler.models import catalog
from cg_upscaler.pixels.cells import Cropped
from cg_upscaler.pixels.channels import Split, split_channels
from cg_upscaler.pixels.rows import Pixels, Source, from_float, to_float
from cg_upscaler.pixels.space import space_of
from cg_upscaler.pixels.views import Array, Mapped
from cg_upscaler.spec import Depth, Precision
from cg_upscaler.upscale import Generators, Work, filtered, upscale_once

SIDE = 768
"""Texels a side of the middle that is tried: enough to tell, and no more work for a large texture than for a small."""

MARGIN = 1.15
"""How many times as far off as bicubic a model must be. A small version tells failures, and no more: models that draw a
texture a third better were seen up to a tenth worse on its small version (docs/decisions/0022-own-weights.md)."""

LEAST = 16
"""Texels a side of the small version below which nothing can be told by it."""


def tried(
    source: Source, job: Job, generators: Generators, *, scratch: Path | None, tick: Tick
) -> tuple[Job, tuple[str, ...]]:
    """Return the job with groups resampled whose model does worse on this texture, and notes on which.

    Equal sources and jobs give equal answers. Raises what running the model raises.
    """
    if not any(group.fallback and group.passes and not group.constant for group in job.groups):
        return job, ()
    groups, notes = [], []
    for split in split_channels(_one_picture(source, job), job):
        group = split.group
        errors = _errors(split, Work(job, generators, scratch), tick) if group.fallback else None
        if errors is not None and errors[0] > MARGIN * errors[1]:
            notes.append(f"resampled: bicubic comes nearer to it than {short(group.model)}, {_in_words(group, errors)}")
            group = resampled(group, source.size, job.edges)
        groups.append(group)
    return replace(job, groups=tuple(groups)), tuple(notes)


def resampled(group: Group, size: Size, edges: Edges) -> Group:
    """Return a group that is resampled by bicubic in place of its model."""
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


def _errors(split: Split, work: Work, tick: Tick) -> tuple[float, float] | None:
    """Return how far from a texture its small version is, enlarged by its model and by bicubic; None: too small."""
    group, step = split.group, split.group.passes[0]
    truth = _middle(split.source, step.factor)
    if truth is None:
        return None
    whole = truth.size == split.source.size
    edges = work.job.edges if whole else Edges()
    small = _small(truth, step.factor, group, edges, work.job)
    work = replace(work, job=replace(work.job, edges=edges))
    plain = resampled(group, small.size, edges)
    found = []
    for way in (group, plain):
        space = space_of(small, way, edges)
        result = upscale_once(small, way.passes[0], space, way, work, lambda share: tick(0.0))
        there, ours = (space.working(each.rows(0, each.size.height)) for each in (truth, result))
        found.append(_apart(there, ours, group))
    return found[0], found[1]


def _apart(truth: Pixels, result: Pixels, group: Group) -> float:
    if group.role is Role.NORMAL:
        return float(degrees(truth, result).mean())
    return float(np.sqrt(np.square(truth - result, dtype=np.float64).mean()))


def _in_words(group: Group, errors: tuple[float, float]) -> str:
    drawn, plain = errors
    if group.role is Role.NORMAL:
        return f"{plain:.2f} against {drawn:.2f} degrees on its own small version"
    return f"{plain * 255:.2f} against {drawn * 255:.2f} levels of 255 on its own small version"


def _one_picture(source: Source, job: Job) -> Source:
    """Return the first of a texture's slices, which stand for all."""
    slices = 1 if job.source_spec is None else job.source_spec.storage.slices
    if slices == 1:
        return source
    return Cropped(source, 0, 0, Size(source.size.width, source.size.height // slices))


def _middle(source: Source, factor: int) -> Source | None:
    """Return the middle of a picture, whole multiples of `factor`, held; None where it is too small to tell by."""
    width, height = (min(side, SIDE) // factor * factor for side in (source.size.width, source.size.height))
    if min(width, height) < LEAST * factor:
        return None
    left, top = (source.size.width - width) // 2, (source.size.height - height) // 2
    return Array(Cropped(source, left, top, Size(width, height)).rows(0, height))


def _small(truth: Source, factor: int, group: Group, edges: Edges, job: Job) -> Source:
    """Return a picture as a game would have made it small: filtered in what its numbers mean, in the file's levels."""
    space = space_of(truth, group, edges)
    own = 3 if group.role is Role.NORMAL else truth.channels
    size = Size(truth.size.width // factor, truth.size.height // factor)
    light = filtered(Mapped(truth, space.working, own), size, group.color_space, edges)
    stored = Mapped(light, space.finish, truth.channels).rows(0, size.height)
    depth = None if job.source_spec is None else job.source_spec.depth
    levels = {Depth.UINT8: np.uint8, Depth.UINT16: np.uint16}.get(depth) if depth is not None else None
    return Array(stored if levels is None else to_float(from_float(stored, np.dtype(levels))))
