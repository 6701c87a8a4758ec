"""Color drift: by how many levels of 255 the mean of what is seen moved."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cg_upscaler.gates.part import Part, strips
from cg_upscaler.maps import ColorSpace
from cg_upscaler.pixels.rows import Pixels
from cg_upscaler.pixels.transfer import linear_to_srgb, srgb_to_linear
from cg_upscaler.pixels.views import for_each_channel


class Drift:
    """The running means of a group, in stored numbers.

    But for colour that is made smaller: it is filtered in light, and so its mean is held in light. Numbers of float
    files may have any range, which then counts as 255 levels; of light beyond 1 the mean does.
    """

    def __init__(self, part: Part, *, smaller: bool) -> None:
        self._part = part
        self._in_light = smaller and part.group.color_space is ColorSpace.SRGB
        source, after = _Mean(len(part.group.channels)), _Mean(len(part.group.channels))
        for start, stop in strips(part.source.size, part.source.size.height):
            rows = part.source.rows(start, stop)
            source.add(self._numbers(part.before(rows)), part.seen_before(rows))
        self._before, self._after = source.value, after

    def take(self, rows: Pixels, top: int) -> None:
        self._after.add(self._numbers(self._part.after(rows)), self._part.seen_after(rows))

    def value(self) -> float:
        """Return the drift of the channel that drifted most. Where nothing is seen nothing drifts."""
        before, after = self._before, self._after.value
        if before is None or after is None:
            return 0.0
        shown = self._part.shown
        if self._in_light:
            before, after = (linear_to_srgb(mean.astype(np.float32)).astype(np.float64) for mean in (before, after))
        light = shown.space is ColorSpace.LINEAR
        span = np.maximum(1, np.abs(before)) if light else shown.high - shown.low
        return float(255 * (np.abs(after - before) / span).max())

    def _numbers(self, stored: Pixels) -> Pixels:
        return srgb_to_linear(stored) if self._in_light else stored


class _Mean:
    """A weighted mean of texels, channel by channel."""

    def __init__(self, channels: int) -> None:
        self._total: NDArray[np.float64] = np.zeros(channels)
        self._weight = 0.0

    def add(self, texels: Pixels, weights: Pixels | None) -> None:
        weighted = texels if weights is None else texels * for_each_channel(weights, texels.shape[2])
        self._total += cv2.sumElems(weighted)[: texels.shape[2]]  # in double precision
        count = texels.shape[0] * texels.shape[1]
        self._weight += count if weights is None else float(weights.sum(dtype=np.float64))

    @property
    def value(self) -> NDArray[np.float64] | None:
        return self._total / self._weight if self._weight > 0 else None
