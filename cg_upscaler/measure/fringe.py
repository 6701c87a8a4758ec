"""Fringes: colour that shows about a transparent picture's edges and does not belong there."""

from __future__ import annotations

import cv2
import numpy as np

from cg_upscaler.pixels.rows import Pixels

BACKGROUNDS = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), (1.0, 0.0, 1.0))
"""Black, white and magenta."""

_NEAR = 9
"""Texels a side of the surroundings within which an edge is near."""


def over(colour: Pixels, alpha: Pixels, background: tuple[float, ...], *, premultiplied: bool = False) -> Pixels:
    """Return `colour` (h, w, c), stored numbers, composited by `alpha` (h, w, 1) as most renderers do."""
    behind = np.array(background[: colour.shape[2]], np.float32)
    front = colour if premultiplied else colour * alpha
    return np.asarray(front + behind * (1 - alpha), np.float32)


def fringe(truth: tuple[Pixels, Pixels], result: tuple[Pixels, Pixels], *, premultiplied: bool = False) -> float | None:
    """Return how far two transparent pictures of one size are apart near edges, in levels of 255.

    Each is (colour, alpha). It is the mean absolute difference over the three backgrounds, within a few texels of where
    the truth's alpha changes; None where it never does.
    """
    window = np.ones((_NEAR, _NEAR), np.uint8)
    alpha = np.ascontiguousarray(truth[1][:, :, 0])
    near = cv2.dilate(alpha, window) - cv2.erode(alpha, window) > 0
    if not near.any():
        return None
    errors = [
        np.abs(over(*truth, behind, premultiplied=premultiplied) - over(*result, behind, premultiplied=premultiplied))
        for behind in BACKGROUNDS
    ]
    return float(255 * np.mean([error[near].mean(dtype=np.float64) for error in errors]))
