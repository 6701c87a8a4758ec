"""Consistency: whether a result, filtered down to the size of its source, says what the source says."""

from __future__ import annotations

from collections.abc import Callable

from cg_upscaler.measure.fit import Fit
from cg_upscaler.measure.psnr import psnr
from cg_upscaler.pixels import normals
from cg_upscaler.pixels.rows import Pixels


def _as_it_is(pixels: Pixels) -> Pixels:
    return pixels


def consistency(
    source: Pixels,
    result: Pixels,
    *,
    shown: Callable[[Pixels], Pixels] = _as_it_is,
    weights: Pixels | None = None,
    fit: Fit | None = None,
) -> float:
    """Return the PSNR in decibels of the filtered `result` against its `source` (h, w, c).

    Filtered by a box, where the result is (k·h, k·w, c) and no other `fit` is given.

    Both in the numbers that their files hold, since that is what a result is matched in; `shown` brings them to 0 … 1
    afterwards. `weights` (h, w, 1) are for texels of the source: under alpha 0 nothing needs to be kept.
    """
    mean = (fit or Fit.to(source))(result)
    return psnr(shown(source), shown(mean), weights=weights)


def vector_consistency(source: Pixels, result: Pixels, fit: Fit | None = None) -> float:
    """Return the same for vectors (…, 3), of which the directions count: means of unit vectors are shorter than one."""
    mean = normals.normalise((fit or Fit.to(source))(result))
    return psnr(normals.encode(normals.normalise(source), 3), normals.encode(mean, 3))
