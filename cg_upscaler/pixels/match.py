"""Makes an enlarged picture hold what its source says: back-projection (Irani and Peleg 1991), within limits, exactly.

What is missing of the source, box-filtered down, is enlarged and added, twice. Then each texel of the source hands the
little that is still missing to its own texels in the result, as each has room for it.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from cg_upscaler.job import Band
from cg_upscaler.pixels import limits
from cg_upscaler.pixels.resample import enlarge, enlarge_nearest, shrink, tent
from cg_upscaler.pixels.rows import Pixels
from cg_upscaler.pixels.windows import Local

_PASSES = 2
_SHARPENINGS = 2
"""A tent spreads what it adds over its neighbours; before that it is sharpened by as much, so to speak."""

_SIGMA = 4.0
_RADIUS = 12
"""In source texels: keeps what is coarser than the 8 texels of a JPEG block and the 4 of a compressed texture."""

_DARKEST = np.float32(1e-6)
_STEEPEST = 16.0
"""How much brighter or darker one pass may make a texel."""

Pass = Callable[[Pixels, Pixels], Pixels]
"""Takes (result, source) to the result brought closer."""


def matched(factor: int, fidelity: float, band: Band, *, low: float | None = None, high: float | None = None) -> Local:
    """Return the verb that takes (result, source) windows, `factor` apart in size, to the matched result.

    What is coarser than a codec's blocks is held in any case, and with it the mean. `fidelity` 0 … 1 says how far the
    rest is; `Band.LOW` leaves it alone. At 1 the result, box-filtered down, is the source, and at edges goes no
    further than the source's texels around do (`limits`). `low` and `high` bound it besides.
    """
    lowest, highest = np.float32(-np.inf if low is None else low), np.float32(np.inf if high is None else high)

    def nearer(result: Pixels, source: Pixels) -> Pixels:
        return result + enlarge(_sharpened(source - shrink(result, factor), factor), factor, tent)

    def coarsely(result: Pixels, source: Pixels) -> Pixels:
        nudged = result + enlarge(_coarse(source - shrink(result, factor)), factor, tent)
        return np.clip(nudged, lowest, highest)

    return _verb(factor, 0.0 if band is Band.LOW else fidelity, nearer, coarsely, (lowest, highest))


def matched_light(factor: int, fidelity: float, band: Band) -> Local:
    """The same for linear light of any range: corrected by factors and not by sums.

    Sums would throw dark rings around highlights hundreds of times as bright as what surrounds them.
    """

    def by(wanted: Pixels, there: Pixels) -> Pixels:
        ratio = (wanted + _DARKEST) / (there + _DARKEST)
        return enlarge(np.clip(ratio, 1 / _STEEPEST, _STEEPEST), factor, tent)

    def nearer(result: Pixels, source: Pixels) -> Pixels:
        return result * by(np.maximum(source, 0), shrink(result, factor))

    def coarsely(result: Pixels, source: Pixels) -> Pixels:
        return result * by(_coarse(np.maximum(source, 0)), _coarse(shrink(result, factor)))

    return _verb(factor, 0.0 if band is Band.LOW else fidelity, nearer, coarsely, (np.float32(0), np.float32(np.inf)))


def _verb(
    factor: int, fidelity: float, nearer: Pass, coarsely: Pass, bounds: tuple[np.float32, np.float32]
) -> Local:
    def wholly(result: Pixels, source: Pixels) -> Pixels:
        low, high = (np.clip(limit, *bounds) for limit in limits.limits(np.clip(source, *bounds)))
        lowest, highest = enlarge(low, factor, tent), enlarge(high, factor, tent)
        for _ in range(_PASSES):
            result = _within(nearer(result, source), lowest, highest)
        return _exactly(result, source, lowest, highest, factor)

    def apply(result: Pixels, source: Pixels) -> Pixels:
        if fidelity == 1:
            return wholly(result, source)
        start, result = result, coarsely(coarsely(result, source), source)
        if fidelity > 0:
            result += np.float32(fidelity) * (wholly(start, source) - result)
        return result

    whole = max(limits.REACH + 1, _PASSES * (1 + _SHARPENINGS))
    reach = (whole if fidelity == 1 else max(whole, 2 * (_RADIUS + 1)))
    return Local(apply, reach=reach, ratio=factor)


def _exactly(result: Pixels, source: Pixels, lowest: Pixels, highest: Pixels, factor: int) -> Pixels:
    """Take each source texel's own texels towards a limit, each by the same share of its way, so that the mean is right.

    The limits' means lie on either side of the source, so there always is such a share; and none goes beyond them.
    """
    there = shrink(result, factor)
    missing = source - there
    up, down = shrink(highest, factor) - there, there - shrink(lowest, factor)
    tiny = np.float32(1e-12)
    rise = np.clip(missing / np.maximum(up, tiny), 0, 1)
    fall = np.clip(-missing / np.maximum(down, tiny), 0, 1)
    result = result + enlarge_nearest(rise, factor) * (highest - result)
    result -= enlarge_nearest(fall, factor) * (result - lowest)
    return result


def _sharpened(pixels: Pixels, factor: int) -> Pixels:
    """Return what, enlarged by a tent and box-filtered down again, is nearly `pixels`: a Neumann series, cut short."""
    # Of the tent, a texel's own box holds `own` on average, and each neighbour's the rest.
    own = 1 - 2 * _spilled(factor)
    kernel = np.array([_spilled(factor), own, _spilled(factor)], np.float32)
    result, left = pixels, pixels
    for _ in range(_SHARPENINGS):
        left = left - _filtered(left, kernel)
        result = result + left
    return result


def _spilled(factor: int) -> float:
    """Return how much of a texel a tent gives to each neighbour's box: the mean distance from its centre, halved."""
    return float(np.abs((np.arange(factor) + 0.5) / factor - 0.5).mean() / 2)


def _within(pixels: Pixels, low: Pixels, high: Pixels) -> Pixels:
    bounded = cv2.min(cv2.max(pixels, low), high)
    return np.asarray(bounded, np.float32).reshape(pixels.shape)


def _filtered(pixels: Pixels, kernel: Pixels) -> Pixels:
    blurred = cv2.sepFilter2D(pixels, cv2.CV_32F, kernel, kernel, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(blurred, np.float32).reshape(pixels.shape)


def _coarse(pixels: Pixels) -> Pixels:
    side = 2 * _RADIUS + 1
    blurred = cv2.GaussianBlur(pixels, (side, side), _SIGMA, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(blurred, np.float32).reshape(pixels.shape)
