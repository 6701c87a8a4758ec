"""Makes an enlarged picture hold what its source says: iterative back-projection (Irani and Peleg 1991).

The difference between the source and the box-filtered result is enlarged and added back, a few times over.
"""

from __future__ import annotations

import cv2
import numpy as np

from cg_upscaler.job import Band
from cg_upscaler.pixels.resample import CUBIC_REACH, enlarge, shrink, tent
from cg_upscaler.pixels.rows import Pixels
from cg_upscaler.pixels.windows import Local

PASSES = 3
"""After three the mean is within 0.05 of 255 and consistency at 55 dB or above; more gives little."""

_LOW_PASSES = 2
_SIGMA = 4.0
_RADIUS = 12
"""In source texels: keeps what is coarser than the 8 texels of a JPEG block and the 4 of a compressed texture."""

_DARKEST = np.float32(1e-6)
_STEEPEST = 16.0
"""How much brighter or darker one pass may make a texel."""


def matched(factor: int, fidelity: float, band: Band, *, low: float | None = None, high: float | None = None) -> Local:
    """Return the verb that takes (result, source) windows, `factor` apart in size, to the matched result.

    `fidelity` 0 … 1 says how far to go. `low` and `high` bound the result within each pass, so that clamping is
    made up for by the texels that still have room.
    """
    passes = PASSES if band is Band.ALL else _LOW_PASSES

    def apply(result: Pixels, source: Pixels) -> Pixels:
        start = result
        for _ in range(passes):
            missing = source - shrink(result, factor)
            if band is Band.LOW:
                missing = _coarse(missing)
            result = result + enlarge(missing, factor)
            if low is not None or high is not None:
                result = np.clip(result, low, high)
        return result if fidelity == 1 else start + np.float32(fidelity) * (result - start)

    return Local(apply, reach=_reach(band, passes), ratio=factor)


def matched_light(factor: int, fidelity: float, band: Band) -> Local:
    """The same for linear light of any range: corrected by factors and not by sums.

    Sums would throw dark rings around highlights hundreds of times as bright as what surrounds them.
    """
    passes = PASSES if band is Band.ALL else _LOW_PASSES

    def apply(result: Pixels, source: Pixels) -> Pixels:
        start = result
        wanted = np.maximum(source, 0)
        for _ in range(passes):
            there = shrink(result, factor)
            if band is Band.LOW:
                ratio = (_coarse(wanted) + _DARKEST) / (_coarse(there) + _DARKEST)
            else:
                ratio = (wanted + _DARKEST) / (there + _DARKEST)
            # By a tent: a cubic's negative lobes would darken what surrounds a light.
            result = result * enlarge(np.clip(ratio, 1 / _STEEPEST, _STEEPEST), factor, tent)
        return result if fidelity == 1 else start + np.float32(fidelity) * (result - start)

    return Local(apply, reach=_reach(band, passes), ratio=factor)


def _reach(band: Band, passes: int) -> int:
    return passes * (CUBIC_REACH + (_RADIUS if band is Band.LOW else 0))


def _coarse(pixels: Pixels) -> Pixels:
    side = 2 * _RADIUS + 1
    blurred = cv2.GaussianBlur(pixels, (side, side), _SIGMA, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(blurred, np.float32).reshape(pixels.shape)
