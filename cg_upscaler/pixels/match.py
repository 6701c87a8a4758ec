"""Makes an enlarged picture hold what its source says: exactly, and with no rings about its edges.

What is missing of the source, box-filtered down, is enlarged and added, within limits, twice. Then each texel of the
source hands the little that is still missing to its own texels in the result, as each has room for it.
"""

from __future__ import annotations

import cv2
import numpy as np

from cg_upscaler.job import Band
from cg_upscaler.pixels import limits
from cg_upscaler.pixels.projection import LOW_PASSES, RADIUS, coarse
from cg_upscaler.pixels.resample import CUBIC_REACH, Kernel, cubic, enlarge, footprint, repeat, shrink, tent
from cg_upscaler.pixels.rows import Pixels
from cg_upscaler.pixels.windows import Local

_PASSES = 2
_SHARPENINGS = 2
"""A kernel spreads what it adds over a texel's neighbours; so it is given that much more contrast before."""

_REACH = _PASSES * (_SHARPENINGS + 1) * CUBIC_REACH
_LOW_REACH = LOW_PASSES * (RADIUS + CUBIC_REACH)

_TINY = np.float32(1e-12)


def matched(
    factor: int,
    fidelity: float,
    band: Band,
    *,
    low: float | None = None,
    high: float | None = None,
    free: bool = False,
) -> Local:
    """Return the verb that takes (result, source) windows, `factor` apart in size, to the matched result.

    What is coarser than a codec's blocks is held in any case, and with it the mean. `fidelity` 0 … 1 says how far all
    the rest is; under `Band.LOW` it is left alone. At 1 the result, box-filtered down, is the source, and goes no
    further beyond it than `limits` says: twice as far where it is `free`, being only resampled. `low` and `high` bound
    it in any case.
    """
    share = 0.0 if band is Band.LOW else fidelity
    lowest, highest = np.float32(-np.inf if low is None else low), np.float32(np.inf if high is None else high)

    def apply(result: Pixels, source: Pixels) -> Pixels:
        source = np.clip(source, lowest, highest)
        if share == 1:
            return wholly(result, source)
        coarsely = _coarsely(result, source, factor, lowest, highest)
        return coarsely if share == 0 else coarsely + np.float32(share) * (wholly(result, source) - coarsely)

    def wholly(result: Pixels, source: Pixels) -> Pixels:
        least, most = limits.limits(source)
        if free:
            least, most = 2 * least - most, 2 * most - least
        bounds = [enlarge(np.clip(limit, lowest, highest), factor, tent) for limit in (least, most)]
        return _wholly(result, source, factor, cubic if free else tent, *bounds)

    return Local(apply, reach=_REACH if share == 1 else max(_REACH, _LOW_REACH), ratio=factor)


def _wholly(result: Pixels, source: Pixels, factor: int, kernel: Kernel, low: Pixels, high: Pixels) -> Pixels:
    for _ in range(_PASSES):
        nudge = enlarge(_sharpened(source - shrink(result, factor), factor, kernel), factor, kernel)
        nudge += result
        result = _between(low, nudge, high)
    return _exactly(result, source, low, high, factor)


def _coarsely(result: Pixels, source: Pixels, factor: int, lowest: np.float32, highest: np.float32) -> Pixels:
    for _ in range(LOW_PASSES):
        missing = coarse(source - shrink(result, factor))
        result = np.clip(result + enlarge(missing, factor, tent), lowest, highest)
    return result


def _exactly(result: Pixels, source: Pixels, low: Pixels, high: Pixels, factor: int) -> Pixels:
    """Move what each source texel became towards a limit, all of it by the same share of its way, to the right mean.

    The means of the limits lie on either side of the source, so there is such a share, and nothing goes beyond them.
    """
    there = shrink(result, factor)
    missing = source - there
    for limit, sign in ((high, 1), (low, -1)):
        room = np.maximum(sign * (shrink(limit, factor) - there), _TINY)
        way = limit - result
        way *= repeat(np.clip(sign * missing / room, 0, 1), factor)
        result += way
    return result


def _sharpened(pixels: Pixels, factor: int, kernel: Kernel) -> Pixels:
    """Return what is nearly `pixels` again when it is enlarged and box-filtered down: a Neumann series, cut short."""
    blur = footprint(factor, kernel)
    result, left = pixels, pixels
    for _ in range(_SHARPENINGS):
        there = cv2.sepFilter2D(left, cv2.CV_32F, blur, blur, borderType=cv2.BORDER_REPLICATE)
        left = left - np.asarray(there, np.float32).reshape(pixels.shape)
        result = result + left
    return result


def _between(low: Pixels, pixels: Pixels, high: Pixels) -> Pixels:
    """Clamp `pixels` where they are: several times as fast as numpy's `clip` of arrays."""
    flat = pixels.reshape(len(pixels), -1)
    cv2.max(flat, low.reshape(flat.shape), dst=flat)
    cv2.min(flat, high.reshape(flat.shape), dst=flat)
    return pixels
