"""Measures an alpha channel: which values it takes, what it hides, and whether colour was multiplied by it."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from cg_upscaler.library.survey.evidence import AlphaClass, AlphaEvidence, HiddenColor
from cg_upscaler.library.survey.totals import ROUNDING, SOLID, Totals
from cg_upscaler.pixels.rows import Pixels

_EDGE_OF_CUTOUT = 0.9
_BLANK = 0.95
"""Painting programs leave stray colours under alpha 0; the rest of it is black or white."""
_PARTIAL = (0.02, 0.98)
_ENOUGH = 32
"""Texels of partial alpha from which on they say something of the colour there."""


def alpha_evidence(
    totals: Totals, windows: Sequence[Pixels], color: Sequence[int], channel: int | None
) -> AlphaEvidence:
    """Measure `channel`; `windows` are the sample, (h, w, c), and `color` the channels that it may have multiplied."""
    if channel is None:
        return AlphaEvidence()
    low, high = float(totals.low[channel]), float(totals.high[channel])
    low, high = (value if np.isfinite(value) else 0.0 for value in (low, high))
    clear, solid = totals.clear / totals.texels, totals.solid / totals.texels
    if low == high:
        return AlphaEvidence(AlphaClass.CONSTANT, low, high, clear, solid, _hidden(totals))
    on_border, elsewhere, shown = _partial([window[:, :, channel] for window in windows])
    bordered = clear and on_border >= _EDGE_OF_CUTOUT * (on_border + elsewhere)
    all_or_nothing = solid and (clear + solid > 0.97 or bordered)
    values = AlphaClass.BINARY if all_or_nothing else AlphaClass.GRADIENT
    black = not totals.clear or totals.hidden_high.max() <= ROUNDING
    within, reaching = _multiplied(windows, list(color), channel) if black else (0.0, 0.0)
    levels, soft = _levels(windows, channel), elsewhere / max(1, shown)
    return AlphaEvidence(values, low, high, clear, solid, _hidden(totals), within, reaching, levels, soft)


def _partial(alphas: Sequence[NDArray[np.float32]]) -> tuple[int, int, int]:
    """Return how many texels are partly transparent on a border of clear and solid, where edges are smoothed; how many
    are so elsewhere; and how many show at all."""
    on_border = elsewhere = shown = 0
    kernel = np.ones((3, 3), np.uint8)
    for alpha in alphas:
        clear, solid = alpha <= 0.02, alpha >= SOLID
        part = ~(clear | solid)
        near = [cv2.dilate(side.astype(np.uint8), kernel).astype(bool) for side in (clear, solid)]
        smooth = int((part & near[0] & near[1]).sum())
        on_border += smooth
        elsewhere += int(part.sum()) - smooth
        shown += int((~clear).sum())
    return on_border, elsewhere, shown


def _hidden(totals: Totals) -> HiddenColor:
    if not totals.clear:
        return HiddenColor.NONE
    alike = (totals.hidden_high - totals.hidden_low).max() <= ROUNDING
    if alike or totals.blank > _BLANK * totals.clear:
        return HiddenColor.ONE
    visible = (totals.sums["all"] - totals.sums["hidden"]) / max(1, totals.texels - totals.clear)
    apart = np.abs(totals.sums["hidden"] / totals.clear - visible).max()
    return HiddenColor.LIKE_VISIBLE if apart < 0.1 else HiddenColor.OTHER


def _multiplied(windows: Sequence[Pixels], color: list[int], channel: int) -> tuple[float, float]:
    """Return how much partly transparent colour stays within alpha, and how far it rises: its 90th percentile."""
    ratios, within = [], []
    for window in windows:
        alpha = window[:, :, channel]
        partial = (alpha > _PARTIAL[0]) & (alpha < _PARTIAL[1])
        brightest = window[:, :, color].max(axis=2)[partial]
        ratios.append(brightest / alpha[partial])
        within.append(brightest <= alpha[partial] + ROUNDING)
    ratio = np.concatenate(ratios)
    if len(ratio) < _ENOUGH:
        return 0.0, 0.0
    return float(np.concatenate(within).mean()), float(np.percentile(ratio, 90))


def _levels(windows: Sequence[Pixels], channel: int) -> int:
    """Return how many values of 8 bits it takes, of those that more than a thousandth of the sample have."""
    values = np.concatenate([window[:, :, channel].ravel() for window in windows])
    counts = np.bincount((np.clip(values, 0, 1) * 255 + 0.5).astype(np.intp), minlength=256)
    return int((counts * 1000 > len(values)).sum())
