"""Pictures to measure with: one that is computed, the same everywhere, and the middles of textures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cg_upscaler import codecs
from cg_upscaler.errors import UsageError
from cg_upscaler.geometry import Size
from cg_upscaler.pixels.rows import Pixels, to_float
from cg_upscaler.spec import ModelInfo

SYNTHETIC = "synthetic bricks"
LEAST = 32
"""Texels that a side of a picture has at least: half a tile of fewer is nothing but its own surroundings."""


def middle(path: Path, side: int) -> Pixels:
    """Return the middle of a texture, at most `side` texels each way. Raises UsageError where there is none."""
    if not path.is_file():
        raise UsageError("no such texture", where=path, fix="check the path")
    pixels = to_float(codecs.read(path).pixels)
    height, width = pixels.shape[:2]
    top, left = (max(0, (length - side) // 2) for length in (height, width))
    return pixels[top : top + side, left : left + side]


def fitted(picture: Pixels, model: ModelInfo, where: str) -> Pixels:
    """Return a picture with the channels that a model takes, in 0 … 1, its sides multiples of what the model wants."""
    height, width = (length // model.multiple * model.multiple for length in picture.shape[:2])
    if min(height, width) < LEAST:
        size = Size(picture.shape[1], picture.shape[0])
        raise UsageError(
            f"is {size}, too small to measure with", where=where, fix=f"give one of {LEAST} texels or more"
        )
    wanted = (
        np.minimum(np.arange(model.channels), picture.shape[2] - 1) if picture.shape[2] >= 3 else [0] * model.channels
    )
    return np.ascontiguousarray(np.clip(np.nan_to_num(picture[:height, :width, wanted]), 0, 1), dtype=np.float32)


def bricks(side: int) -> Pixels:
    """Return (side, side, 3) of 8-bit colours in 0 … 1: a crooked brick wall with grain, scratches and hard edges.

    Whole numbers decide every random choice, so that it is the same on every machine.
    """
    y, x = np.mgrid[0:side, 0:side]
    shift = 3 * np.sin(y / 17.0) + 2 * np.sin(x / 23.0)
    row = np.floor((y + shift) / 24).astype(np.int64)
    along = x + shift + 20 * (row % 2)
    column = np.floor(along / 40).astype(np.int64)
    mortar = ((y + shift) % 24 < 3) | (along % 40 < 3)
    tone = 0.45 + 0.3 * _chance(row, column)
    waves = 0.06 * np.sin(x / 2.3 + y / 5.1) * np.sin(y / 3.7 - x / 9.0)
    grain = 0.18 * (_chance(y, x) - 0.5) + 0.12 * (_chance(y // 3, x // 2) - 0.5)
    scratch = (np.abs((x * 3 + y * 7) % 131 - 65) < 1) & (_chance(y // 16, x // 16) > 0.5)
    light = np.where(mortar, 0.72, tone) + waves + grain + 0.3 * scratch
    tints = np.where(mortar[..., None], [1.0, 0.97, 0.9], [1.0, 0.62, 0.46])
    levels = np.clip(light[..., None] * tints, 0, 1) * 255
    return to_float(levels.round().astype(np.uint8))


def _chance(y: NDArray[np.int64], x: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return a number in 0 … 1 for each place, that looks like chance: Wang's hash of 32 bits."""
    value = (x.astype(np.uint32) * np.uint32(1_973)) ^ (y.astype(np.uint32) * np.uint32(9_277)) ^ np.uint32(26_699)
    value = (value ^ np.uint32(61)) ^ (value >> np.uint32(16))
    value *= np.uint32(9)
    value ^= value >> np.uint32(4)
    value *= np.uint32(0x27D4EB2D)
    value ^= value >> np.uint32(15)
    return value.astype(np.float64) / 2**32
