"""Makes the mip levels of a finished picture, each kind of map in the numbers in which its mean means something."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cg_upscaler.geometry import Size, Span
from cg_upscaler.job import Job, MipFilter
from cg_upscaler.maps import AlphaMode
from cg_upscaler.pixels import normals as vectors
from cg_upscaler.pixels import toksvig
from cg_upscaler.pixels.coverage import share_of, told_apart, with_share
from cg_upscaler.pixels.edges import take
from cg_upscaler.pixels.kernels import Shrinking, strips
from cg_upscaler.pixels.lanes import Lane, alpha_of, lanes_of
from cg_upscaler.pixels.rows import Pixels, Source
from cg_upscaler.pixels.scratch import hold
from cg_upscaler.pixels.views import Channels, Mapped, Merged
from cg_upscaler.pixels.windows import windowed

_HIDDEN = np.float32(2.0**-20)
"""What a texel counts that nobody sees: where none is seen, hidden colour stays what it is."""

_TRUSTED = {
    MipFilter.KAISER: (0.25, 0.75),
    MipFilter.BOX: (0.0, 1 / 255),
    MipFilter.TRIANGLE: (-1.0, 0.0),
}
"""Of how much alpha on a filter's own mean of visible colour counts for nothing, and from where on alone. Below, lobes
leave too little to divide by, and a box may see nothing at all: there it is a triangle's, which sees what lies beside.
"""


def levels(
    first: Source,
    job: Job,
    *,
    scratch: Path | None,
    normals: Source | None = None,
    own: Callable[[int], Source] | None = None,
) -> Iterator[Source]:
    """Yield mip levels 1, 2, … of one slice, whose level 0 is `first`: as many as `job.output_spec` says, finished.

    `first` holds stored numbers, channels as the job's groups' targets say, and is read more than once. Each level is
    filtered from the one before, which is kept in light, as vectors, as mean alpha: nothing is rounded, made of unit
    length or bent to a coverage before the last level is there. `normals` is the map that `job.mips.normals` names, and
    widens roughness. `own` gives a level, 1 and on, of the source, whose channels are the source's: under
    `job.mips.kept` it is taken where its size is that of a level of the result.
    """
    assert job.output_spec is not None  # an upscaling job has one
    count, lanes = job.output_spec.storage.levels, lanes_of(job)
    makes = _Makes(job, lanes, scratch)
    there = _kept(first.size, job) if own is not None else {}
    filtered = max((level for level in range(1, count) if level not in there), default=0)
    chain: Source = Mapped(first, makes.lift, sum(len(lane.channels) for lane in lanes))
    means = None if normals is None else toksvig.vectors(normals)
    share = makes.share(first) if filtered else None
    for level in range(1, count):
        size = first.size.level(level)
        if level <= filtered:
            if chain.channels:
                chain = hold(_Level(chain, size, makes), scratch)
            if means is not None:
                means = hold(toksvig.averaged(means, size, job.edges), scratch)
        if level in there:
            assert own is not None
            yield hold(makes.from_source(own(there[level])), scratch)
        else:
            yield hold(makes.stored(first, chain, size, means, share), scratch)


def _kept(first: Size, job: Job) -> dict[int, int]:
    """Return which level of the source stands for a level of the result."""
    assert job.output_spec is not None
    if not job.mips.kept or job.source_spec is None:
        return {}
    sizes = {job.source_spec.size.level(level): level for level in range(job.source_spec.storage.levels - 1, 0, -1)}
    wanted = {level: first.level(level) for level in range(1, job.output_spec.storage.levels)}
    return {level: sizes[size] for level, size in wanted.items() if size in sizes}


@dataclass(frozen=True, slots=True)
class _Makes:
    """What all levels of one picture share."""

    job: Job
    lanes: Sequence[Lane]
    scratch: Path | None

    @property
    def whole(self) -> bool:
        """Whether stored numbers lie between 0 and 1."""
        assert self.job.output_spec is not None
        return not self.job.output_spec.depth.is_float

    @property
    def filter(self) -> MipFilter:
        """The job's, but a box between the pictures of a sheet, which then reach into each other last."""
        return MipFilter.BOX if self.job.cells is not None else self.job.mips.filter

    @property
    def weighed(self) -> tuple[int, ...]:
        return tuple(channel for lane in self.lanes if lane.weighed for channel in lane.channels)

    def lift(self, stored: Pixels) -> Pixels:
        return _beside([lane.lift(stored) for lane in self.lanes if not lane.picked])

    def share(self, first: Source) -> float | None:
        """Return the coverage that all levels of a cut-out are to have; None where there is none to keep."""
        alpha, spec = alpha_of(self.lanes), self.job.output_spec
        if alpha is None or spec is None or self.job.alpha is not AlphaMode.CUTOUT:
            return None
        stored = next(lane.stored for lane in self.lanes if lane.first == alpha and not lane.picked)
        return share_of(Channels(first, stored), self.job.alpha_threshold, spec.depth)

    def stored(self, first: Source, chain: Source, size: Size, means: Source | None, share: float | None) -> Source:
        """Return a level of the chain as it is stored."""
        parts: list[tuple[Source, tuple[int, ...]]] = []
        for lane in self.lanes:
            if lane.picked:
                parts.append((_Picked(first, lane.stored, size), lane.group.targets))
                continue
            part: Source = _Lowered(chain, lane, self.whole, means if lane.rough or lane.glossy else None)
            if share is not None and lane.first == alpha_of(self.lanes):
                assert self.job.output_spec is not None
                part = windowed(told_apart(), self.job.edges, part)
                part = with_share(part, share, self.job.alpha_threshold, self.job.output_spec.depth)
            parts.append((part, lane.group.targets))
        return Merged(tuple(parts))

    def from_source(self, level: Source) -> Source:
        """Return a level of the source with its channels where those of the result are, vectors turned as asked."""
        parts: list[tuple[Source, tuple[int, ...]]] = []
        for group in (lane.group for lane in self.lanes):
            part: Source = Channels(level, group.channels)
            if group.flip:
                signed = group.signed
                part = Mapped(part, lambda texels, signed=signed: vectors.flipped(texels, signed=signed), part.channels)  # type: ignore[misc]
            parts.append((part, group.targets))
        return Merged(tuple(parts))


