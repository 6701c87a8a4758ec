"""Recognises signed distance fields, of one channel and of three, by slopes that are all alike."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray


def distance(channels: Iterable[NDArray[np.float32]]) -> float:
    """Return the share of slopes that are as steep as most, given that they point everywhere; 0 where they do not.

    A field rises equally fast wherever it is not cut off, and in every direction; a gradient points one way, a blurred
    mask rises fastest in the middle of its edge, an anti-aliased one within a texel or two.
    """
    steep, ways, total = [], [], 0
    for channel in channels:
        values = cv2.GaussianBlur(np.ascontiguousarray(channel), (5, 5), 0)
        inside = cv2.erode(((values > 0.04) & (values < 0.96)).astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
        dx, dy = (cv2.Scharr(values, cv2.CV_32F, *axis)[inside] / 32 for axis in ((1, 0), (0, 1)))
        steep.append(np.hypot(dx, dy))
        ways.append(np.arctan2(dy, dx))
        total += values.size
    slopes, angles = np.concatenate(steep), np.concatenate(ways)
    if len(slopes) < max(64, total // 10):
        return 0.0
    usual = float(np.median(slopes))
    if not 1 / 255 < usual < 0.2:
        return 0.0
    directions = np.histogram(angles, bins=8, range=(-np.pi, np.pi))[0] / len(angles)
    if (directions > 0.02).sum() < 6:
        return 0.0
    return float(np.mean(np.abs(slopes - usual) < 0.2 * usual))
