"""Holds how much of a picture is there: of a cut-out the share that passes the alpha test, else its mean alpha."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from cg_upscaler.pixels.resample import CUBIC_REACH, enlarge, tent
from cg_upscaler.pixels.rows import Pixels, Source, blocks
from cg_upscaler.pixels.scratch import kept
from cg_upscaler.pixels.views import Mapped
from cg_upscaler.pixels.windows import Local
from cg_upscaler.spec import Depth

_BINS = 1 << 16

_SLOPED = np.float32(0.25)
_ABOUT = np.float32(1 / 8)
"""Less than between two values of a halved mask, so that of two texels the more solid one stays so."""

_STEEPER = 1.5
"""What makes borders about a texel wide again after they were `sloped`, and been bent."""


def sloped(factor: int) -> Local:
    """Return the verb that takes (result, source) windows of alpha to the result with some slope to its borders.

    A generator's borders are cliffs with nothing but haze before them: moved by more than a texel they fall apart. The
    source, resampled, says where they would go on, and tells texels apart that are equal otherwise: resampled by a
    tent, which goes nowhere beyond its neighbours.
    """

    def apply(result: Pixels, source: Pixels) -> Pixels:
        return np.clip(result, 0, 1) * (1 - _SLOPED) + enlarge(source, factor, tent) * _SLOPED

    return Local(apply, reach=CUBIC_REACH, ratio=factor)


def with_coverage_of(source: Source, result: Source, threshold: float, depth: Depth) -> Source:
    """Return the enlarged alpha `result` with the share of texels at or above `threshold` that `source` has.

    Both have one channel, 0 … 1; `depth` is what the result will be rounded to before it is tested. Clear stays clear
    and solid stays solid: what is between is bent, so that the level that covers as much comes to the threshold. The
    whole result is looked through once for that.
    """
    passing = sum(int((block >= np.float32(threshold)).sum()) for block in blocks(source))
    return with_share(result, passing / source.size.pixels, threshold, depth, steeper=_STEEPER)


def share_of(alpha: Source, threshold: float, depth: Depth) -> float:
    """Return which share of an alpha, one channel of 0 … 1, passes the test once it is rounded to a file's levels."""
    at = np.float32(passes_from(threshold, depth))
    return sum(int((block >= at).sum()) for block in blocks(alpha)) / alpha.size.pixels


def with_share(alpha: Source, share: float, threshold: float, depth: Depth, *, steeper: float = 1.0) -> Source:
    """Return an alpha bent so that a `share` of it, as nearly as whole texels can, is at or above `threshold`.

    Clear stays clear and solid stays solid, and of two texels the more solid one stays so. `steeper` than 1 makes
    borders harder.
    """
    wanted = round(share * alpha.size.pixels)
    at = passes_from(threshold, depth)
    if not 0 < at < 1:
        return alpha  # everything passes, or nothing can
    alpha = kept(alpha)
    level = np.float32(_level_of(_histogram(alpha), wanted, at))
    return Mapped(alpha, lambda texels: _bent(texels, level, np.float32(at), np.float32(steeper)), 1)


def told_apart() -> Local:
    """Return the verb that tells texels apart that are equally transparent: by what is about them.

    A hard mask, halved by a box, has but five values, and no level between them has the right share above it. Clear
    stays clear, and solid stays solid.
    """

    def apply(alpha: Pixels) -> Pixels:
        about = cv2.GaussianBlur(alpha, (5, 5), 1, borderType=cv2.BORDER_REPLICATE).reshape(alpha.shape)
        return np.where((alpha > 0) & (alpha < 1), alpha + _ABOUT * (about - alpha), alpha)

    return Local(apply, reach=2)


def with_mean_alpha_of(source: Source, result: Source) -> Source:
    """Return the enlarged alpha `result` with the mean of `source`, both of one channel, 0 … 1.

    Where alpha is hard and not matched, edges may have moved. What is clear or solid stays so; what is between gives
    way, as far as it can without turning over.
    """
    wanted, there, room = 0.0, 0.0, 0.0
    for block in blocks(source):
        wanted += float(block.sum(dtype=np.float64)) / source.size.pixels
    result = kept(result)
    for block in blocks(result):
        there += float(block.sum(dtype=np.float64)) / result.size.pixels
        room += float((block * (1 - block)).sum(dtype=np.float64)) / result.size.pixels
    if room <= 0:
        return result
    bend = np.float32(max(-1.0, min(1.0, (wanted - there) / room)))
    return Mapped(result, lambda alpha: alpha + bend * alpha * (1 - alpha), 1)


def passes_from(threshold: float, depth: Depth) -> float:
    """Return the smallest number that passes the alpha test once it has been rounded to a file's levels."""
    if depth.is_float:
        return threshold
    return (math.ceil(threshold * depth.levels - 1e-6) - 0.5) / depth.levels


def _histogram(alpha: Source) -> NDArray[np.int64]:
    counts = np.zeros(_BINS, np.int64)
    for block in blocks(alpha):
        bins = np.clip(block * _BINS, 0, _BINS - 1).astype(np.int32)
        counts += np.bincount(bins.ravel(), minlength=_BINS)
    return counts


def _level_of(counts: NDArray[np.int64], wanted: int, at: float) -> float:
    """Return the level from which on `wanted` texels lie, as nearly as may be: of equal ones that closest to `at`."""
    passing = np.cumsum(counts[::-1])[::-1][1:]  # from the lower border of each bin but the first, which is 0
    off = np.abs(passing - wanted)
    levels = np.arange(1, _BINS) / _BINS
    best = np.flatnonzero(off == off.min())
    return float(levels[best[np.argmin(np.abs(levels[best] - at))]])


def _bent(alpha: Pixels, level: np.float32, at: np.float32, steeper: np.float32) -> Pixels:
    above = at + (alpha - level) * ((1 - at) / (1 - level)) * steeper
    below = at + (alpha - level) * (at / level) * steeper
    return np.clip(np.where(alpha >= level, above, below), 0, 1)
