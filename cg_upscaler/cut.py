"""Decides how an image is cut into tiles, from its size and model alone: never from free memory."""

from __future__ import annotations

from cg_upscaler.geometry import Cut, Size
from cg_upscaler.spec import ModelInfo

TILE_SIDES = (512, 256, 128, 64, 32)
"""The canonical tile sides, largest first. On out-of-memory a job is planned again with the next."""

BORDER = 8
"""Texels of mirrored or clamped surroundings that a tile reads where the picture ends. Generators were trained on
crops with zeros around them, so they need few."""


def canonical_cut(size: Size, model: ModelInfo, *, smaller: int = 0, padding: int | None = None) -> Cut | None:
    """Return the cut for an image of `size` (of the generator's input), or None where there is none so small.

    The first choice is the smallest tile that covers the image, or else the largest there is; `smaller` counts the
    steps down from it. `padding` overrides the model's reach, for tests and benchmarks.
    """
    longest = max(size.width, size.height)
    covering = [i for i, side in enumerate(TILE_SIDES) if side >= longest]
    index = max(covering, default=0) + smaller
    if index >= len(TILE_SIDES):
        return None
    tile = TILE_SIDES[index]
    reach = model.reach if padding is None else padding
    overlap = min(reach // 2, tile // 2)
    return Cut(tile=tile, padding=reach, overlap=overlap, border=min(reach, BORDER))
