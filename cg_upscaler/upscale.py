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
from cg_upscaler.job import Group, Job, Pass, Via
from cg_upscaler.maps import NEAREST, AlphaMode, ColorSpace, Role
from cg_upscaler.pixels import normals, transfer
from cg_upscaler.pixels.alpha import kept_near_neighbours
from cg_upscaler.pixels.cells import cell_by_cell
from cg_upscaler.pixels.channels import Split, finite, merge_channels, split_channels
from cg_upscaler.pixels.coverage import sloped, with_coverage_of, with_mean_alpha_of
from cg_upscaler.pixels.fit import fitted
from cg_upscaler.pixels.frame import unframed
from cg_upscaler.pixels.grain import grained
from cg_upscaler.pixels.match import is_matched
from cg_upscaler.pixels.mean import with_mean_of, with_visible_colour_of
from cg_upscaler.pixels.premultiplied import multiplied_back
from cg_upscaler.pixels.resample import halve
from cg_upscaler.pixels.rows import Pixels, Source
from cg_upscaler.pixels.scratch import hold
from cg_upscaler.pixels.slices import slice_by_slice
from cg_upscaler.pixels.space import Space, space_of
from cg_upscaler.pixels.stairs import without_stairs
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

    A texture with a frame comes with its neighbours around it (`pixels.frame`, `pixels.cube`), and the result without
    them. Slices come below each other, and so do their results. Raises `OutOfMemory` and `NonFinite`; the engine then
    plans again and starts afresh.
    """
    count = 1 if job.source_spec is None else job.source_spec.storage.slices
    return slice_by_slice(
        source,
        count,
        lambda done, one: upscale_slice(one, job, generators, scratch=scratch, tick=_share(tick, done, count)),
    )


def upscale_slice(source: Source, job: Job, generators: Generators, *, scratch: Path | None, tick: Tick) -> Source:
    """Return one slice of a texture as its job asks: its cells each by itself, or without the frame it came with."""
    assert job.output_spec is not None  # an upscaling job has one
    work, size = Work(job, generators, scratch), job.output_spec.size
    if job.cells is not None:
        total = job.cells.columns * job.cells.rows
        return cell_by_cell(
            source,
            job.cells,
            size,
            lambda done, cell, wanted: upscale_picture(cell, wanted, work, _share(tick, done, total)),
        )
    if job.frame is not None:
        return unframed(source, job.frame.margin, size, lambda whole: upscale_picture(source, whole, work, tick))
    return upscale_picture(source, size, work, tick)


def upscale_picture(source: Source, size: Size, work: Work, tick: Tick) -> Source:
    """Return one picture at its final size: its channels taken apart, each group upscaled, and put together again."""
    splits = split_channels(source, work.job)
    busy = max(1, sum(not split.group.constant for split in splits))
    parts, done = [], 0
    for split in splits:
        parts.append((split.group, upscale_group(split, size, work, _share(tick, done, busy))))
        done += not split.group.constant
    result = merge_channels(multiplied_back(finite(source), parts, work.job))
    return with_mean_of(source, with_visible_colour_of(source, result, work.job), work.job)


def _share(tick: Tick, done: int, of: int) -> Tick:
    return lambda share: tick((done + share) / of)


def upscale_group(split: Split, size: Size, work: Work, tick: Tick) -> Source:
    """Return one channel group at its final size, in the numbers that its file holds."""
    source, group = split.source, split.group
    if group.constant:
        return in_convention(Constant(size, tuple(float(value) for value in source.rows(0, 1)[0, 0])), group)
    space = space_of(source, group, work.job.edges)
    result = source
    for done, step in enumerate(group.passes):
        if done:
            result = hold(result, work.scratch)  # the next pass reads it over and over
        result = upscale_once(result, step, space, group, work, _share(tick, done, len(group.passes)))
    result = at_size(result, size, space, group, work.job)
    if is_cut_out(group, work.job):
        assert work.job.output_spec is not None  # an upscaling job has one
        result = with_coverage_of(source, result, work.job.alpha_threshold, work.job.output_spec.depth)
    elif group.role is Role.ALPHA and group.fidelity == 0 and group.model != NEAREST:
        result = with_mean_alpha_of(source, result)
    return in_convention(result, group)


def is_cut_out(group: Group, job: Job) -> bool:
    """Whether a group is transparency by all or nothing, and redrawn. Plain nearest keeps its coverage by itself."""
    return group.role is Role.ALPHA and job.alpha is AlphaMode.CUTOUT and group.model != NEAREST


def in_convention(result: Source, group: Group) -> Source:
    """Return stored vectors in the convention asked for; all else as it is. Last, and once, however many passes."""
    if group.role is not Role.NORMAL or not group.flip:
        return result
    return Mapped(result, lambda stored: normals.flipped(stored, signed=group.signed), result.channels)


def upscale_once(source: Source, step: Pass, space: Space, group: Group, work: Work, tick: Tick) -> Source:
    """Return a group's picture once through its generator, matched to what went in; both in stored numbers."""
    edges, factor = work.job.edges, step.factor
    generator = work.generators.get(group.model, factor)
    cut_out = is_cut_out(group, work.job)
    clean = without_stairs(source, edges) if cut_out else source
    x = to_model_space(clean, step, space, group, generator.info.channels, edges)
    y = hold(generator.run(x, step.cut, edges, group.precision, tick), work.scratch)
    result = from_model_space(y, space, group)
    if step.via is Via.REDUCE:
        result = filtered(result, source.size * factor, group.color_space, edges)
    elif result.size != source.size * factor:
        result = Resized(result, source.size * factor, edges)  # SHRINK made the sides even
    working = Mapped(source, space.working, result.channels)
    if group.grain > 0:
        result = windowed(grained(factor, group.grain, group.band), edges, result, working)
    if is_matched(group):
        result = windowed(space.match(factor), edges, result, working)
    if group.role is Role.ALPHA:
        result = windowed(kept_near_neighbours(factor), edges, result, source)
    if cut_out:
        result = windowed(sloped(factor), edges, result, clean)
    return Mapped(result, space.finish, len(group.channels))


