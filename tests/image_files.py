"""Image files made by hand, byte for byte, for what no library at hand will write."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cg_upscaler import codecs
from cg_upscaler.geometry import Size
from cg_upscaler.maps import ColorSpace
from cg_upscaler.pixels.rows import to_float
from cg_upscaler.spec import Depth, ImageSpec

DEPTHS = {"uint8": Depth.UINT8, "uint16": Depth.UINT16, "float16": Depth.HALF, "float32": Depth.FLOAT}


def spec_for(pixels: NDArray, suffix: str, **changes: object) -> ImageSpec:
    height, width, channels = pixels.shape
    fields = {"alpha": channels - 1 if channels in (2, 4) else None, "color_space": ColorSpace.DATA, **changes}
    return ImageSpec(Size(width, height), channels, DEPTHS[str(pixels.dtype)], suffix[1:], **fields)


def write(path: Path, pixels: NDArray, block: int = 5, **changes: object) -> Path:
    """Write a picture through the codecs, a few rows at a time."""
    with codecs.create(path, spec_for(pixels, path.suffix, **changes)) as sink:
        for start in range(0, len(pixels), block):
            sink.put(to_float(pixels[start : start + block]))
        sink.commit()
    return path


def noise(dtype: str, channels: int, width: int = 13, height: int = 9) -> NDArray:
    """Every level is likely; where there is alpha, it is 0 in the first rows, and colour is not."""
    rng = np.random.default_rng(channels)
    shape = (height, width, channels)
    if dtype.startswith("float"):
        pixels = rng.normal(0, 30, shape).astype(dtype)
    else:
        pixels = rng.integers(0, np.iinfo(dtype).max, shape, dtype=dtype, endpoint=True)
    if channels in (2, 4):
        pixels[:3, :, -1] = 0
    return pixels


def png_chunk(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, bits: int, color: int, rows: bytes, *extra: bytes) -> bytes:
    """A PNG of rows that carry their filter byte already; `extra` chunks stand before the pixels."""
    header = struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, 0)
    body = png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND")
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + b"".join(extra) + body


def packed_rows(indices: NDArray, bits: int) -> bytes:
    """Rows of 1, 2, 4 or 8-bit numbers, each after a filter byte of 0."""
    shifts = np.arange(bits - 1, -1, -1)
    unpacked = (indices[:, :, None] >> shifts & 1).astype(np.uint8)
    return b"".join(b"\0" + np.packbits(row.ravel()).tobytes() for row in unpacked)


def tga(width: int, height: int, bits: int = 24, kind: int = 2, flags: int = 0x20, data: bytes = b"") -> bytes:
    return struct.pack("<BBBHHBHHHHBB", 0, 0, kind, 0, 0, 0, 0, 0, width, height, bits, flags) + data


def bmp(width: int, height: int, data: bytes = b"") -> bytes:
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, len(data), 0, 0, 0, 0)
    return struct.pack("<2sIHHI", b"BM", 54 + len(data), 0, 0, 54) + header + data


def dds(
    width: int,
    height: int,
    data: bytes,
    *,
    fourcc: bytes = b"DX10",
    dxgi: int = 98,
    mips: int = 1,
    caps2: int = 0,
    array: int = 1,
    dimension: int = 3,
    misc: int = 0,
) -> bytes:
    flags = 0x1 | 0x2 | 0x4 | 0x1000 | 0x20000 | 0x80000
    head = struct.pack("<4s7I44x", b"DDS ", 124, flags, height, width, len(data), 1, mips)
    head += struct.pack("<2I4s5I", 32, 4, fourcc, 0, 0, 0, 0, 0)
    head += struct.pack("<5I", 0x1000, caps2, 0, 0, 0)
    if fourcc == b"DX10":
        head += struct.pack("<5I", dxgi, dimension, misc, array, 0)
    return head + data


def psd(pixels: NDArray) -> bytes:
    """A flat PSD of 8 or 16 bits, its planes stored one after another without compression."""
    height, width, channels = pixels.shape
    bits = pixels.dtype.itemsize * 8
    mode = 1 if channels < 3 else 3
    header = struct.pack(">4sH6xHIIHH", b"8BPS", 1, channels, height, width, bits, mode)
    planes = pixels.astype(pixels.dtype.newbyteorder(">")).transpose(2, 0, 1).tobytes()
    return header + struct.pack(">III", 0, 0, 0) + struct.pack(">H", 0) + planes
