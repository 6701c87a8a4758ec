"""What transparency needs: colour bled under transparent texels, and an enlarged alpha with no ghosts in it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cg_upscaler.geometry import Edges, Span
from cg_upscaler.pixels.edges import take
from cg_upscaler.pixels.resample import repeat
from cg_upscaler.pixels.rows import Pixels
from cg_upscaler.pixels.views import Array
from cg_upscaler.pixels.windows import Local

_RADII = (1, 2, 4, 8, 16, 32, 64)
"""Neighbourhoods tried in turn, in texels. Beyond the last one the mean visible colour is as good as any."""


def bleed(colour: Pixels, alpha: Pixels, edges: Edges) -> Pixels:
    """Return `colour` (h, w, c) with the texels of zero `alpha` (h, w, 1) filled from visible ones.

    A hidden texel takes the mean of the visible ones, weighted by their alpha, in the smallest neighbourhood that has
    any. So the fill does not depend on scan order, and a tileable's fill tiles. Visible texels stay as they are, and so
    does a picture of which nothing is visible.
    """
    visible = np.ascontiguousarray(alpha[:, :, 0])
    hidden = visible <= 0
    if not hidden.any() or hidden.all():
        return colour
    result = colour.copy()
    weighted = np.concatenate([colour * alpha, alpha], axis=2)
    left, low, high = hidden, colour[~hidden].min(), colour[~hidden].max()
    for radius in _RADII:
        sums = _tent(weighted, radius, edges)
        found = left & (sums[:, :, -1] > 1e-6)
        # A mean lies between what it is of; rounding must not put it beyond, or 1 would no longer be the top.
        result[found] = np.clip(sums[found, :-1] / sums[found, -1:], low, high)
        left = left & ~found
        if not left.any():
            return result
    result[left] = weighted[:, :, :-1].sum(axis=(0, 1), dtype=np.float64) / visible.sum(dtype=np.float64)
    return result


def kept_near_neighbours(factor: int) -> Local:
    """The verb that takes (result, source) windows of alpha to the result, held near its source's neighbours.

    A texel may lie outside of the 3 × 3 texels about the one that it comes from by no more than these differ. So where
    all of them are clear it is clear: generators leave a haze there, which shows against anything behind. And a line
    that is thinner than a texel, and hence never solid in the source, may become solid.
    """

    def apply(result: Pixels, source: Pixels) -> Pixels:
        window = np.ones((3, 3), np.uint8)
        low, high = (
            fn(source, window, borderType=cv2.BORDER_REPLICATE).reshape(source.shape) for fn in (cv2.erode, cv2.dilate)
        )
        bounds = (2 * low - high, 2 * high - low)
        low, high = (repeat(bound, factor) for bound in bounds)
        return np.minimum(np.maximum(result, low), high)

    return Local(apply, reach=1, ratio=factor)


def _tent(pixels: Pixels, radius: int, edges: Edges) -> NDArray[np.float32]:
    """Blur by a box twice: a tent of that radius, at a cost that does not grow with it."""
    height, width = pixels.shape[:2]
    padded = take(Array(pixels), Span(-radius, height + radius), Span(-radius, width + radius), edges)
    side = radius + 1 if radius % 2 == 0 else radius
    planes = []
    for plane in cv2.split(padded):
        once = cv2.boxFilter(plane, cv2.CV_64F, (side, side), borderType=cv2.BORDER_CONSTANT)
        twice = cv2.boxFilter(once, cv2.CV_64F, (side, side), borderType=cv2.BORDER_CONSTANT)
        planes.append(twice[radius : radius + height, radius : radius + width].astype(np.float32))
    return np.dstack(planes)