@dataclass(frozen=True, slots=True)
class _Level:
    """The chain, one level further down."""

    source: Source
    size: Size
    makes: _Makes

    @property
    def channels(self) -> int:
        return self.source.channels

    def rows(self, start: int, stop: int) -> Pixels:
        result = np.empty((stop - start, self.size.width, self.channels), np.float32)
        shrinking = Shrinking.by(self.source.size, self.size, self.makes.filter)
        for top, end in strips(start, stop):
            result[top - start : end - start] = self._strip(shrinking, top, end)
        return result

    def _strip(self, shrinking: Shrinking, top: int, end: int) -> Pixels:
        makes, alpha = self.makes, alpha_of(self.makes.lanes)
        box, triangle = (Shrinking.by(self.source.size, self.size, how) for how in (MipFilter.BOX, MipFilter.TRIANGLE))
        ys, xs = shrinking.reads(top, end)
        if makes.weighed:
            ys, xs = _both(ys, triangle.down.reads(top, end)), _both(xs, triangle.reads(top, end)[1])
        window = take(self.source, ys, xs, makes.job.edges)
        lobes = makes.filter is MipFilter.KAISER
        bounds = box.bounds(window, ys, xs, top, end) if lobes and not makes.whole else None
        if alpha is not None and makes.weighed:
            weight = window[:, :, alpha] + _HIDDEN
            for channel in makes.weighed:
                window[:, :, channel] *= weight
        result = shrinking.rows(window, ys, xs, top, end)
        if alpha is not None:
            if makes.weighed:
                safe = triangle.rows(window, ys, xs, top, end) if makes.filter is not MipFilter.TRIANGLE else result
                _unweigh(result, safe, alpha, makes.weighed, _TRUSTED[makes.filter])
                if makes.whole:
                    for channel in makes.weighed:
                        np.clip(result[:, :, channel], 0, 1, out=result[:, :, channel])
            np.clip(result[:, :, alpha], 0, 1, out=result[:, :, alpha])
        for lane in makes.lanes:
            if bounds is not None and not lane.is_vector:  # beside a sun, lobes would be deep black rings
                for channel in lane.channels:
                    low, high = (bound[:, :, channel] for bound in bounds)
                    np.clip(result[:, :, channel], low, high, out=result[:, :, channel])
        return result


