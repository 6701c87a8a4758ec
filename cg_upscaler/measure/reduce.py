"""Makes a texture smaller by a whole factor as its map wants it: what a mip level of it is to be."""

from __future__ import annotations

import numpy as np

from cg_upscaler.maps import AlphaMode, ColorSpace
from cg_upscaler.measure.subject import Subject
from cg_upscaler.pixels import normals, transfer
from cg_upscaler.pixels.resample import shrink
from cg_upscaler.pixels.rows import Pixels


def reduced(pixels: Pixels, factor: int, subject: Subject, *, threshold: float | None = None) -> Pixels:
    """Return a texture (k·h, k·w, c) in stored numbers as (h, w, c), `factor` k times smaller each way.

    Each texel is the mean of k × k: of colour in linear light, and of what is visible of it; of vectors brought to unit
    length; of everything else as stored. `threshold` makes alpha all or nothing again.
    """
    result = shrink(pixels, factor)
    if subject.vectors:
        layout = list(subject.vectors)
        field = normals.normalise(shrink(normals.normalise(subject.field(pixels)), factor))
        result[:, :, layout] = normals.encode(field, len(layout), signed=subject.signed)
        return result
    colour = list(subject.colour)
    stored = pixels[:, :, colour]
    light = transfer.srgb_to_linear(stored) if subject.space is ColorSpace.SRGB else stored
    if subject.alpha is not None and subject.mode is not AlphaMode.PREMULTIPLIED:
        alpha = pixels[:, :, [subject.alpha]]
        weight = shrink(alpha, factor)
        seen = shrink(light * alpha, factor) / np.maximum(weight, 1e-6)
        mean = np.where(weight > 0, seen, shrink(light, factor))
    else:
        mean = shrink(light, factor)
    result[:, :, colour] = transfer.linear_to_srgb(mean) if subject.space is ColorSpace.SRGB else mean
    if subject.alpha is not None and threshold is not None:
        result[:, :, subject.alpha] = result[:, :, subject.alpha] >= threshold
    return result
