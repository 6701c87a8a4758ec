"""One texture through one job, in reading order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from cg_upscaler.errors import UsageError
from cg_upscaler.generate import Generator, Tick
from cg_upscaler.geometry import Edges, Size
from cg_upscaler.job import Group, Job, Via
from cg_upscaler.maps import Role
from cg_upscaler.pixels.alpha import kept_between_neighbours
from cg_upscaler.pixels.channels import Split, merge_channels, split_channels
from cg_upscaler.pixels.mean import with_mean_of
from cg_upscaler.pixels.resample import halve
from cg_upscaler.pixels.rows import Pixels, Source
from cg_upscaler.pixels.scratch import hold
from cg_upscaler.pixels.space import Space, space_of
from cg_upscaler.pixels.views import Constant, Mapped, Resized
from cg_upscaler.pixels.windows import windowed


class Generators(Protocol):
    """Where the generators of a run come from."""

    def get(self, model: str, scale: int) -> Generator:
        """Return a model's generator, loaded. `scale` is what plain resampling takes for its own."""
        ...


@dataclass(frozen=True, slots=True)
class Work:
    """What all groups of one job share."""

    job: Job
    generators: Generators
    scratch: Path | None
    """A folder for finished rows that are too many for memory."""


def upscale(source: Source, job: Job, generators: Generators, *, scratch: Path | None, tick: Tick) -> Source:
    """Return the texture that `job` asks for, ready to be read from top to bottom. `tick` is told the share done.

    Raises `OutOfMemory` and `NonFinite`, naming the group by its index; the engine then plans again and starts afresh.
    """
    splits = split_channels(source, job)
    work = Work(job, generators, scratch)
    busy = max(1, sum(not split.group.constant for split in splits))
    parts, done = [], 0
    for split in splits:
        parts.append((split.group, upscale_group(split, work, _share(tick, done, busy))))
        done += not split.group.constant
    return with_mean_of(source, merge_channels(parts), job)


def _share(tick: Tick, done: int, of: int) -> Tick:
    return lambda share: tick((done + share) / of)


def upscale_group(split: Split, work: Work, tick: Tick) -> Source:
    """Return one channel group at its final size, in the numbers that its file holds."""
    source, group, edges, scale = split.source, split.group, work.job.edges, work.job.scale
    size = source.size * scale
    if group.constant:
        return Constant(size, tuple(float(value) for value in source.rows(0, 1)[0, 0]))

    space = space_of(source, group)
    generator = work.generators.get(group.model, scale)
    x = to_model_space(source, space, group, generator.info.channels, edges)
    y = hold(generator.run(x, group.cut, edges, group.precision, tick), work.scratch)
    result = from_model_space(y, space, group)
    result = at_size(result, size, group, edges)
    if group.fidelity > 0:
        result = windowed(space.match(scale), edges, result, Mapped(source, space.working, result.channels))
    if group.role is Role.ALPHA:
        result = windowed(kept_between_neighbours(scale), edges, result, source)
    return Mapped(result, space.finish, len(group.channels))


def to_model_space(source: Source, space: Space, group: Group, channels: int, edges: Edges) -> Source:
    """Return what the generator is to see, with as many `channels` as it takes (0: any)."""
    if group.via is Via.SHRINK:
        size = source.size
        even = Resized(source, Size(size.width + size.width % 2, size.height + size.height % 2), edges)
        source = halve(even, group.color_space)
    own = 3 if group.role is Role.NORMAL else source.channels
    x = Mapped(source, space.enter, own)
    if channels in (0, own):
        return x
    if own != 1:
        raise UsageError(
            f"{group.model} takes {channels} channel(s), and {group.role.value} has {own}", fix="choose another model"
        )
    return Mapped(x, lambda pixels: np.repeat(pixels, channels, axis=2), channels)


def from_model_space(generated: Source, space: Space, group: Group) -> Source:
    """Return the generator's output in working numbers; a scalar that went through as gray is one channel again."""
    own = 3 if group.role is Role.NORMAL else len(group.channels)
    leave: Callable[[Pixels], Pixels] = space.leave
    if generated.channels == own:
        return Mapped(generated, leave, own)
    return Mapped(generated, lambda pixels: leave(pixels.mean(axis=2, keepdims=True)), own)


def at_size(result: Source, size: Size, group: Group, edges: Edges) -> Source:
    """Bring what was generated to its final size: box-filtered down in linear light, cropped, or as it is."""
    if group.via is Via.REDUCE:
        result = halve(result, group.color_space)
    return result if result.size == size else Resized(result, size, edges)
