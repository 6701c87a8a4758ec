"""A channel group as it is measured: found in the source and in rows of the result, in numbers that compare."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from cg_upscaler.geometry import Size
from cg_upscaler.job import Group, Job
from cg_upscaler.maps import AlphaMode, Role
from cg_upscaler.measure.subject import Shown
from cg_upscaler.pixels.channels import finite
from cg_upscaler.pixels.rows import Pixels, Source, blocks
from cg_upscaler.pixels.views import picked

STRIP = 1 << 17
"""Texels that are measured at a time: few enough to stay in a processor's cache."""

_SEEN_THROUGH = (AlphaMode.CUTOUT, AlphaMode.BLEND)
"""Under these, colour counts as far as it is seen. Premultiplied colour holds that already."""


@dataclass(frozen=True, slots=True)
class Part:
    """A group of a job, beside its source."""

    group: Group
    source: Source
    """The whole texture, finite."""
    shown: Shown
    """Brings stored numbers to 0 … 1: light by a curve, other numbers by the range that the source has."""
    alpha: Group | None
    """What hides it, if anything does."""

    def before(self, rows: Pixels) -> Pixels:
        """Return the group's channels of rows of the source, in stored numbers."""
        return picked(rows, self.group.channels)

    def after(self, rows: Pixels) -> Pixels:
        """Return the group's channels of rows of the result, in stored numbers. Of equal ones, the first."""
        return picked(rows, self.group.targets[: len(self.group.channels)])

    def seen_before(self, rows: Pixels) -> Pixels | None:
        """Return how far texels of the source are seen, (h, w, 1); None: throughout."""
        return None if self.alpha is None else np.clip(picked(rows, self.alpha.channels), 0, 1)

    def seen_after(self, rows: Pixels) -> Pixels | None:
        """Return the same of texels of the result."""
        return None if self.alpha is None else np.clip(picked(rows, self.alpha.targets), 0, 1)


def parts_of(source: Source, job: Job) -> Iterator[Part]:
    """Yield the groups of a job. The source is looked through once, for its ranges."""
    source = finite(source)
    low, high = np.zeros(source.channels, np.float32), np.ones(source.channels, np.float32)
    for block in blocks(source, STRIP):
        # One axis after the other: both at once take NumPy fifty times as long.
        low = np.minimum(low, block.min(axis=0).min(axis=0))
        high = np.maximum(high, block.max(axis=0).max(axis=0))
    alpha = next((group for group in job.groups if group.role is Role.ALPHA), None)
    for group in job.groups:
        held = list(group.channels)
        hidden = job.alpha in _SEEN_THROUGH and group.role in (Role.COLOR, Role.SCALAR)
        yield Part(
            group,
            source,
            Shown(group.color_space, float(low[held].min()), float(high[held].max())),
            alpha if hidden else None,
        )


def strips(size: Size, height: int, multiple: int = 1) -> Iterator[tuple[int, int]]:
    """Yield start and stop of the strips in which `height` rows of a picture are measured, whole multiples each."""
    step = max(1, STRIP // size.width // multiple) * multiple
    for start in range(0, height, step):
        yield start, min(start + step, height)
