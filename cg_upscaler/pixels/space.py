"""The way of a channel group into model space, the numbers 0 … 1 that generators were trained on, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from cg_upscaler.geometry import Edges
from cg_upscaler.job import Band, Group
from cg_upscaler.maps import BICUBIC, PLAIN, ColorSpace, Role
from cg_upscaler.pixels import normals, transfer
from cg_upscaler.pixels.holes import INFINITY
from cg_upscaler.pixels.light import matched_light
from cg_upscaler.pixels.match import matched
from cg_upscaler.pixels.projection import projected
from cg_upscaler.pixels.rows import Pixels, Source, blocks
from cg_upscaler.pixels.sharpness import sharpness
from cg_upscaler.pixels.views import Mapped
from cg_upscaler.pixels.windows import Local


class Space(Protocol):
    """Four verbs, each on any block of texels by itself but for `match`."""

    def enter(self, stored: Pixels) -> Pixels:
        """Stored numbers to model space."""
        ...

    def leave(self, model: Pixels) -> Pixels:
        """Model space to working numbers: light, vectors, or the stored ones; in which sizes and values are matched."""
        ...

    def working(self, stored: Pixels) -> Pixels:
        """Stored numbers to working numbers: what the result is matched to."""
        ...

    def match(self, factor: int) -> Local:
        """The verb that takes (result, source), both in working numbers, to the matched result."""
        ...

    def finish(self, working: Pixels) -> Pixels:
        """Working numbers to stored ones, valid for what they mean."""
        ...


def space_of(source: Source, group: Group, edges: Edges = Edges()) -> Space:
    """Return the space for a group. Float pictures are looked through for their range, normal maps for their grain."""
    if group.role is Role.NORMAL:
        return _vectors(source, group, edges)
    if group.color_space is ColorSpace.LINEAR:
        return Light(group, max(1.0, max(float(block.max()) for block in blocks(source))))
    low, high = 0.0, 1.0
    for block in blocks(source):
        low, high = min(low, float(block.min())), max(high, float(block.max()))
    return Numbers(group, low, high)


def _vectors(source: Source, group: Group, edges: Edges) -> Vectors:
    space = Vectors(group, 0.0)
    # A codec's noise looks like grain. What would be sharpened there is not the artist's.
    if group.model != BICUBIC or group.fidelity == 0 or group.band is Band.LOW:
        return space
    levels = 255 if all(_is_of_bytes(block) for block in blocks(source)) else None
    return Vectors(group, sharpness(Mapped(source, space.working, 3), edges, levels))


def _is_of_bytes(stored: Pixels) -> bool:
    scaled = stored * np.float32(255)
    return bool((np.abs(scaled - np.round(scaled)) < 1e-3).all())


@dataclass(frozen=True, slots=True)
class Numbers:
    """Stored numbers as they are: sRGB colour, masks, heights. Float ones may have any range, and are not clamped."""

    group: Group
    low: float = 0.0
    high: float = 1.0

    @property
    def _bounds(self) -> tuple[float | None, float | None]:
        # Beside what stands for infinity a filter rings by thousands.
        bounded = (self.low, self.high) == (0.0, 1.0) or max(-self.low, self.high) >= INFINITY
        return (self.low, self.high) if bounded else (None, None)

    @property
    def _as_they_are(self) -> bool:
        """Whether plain resampling sees them: it takes any range, and small numbers keep all their digits."""
        return self.group.model in PLAIN and self.group.gamma == 1

    def enter(self, stored: Pixels) -> Pixels:
        if self._as_they_are or (self.group.gamma == 1 and (self.low, self.high) == (0.0, 1.0)):
            return stored
        scaled = (stored - np.float32(self.low)) / np.float32(self.high - self.low)
        return transfer.power(scaled, self.group.gamma)

    def leave(self, model: Pixels) -> Pixels:
        if self._as_they_are:
            return self._clamped(model)
        scaled = transfer.power(model, 1 / self.group.gamma)
        if (self.low, self.high) != (0.0, 1.0):
            scaled = scaled * np.float32(self.high - self.low) + np.float32(self.low)
        return self._clamped(scaled)

    def working(self, stored: Pixels) -> Pixels:
        return stored

    def match(self, factor: int) -> Local:
        low, high = self._bounds
        free = self.group.model in PLAIN
        return matched(factor, self.group.fidelity, self.group.band, low=low, high=high, free=free)

    def finish(self, working: Pixels) -> Pixels:
        return self._clamped(working)

    def _clamped(self, numbers: Pixels) -> Pixels:
        low, high = self._bounds
        return numbers if low is None else np.clip(numbers, low, high)


@dataclass(frozen=True, slots=True)
class Light:
    """Linear light: under the sRGB curve up to 1, under a log curve where the picture goes beyond."""

    group: Group
    peak: float

    def enter(self, stored: Pixels) -> Pixels:
        light = np.maximum(stored, 0)
        curved = transfer.linear_to_srgb(light) if self.peak <= 1 else transfer.compress(light, self.peak)
        return transfer.power(curved, self.group.gamma)

    def leave(self, model: Pixels) -> Pixels:
        # A generator overshoots at highlights; in a log curve a little more is a great deal of light.
        bounded = transfer.power(np.clip(model, 0, 1), 1 / self.group.gamma)
        return transfer.srgb_to_linear(bounded) if self.peak <= 1 else transfer.expand(bounded, self.peak)

    def working(self, stored: Pixels) -> Pixels:
        return stored

    def match(self, factor: int) -> Local:
        return matched_light(factor, self.group.fidelity, self.group.band)

    def finish(self, working: Pixels) -> Pixels:
        return np.maximum(working, 0)


@dataclass(frozen=True, slots=True)
class Vectors:
    """Unit vectors, stored in two or three channels. No clamping on the way: it would bend them."""

    group: Group
    sharpness: float
    """0 … 1: how far bicubic resampling is to be matched; what a generator gives always is."""

    def enter(self, stored: Pixels) -> Pixels:
        return normals.encode(self.working(stored), 3)

    def leave(self, model: Pixels) -> Pixels:
        return model * np.float32(2) - np.float32(1)

    def working(self, stored: Pixels) -> Pixels:
        return normals.normalise(normals.decode(stored, signed=self.group.signed))

    def match(self, factor: int) -> Local:
        share = self.sharpness if self.group.model == BICUBIC else 1.0
        return projected(factor, share * self.group.fidelity, self.group.band)

    def finish(self, working: Pixels) -> Pixels:
        channels = len(self.group.channels)
        if channels == 2:  # where z is rebuilt it is never negative
            working = np.maximum(working, np.array([-np.inf, -np.inf, 0], np.float32))
        return normals.encode(normals.normalise(working), channels, signed=self.group.signed)
