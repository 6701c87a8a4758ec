"""Measures what the pixels of a texture say of its meaning, in bounded memory.

What must hold for every texel (a channel is constant, alpha is 0 or 1) is counted over all of them, in blocks of
rows. What only needs to be likely is measured on a sample: the whole of a picture of up to a megapixel, otherwise
windows spread evenly over it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cg_upscaler.library.survey import colors
from cg_upscaler.library.survey.alpha import alpha_evidence
from cg_upscaler.library.survey.distance import distance
from cg_upscaler.library.survey.evidence import Evidence
from cg_upscaler.library.survey.lookup import lookup_side
from cg_upscaler.library.survey.pixel_art import pixel_art
from cg_upscaler.library.survey.totals import ROUNDING, Totals, finite
from cg_upscaler.library.survey.vectors import vector_evidence
from cg_upscaler.library.survey.wrap import seam
from cg_upscaler.pixels.rows import Pixels, Source, blocks
from cg_upscaler.spec import ImageSpec

__all__ = ["SAMPLE", "Evidence", "survey"]

SAMPLE = 1 << 20
"""Texels up to which a picture is its own sample."""
WINDOWS = 4
"""Windows a side of the sample of a larger picture."""

_CUT_OFF = 0.3
"""Of a distance field in three channels: its share that has a channel at 0 or 1, and how far channels are apart."""


_LEADING = 0.8
"""Of such a field: how much of it one channel leads at most. In a coloured glow it is the same one everywhere."""


def survey(image: Source, spec: ImageSpec) -> Evidence:
    """Measure `image`, of whose channels `spec` says which is alpha. Equal pictures give equal evidence."""
    alpha = spec.alpha if spec.alpha is not None and spec.alpha < image.channels else None
    color = [c for c in range(image.channels) if c != alpha][:3]
    totals = Totals(image.size, image.channels, color, alpha)
    for block in blocks(image):
        totals.add(block)
    windows = _sample(image)
    coded = [colors.codes(window[:, :, color]) for window in windows]
    seen = colors.count(coded, len(color))
    transparent = alpha if alpha is not None and totals.low[alpha] < totals.high[alpha] else None
    return Evidence(
        low=_floats(totals.low),
        high=_floats(totals.high),
        finite=totals.finite,
        gray=totals.gray,
        one_dimensional=totals.rows_equal != totals.columns_equal,
        alpha=alpha_evidence(totals, windows, color, alpha),
        vectors=vector_evidence(windows, color, transparent, gray=totals.gray),
        chroma=seen.chroma,
        correlation=1.0 if totals.gray else seen.correlation,
        colors=len(seen.shares),
        common=seen.common,
        flat=colors.flat(coded),
        primary=seen.primary,
        extreme=seen.extreme,
        sum_to_one=_sum_to_one(windows, color if transparent is None else range(image.channels)),
        distance=_distance(windows, color, transparent, totals, seen),
        full=seen.full,
        muted=seen.muted,
        third_levels=seen.third_levels,
        lookup=lookup_side(windows[0][:, :, color]) if len(windows) == 1 else 0,
        seam_x=seam(totals.along_x, totals.sides, transparent),
        seam_y=seam(totals.along_y, totals.ends, transparent),
        blocks=_blocks(windows, color, transparent, seen),
    )


def _floats(values: NDArray[np.float32]) -> tuple[float, ...]:
    # A channel without one finite value has no extremes.
    return tuple(float(value) if np.isfinite(value) else 0.0 for value in values)


def _sample(image: Source) -> list[Pixels]:
    size = image.size
    if size.pixels <= SAMPLE:
        return [finite(image.rows(0, size.height))]
    side = int((SAMPLE // WINDOWS**2) ** 0.5)
    windows = []
    for top in _starts(size.height, side):
        rows = image.rows(top, min(top + side, size.height))
        windows += [finite(rows[:, left : left + side]) for left in _starts(size.width, side)]
    return windows


def _starts(length: int, side: int) -> list[int]:
    """Where windows begin: evenly from border to border, and none twice."""
    room = max(0, length - side)
    return sorted({room * i // (WINDOWS - 1) for i in range(WINDOWS)})


def _sum_to_one(windows: Sequence[Pixels], channels: Sequence[int]) -> float:
    if len(channels) < 3:
        return 0.0
    texels = np.concatenate([window.reshape(-1, window.shape[2])[::3] for window in windows])[:, list(channels)]
    if (np.abs(texels.sum(axis=1) - 1) <= 4 * ROUNDING).mean() < 0.01 or (texels.std(axis=0) > 0.02).sum() < 2:
        return 0.0
    return float((np.abs(texels.sum(axis=1) - 1) <= 4 * ROUNDING).mean())


def _distance(
    windows: Sequence[Pixels], color: Sequence[int], alpha: int | None, totals: Totals, seen: colors.Colors
) -> float:
    """Look for a distance field in a gray picture, in the alpha over one colour, or in the median of three channels."""
    one_color = bool((totals.low[list(color)] == totals.high[list(color)]).all())
    if one_color:
        return distance(window[:, :, alpha] for window in windows) if alpha is not None else 0.0
    if totals.gray:
        return distance(window[:, :, color[0]] for window in windows)
    if len(color) == 3 and seen.cut_off > _CUT_OFF and seen.chroma > _CUT_OFF and seen.leading < _LEADING:
        return distance(np.median(window[:, :, color], axis=2) for window in windows)
    return 0.0


def _blocks(windows: Sequence[Pixels], color: Sequence[int], alpha: int | None, seen: colors.Colors) -> int:
    if len(windows) > 1 or len(seen.shares) > 4096:
        return 0
    shown = windows[0][:, :, list(color)]
    if alpha is not None:
        opacity = windows[0][:, :, alpha : alpha + 1]
        shown = np.concatenate([shown * opacity, opacity], axis=2)
    return pixel_art(colors.codes(shown), shown)
