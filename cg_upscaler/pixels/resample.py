"""Changes the size of a picture by a whole factor: enlarges by a cubic, shrinks by a box."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from cg_upscaler.geometry import Size
from cg_upscaler.maps import ColorSpace
from cg_upscaler.pixels import transfer
from cg_upscaler.pixels.reach import CUBIC_REACH as CUBIC_REACH
from cg_upscaler.pixels.reach import TENT_REACH as TENT_REACH
from cg_upscaler.pixels.rows import Pixels, Source, as_texels

Kernel = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def cubic(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the Catmull-Rom kernel (Keys 1981, a = -1/2): it reproduces constants, ramps and parabolas exactly.

    OpenCV's own bicubic has a = -3/4, under which a ramp comes back as a wavy one.
    """
    t: NDArray[np.float64] = np.abs(distance)
    near = 1.5 * t**3 - 2.5 * t**2 + 1
    far = -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2
    return np.where(t < 1, near, np.where(t < 2, far, 0.0))


def tent(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the kernel of linear interpolation: softer than the cubic, and never beyond what it interpolates."""
    t: NDArray[np.float64] = np.abs(distance)
    return np.maximum(0.0, 1 - t)


@cache
def phases(factor: int, kernel: Kernel) -> tuple[NDArray[np.float32], ...]:
    """Return the kernel of each of `factor` texels that one source texel becomes, over source texels -2 … +2."""
    taps = np.arange(-CUBIC_REACH, CUBIC_REACH + 1, dtype=np.float64)
    kernels = []
    for phase in range(factor):
        centre = (phase + 0.5) / factor - 0.5
        weights = kernel(taps - centre)
        kernels.append((weights / weights.sum()).astype(np.float32))
    return tuple(kernels)


def footprint(factor: int, kernel: Kernel) -> NDArray[np.float32]:
    """Return what a texel is among its neighbours, -2 … +2, after it was enlarged and box-filtered down again."""
    return np.asarray(np.mean(phases(factor, kernel), axis=0), np.float32)


def enlarge(pixels: Pixels, factor: int, kernel: Kernel = cubic) -> Pixels:
    """Return (h, w, c) as (factor·h, factor·w, c). Its outermost texels know of nothing beyond."""
    if factor == 1:
        return pixels
    height, width, channels = pixels.shape
    if kernel is tent:  # which OpenCV does as exactly, and twenty times as fast
        return _resized(pixels, height * factor, width * factor, cv2.INTER_LINEAR)
    one = np.ones(1, np.float32)
    tall = np.empty((height * factor, width, channels), np.float32)
    for phase, weights in enumerate(phases(factor, kernel)):
        tall[phase::factor] = _filter(pixels, one, weights)
    result = np.empty((height * factor, width * factor, channels), np.float32)
    for phase, weights in enumerate(phases(factor, kernel)):
        as_texels(result)[:, phase::factor] = as_texels(_filter(tall, weights, one))
    return result


def _filter(pixels: Pixels, kernel_x: NDArray[np.float32], kernel_y: NDArray[np.float32]) -> Pixels:
    filtered = cv2.sepFilter2D(pixels, cv2.CV_32F, kernel_x, kernel_y, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(filtered, np.float32).reshape(pixels.shape)  # OpenCV drops a last axis of one channel


def shrink(pixels: Pixels, factor: int) -> Pixels:
    """Return the means of factor × factor texels: (factor·h, factor·w, c) as (h, w, c)."""
    if factor == 1:
        return pixels
    height, width = pixels.shape[:2]
    return _resized(pixels, height // factor, width // factor, cv2.INTER_AREA)


def repeat(pixels: Pixels, factor: int) -> Pixels:
    """Return (h, w, c) as (factor·h, factor·w, c), each texel a square of its own."""
    height, width = pixels.shape[:2]
    return _resized(pixels, height * factor, width * factor, cv2.INTER_NEAREST)


def _resized(pixels: Pixels, height: int, width: int, how: int) -> Pixels:
    resized = cv2.resize(np.ascontiguousarray(pixels), (width, height), interpolation=how)
    return np.asarray(resized, np.float32).reshape(height, width, pixels.shape[2])


def halve(source: Source, color_space: ColorSpace) -> Source:
    """Box-filter a picture of even sides to half its size: in linear light where it is colour under the sRGB curve."""
    return _Halved(source, color_space)


@dataclass(frozen=True, slots=True)
class _Halved:
    source: Source
    color_space: ColorSpace

    @property
    def size(self) -> Size:
        return Size(self.source.size.width // 2, self.source.size.height // 2)

    @property
    def channels(self) -> int:
        return self.source.channels

    def rows(self, start: int, stop: int) -> Pixels:
        pixels = self.source.rows(2 * start, 2 * stop)
        if self.color_space is not ColorSpace.SRGB:
            return shrink(pixels, 2)
        return transfer.linear_to_srgb(shrink(transfer.srgb_to_linear(pixels), 2))
