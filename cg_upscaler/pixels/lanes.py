"""How each channel group of a texture goes through its mip levels: in which numbers it is filtered, and beside what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cg_upscaler.job import Group, Job
from cg_upscaler.maps import NEAREST, AlphaMode, ColorSpace, MapKind, Role
from cg_upscaler.pixels import normals, transfer
from cg_upscaler.pixels.rows import Pixels
from cg_upscaler.pixels.views import picked

_WEIGHED = (AlphaMode.CUTOUT, AlphaMode.BLEND)
_TEXEL_BY_TEXEL = (MapKind.DATA, MapKind.PIXEL_ART)

_STEPS = (1 << 16) - 1
_LIGHT = transfer.srgb_to_linear(np.linspace(0, 1, _STEPS + 1, dtype=np.float32)).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Lane:
    """A channel group on its way: a few channels of the stored picture, and others of the one that is filtered."""

    group: Group
    first: int
    """Of its channels among those that are filtered."""
    picked: bool = False
    """Not filtered at all: its values stand for something, or are the same everywhere."""
    weighed: bool = False
    """Counts as far as it is seen."""
    rough: bool = False
    """Widened by lost bumps, as roughness is."""
    glossy: bool = False
    """The same, upside down."""

    @property
    def stored(self) -> tuple[int, ...]:
        """The channels that it is read from; of equal ones the first."""
        return self.group.targets[: len(self.group.channels)]

    @property
    def is_vector(self) -> bool:
        return self.group.role is Role.NORMAL

    @property
    def channels(self) -> tuple[int, ...]:
        """Its channels among those that are filtered."""
        count = 0 if self.picked else 3 if self.is_vector else len(self.group.channels)
        return tuple(range(self.first, self.first + count))

    @property
    def _curved(self) -> bool:
        return self.group.role in (Role.COLOR, Role.SCALAR) and self.group.color_space is ColorSpace.SRGB

    def lift(self, stored: Pixels) -> Pixels:
        """Return the group's channels, taken from the whole picture, in the numbers in which they are filtered."""
        own = picked(stored, self.stored)
        if self.is_vector:
            return normals.decode(own, signed=self.group.signed)
        return _light(own) if self._curved else own

    def lower(self, filtered: Pixels, *, whole: bool) -> Pixels:
        """Return the group's channels as they are stored; `whole` numbers lie within 0 … 1."""
        if self.is_vector:
            count = len(self.group.channels)
            if count == 2:  # where z is rebuilt it is never negative
                filtered = np.maximum(filtered, np.array([-np.inf, -np.inf, 0], np.float32))
            return normals.encode(normals.normalise(filtered), count, signed=self.group.signed)
        bounded = np.clip(filtered, 0, 1) if whole else filtered
        return transfer.linear_to_srgb(bounded) if self._curved else bounded


def lanes_of(job: Job) -> tuple[Lane, ...]:
    """Return the lane of each group of a job, in their order."""
    result: list[Lane] = []
    alpha = next((group for group in job.groups if group.role is Role.ALPHA and not group.constant), None)
    hides = alpha is not None and job.alpha in _WEIGHED
    first = 0
    for group in job.groups:
        # What is packed has its own kind for each group; a texture's own counts where they have none.
        kind = group.holds or job.kind
        rough, glossy = (
            bool(job.mips.normals) and kind is wanted and group.role in (Role.COLOR, Role.SCALAR)
            for wanted in (MapKind.ROUGHNESS, MapKind.GLOSS)
        )
        lane = Lane(
            group,
            first,
            picked=_is_picked(group, job) or (group.constant and not rough and not glossy),
            weighed=hides and group.role in (Role.COLOR, Role.SCALAR),
            rough=rough,
            glossy=glossy,
        )
        result.append(lane)
        first += len(lane.channels)
    return tuple(result)


def alpha_of(lanes: Sequence[Lane]) -> int | None:
    """Return which of the filtered channels is transparency."""
    return next((lane.first for lane in lanes if lane.group.role is Role.ALPHA and not lane.picked), None)


def _is_picked(group: Group, job: Job) -> bool:
    return group.model == NEAREST and job.kind in _TEXEL_BY_TEXEL


def _light(stored: Pixels) -> Pixels:
    """Decode sRGB, to the nearest of 2¹⁶ steps between 0 and 1: exact for what files of 8 or 16 bits hold."""
    if stored.size and not (stored.min() >= 0 and stored.max() <= 1):
        return transfer.srgb_to_linear(stored)
    steps = stored * np.float32(_STEPS)
    steps += np.float32(0.5)
    return np.take(_LIGHT, steps.astype(np.uint16))
