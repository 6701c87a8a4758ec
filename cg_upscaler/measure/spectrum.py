"""Detail: how much fine structure a result has, against what the spectrum of its source lets expect."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from cg_upscaler.pixels.rows import Pixels

_FIT = (0.0625, 0.25)
"""Cycles per source texel: from an eighth to half of Nyquist's. Lower ones are shapes; higher ones are what the
filters of whoever made the source have left of them."""
_NYQUIST = 0.5
_SMALLEST = 16
"""Texels a side below which there are too few frequencies to fit."""


def detail_ratio(source: Pixels, result: Pixels) -> float | None:
    """Return the energy that `result`, larger, has beyond Nyquist's frequency of `source` (h, w, c), as a multiple
    of what the source's spectrum has there when it goes on as it began: 1 is as fine as expected, 0 is all smooth.

    Spectra of surfaces follow a power law (Field 1987): it is fitted to the source's radially averaged power, log-log,
    between an eighth and a half of Nyquist's frequency. None where that cannot be: pictures that are small or flat,
    results that are not larger.
    """
    factor = result.shape[0] / source.shape[0]
    if factor < 2 or min(source.shape[:2]) < _SMALLEST:
        return None
    power, frequency = _spectrum(source, 1)
    rings = np.arange(_FIT[0], _FIT[1] + 1e-9, max(1 / min(source.shape[:2]), 1 / 128))
    centres, heights = [], []
    for low, high in pairwise(rings):
        inside = (frequency >= low) & (frequency < high)
        if inside.any() and power[inside].mean() > 0:
            centres.append(np.log(frequency[inside].mean()))
            heights.append(np.log(power[inside].mean()))
    if len(centres) < 2 or power.max() < 1e-9:
        return None
    slope, level = np.polyfit(centres, heights, 1)
    fine, at = _spectrum(result, factor)
    beyond = (at > _NYQUIST) & (at <= _NYQUIST * factor)
    expected = np.exp(level + slope * np.log(at[beyond])).sum()
    return float(fine[beyond].sum() / expected) if expected > 0 else None


def _spectrum(picture: Pixels, factor: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The power density of a picture's gray, and its frequencies in cycles per source texel."""
    gray = picture.mean(axis=2, dtype=np.float64)
    # Hann's window: a border where nothing meets would look like detail.
    window = np.outer(*(np.hanning(side + 2)[1:-1] for side in gray.shape))
    gray = (gray - (gray * window).sum() / window.sum()) * window
    power = np.abs(np.fft.rfft2(gray)) ** 2 / np.square(window).sum() / factor**2
    ys, xs = np.fft.fftfreq(gray.shape[0]), np.fft.rfftfreq(gray.shape[1])
    return power, np.hypot(ys[:, None], xs[None]) * factor
