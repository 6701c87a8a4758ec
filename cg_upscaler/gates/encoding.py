"""What storing a result with loss did to it."""

from __future__ import annotations

import math

import numpy as np

from cg_upscaler.codecs import Image
from cg_upscaler.job import Figure
from cg_upscaler.measure.psnr import EQUAL
from cg_upscaler.measure.subject import Shown
from cg_upscaler.pixels.rows import Source, blocks


def lost_in_encoding(result: Source, stored: Image) -> Figure:
    """Return the PSNR, in dB, of what a file holds against the result that was put into it.

    Of light that goes beyond 1, under its curve; of other numbers beyond 0 … 1, as they lie in their range.
    """
    spec, low, high = stored.spec, 0.0, 1.0
    if spec.depth.is_float:
        low, high = min(low, float(stored.pixels.min())), max(high, float(stored.pixels.max()))
    shown = Shown(spec.color_space, low, high)
    channels = min(result.channels, stored.channels)  # what is opaque throughout may be read with alpha, or without
    total, top = 0.0, 0
    for block in blocks(result):
        there = shown(stored.rows(top, top + len(block))[:, :, :channels])
        total += float(np.square(shown(np.clip(block[:, :, :channels], low, high)) - there).sum(dtype=np.float64))
        top += len(block)
    mean = total / (result.size.pixels * channels)
    return Figure("encoding", EQUAL if mean <= 0 else round(min(EQUAL, -10 * math.log10(mean)), 4))
