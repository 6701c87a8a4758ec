"""Decodes blocks with OpenImageIO, which reads them from DDS files alone: so each picture is made one, for a moment."""

from __future__ import annotations

import struct
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import OpenImageIO as oiio

from cg_upscaler.codecs.blocks.table import BLOCKS, SIDE, length
from cg_upscaler.codecs.codec import DTYPES, Texels
from cg_upscaler.geometry import Size

_DXGI = {"bc1": 71, "bc2": 74, "bc3": 77, "bc4": 80, "bc5": 83, "bc6h": 95, "bc7": 98}

_AT_ONCE = 1 << 24
"""Texels of the pictures that are decoded together, so that no large temporary file is needed."""


def decode(name: str, blocks: bytes | memoryview, size: Size) -> Texels:
    """Return the texels of a picture, (h, w, c) in the block's own type. `blocks` has the length that is its due.

    BC1 and BC7 come with alpha always, BC5 with two channels, and BC6H is taken for unsigned. Raises `OSError` where
    no temporary file can be written.
    """
    block = BLOCKS[name]
    result = np.empty((size.height, size.width, block.channels[-1]), DTYPES[block.depth])
    step = max(SIDE, _AT_ONCE // size.width // SIDE * SIDE)
    with TemporaryDirectory(prefix="cg-upscale-") as folder:
        path = Path(folder, "blocks.dds")
        for top in range(0, size.height, step):
            part = Size(size.width, min(step, size.height - top))
            start = length(name, Size(size.width, top)) if top else 0
            path.write_bytes(_header(name, part) + bytes(blocks[start : start + length(name, part)]))
            result[top : top + part.height] = _read(path, part, result.shape[2], block.depth.value)
    return result


def _header(name: str, size: Size) -> bytes:
    head = struct.pack("<4s7I44x", b"DDS ", 124, 0x81007, size.height, size.width, length(name, size), 1, 1)
    head += struct.pack("<2I4s20xI16x", 32, 4, b"DX10", 0x1000)
    return head + struct.pack("<5I", _DXGI[name], 3, 0, 1, 0)


def _read(path: Path, size: Size, channels: int, depth: str) -> Texels:
    source = oiio.ImageInput.open(str(path))
    if source is None:
        raise OSError(oiio.geterror())
    pixels = source.read_image(0, 0, 0, channels, depth)
    complaint = source.geterror()
    source.close()
    if pixels is None:
        raise OSError(complaint)
    return np.asarray(pixels).reshape(size.height, size.width, -1)
