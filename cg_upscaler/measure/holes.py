"""Holes: texels that hold no number, which no figure can take in, and which are left out of all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cg_upscaler.pixels.holes import sound

File = NDArray[np.generic]
"""(h, w, c) in the type of a file."""


def left_out(before: File, after: File) -> tuple[File, File, int, int]:
    """Return two pictures with one and the same value wherever either has a hole, and how many texels each had.

    So nothing differs there. The value is the mean of the rest of `before`, which adds no structure either. A texel of
    the smaller picture goes with all of those in the larger one that lie upon it.
    """
    holes, others = _holes(before), _holes(after)
    if not (holes.any() or others.any()):
        return before, after, 0, 0
    larger, smaller = (holes, others) if holes.size >= others.size else (others, holes)
    ys, xs = (np.arange(now) * then // now for now, then in zip(larger.shape, smaller.shape, strict=True))
    few = smaller.copy()
    np.logical_or.at(few, np.ix_(ys, xs), larger)
    many = few[np.ix_(ys, xs)]
    first, second = (many, few) if larger is holes else (few, many)
    rest = before[~first].astype(np.float64)
    value = rest.mean(axis=0) if len(rest) else np.zeros(before.shape[2])
    return _filled(before, first, value), _filled(after, second, value), int(holes.sum()), int(others.sum())


def _holes(picture: File) -> NDArray[np.bool_]:
    return np.asarray(~sound(picture).all(axis=2))


def _filled(picture: File, where: NDArray[np.bool_], value: NDArray[np.float64]) -> File:
    result = picture.copy()
    result[where] = value.astype(picture.dtype)
    return result
