"""Counts the colours of a sample, and tells from the counts how they are spread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cg_upscaler.library.survey.totals import ROUNDING
from cg_upscaler.pixels.rows import Pixels

Codes = NDArray[np.int64]
"""One number for each colour of 8 bits a channel."""


def codes(texels: Pixels) -> Codes:
    """Return (h, w) numbers for (h, w, channels) of up to seven channels; what is beyond 0 … 1 is cut off."""
    levels = (np.clip(texels, 0, 1) * np.float32(255) + np.float32(0.5)).astype(np.uint8)
    code: Codes = levels[:, :, 0].astype(np.int32 if levels.shape[2] <= 3 else np.int64)
    for channel in range(1, levels.shape[2]):
        code = code * 256 + levels[:, :, channel]
    return code


@dataclass(frozen=True, slots=True)
class Colors:
    """The colours of a sample, (n, channels) of 0 … 1, and what share of it each has, (n,)."""

    values: Pixels
    shares: NDArray[np.float64]

    def share(self, flags: Any) -> float:
        """Return how much of the sample has the flagged colours; exactly 1 where it is all of them."""
        return 1.0 if flags.all() else float(self.shares[flags].sum())

    @property
    def common(self) -> float:
        """Share of colours that each hold a thousandth at least."""
        return self.share(self.shares >= 0.001)

    @property
    def chroma(self) -> float:
        """Distance of the greatest from the least channel, in the 99th percentile."""
        apart = self.values.max(axis=1) - self.values.min(axis=1)
        order = np.argsort(apart)
        return float(apart[order][min(len(apart) - 1, np.searchsorted(np.cumsum(self.shares[order]), 0.99))])

    @property
    def correlation(self) -> float:
        """The least between two channels; 0 where one is constant."""
        if self.values.shape[1] < 2:
            return 0.0
        centred = self.values - self.shares @ self.values
        covariance = (centred * self.shares[:, None]).T @ centred
        spread = np.sqrt(np.diag(covariance))
        if spread.min() < 1e-4:
            return 0.0
        return float((covariance / np.outer(spread, spread)).min())

    @property
    def primary(self) -> float:
        """Share whose channels are all 0 or 1."""
        return self.share(self._at_an_end.all(axis=1))

    @property
    def cut_off(self) -> float:
        """Share with a channel that is 0 or 1."""
        return self.share(self._at_an_end.any(axis=1))

    @property
    def leading(self) -> float:
        """Of what has one channel above all others: the greatest share in which that is the same one; 0 without any."""
        order = np.sort(self.values, axis=1)
        above = order[:, -1] > order[:, -2] + ROUNDING
        each = np.bincount(self.values.argmax(axis=1)[above], weights=self.shares[above])
        return float(each.max() / each.sum()) if above.any() else 0.0

    @property
    def _at_an_end(self) -> NDArray[np.bool_]:
        return (self.values < ROUNDING) | (self.values > 1 - ROUNDING)

    @property
    def extreme(self) -> float:
        """Share at black or white, given that both are there; 0 otherwise."""
        black = self.share((self.values <= 0.02).all(axis=1))
        white = self.share((self.values >= 0.98).all(axis=1))
        return black + white if min(black, white) > 0.005 else 0.0

    @property
    def full(self) -> float:
        """Share whose brightest channel is at the top."""
        return self.share(self.values.max(axis=1) > 0.97)

    @property
    def muted(self) -> float:
        """Share whose first two channels are within a quarter of one half."""
        return self.share((np.abs(self.values[:, :2] - 0.5) < 0.25).all(axis=1))

    @property
    def third_levels(self) -> int:
        """How many values the third channel takes, of those that a thousandth has; 0 where there is none."""
        if self.values.shape[1] < 3:
            return 0
        levels = (self.values[:, 2] * 255 + 0.5).astype(np.intp)
        return int((np.bincount(levels, weights=self.shares) > 0.001).sum())


def count(coded: Sequence[Codes], channels: int) -> Colors:
    """Count the colours that are coded in the windows of a sample."""
    found, counts = np.unique(np.concatenate([code.ravel() for code in coded]), return_counts=True)
    levels = [found >> (8 * (channels - 1 - channel)) & 255 for channel in range(channels)]
    return Colors((np.stack(levels, axis=1) / 255).astype(np.float32), counts / counts.sum())


def flat(coded: Sequence[Codes]) -> float:
    """Return the share of neighbours that are of one colour."""
    pairs = [(code[1:] == code[:-1]).ravel() for code in coded] + [(c[:, 1:] == c[:, :-1]).ravel() for c in coded]
    same = np.concatenate(pairs)
    return float(same.mean()) if len(same) else 0.0
