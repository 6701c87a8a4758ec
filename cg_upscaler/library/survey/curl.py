"""Tells which way the green channel of a normal map points: its slopes must be those of a surface."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from cg_upscaler.library.survey.evidence import Curl
from cg_upscaler.maps import NormalConvention
from cg_upscaler.pixels.rows import Pixels

_STEEPEST = 3.0
"""Slopes beyond this are cut off: there z is nearly 0, and little of it certain."""
_BLOCKS = 8
"""Blocks a side of a window that vote each by itself."""
_STIR = 5e-4
"""Root mean square of the cross derivatives, in slope per texel, below which there is nothing but rounding."""

_CLAIM = 0.5
"""Confidence from which on pixels say a convention, or speak against a name's."""


def convention_of(named: NormalConvention | None, seen: Curl) -> tuple[NormalConvention | None, float, str]:
    """Return the convention, how sure it is, and a note where pixels speak against the name, whose word it stays."""
    found = None
    if seen.confidence >= _CLAIM:
        found = NormalConvention.DIRECTX if seen.agreement > 0 else NormalConvention.OPENGL
    if named is None:
        return found, round(seen.confidence, 2) if found else 0.0, ""
    if found is None or found is named:
        return named, 0.95, ""
    note = f"is named {named.value}, but its slopes are those of a surface in {found.value}"
    return named, round(1 - 0.8 * seen.confidence, 2), note


def curl(windows: Iterable[Pixels]) -> Curl:
    """Compare the cross derivatives of slopes over windows of vectors, (h, w, 3) of -1 … 1.

    With p = -x/z and q = -y/z of a surface seen with y down, ∂p/∂y = ∂q/∂x: the order of derivatives does not matter.
    With y up they are opposite. Noise, and pictures that are no surface, show neither.
    """
    alike, energy, votes = 0.0, 0.0, []
    texels = 0
    for window in windows:
        if min(window.shape[:2]) < 4:
            continue
        across, down = _cross_derivatives(window)
        product, both = across * down, (np.square(across) + np.square(down)) / 2
        texels += product.size
        alike, energy = alike + float(product.sum()), energy + float(both.sum())
        votes.append(np.stack([_blocks(product), _blocks(both)], axis=-1).reshape(-1, 2))
    if not texels or energy <= texels * _STIR**2:
        return Curl()
    products, energies = np.concatenate(votes).T
    heard = energies > 0.1 * energies.mean()
    return Curl(alike / energy, float(np.mean(np.sign(products[heard]) == np.sign(alike))))


def _cross_derivatives(vectors: Pixels) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Return ∂p/∂y and ∂q/∂x of slopes smoothed by about a texel: block compression and dither live below that."""
    z = np.maximum(vectors[:, :, 2], 0.2)
    slopes = [np.clip(-vectors[:, :, channel] / z, -_STEEPEST, _STEEPEST) for channel in (0, 1)]
    p, q = (cv2.GaussianBlur(slope, (7, 7), 1.0) for slope in slopes)
    return (p[2:, 1:-1] - p[:-2, 1:-1]) / 2, (q[1:-1, 2:] - q[1:-1, :-2]) / 2


def _blocks(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the sums over a grid of blocks."""
    rows, columns = (np.unique(np.linspace(0, side, _BLOCKS + 1).astype(int)[:-1]) for side in values.shape)
    by_rows = np.add.reduceat(values, rows, axis=0, dtype=np.float64)
    return np.asarray(np.add.reduceat(by_rows, columns, axis=1))
