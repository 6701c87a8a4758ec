"""Pictures made of arrays and of other pictures: picked, converted, padded, cropped, stacked. All of them lazy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cg_upscaler.geometry import Edges, Size, Span
from cg_upscaler.pixels.edges import take
from cg_upscaler.pixels.rows import Pixels, Source, to_float


def picked(pixels: Pixels, channels: Sequence[int]) -> Pixels:
    """Return some channels in a given order, in memory as pictures are; the picture itself where these are its own."""
    if tuple(channels) == tuple(range(pixels.shape[2])):
        return pixels
    result: Pixels = np.empty((*pixels.shape[:2], len(channels)), np.float32)
    for to, channel in enumerate(channels):  # several times as fast as by a list of indices
        result[:, :, to] = pixels[:, :, channel]
    return result


def for_each_channel(plane: Pixels, channels: int) -> Pixels:
    """Return a picture of one channel as one of several that are equal: to multiply by it, which broadcasts slowly."""
    if channels == 1:
        return plane
    return np.asarray(cv2.merge([plane] * channels), np.float32).reshape(*plane.shape[:2], channels)


@dataclass(frozen=True, slots=True)
class Array:
    """A picture in memory, in its file's own type."""

    pixels: NDArray[np.generic]
    """(height, width, channels) of uint8, uint16, float16 or float32."""

    @property
    def size(self) -> Size:
        return Size(self.pixels.shape[1], self.pixels.shape[0])

    @property
    def channels(self) -> int:
        return int(self.pixels.shape[2])

    def rows(self, start: int, stop: int) -> Pixels:
        return to_float(self.pixels[start:stop])


@dataclass(frozen=True, slots=True)
class Channels:
    """Some channels of a source, in a given order."""

    source: Source
    picks: tuple[int, ...]

    @property
    def size(self) -> Size:
        return self.source.size

    @property
    def channels(self) -> int:
        return len(self.picks)

    def rows(self, start: int, stop: int) -> Pixels:
        return picked(self.source.rows(start, stop), self.picks)


@dataclass(frozen=True, slots=True)
class Mapped:
    """A source with a function applied to each texel by itself."""

    source: Source
    fn: Callable[[Pixels], Pixels]
    channels: int

    @property
    def size(self) -> Size:
        return self.source.size

    def rows(self, start: int, stop: int) -> Pixels:
        return self.fn(self.source.rows(start, stop))


@dataclass(frozen=True, slots=True)
class Resized:
    """A source seen from another corner or at another size: cut off, or continued as its edges say."""

    source: Source
    size: Size
    edges: Edges = Edges()
    left: int = 0
    top: int = 0

    @property
    def channels(self) -> int:
        return self.source.channels

    def rows(self, start: int, stop: int) -> Pixels:
        ys, xs = Span(start + self.top, stop + self.top), Span(self.left, self.left + self.size.width)
        return take(self.source, ys, xs, self.edges)


@dataclass(frozen=True, slots=True)
class Constant:
    """One value for each channel, everywhere."""

    size: Size
    values: tuple[float, ...]

    @property
    def channels(self) -> int:
        return len(self.values)

    def rows(self, start: int, stop: int) -> Pixels:
        row = np.array(self.values, np.float32)
        return np.ascontiguousarray(np.broadcast_to(row, (stop - start, self.size.width, len(row))))


@dataclass(frozen=True, slots=True)
class Merged:
    """Channels gathered from several pictures of one size: each part with the channels of the whole that it gives.

    A part of one channel may give several: a gray picture that is stored as RGB.
    """

    parts: tuple[tuple[Source, tuple[int, ...]], ...]

    @property
    def size(self) -> Size:
        return self.parts[0][0].size

    @property
    def channels(self) -> int:
        return sum(len(targets) for _, targets in self.parts)

    def rows(self, start: int, stop: int) -> Pixels:
        if len(self.parts) == 1 and self.parts[0][1] == tuple(range(self.parts[0][0].channels)):
            return self.parts[0][0].rows(start, stop)
        result: Pixels = np.empty((stop - start, self.size.width, self.channels), np.float32)
        for source, targets in self.parts:
            result[:, :, list(targets)] = source.rows(start, stop)
        return result
