"""Covers a picture as Real-ESRGAN's own script does: with padded tiles, of whose results the padding is cut away.

`RealESRGANer.tile_process` of <https://github.com/xinntao/Real-ESRGAN>, realesrgan/utils.py: a tile reads `pad` texels
more on each side as far as the picture has them, and nothing is blended.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cg_upscaler.geometry import Span
from cg_upscaler.pixels.rows import Pixels

USUAL_TILE = 256
"""The side that its users give most: with the default, 0, larger pictures do not fit their cards."""


def tiled(run: Callable[[Pixels], Pixels], picture: Pixels, tile: int, padding: int, scale: int) -> Pixels:
    """Return (h·scale, w·scale, c) for (h, w, c), of results of `run` for one tile at a time."""
    height, width, channels = picture.shape
    result = np.empty((height * scale, width * scale, channels), np.float32)
    for down, rows in windows(height, tile, padding):
        for across, columns in windows(width, tile, padding):
            window = np.ascontiguousarray(picture[rows.start : rows.stop, columns.start : columns.stop])
            top, left = (down.start - rows.start) * scale, (across.start - columns.start) * scale
            place = result[down.start * scale : down.stop * scale, across.start * scale : across.stop * scale]
            place[:] = run(window)[top : top + len(place), left : left + place.shape[1]]
    return result


def windows(length: int, tile: int, padding: int) -> tuple[tuple[Span, Span], ...]:
    """Divide an axis: each tile's own texels, and what it reads. The last tile is as long as what is left."""
    cores = [Span(start, min(start + tile, length)) for start in range(0, length, tile)]
    return tuple((core, Span(max(core.start - padding, 0), min(core.stop + padding, length))) for core in cores)


def tile_for(shortest: int, multiple: int = 1) -> int:
    """Return the usual tile, or half of the shortest side where that is less: a picture of one tile has no seams."""
    half = -(-shortest // 2)
    return max(multiple, min(USUAL_TILE, -(-half // multiple) * multiple))
