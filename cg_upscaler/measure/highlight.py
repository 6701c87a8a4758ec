"""Highlights: whether the brightest light of a picture comes back as bright as it was."""

from __future__ import annotations

import numpy as np

from cg_upscaler.measure.fit import Fit
from cg_upscaler.pixels.rows import Pixels

_BRIGHTEST = 0.001


def highlight_error(source: Pixels, result: Pixels, fit: Fit | None = None) -> float:
    """Return by which share the light of highlights changed, in the worst of them: 0.05 is five per cent.

    `source` (h, w, c) and `result`, larger, hold linear light. Highlights are the brightest thousandth of the
    source's texels, one at least; of the result it is the mean over the texels that became of one that counts.
    """
    before = source.sum(axis=2, dtype=np.float64).ravel()
    after = (fit or Fit.to(source))(result).sum(axis=2, dtype=np.float64).ravel()
    count = max(1, round(_BRIGHTEST * before.size))
    brightest = np.argpartition(before, -count)[-count:]
    return float(np.max(np.abs(after[brightest] - before[brightest]) / np.maximum(before[brightest], 1e-6)))
