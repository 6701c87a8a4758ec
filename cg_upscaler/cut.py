"""Decides how an image is cut into tiles, from its size and model alone: never from free memory."""

from __future__ import annotations

from dataclasses import replace

from cg_upscaler.geometry import Cut, Size
from cg_upscaler.spec import ModelInfo

TILE_SIDES = (512, 256, 128, 64, 32)
"""The canonical tile sides, largest first. On out-of-memory a job is planned again with the next."""

BORDER = 8
"""Texels of mirrored or clamped surroundings that a tile reads where the picture ends. Generators were trained on
crops with zeros around them, so they need few."""


def canonical_cut(size: Size, model: ModelInfo) -> Cut:
    """Return the cut for a generator's input of `size`: the smallest tile that covers it, or the largest there is."""
    longest = max(size.width, size.height)
    tile = min((side for side in TILE_SIDES if side >= longest), default=TILE_SIDES[0])
    if model.reach is None:
        raise ValueError(f"how far {model.name} looks is to be measured first")
    # What a tile gives to the blend has the model's whole reach behind it, so a network whose reach is exact is exact.
    overlap = model.reach // 4
    return Cut(tile, padding=model.reach + overlap, overlap=overlap, border=min(model.reach, BORDER))


def overlapping(cut: Cut, texels: int) -> Cut:
    """Return a cut whose tiles read so many texels of their neighbours, and blend a fifth as usual."""
    return replace(cut, padding=texels, overlap=texels // 5, border=min(texels, BORDER))


def smaller(cut: Cut) -> Cut | None:
    """Return the next smaller canonical cut, or None where there is none."""
    side = max((side for side in TILE_SIDES if side < cut.tile), default=None)
    return None if side is None else replace(cut, tile=side)
