"""Premultiplied colour: taken apart into straight colour and its weight, and multiplied together again.

Colour is weighed by its alpha; where it is more than that, as in flames that add light to what is behind, by as much as
it takes to stay in range. So straight colour × weight is always the colour of the file, and nothing is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from cg_upscaler.geometry import Edges, Size
from cg_upscaler.job import Group, Job
from cg_upscaler.maps import AlphaMode, Role
from cg_upscaler.pixels.fit import fitted
from cg_upscaler.pixels.resample import CUBIC_REACH, enlarge, tent
from cg_upscaler.pixels.rows import Pixels, Source, blocks
from cg_upscaler.pixels.space import space_of
from cg_upscaler.pixels.views import Channels, Mapped
from cg_upscaler.pixels.windows import Local, windowed
from cg_upscaler.spec import Depth

_FAINT = 8
"""Levels. At that weight a level of rounding is a sixteenth of straight colour."""


@dataclass(frozen=True, slots=True)
class Weighing:
    """How a premultiplied texture is taken apart."""

    colour: tuple[int, ...]
    """Its channels of colour, constant ones left out: they stay as they are."""
    alpha: int
    peak: float
    """The largest straight colour: 1, or that of light beyond 1."""
    faint: float
    """The weight below which straight colour is mostly the file's rounding."""

    def weight(self, stored: Pixels) -> Pixels:
        """Return what the colour of (h, w, c) texels is weighed by, (h, w, 1): alpha, or more where there is more."""
        alpha = stored[:, :, [self.alpha]]
        brightest = stored[:, :, list(self.colour)].max(axis=2, keepdims=True)
        return np.asarray(np.maximum(np.maximum(alpha, 0), brightest / np.float32(self.peak)), np.float32)

    def trusted(self, stored: Pixels) -> Pixels:
        """Return the weight again, 0 where it is too faint to tell a colour by."""
        weight = self.weight(stored)
        return weight * (weight >= np.float32(self.faint))

    def straight(self, stored: Pixels, channels: Sequence[int]) -> Pixels:
        """Return the straight colour of some channels; 0 where there is neither colour nor alpha."""
        weight = self.weight(stored)
        return np.where(weight > 0, stored[:, :, list(channels)] / np.where(weight > 0, weight, 1), 0)


def weighing_of(source: Source, job: Job) -> Weighing | None:
    """Return how a texture without NaN is taken apart, or None where it is not premultiplied."""
    alpha = next((group.channels[0] for group in job.groups if group.role is Role.ALPHA), None)
    coloured = tuple(channel for group in job.groups if is_weighed(group, job) for channel in group.channels)
    if alpha is None or not coloured:
        return None
    peak = max(float(block[:, :, list(coloured)].max()) for block in blocks(source))
    depth = job.source_spec.depth if job.source_spec is not None else Depth.FLOAT
    faint = 0.0 if depth.is_float else _FAINT / depth.levels
    return Weighing(coloured, alpha, max(1.0, peak), faint)


def is_weighed(group: Group, job: Job) -> bool:
    """Whether a group's colour is multiplied by alpha."""
    colour = group.role in (Role.COLOR, Role.SCALAR)
    return job.alpha is AlphaMode.PREMULTIPLIED and colour and not group.constant


def multiplied_back(source: Source, parts: Sequence[tuple[Group, Source]], job: Job) -> list[tuple[Group, Source]]:
    """Return the groups' results with colour premultiplied again, and held to that of `source`, which has no NaN.

    Match once more, because what must be kept is the file's own colour and not the straight one; but not under hard
    alpha, whose edge would become a staircase. What is not premultiplied comes back as it is.
    """
    weighing = weighing_of(source, job)
    if weighing is None:
        return list(parts)
    alpha, held = next((result, group.fidelity > 0) for group, result in parts if group.role is Role.ALPHA)
    beyond = _beyond_alpha(source, weighing, alpha.size, job)
    return [
        (
            group,
            _weighed(source, result, alpha, beyond, weighing, group, job, held) if is_weighed(group, job) else result,
        )
        for group, result in parts
    ]


def _beyond_alpha(source: Source, weighing: Weighing, size: Size, job: Job) -> Source:
    """Return, resampled to `size`, what colour weighs beyond its alpha: light that is added to what is behind."""

    def beyond(stored: Pixels) -> Pixels:
        return weighing.weight(stored) - np.maximum(stored[:, :, [weighing.alpha]], 0)

    larger = Local(lambda extra: enlarge(extra, job.scale, tent), CUBIC_REACH, job.scale)
    return fitted(windowed(larger, job.edges, Mapped(source, beyond, 1)), size, job.edges)


def _weighed(
    source: Source,
    colour: Source,
    alpha: Source,
    beyond: Source,
    weighing: Weighing,
    group: Group,
    job: Job,
    held: bool,
) -> Source:
    edges, peak = job.edges, np.float32(weighing.peak)
    result = _each(lambda colour, alpha, beyond: colour * (alpha + np.maximum(beyond, 0)), edges, colour, alpha, beyond)
    factor, rest = divmod(result.size.width, source.size.width)
    if held and group.fidelity > 0 and not rest and source.size * factor == result.size:
        own = Channels(source, group.channels)
        space = space_of(own, group, edges)
        working = (Mapped(picture, space.working, own.channels) for picture in (result, own))
        result = Mapped(windowed(space.match(factor), edges, *working), space.finish, own.channels)

    def bounded(colour: Pixels, alpha: Pixels, beyond: Pixels) -> Pixels:
        # Nothing that covers shines, and where there is nothing there is nothing; light may peak between its texels.
        return np.clip(colour, 0, peak * (alpha + 2 * np.maximum(beyond, 0)))

    return _each(bounded, edges, result, alpha, beyond)


def _each(fn: Callable[..., Pixels], edges: Edges, *inputs: Source) -> Source:
    return windowed(Local(fn, reach=0), edges, *inputs)
