"""What the channels of a texture mean, as far as measuring it needs to know."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cg_upscaler.job import Job
from cg_upscaler.maps import POLICIES, AlphaMode, ColorSpace, MapKind, Role, Treatment
from cg_upscaler.measure.angular import XYZ, vectors
from cg_upscaler.pixels import transfer
from cg_upscaler.pixels.rows import Pixels
from cg_upscaler.spec import ImageSpec

_SEEN_THROUGH = (AlphaMode.CUTOUT, AlphaMode.BLEND, AlphaMode.PREMULTIPLIED)


@dataclass(frozen=True, slots=True)
class Subject:
    """A texture's kind and what each of its channels holds."""

    kind: MapKind
    space: ColorSpace
    """Of the colour channels."""
    colour: tuple[int, ...]
    """Channels of colour: three, or one for gray."""
    data: tuple[int, ...] = ()
    """Channels of numbers by themselves: packed maps, an alpha that is none."""
    vectors: tuple[int, ...] = ()
    """Channels of x, y and, unless it is to be rebuilt, z."""
    signed: bool = False
    """Vectors are stored as -1 … 1, as float files can, and not as 0 … 1."""
    alpha: int | None = None
    """The channel of transparency, if there is any."""
    mode: AlphaMode = AlphaMode.NONE
    threshold: float = 0.5
    """Of a cut-out: alpha from here on is seen."""

    def field(self, pixels: Pixels) -> Pixels:
        """Return the vectors (h, w, 3) of a picture of this kind."""
        return vectors(pixels, self.vectors, signed=self.signed)

    @property
    def seen(self) -> bool:
        """Whether it is a picture for the eye, rather than numbers for a shader."""
        return POLICIES[self.kind].color_space is not ColorSpace.DATA

    @property
    def premultiplied(self) -> bool:
        return self.mode is AlphaMode.PREMULTIPLIED


def subject_of(
    spec: ImageSpec,
    kind: MapKind,
    mode: AlphaMode = AlphaMode.NONE,
    layout: tuple[int, ...] = (),
    signed: bool = False,
    space: ColorSpace | None = None,
) -> Subject:
    """Return what a texture of that kind is. A normal map's vectors are its first colour channels unless given."""
    plain = tuple(channel for channel in range(spec.channels) if channel != spec.alpha)
    mask = (spec.alpha,) if spec.alpha is not None and mode is AlphaMode.MASK else ()
    treatment = POLICIES[kind].treatment
    if space is None:
        space = POLICIES[kind].color_space
        if space is ColorSpace.SRGB and (spec.depth.is_float or spec.color_space is ColorSpace.LINEAR):
            space = ColorSpace.LINEAR
    if treatment is Treatment.NORMAL and len(layout or plain) > 1:
        layout = layout or plain[: len(XYZ)]
        rest = tuple(channel for channel in (*plain, *mask) if channel not in layout)
        return Subject(kind, ColorSpace.DATA, (), rest, layout, signed, mode=mode)
    alpha = spec.alpha if mode in _SEEN_THROUGH else None
    count = 3 if len(plain) >= 3 and treatment is not Treatment.CHANNELS else 1
    return Subject(kind, space, plain[:count], (*plain[count:], *mask), alpha=alpha, mode=mode)


def subject_of_job(job: Job) -> Subject:
    """Return what the texture of a job is, as its groups say."""
    if job.source_spec is None:
        raise ValueError(f"{job.name} is not upscaled")
    normal = next((group for group in job.groups if group.role is Role.NORMAL), None)
    layout, signed = (normal.channels, normal.signed) if normal else ((), False)
    space = next((group.color_space for group in job.groups if group.role is Role.COLOR), None)
    subject = subject_of(job.source_spec, job.kind, job.alpha, layout, signed, space)
    return replace(subject, threshold=job.alpha_threshold)


@dataclass(frozen=True, slots=True)
class Shown:
    """How stored numbers become 0 … 1, as they are seen or, where nobody sees them, as they lie in their range.

    Two pictures can be compared only if they are shown alike, so it is fixed by one of them.
    """

    space: ColorSpace
    low: float
    high: float

    def __call__(self, stored: Pixels) -> Pixels:
        if self.space is ColorSpace.LINEAR:
            light = np.maximum(stored, 0)
            return transfer.linear_to_srgb(light) if self.high <= 1 else transfer.compress(light, self.high)
        return np.asarray((stored - self.low) / (self.high - self.low), np.float32)


def shown(reference: Pixels, space: ColorSpace) -> Shown:
    """Return how pictures like `reference` are shown: light under a curve, other floats by the range that they have."""
    low, high = float(reference.min(initial=0.0)), float(reference.max(initial=1.0))
    return Shown(space, low, high)
