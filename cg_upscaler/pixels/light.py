"""Makes enlarged linear light hold what its source says, whatever its range: highlights kept, and no rings about them.

The match of `match.py` adds what is missing. Light is multiplied instead: sums would throw dark rings around a sun
thousands of times as bright as its sky.
"""

from __future__ import annotations

import cv2
import numpy as np

from cg_upscaler.job import Band
from cg_upscaler.pixels.projection import LOW_PASSES, RADIUS, coarse
from cg_upscaler.pixels.resample import TENT_REACH, enlarge, repeat, shrink, tent
from cg_upscaler.pixels.rows import Pixels
from cg_upscaler.pixels.windows import Local

_PASSES = 5
"""A tent closes in slowly. What is left is taken up texel by texel, which after fewer passes shows as blocks."""

_BOUNDS_REACH = 2

_DARKEST = np.float32(1e-6)
_STEEPEST = 16.0
"""How much brighter or darker one pass may make a texel."""

_SOFT, _HARD = np.float32(2), np.float32(5)
"""Contrast, in stops over 5 × 5 source texels. Below the first nothing is bounded, from the second on all of it is."""

_BELOW, _ABOVE, _FAR_ABOVE = np.float32(0.95), np.float32(1.1), np.float32(4)
"""How far beyond its source's neighbours a texel may go at a hard edge, as factors, and how much further at none."""

_TOLERANCE = {Band.ALL: 0.01, Band.LOW: 0.04}
"""How far a texel's mean may stay from its source. Highlights are to be within 0.05."""


def matched_light(factor: int, fidelity: float, band: Band) -> Local:
    """Return the verb that takes (result, source) windows of light, `factor` apart in size, to the matched result.

    Up to `fidelity` of 0 … 1. What a source texel became has its mean, to one part in a hundred; at hard edges it stays
    about as dark and as bright as what surrounds the texel in the source.
    """
    passes = _PASSES if band is Band.ALL else LOW_PASSES
    seen = coarse if band is Band.LOW else _all
    tolerance = np.float32(_TOLERANCE[band])

    def apply(result: Pixels, source: Pixels) -> Pixels:
        start, wanted = result, np.maximum(source, 0)
        low, high = _bounds(wanted)
        lowest, highest = repeat(low, factor), repeat(high, factor)
        for _ in range(passes):
            ratio = (seen(wanted) + _DARKEST) / (seen(shrink(result, factor)) + _DARKEST)
            # By a tent: a cubic's negative lobes would darken what surrounds a light.
            result = result * enlarge(np.clip(ratio, 1 / _STEEPEST, _STEEPEST), factor, tent)
            np.minimum(np.maximum(result, lowest, out=result), highest, out=result)
        result = _moved(result, wanted * (1 + tolerance), low, lowest, factor)
        result = _moved(result, wanted * (1 - tolerance), high, highest, factor)
        return result if fidelity == 1 else start + np.float32(fidelity) * (result - start)

    reach = passes * (TENT_REACH + (RADIUS if band is Band.LOW else 0)) + _BOUNDS_REACH
    return Local(apply, reach=reach, ratio=factor)


def _bounds(light: Pixels) -> tuple[Pixels, Pixels]:
    """Return how dark and how bright each texel may become, from the 3 × 3 around it and the contrast of the 5 × 5."""
    low, high = _extremes(light, 3)
    darkest, brightest = _extremes(light, 5)
    stops = np.log2((brightest + _DARKEST) / (darkest + _DARKEST))
    hard = np.clip((stops - _SOFT) / (_HARD - _SOFT), 0, 1, dtype=np.float32)
    return low * hard * _BELOW, high * (_ABOVE + _FAR_ABOVE * (1 - hard))


def _extremes(light: Pixels, side: int) -> tuple[Pixels, Pixels]:
    window = np.ones((side, side), np.uint8)
    low, high = (
        np.asarray(fn(light, window, borderType=cv2.BORDER_REPLICATE), np.float32).reshape(light.shape)
        for fn in (cv2.erode, cv2.dilate)
    )
    return low, high


def _moved(result: Pixels, limit: Pixels, bound: Pixels, bounds: Pixels, factor: int) -> Pixels:
    """Move what each source texel became towards its bound, just so far that its mean is not beyond `limit`.

    `bounds` is `bound`, repeated.

    Smooth passes cannot raise a texel of light without the dark ones beside it. This can, and where they have done
    their work it does nothing.
    """
    room = shrink(result, factor) - bound
    share = np.divide(limit - bound, room, out=np.ones_like(room), where=room != 0)
    way = result - bounds
    way *= repeat(np.clip(share, 0, 1), factor)
    way += bounds
    return way


def _all(pixels: Pixels) -> Pixels:
    return pixels
