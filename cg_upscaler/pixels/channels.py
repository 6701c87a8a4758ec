"""Splits a texture into the channel groups of its job, and gathers the results into one picture again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cg_upscaler.job import Group, Job
from cg_upscaler.maps import AlphaMode, Role
from cg_upscaler.pixels.alpha import bleed
from cg_upscaler.pixels.holes import without_holes
from cg_upscaler.pixels.premultiplied import Weighing, is_weighed, weighing_of
from cg_upscaler.pixels.rows import Source
from cg_upscaler.pixels.views import Array, Channels, Mapped, Merged


@dataclass(frozen=True, slots=True)
class Split:
    """A channel group's own picture and what is to be done with it."""

    source: Source
    group: Group


def split_channels(source: Source, job: Job) -> tuple[Split, ...]:
    """Return a picture for each group of the job, finite throughout, with colour bled under transparency.

    Premultiplied colour comes as straight colour.
    """
    sound = finite(source)
    weighing = weighing_of(sound, job)
    return tuple(Split(_channels_of(sound, group, job, weighing), group) for group in job.groups)


def finite(source: Source) -> Source:
    """Return a source as `without_holes` makes it."""
    return Mapped(source, without_holes, source.channels)


def _channels_of(source: Source, group: Group, job: Job, weighing: Weighing | None) -> Source:
    picked = Channels(source, group.channels)
    height = source.size.height
    if weighing is not None and is_weighed(group, job):
        stored = source.rows(0, height)
        return Array(bleed(weighing.straight(stored, group.channels), weighing.trusted(stored), job.edges))
    hides = job.alpha in (AlphaMode.CUTOUT, AlphaMode.BLEND)
    alpha = next((other for other in job.groups if other.role is Role.ALPHA), None)
    if not hides or alpha is None or group is alpha or group.constant:
        return picked
    coverage = Channels(source, alpha.channels).rows(0, height)
    return Array(bleed(picked.rows(0, height), coverage, job.edges))


def merge_channels(parts: Sequence[tuple[Group, Source]]) -> Source:
    """Gather the groups' results. With the same pictures that `split_channels` gave, this is its inverse."""
    return Merged(tuple((source, group.targets) for group, source in parts))