def _both(one: Span, other: Span) -> Span:
    return Span(min(one.start, other.start), max(one.stop, other.stop))


def _unweigh(result: Pixels, safe: Pixels, alpha: int, channels: Sequence[int], trusted: tuple[float, float]) -> None:
    """Divide colours by what they were weighed by, in place; `safe` are the same, of a filter without lobes."""
    low, high = (np.float32(bound) for bound in trusted)
    own, other = result[:, :, alpha], safe[:, :, alpha] + _HIDDEN
    share, divisor = np.clip((own - low) / (high - low), 0, 1), np.maximum(own, 0) + _HIDDEN
    # Lobes draw rings of a haze; within what lies next to a texel clear is clear, and solid solid.
    np.clip(own, 1 - 2 * (1 - safe[:, :, alpha]), 2 * safe[:, :, alpha], out=own)
    for channel in channels:
        mean = safe[:, :, channel] / other
        result[:, :, channel] = mean + share * (result[:, :, channel] / divisor - mean)


@dataclass(frozen=True, slots=True)
class _Lowered:
    """One group of a level, as it is stored."""

    chain: Source
    lane: Lane
    whole: bool
    means: Source | None

    @property
    def size(self) -> Size:
        return self.chain.size

    @property
    def channels(self) -> int:
        return len(self.lane.stored)

    def rows(self, start: int, stop: int) -> Pixels:
        own = Channels(self.chain, self.lane.channels).rows(start, stop)
        stored = self.lane.lower(own, whole=self.whole)
        if self.means is None:
            return stored
        lost = toksvig.lost(self.means.rows(start, stop))
        return toksvig.dulled(stored, lost) if self.lane.glossy else toksvig.widened(stored, lost)


@dataclass(frozen=True, slots=True)
class _Picked:
    """A smaller picture of which each texel is that of the first level which lies in its middle."""

    first: Source
    picks: tuple[int, ...]
    size: Size

    @property
    def channels(self) -> int:
        return len(self.picks)

    def rows(self, start: int, stop: int) -> Pixels:
        whole, (ys, xs) = self.first.size, (np.arange(start, stop), np.arange(self.size.width))
        ys, xs = (
            ((2 * ys + 1) * whole.height // (2 * self.size.height)),
            (2 * xs + 1) * whole.width // (2 * self.size.width),
        )
        result = np.empty((stop - start, self.size.width, self.channels), np.float32)
        for at, y in enumerate(ys):
            result[at] = self.first.rows(int(y), int(y) + 1)[0, xs][:, list(self.picks)]
        return result


def _beside(parts: Sequence[Pixels]) -> Pixels:
    """Return channels of several pictures in one, in memory as pictures are."""
    if len(parts) == 1:
        return parts[0]
    result = np.empty((*parts[0].shape[:2], sum(part.shape[2] for part in parts)), np.float32)
    first = 0
    for part in parts:
        for channel in range(part.shape[2]):
            result[:, :, first + channel] = part[:, :, channel]
        first += part.shape[2]
    return result
