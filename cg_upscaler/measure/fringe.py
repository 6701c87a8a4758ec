"""Fringes: colour that shows about a transparent picture's edges and does not belong there."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cg_upscaler.geometry import Edge, Edges
from cg_upscaler.pixels.alpha import bleed
from cg_upscaler.pixels.rows import Pixels

BACKGROUNDS = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), (1.0, 0.0, 1.0))
"""Black, white and magenta."""

_NEAR = 9
"""Texels a side of the surroundings within which an edge is near."""

Cut = tuple[Pixels, Pixels]
"""Colour (h, w, c) in stored numbers, and alpha (h, w, 1)."""


def over(colour: Pixels, alpha: Pixels, background: tuple[float, ...], *, premultiplied: bool = False) -> Pixels:
    """Return `colour` (h, w, c), stored numbers, composited by `alpha` (h, w, 1) as most renderers do."""
    behind = np.array(background[: colour.shape[2]], np.float32)
    front = colour if premultiplied else colour * alpha
    return np.asarray(front + behind * (1 - alpha), np.float32)


def composite_error(truth: Cut, result: Cut, *, premultiplied: bool = False) -> float | None:
    """Return how far two transparent pictures of one size are apart near edges, in levels of 255.

    It is the mean absolute difference over the three backgrounds, within a few texels of where the truth's alpha
    changes; None where it never does. An edge that runs elsewhere counts as much as one of another colour.
    """
    near = _near_edges(truth[1])
    if not near.any():
        return None
    errors = [
        np.abs(over(*truth, behind, premultiplied=premultiplied) - over(*result, behind, premultiplied=premultiplied))
        for behind in BACKGROUNDS
    ]
    return float(255 * np.mean([error[near].mean(dtype=np.float64) for error in errors]))


def fringe(truth: Cut, result: Cut) -> float | None:
    """Return how far the colour that shows near edges is from the truth's, in levels of 255; colour is straight.

    Both colours are seen through the result's alpha, over whatever, so that an edge that runs elsewhere is none; where
    the truth is not visible, its colour is that of the visible texels nearby. None where there are no edges.
    """
    near = _near_edges(truth[1])
    if not near.any():
        return None
    colour = bleed(*truth, Edges.both(Edge.CLAMP))
    return float(255 * (np.abs(colour - result[0]) * result[1])[near].mean(dtype=np.float64))


def _near_edges(alpha: Pixels) -> NDArray[np.bool_]:
    window, plane = np.ones((_NEAR, _NEAR), np.uint8), np.ascontiguousarray(alpha[:, :, 0])
    return np.asarray(cv2.dilate(plane, window) - cv2.erode(plane, window) > 0)
