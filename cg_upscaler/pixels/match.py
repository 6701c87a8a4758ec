"""Makes an enlarged picture hold what its source says: exactly, and with no rings about its edges.

What is missing of the source, box-filtered down, is enlarged and added, within limits, twice (back-projection, Irani
and Peleg 1991). Then each texel of the source hands the little that is still missing to its own texels in the result,
as each has room for it.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from cg_upscaler.job import Band, Group
from cg_upscaler.maps import PLAIN, Role
from cg_upscaler.pixels.limits import limits
from cg_upscaler.pixels.projection import RADIUS, coarse
from cg_upscaler.pixels.resample import CUBIC_REACH, TENT_REACH, Kernel, cubic, enlarge, footprint, repeat, shrink, tent
from cg_upscaler.pixels.rows import Pixels
from cg_upscaler.pixels.windows import Local

_PASSES = 2
_SHARPENINGS = 2
"""A kernel spreads what it adds over a texel's neighbours; so it is given that much more contrast before."""

_BOUNDS_REACH = 2 + TENT_REACH
_LOW_REACH = 3 * (RADIUS + 1)

_TINY = np.float32(1e-12)

Bounds = tuple[Pixels, Pixels]
"""The lowest and the highest that each texel of a result may be."""

Seen = Callable[[Pixels], Pixels]


def is_matched(group: Group) -> bool:
    """Whether a group is matched at all. What is merely resampled is only to a fidelity, and so is transparency, whose
    hard edges would get stairs; what a generator drew is in any case, for its mean would drift.
    """
    return group.fidelity > 0 or (group.role in (Role.COLOR, Role.SCALAR) and group.model not in PLAIN)


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

    At any `fidelity` it holds what is coarser than a codec's blocks, and so the mean, and goes no further beyond the
    source than `limits` says: twice as far where it is `free`, being only resampled. `fidelity` 0 … 1 says how far all
    the rest is held; under `Band.LOW` it is not. At 1 the result, box-filtered down, is the source. `low` and `high`
    bound both.
    """
    share = np.float32(0 if band is Band.LOW else fidelity)
    kernel = cubic if free else tent
    lowest, highest = np.float32(-np.inf if low is None else low), np.float32(np.inf if high is None else high)

    def apply(result: Pixels, source: Pixels) -> Pixels:
        source = np.clip(source, lowest, highest)
        least, most = limits(source)
        if free:
            least, most = 2 * least - most, 2 * most - least
        least, most = np.clip(least, lowest, highest), np.clip(most, lowest, highest)
        bounds = enlarge(least, factor, tent), enlarge(most, factor, tent)
        if share == 1:
            return _wholly(result, source, bounds, factor, kernel)
        coarsely = _coarsely(result, source, bounds, factor)
        if share == 0:
            return coarsely
        return coarsely + share * (_wholly(result, source, bounds, factor, kernel) - coarsely)

    reach = _PASSES * max(_BOUNDS_REACH, (_SHARPENINGS + 1) * (CUBIC_REACH if free else TENT_REACH))
    return Local(apply, reach=reach if share == 1 else max(reach, _LOW_REACH), ratio=factor)


def _wholly(result: Pixels, source: Pixels, bounds: Bounds, factor: int, kernel: Kernel) -> Pixels:
    for _ in range(_PASSES):
        missing = _sharpened(source - shrink(result, factor), factor, kernel)
        result = _nudged(result, enlarge(missing, factor, kernel), bounds)
    return _handed_out(result, source, bounds, factor)


def _coarsely(result: Pixels, source: Pixels, bounds: Bounds, factor: int) -> Pixels:
    result = _nudged(result, _coarsely_missing(result, source, factor), bounds)
    result = _handed_out(result, source, bounds, factor, coarse)  # what was clamped, to where there is room
    return _nudged(result, _coarsely_missing(result, source, factor), bounds)


def _coarsely_missing(result: Pixels, source: Pixels, factor: int) -> Pixels:
    return enlarge(coarse(source - shrink(result, factor)), factor, tent)


def _handed_out(result: Pixels, source: Pixels, bounds: Bounds, factor: int, seen: Seen | None = None) -> Pixels:
    """Move what each source texel became towards a bound, all of it by the same share of its way, to the right mean.

    The means of the bounds lie on either side of the source, so there is such a share, and nothing goes beyond them.
    Where but a part of the source is `seen`, so it is of what is missing and of the room for it.
    """
    there = shrink(result, factor)
    missing = source - there if seen is None else seen(source - there)
    way = np.empty_like(result)  # one for both, like `_nudged`
    for bound, sign in zip(bounds, (-1, 1), strict=True):
        room = sign * (shrink(bound, factor) - there)
        room = np.maximum(room if seen is None else seen(room), _TINY)
        share = np.clip(sign * missing / room, 0, 1)
        np.subtract(bound, result, out=way)
        way *= repeat(share, factor) if seen is None else enlarge(share, factor, tent)
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


def _nudged(result: Pixels, nudge: Pixels, bounds: Bounds) -> Pixels:
    """Add two pictures and clamp the sum, all in the second's place: several times as fast as in new ones."""
    nudge += result
    flat = nudge.reshape(len(nudge), -1)
    cv2.max(flat, bounds[0].reshape(flat.shape), dst=flat)
    cv2.min(flat, bounds[1].reshape(flat.shape), dst=flat)
    return nudge
