"""Reads a file again that was just written: libraries behind OpenImageIO take a failed write for a success."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import OpenImageIO as oiio

from cg_upscaler.codecs.codec import Texels
from cg_upscaler.pixels.rows import BLOCK

PROVED = (".bmp", ".tif", ".tiff", ".exr")
"""What is proved: PNG, JPEG and the others were never seen to hide a failed write (`tests/torture/writers.py`)."""

_LOSSY = ("jpeg", "b44", "b44a", "dwaa", "dwab", "pxr24")


class Proof:
    """A sum over the rows of each picture of a file, as they went in and as they come out again."""

    def __init__(self, pictures: int) -> None:
        self._sums = [0] * pictures

    def add(self, number: int, rows: Texels) -> None:
        """Take the next rows of a picture, contiguous, from top to bottom."""
        self._sums[number] = zlib.crc32(rows.data, self._sums[number])

    def hold(self, path: Path, headers: Sequence[oiio.ImageSpec]) -> None:
        """Raise `OSError` where a file is not what went into it; of one that is stored with loss, where it ends."""
        config = oiio.ImageSpec()
        config.attribute("oiio:UnassociatedAlpha", 1)  # or colour is multiplied by alpha
        source = oiio.ImageInput.open(str(path), config)
        if source is None:
            oiio.geterror()
            raise OSError("it cannot be read again")
        try:
            for number, header in enumerate(headers):
                read = _sum(source, number, header)
                if read != self._sums[number] and not _is_lossy(header):
                    raise OSError("it is not what was written")
        finally:
            source.close()


def _is_lossy(header: oiio.ImageSpec) -> bool:
    return header.getattribute("compression") is not None and str(header["compression"]).startswith(_LOSSY)


def _sum(source: oiio.ImageInput, number: int, header: oiio.ImageSpec) -> int:
    """Return the sum over a picture as it is read. Raises OSError where it cannot be."""
    if not source.seek_subimage(number, 0):
        raise OSError("a part of it is missing")
    found = source.spec()
    order = [found.channelnames.index(name) for name in header.channelnames if name in found.channelnames]
    if (found.width, found.height) != (header.width, header.height) or len(order) != header.nchannels:
        order = list(range(found.nchannels))
    total = 0
    step = max(1, BLOCK // found.width)
    if found.tile_height:
        step = max(1, step // found.tile_height) * found.tile_height
    for start in range(found.y, found.y + found.height, step):
        stop = min(start + step, found.y + found.height)
        if found.tile_height:
            right = found.x + found.width
            rows = source.read_tiles(found.x, right, start, stop, 0, 1, 0, found.nchannels, str(header.format))
        else:
            rows = source.read_scanlines(start, stop, 0, 0, found.nchannels, str(header.format))
        if rows is None:
            raise OSError(source.geterror() or "a part of it is missing")
        whole = rows.reshape(stop - start, found.width, -1)[:, :, order]
        total = zlib.crc32(np.ascontiguousarray(whole).data, total)
    return total
