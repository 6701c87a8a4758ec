"""Decodes what OpenImageIO has opened: whole into memory, or by rows into a file without a name."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import OpenImageIO as oiio

from cg_upscaler.codecs.codec import DTYPES, Texels
from cg_upscaler.codecs.layers import Pick
from cg_upscaler.errors import DiskFull
from cg_upscaler.geometry import Size
from cg_upscaler.pixels.rows import BLOCK

IN_MEMORY = 1 << 28
"""Bytes of decoded texels from which on they go into a file, where there is a folder for it."""

Adjust = Callable[[Texels], Texels]


def whole(source: oiio.ImageInput, picks: Sequence[Pick], size: Size) -> Texels | None:
    """Return the layers below each other, (slices·height, width, channels); None where something is damaged."""
    slices = []
    for pick in picks:
        pixels = source.read_image(pick.part, 0, pick.start, pick.stop, pick.depth.value)
        if pixels is None:
            return None
        slices.append(_ordered(pixels.reshape(size.height, size.width, -1), pick))
    return slices[0] if len(slices) == 1 else np.concatenate(slices)


def by_rows(source: oiio.ImageInput, picks: Sequence[Pick], size: Size, adjust: Adjust, scratch: Path) -> Texels | None:
    """Return the same, adjusted, as a map of a file in `scratch` that goes with it. Raises `DiskFull`."""
    dtype = DTYPES[picks[0].depth]
    shape = (size.height * len(picks), size.width, len(picks[0].names))
    try:
        scratch.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=scratch) as file:
            for pick in picks:
                for rows in _blocks(source, pick, size):
                    if rows is None:
                        return None
                    file.write(np.ascontiguousarray(adjust(_ordered(rows, pick))).data)
            file.flush()  # a full disk is told here, and not by a signal at the first look at a page
            return np.memmap(file, dtype, "r", shape=shape)
    except OSError as error:
        what = f"no room to decode {size} texels into ({error.strerror or error})"
        raise DiskFull(what, where=scratch, fix="free some, or choose another output folder") from error


def _blocks(source: oiio.ImageInput, pick: Pick, size: Size) -> Iterator[Texels | None]:
    """Yield all rows of a layer in blocks that hold whole tiles; None and nothing more where one is damaged."""
    if not source.seek_subimage(pick.part, 0):
        yield None
        return
    found = source.spec()
    tile = found.tile_height
    step = max(1, BLOCK // size.width)
    if tile:
        step = max(1, step // tile) * tile
    for start in range(found.y, found.y + size.height, step):
        stop = min(start + step, found.y + size.height)
        if tile:
            right = found.x + size.width
            rows = source.read_tiles(found.x, right, start, stop, 0, 1, pick.start, pick.stop, pick.depth.value)
        else:
            rows = source.read_scanlines(start, stop, 0, pick.start, pick.stop, pick.depth.value)
        yield None if rows is None else rows.reshape(stop - start, size.width, -1)
        if rows is None:
            return


def _ordered(pixels: Texels, pick: Pick) -> Texels:
    return pixels if pick.order is None else np.ascontiguousarray(pixels[:, :, list(pick.order)])
