"""Turns what a texture file holds into what an eye sees of it: red, green and blue of 0 … 255, and alpha apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from cg_upscaler.geometry import Size
from cg_upscaler.job import Action, Job
from cg_upscaler.maps import POLICIES, AlphaMode, ColorSpace, Treatment
from cg_upscaler.measure.subject import Shown, Subject, subject_of, subject_of_job
from cg_upscaler.pixels.rows import Pixels, Source
from cg_upscaler.spec import ImageSpec

Bytes = NDArray[np.uint8]

_STRIP = 1 << 20
"""Texels that are looked at at once."""
SEEN_THROUGH = (AlphaMode.CUTOUT, AlphaMode.BLEND, AlphaMode.PREMULTIPLIED)


@dataclass(frozen=True, slots=True)
class Look:
    """How the numbers of a file become colours."""

    subject: Subject
    colour: Shown
    """Of what is seen."""
    data: Shown
    """Of numbers by themselves."""
    alpha: int | None
    """Which channel is transparency, or data in its place."""

    def __call__(self, stored: Pixels) -> Bytes:
        """Return (h, w, 3) of red, green and blue, or (h, w, 4) with alpha, of stored numbers (h, w, c)."""
        stored = np.nan_to_num(stored, nan=0.0, posinf=65504.0, neginf=-65504.0)
        parts = [self._colours(stored)]
        if self.alpha is not None:
            parts.append(stored[:, :, self.alpha, None])
        picture = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=2)
        return np.asarray(np.rint(np.clip(picture, 0, 1) * 255), np.uint8)

    def rows(self, source: Source, top: int, bottom: int, left: int = 0, right: int | None = None) -> Bytes:
        """Return what is seen of some rows of a picture. Bytes that are shown as they are never become numbers."""
        held = getattr(source, "pixels", None)
        channels = self._as_they_are
        if held is None or held.dtype != np.uint8 or channels is None:
            return self(source.rows(top, bottom)[:, left:right])
        taken = [held[top:bottom, left:right, channel] for channel in channels]
        colours = taken * 3 if len(taken) == 1 else [*taken, *[np.zeros_like(taken[0])] * (3 - len(taken))]
        if self.alpha is not None:
            colours.append(held[top:bottom, left:right, self.alpha])
        return np.asarray(cv2.merge([np.ascontiguousarray(plane) for plane in colours]), np.uint8)

    @property
    def _as_they_are(self) -> tuple[int, ...] | None:
        """The channels that are red, green and blue, or gray, where 0 … 1 is shown as 0 … 1."""
        subject = self.subject
        if subject.vectors:
            return subject.vectors if len(subject.vectors) == 3 and not subject.signed else None
        if self.colour.space is ColorSpace.LINEAR or (self.colour.low, self.colour.high) != (0.0, 1.0):
            return None
        return subject.colour if len(subject.colour) == 3 else self._numbers

    @property
    def _numbers(self) -> tuple[int, ...]:
        numbers = (*self.subject.colour, *self.subject.data)
        return tuple(channel for channel in numbers if channel != self.alpha)[:3]

    def _colours(self, stored: Pixels) -> Pixels:
        if self.subject.vectors:
            return np.asarray(self.subject.field(stored) / 2 + 0.5, np.float32)
        if len(self.subject.colour) == 3:
            return self.colour(stored[:, :, list(self.subject.colour)])
        numbers = list(self._numbers)
        shown = self.colour(stored[:, :, numbers[:1]])
        if len(numbers) == 1:
            return shown.repeat(3, 2)
        rest = self.data(stored[:, :, numbers[1:]])
        return np.pad(np.concatenate([shown, rest], axis=2), ((0, 0), (0, 0), (0, 3 - len(numbers))))


def looks(source: tuple[ImageSpec, Source] | None, result: ImageSpec | None, job: Job | None) -> tuple[Look, Look]:
    """Return how a source and its result are looked at: alike, as far as they hold the same."""
    spec = source[0] if source else result
    assert spec is not None
    before = _subject(spec, job)
    high_low = _range(source[1], before) if source else (0.0, 1.0)
    first = _look(before, spec, high_low)
    if result is None or (result.channels == spec.channels and result.depth == spec.depth):
        return first, first
    after = _subject(result, job)
    if result.channels == spec.channels and result.depth.is_float == spec.depth.is_float:
        after = replace(before, signed=before.signed and result.depth.is_float)
    return first, _look(after, result, high_low if result.depth.is_float and spec.depth.is_float else (0.0, 1.0))


def _subject(spec: ImageSpec, job: Job | None) -> Subject:
    if job is None:
        count = min(3, spec.channels - (spec.alpha is not None))
        return Subject(next(iter(POLICIES)), spec.color_space, tuple(range(3 if count == 3 else 1)))
    if job.action is Action.UPSCALE and job.source_spec is not None and job.source_spec.channels == spec.channels:
        return subject_of_job(job)
    if POLICIES[job.kind].treatment is Treatment.COPY:  # numbers that are shown as they are
        return subject_of(spec, next(iter(POLICIES)), job.alpha, space=ColorSpace.DATA)
    return subject_of(spec, job.kind, job.alpha)


def _look(subject: Subject, spec: ImageSpec, bounds: tuple[float, float]) -> Look:
    free = subject.alpha if subject.alpha is not None else spec.alpha
    if subject.vectors and free in subject.vectors:
        free = None
    return Look(subject, Shown(subject.space, *bounds), Shown(ColorSpace.DATA, *bounds), free)


def _range(source: Source, subject: Subject) -> tuple[float, float]:
    """Return the least and the greatest number of a picture without its alpha, and 0 … 1 at least."""
    channels = [*subject.colour, *subject.data]
    if subject.vectors or not channels:
        return 0.0, 1.0
    low, high = 0.0, 1.0
    for top, bottom in strips(source.size, 1):
        part = source.rows(top, bottom)[:, :, channels]
        part = part[np.isfinite(part)]
        low, high = float(part.min(initial=low)), float(part.max(initial=high))
    return low, high


def strips(size: Size, multiple: int) -> Iterator[tuple[int, int]]:
    """Divide rows into strips of a whole multiple, but for the last, that are bounded in texels."""
    step = max(1, _STRIP // (size.width * multiple)) * multiple
    for top in range(0, size.height, step):
        yield top, min(top + step, size.height)


def whole(source: Source, look: Look, divisor: int, *, transparent: bool) -> Bytes:
    """Return a picture with `divisor` × `divisor` texels to each of its own: their mean, weighed by what is seen."""
    parts = []
    for top, bottom in strips(source.size, divisor):
        seen = look.rows(source, top, bottom)
        parts.append(seen if divisor == 1 else _divided(seen, divisor, transparent=transparent))
    return np.concatenate(parts)


def _divided(seen: Bytes, divisor: int, *, transparent: bool) -> Bytes:
    height, width = (-(-side // divisor) for side in seen.shape[:2])
    missing = ((0, height * divisor - seen.shape[0]), (0, width * divisor - seen.shape[1]), (0, 0))
    padded = np.pad(seen, missing, mode="edge")
    if not transparent or padded.shape[2] < 4:
        return np.asarray(cv2.resize(padded, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    picture = padded.astype(np.float32)
    weight = picture[:, :, 3:] / 255 + 1e-3  # so that hidden colour is still one where nothing is seen
    picture[:, :, :3] *= weight
    small = cv2.resize(np.concatenate([picture, weight], axis=2), (width, height), interpolation=cv2.INTER_AREA)
    mean = np.concatenate([small[:, :, :3] / small[:, :, 4:], small[:, :, 3:4]], axis=2)
    return np.asarray(np.rint(np.clip(mean, 0, 255)), np.uint8)


def part(source: Source, look: Look, left: int, top: int, size: Size) -> Bytes:
    """Return a rectangle of a picture."""
    found = []
    for above, below in strips(Size(source.size.width, size.height), 1):
        found.append(look.rows(source, top + above, top + below, left, left + size.width))
    return np.concatenate(found)
