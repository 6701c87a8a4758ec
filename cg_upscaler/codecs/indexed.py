"""Writes PNG and BMP of at most 256 colours: exactly those of the picture where it has no more, else the nearest."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from cg_upscaler.codecs import png
from cg_upscaler.codecs.codec import Texels
from cg_upscaler.codecs.metadata import NOTHING, Metadata
from cg_upscaler.spec import Depth, ImageSpec

MOST = 256
_SQUEEZE = 9


def holds(spec: ImageSpec) -> str:
    """Return why a palette cannot hold a picture; empty where it can, or none is asked for."""
    if not spec.indexed:
        return ""
    if spec.depth is not Depth.UINT8:
        return f"a palette cannot hold {spec.depth.value} samples, only uint8"
    if spec.container == "bmp" and spec.alpha is not None:
        return "the palette of a BMP cannot hold alpha"
    return ""


class IndexedWriter:
    """Gathers the picture, as its colours have to be counted first."""

    def __init__(self, path: Path, container: str, spec: ImageSpec, metadata: Metadata = NOTHING) -> None:
        self._path, self._container, self._spec, self._metadata = path, container, spec, metadata
        self._pixels, self._row = np.empty((spec.size.height, spec.size.width, spec.channels), np.uint8), 0
        self._path.touch(exist_ok=False)  # a folder that cannot be written is known before the work, not after

    def write(self, rows: Texels) -> None:
        self._pixels[self._row : self._row + len(rows)] = rows
        self._row += len(rows)

    def close(self) -> None:
        palette, indices = to_palette(_as_rgba(self._pixels))
        if self._container == "bmp":
            encoded = _bmp(palette, indices)
        else:
            chunks = png.chunks_for(self._metadata, self._spec.size, 3)
            squeeze = _SQUEEZE if self._spec.storage.squeeze is None else self._spec.storage.squeeze
            encoded = png.with_chunks(_png(palette, indices, squeeze), chunks)
        self._path.write_bytes(encoded)

    def abort(self) -> None:
        pass


def _as_rgba(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return (h, w, 1 … 4) as (h, w, 4)."""
    channels = pixels.shape[2]
    order = {1: [0, 0, 0], 2: [0, 0, 0, 1], 3: [0, 1, 2], 4: [0, 1, 2, 3]}[channels]
    whole = pixels[:, :, order]
    if whole.shape[2] == 3:
        whole = np.concatenate([whole, np.full((*whole.shape[:2], 1), 255, np.uint8)], axis=2)
    return np.ascontiguousarray(whole)


def to_palette(rgba: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return at most 256 colours (n, 4), and which of them each texel is (h, w). Nothing is dithered."""
    packed = rgba.view(np.uint32)[:, :, 0]
    colours, inverse = np.unique(packed, return_inverse=True)
    if len(colours) <= MOST:
        return colours.view(np.uint8).reshape(-1, 4), inverse.reshape(packed.shape).astype(np.uint8)
    opaque = bool((rgba[:, :, 3] == 255).all())
    picture = Pillow.fromarray(rgba[:, :, :3] if opaque else rgba)
    method = Pillow.Quantize.MEDIANCUT if opaque else Pillow.Quantize.FASTOCTREE  # the first knows no alpha
    reduced = picture.quantize(MOST, method, dither=Pillow.Dither.NONE)
    flat = np.array(reduced.getpalette("RGBA"), np.uint8).reshape(-1, 4)
    return flat[:MOST], np.array(reduced)


def _png(palette: NDArray[np.uint8], indices: NDArray[np.uint8], squeeze: int) -> bytes:
    height, width = indices.shape
    rows = np.zeros((height, width + 1), np.uint8)
    rows[:, 1:] = indices
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)), (b"PLTE", palette[:, :3].tobytes())]
    seen_through = np.flatnonzero(palette[:, 3] < 255)
    if len(seen_through):
        chunks.append((b"tRNS", palette[: seen_through[-1] + 1, 3].tobytes()))
    chunks += [(b"IDAT", zlib.compress(rows.data, squeeze)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + png.packed(chunks)


def _bmp(palette: NDArray[np.uint8], indices: NDArray[np.uint8]) -> bytes:
    picture, file = Pillow.fromarray(indices, "P"), BytesIO()
    picture.putpalette(palette[:, :3].tobytes())
    picture.save(file, "BMP")
    return file.getvalue()
