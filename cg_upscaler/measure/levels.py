"""Levels: which of the values that a file can hold a picture takes, and where it jumps over some."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Levels:
    """Of the channel with the most levels."""

    count: int
    """How many different values there are."""
    step: float
    """The largest distance between a value and the next that is taken: in levels of the file's depth, or in its own
    numbers where it holds floats."""


def levels(pixels: NDArray[np.generic]) -> Levels:
    """Return the levels of a picture (h, w, c) in the type of its file."""
    found = [np.unique(pixels[:, :, channel]).astype(np.float64) for channel in range(pixels.shape[2])]
    most = max(found, key=len)
    return Levels(len(most), float(np.diff(most).max(initial=0.0)))
