"""ꟻLIP: how different two pictures look to somebody who flips between them (Andersson et al. 2020 and 2021)."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np

from cg_upscaler.pixels.rows import Pixels

_DARK = 1e-6
"""The exposures that HDR-ꟻLIP looks at follow from the median of the light; of none at all they cannot."""


def is_there() -> bool:
    """Return whether ꟻLIP can be taken: its library has no builds for some machines."""
    return find_spec("flip_evaluator") is not None


def flip(before: Pixels, after: Pixels) -> float:
    """Return the mean LDR-ꟻLIP of two pictures, 0 (look the same) … 1, at its standard 67 pixels per degree.

    Both are (h, w, 3) or (h, w, 1) under the sRGB curve; what lies outside of 0 … 1 is clamped.
    """
    return _flip(np.clip(before, 0, 1), np.clip(after, 0, 1), "LDR")


def flip_hdr(before: Pixels, after: Pixels) -> float:
    """Return the mean HDR-ꟻLIP of two pictures of linear light, 0 … 1: the worst over a range of exposures.

    Both are (h, w, 3) or (h, w, 1); `before` decides the exposures. Negative light is taken for none.
    """
    return _flip(np.maximum(before, _DARK), np.maximum(after, _DARK), "HDR")


def _flip(before: Pixels, after: Pixels, dynamic_range: str) -> float:
    # Imported here, since nothing but a comparison needs it.
    import flip_evaluator

    pictures = [
        np.ascontiguousarray(picture if picture.shape[2] == 3 else picture.repeat(3, 2), np.float32)
        for picture in (before, after)
    ]
    _, mean, _ = flip_evaluator.evaluate(*pictures, dynamic_range, applyMagma=False)
    return float(mean)
