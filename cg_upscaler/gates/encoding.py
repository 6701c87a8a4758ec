"""What storing a result with loss did to it."""

from __future__ import annotations

import math

import numpy as np

from cg_upscaler.job import Figure
from cg_upscaler.measure.psnr import EQUAL
from cg_upscaler.pixels.rows import Source, blocks


def lost_in_encoding(result: Source, stored: Source) -> Figure:
    """Return the PSNR, in dB, of what a file holds against the result that was put into it, both 0 … 1."""
    total, top = 0.0, 0
    for block in blocks(result):
        there = stored.rows(top, top + len(block))
        total += float(np.square(np.clip(block, 0, 1) - there).sum(dtype=np.float64))
        top += len(block)
    mean = total / (result.size.pixels * result.channels)
    return Figure("encoding", EQUAL if mean <= 0 else round(min(EQUAL, -10 * math.log10(mean)), 4))
