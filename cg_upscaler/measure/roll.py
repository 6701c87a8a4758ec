"""Roll error: whether a wrapped picture comes out the same wherever it is cut open."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cg_upscaler.pixels.rows import Pixels


@dataclass(frozen=True, slots=True)
class RollError:
    """How far two results are apart, in levels of 255."""

    mean: float
    worst: float


def roll_error(result: Pixels, of_rolled: Pixels, by: tuple[int, int]) -> RollError:
    """Compare the result of a picture with that of the same picture rolled `by` (down, right) texels beforehand.

    Both are (k·h, k·w, c) in 0 … 1, and `by` is in texels of the result: k times that of the source.
    """
    apart = np.abs(np.roll(result, by, axis=(0, 1)) - of_rolled)
    return RollError(float(255 * apart.mean(dtype=np.float64)), float(255 * apart.max()))