def to_model_space(source: Source, step: Pass, space: Space, group: Group, channels: int, edges: Edges) -> Source:
    """Return what the generator is to see, with as many `channels` as it takes (0: any)."""
    if step.via is Via.SHRINK:
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
    return Mapped(generated, lambda pixels: leave(_gray(pixels)), own)


def _gray(pixels: Pixels) -> Pixels:
    """Return the mean of all channels, (h, w, 1). One after the other takes a tenth of numpy's time over three."""
    total = pixels[:, :, :1].copy()
    for channel in range(1, pixels.shape[2]):
        total += pixels[:, :, channel : channel + 1]
    total /= np.float32(pixels.shape[2])
    return total


def at_size(result: Source, size: Size, space: Space, group: Group, job: Job) -> Source:
    """Return a group's picture, in stored numbers, at the size asked for where its passes do not give that."""
    if result.size == size:
        return result
    own = 3 if group.role is Role.NORMAL else len(group.channels)
    working = Mapped(result, space.working, own)
    fit = filtered(working, size, group.color_space, job.edges, vertices=job.vertices)
    return Mapped(fit, space.finish, len(group.channels))


def filtered(source: Source, size: Size, color_space: ColorSpace, edges: Edges, *, vertices: bool = False) -> Source:
    """Return a picture in working numbers brought to a size: in linear light where it is under the sRGB curve."""
    if color_space is not ColorSpace.SRGB:
        return fitted(source, size, edges, vertices=vertices)
    light = Mapped(source, transfer.srgb_to_linear, source.channels)
    return Mapped(fitted(light, size, edges, vertices=vertices), transfer.linear_to_srgb, source.channels)
