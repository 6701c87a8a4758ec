"""How far an enlarged picture may go beyond its source: where nothing stands out, no further than what is around."""

from __future__ import annotations

import cv2
import numpy as np

from cg_upscaler.pixels.rows import Pixels

_FURTHER = np.float32(0.75)
"""Times what a texel stands out by. With less, peaks come out as squares; with more, generators weave patterns."""

_DIRECTIONS = ((0, 1), (1, 0), (1, 1), (1, -1))


def limits(source: Pixels) -> tuple[Pixels, Pixels]:
    """Return the lowest and the highest that what each source texel becomes may be; both (h, w, c). Reaches two texels.

    These are the extremes of the 3 × 3 texels around. But a texel that stands out from both its neighbours along some
    line is the mean of something finer, and that may stand out further (`_FURTHER`). Beside a straight edge none does,
    at whatever angle or height it runs, since what an edge covers only rises along any line (but where a border mirrors
    it, and gives it a corner): so at edges nothing can ring, and flat colour stays flat, while peaks, lines and grain
    keep what a generator draws of them.
    """
    above, below = np.zeros_like(source), np.zeros_like(source)
    height, width = source.shape[:2]
    around = cv2.copyMakeBorder(source, 1, 1, 1, 1, cv2.BORDER_REPLICATE).reshape(height + 2, width + 2, -1)
    for y, x in _DIRECTIONS:
        one = around[1 + y : 1 + y + height, 1 + x : 1 + x + width]
        other = around[1 - y : 1 - y + height, 1 - x : 1 - x + width]
        np.maximum(above, source - np.maximum(one, other), out=above)
        np.maximum(below, np.minimum(one, other) - source, out=below)
    window = np.ones((3, 3), np.uint8)
    low = cv2.erode(source - _FURTHER * below, window, borderType=cv2.BORDER_REPLICATE)
    high = cv2.dilate(source + _FURTHER * above, window, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(low, np.float32).reshape(source.shape), np.asarray(high, np.float32).reshape(source.shape)
