"""Brings a texture to another size as its map wants it: smaller, what a mip level of it is to be."""

from __future__ import annotations

import numpy as np

from cg_upscaler.geometry import Size
from cg_upscaler.maps import AlphaMode, ColorSpace
from cg_upscaler.measure.fit import Fit
from cg_upscaler.measure.subject import Subject
from cg_upscaler.pixels import normals, transfer
from cg_upscaler.pixels.rows import Pixels


def reduced(pixels: Pixels, factor: int, subject: Subject, *, threshold: float | None = None) -> Pixels:
    """Return a texture (k·h, k·w, c) in stored numbers as (h, w, c), `factor` k times smaller each way.

    `threshold` makes alpha all or nothing again.
    """
    result = brought(pixels, Fit(Size(pixels.shape[1] // factor, pixels.shape[0] // factor)), subject)
    if subject.alpha is not None and threshold is not None:
        result[:, :, subject.alpha] = result[:, :, subject.alpha] >= threshold
    return result


def brought(pixels: Pixels, fit: Fit, subject: Subject) -> Pixels:
    """Return a texture (h, w, c) in stored numbers at the size of `fit`; the texture itself where that is its size.

    Colour is filtered in linear light, and what is visible of it; vectors are brought to unit length; everything else
    is filtered as stored. By a whole factor smaller, each texel is the mean of k × k.
    """
    if fit.size == Size(pixels.shape[1], pixels.shape[0]):
        return pixels
    result = fit(pixels).copy()
    if subject.vectors:
        layout = list(subject.vectors)
        field = normals.normalise(fit(normals.normalise(subject.field(pixels))))
        result[:, :, layout] = normals.encode(field, len(layout), signed=subject.signed)
        return result
    colour = list(subject.colour)
    stored = pixels[:, :, colour]
    light = transfer.srgb_to_linear(stored) if subject.space is ColorSpace.SRGB else stored
    mean = fit(light)
    if subject.alpha is not None and subject.mode is not AlphaMode.PREMULTIPLIED:
        alpha = pixels[:, :, [subject.alpha]]
        weight = fit(alpha)
        seen = fit(light * alpha) / np.maximum(weight, 1e-6)
        mean = np.where(weight > 0, seen, mean)
        if colour:  # a cubic's lobes may leave next to no weight
            mean = np.clip(mean, light.min(axis=(0, 1)), light.max(axis=(0, 1)))
    result[:, :, colour] = transfer.linear_to_srgb(mean) if subject.space is ColorSpace.SRGB else mean
    return result
