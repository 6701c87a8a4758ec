"""Coverage: how much of a cut-out is there, where a renderer tests its alpha against a threshold."""

from __future__ import annotations

from dataclasses import dataclass

from cg_upscaler.pixels.rows import Pixels


@dataclass(frozen=True, slots=True)
class Coverage:
    """What of a texture passes the test, before and after."""

    source: float
    """Share of texels, 0 … 1."""
    result: float
    relative: float
    """The change as a share of the source's coverage; 1 where nothing was covered and something is."""
    texels: float
    """The change in texels of the source."""


def coverage(source: Pixels, result: Pixels, threshold: float = 0.5) -> Coverage:
    """Return how the share of alpha ≥ `threshold` changed between two alphas (h, w, 1) of any sizes, in 0 … 1."""
    before, after = (float((alpha >= threshold).mean()) for alpha in (source, result))
    change = abs(after - before)
    relative = change / before if before else float(change > 0)
    return Coverage(before, after, relative, change * source.shape[0] * source.shape[1])
