"""Turns finished pictures into the numbers and channels of a file of another kind than their source."""

from __future__ import annotations

import numpy as np

from cg_upscaler.job import Storing
from cg_upscaler.maps import ColorSpace
from cg_upscaler.pixels import normals, transfer
from cg_upscaler.pixels.rows import Pixels, Source
from cg_upscaler.pixels.views import Mapped

BRIGHTNESS = (0.2126, 0.7152, 0.0722)
"""Shares of linear red, green and blue in brightness (ITU-R BT.709)."""


def as_stored(picture: Source, storing: Storing, color_space: ColorSpace, alpha: int | None) -> Source:
    """Return a finished picture as its file is to hold it; the picture itself where nothing becomes of it.

    `color_space` is that of the file's colours; `alpha` is the index of transparency among the picture's channels,
    which no curve touches.
    """
    if storing == Storing():
        return picture
    channels = len(storing.swizzle) or picture.channels
    return Mapped(picture, lambda rows: stored(rows, storing, color_space, alpha), channels)


def stored(pixels: Pixels, storing: Storing, color_space: ColorSpace, alpha: int | None = None) -> Pixels:
    """Return (h, w, channels of the file) for (h, w, channels of the picture). See `as_stored`."""
    if storing.curve is not None:
        curve = transfer.srgb_to_linear if storing.curve is ColorSpace.LINEAR else transfer.linear_to_srgb
        curved = curve(pixels)
        if alpha is not None:
            curved[:, :, alpha] = pixels[:, :, alpha]
        pixels = curved
    if not storing.swizzle:
        return pixels
    result: Pixels = np.empty((*pixels.shape[:2], len(storing.swizzle)), np.float32)
    for to, letter in enumerate(storing.swizzle):
        result[:, :, to] = _channel(pixels, letter, color_space)
    return result


def _channel(pixels: Pixels, letter: str, color_space: ColorSpace) -> Pixels | np.float32:
    if letter in "01":
        return np.float32(letter)
    if letter == "y":
        return _brightness(pixels, color_space)
    if letter == "z":
        z: Pixels = normals.encode(normals.decode(pixels[:, :, :2]), 3)[:, :, 2]
        return z
    return pixels[:, :, "rgba".index(letter)]


def _brightness(pixels: Pixels, color_space: ColorSpace) -> Pixels:
    """Return what an eye takes for the brightness of a colour; of data the mean, in which no channel is special."""
    if pixels.shape[2] < 3:
        return pixels[:, :, 0]
    colour = pixels[:, :, :3]
    if color_space is ColorSpace.DATA:
        mean: Pixels = colour.mean(axis=2, dtype=np.float32)
        return mean
    light = transfer.srgb_to_linear(colour) if color_space is ColorSpace.SRGB else colour
    total: Pixels = light @ np.array(BRIGHTNESS, np.float32)
    gray = transfer.linear_to_srgb(total) if color_space is ColorSpace.SRGB else total
    # What is gray already stays what it is, to the last bit.
    same = (colour[:, :, 0] == colour[:, :, 1]) & (colour[:, :, 1] == colour[:, :, 2])
    return np.where(same, colour[:, :, 0], gray)
