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
_NEXT_TO_NOTHING = 1e-6
"""Energy below which there is nothing to compare with."""
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


def true_detail(truth: Pixels, result: Pixels, factor: int) -> tuple[float, float] | None:
    """Return how much of what a small version cannot hold a result has, both (h, w, c): all of it, and what is true.

    The first is the result's energy beyond Nyquist's frequency of a version 1 / `factor` the size, as a multiple of the
    truth's. The second is the share of the truth that lies in the result: the projection of the result onto the truth,
    0 where detail lies anywhere but where it belongs, 1 where all is there. None where the truth has next to none.
    """
    (ours, at), (theirs, _) = _transformed(result, factor), _transformed(truth, factor)
    beyond = (at > _NYQUIST) & (at <= _NYQUIST * factor)
    there = np.square(np.abs(theirs[beyond])).sum()
    if there < _NEXT_TO_NOTHING:
        return None
    energy = np.square(np.abs(ours[beyond])).sum()
    common = (ours[beyond] * theirs[beyond].conj()).real.sum()
    return float(energy / there), float(common / there)


def _spectrum(picture: Pixels, factor: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The power density of a picture's gray, and its frequencies in cycles per source texel."""
    waves, at = _transformed(picture, factor)
    return np.abs(waves) ** 2, at


def _transformed(picture: Pixels, factor: float) -> tuple[NDArray[np.complex128], NDArray[np.float64]]:
    gray = picture.mean(axis=2, dtype=np.float64)
    # Hann's window: a border where nothing meets would look like detail.
    window = np.outer(*(np.hanning(side + 2)[1:-1] for side in gray.shape))
    gray = (gray - (gray * window).sum() / window.sum()) * window
    waves = np.fft.rfft2(gray) / np.sqrt(np.square(window).sum()) / factor
    ys, xs = np.fft.fftfreq(gray.shape[0]), np.fft.rfftfreq(gray.shape[1])
    return waves, np.hypot(ys[:, None], xs[None]) * factor
