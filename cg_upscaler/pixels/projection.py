"""Adds back what an enlarged picture lacks of its source: back-projection as it stands (Irani and Peleg 1991).

Vectors are matched by it, which have no limits one by one. Numbers have, and `match.py` keeps within them.
"""

from __future__ import annotations

import cv2
import numpy as np

from cg_upscaler.job import Band
from cg_upscaler.pixels.resample import CUBIC_REACH, enlarge, shrink
from cg_upscaler.pixels.rows import Pixels
from cg_upscaler.pixels.windows import Local

PASSES = 3
"""What is missing of the source, box-filtered down, is enlarged and added that often."""

LOW_PASSES = 2
_SIGMA = 4.0
RADIUS = 8
"""In source texels: keeps what is coarser than the 8 texels of a JPEG block and the 4 of a compressed texture."""


def projected(factor: int, fidelity: float, band: Band) -> Local:
    """Return the verb that takes (result, source) windows to the result, `fidelity` 0 … 1 of the way to the source."""
    passes = PASSES if band is Band.ALL else LOW_PASSES

    def apply(result: Pixels, source: Pixels) -> Pixels:
        start = result
        for _ in range(passes):
            missing = source - shrink(result, factor)
            result = result + enlarge(coarse(missing) if band is Band.LOW else missing, factor)
        return result if fidelity == 1 else start + np.float32(fidelity) * (result - start)

    return Local(apply, reach=passes * (CUBIC_REACH + (RADIUS if band is Band.LOW else 0)), ratio=factor)


def coarse(pixels: Pixels) -> Pixels:
    """Return what is coarser than a codec's blocks. Reaches `RADIUS` texels."""
    side = 2 * RADIUS + 1
    blurred = cv2.GaussianBlur(pixels, (side, side), _SIGMA, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(blurred, np.float32).reshape(pixels.shape)
