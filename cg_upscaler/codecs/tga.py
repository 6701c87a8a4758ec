"""Writes TGA, with or without run lengths, from the top or the bottom; and reads what one says beside its texels."""

from __future__ import annotations

import struct
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image as Pillow

from cg_upscaler.codecs.codec import Texels
from cg_upscaler.codecs.metadata import NOTHING, Metadata
from cg_upscaler.spec import ImageSpec

_SIGNATURE = b"TRUEVISION-XFILE.\0"
_EXTENSION = 495
_ID = b"id"
_FIELDS = ((2, 41, "Author"), (43, 324, "Comment"), (379, 41, "Title"), (426, 41, "Software"))
"""Where texts stand in the extension area (Truevision TGA 2.0, section C.6): offset, length, key."""
_TABLES = 482
"""Where in it the places of tables and of a small picture stand, and the kind of alpha after them."""


def metadata(path: Path) -> Metadata:
    """Return the image ID and the extension area of a TGA."""
    with path.open("rb") as file:
        length = file.read(1)
        file.seek(18)
        identity = file.read(length[0] if length else 0)
        end = file.seek(0, 2)
        file.seek(max(0, end - 26))
        footer = file.read(26)
        extension = b""
        if footer[8:] == _SIGNATURE and (place := int.from_bytes(footer[:4], "little")):
            file.seek(place)
            extension = file.read(_EXTENSION)
    if len(extension) < _EXTENSION:
        extension = b""
    text = [("Comment", identity.split(b"\0")[0].decode("utf-8", "replace"))] if identity.strip(b"\0 ") else []
    for start, size, key in _FIELDS:
        lines = [extension[at : at + 81] for at in range(start, start + size, 81)] if size > 81 else []
        parts = lines or [extension[start : start + size]]
        value = "\n".join(part.split(b"\0")[0].decode("latin-1") for part in parts).strip()
        text += [(key, value)] if value else []
    raw = tuple((kind, data) for kind, data in ((_ID, identity), (b"extension", extension)) if data)
    tables = ("colour correction table", "small picture", "table of rows")
    lost = tuple(
        word for i, word in enumerate(tables) if any(extension[_TABLES + 4 * i : _TABLES + 4 * i + 4]) and i < 2
    )
    return Metadata(text=tuple(text), raw=raw, container="tga", lost=lost)


class TgaWriter:
    """Gathers the picture, as rows from the bottom up need."""

    def __init__(self, path: Path, container: str, spec: ImageSpec, metadata: Metadata = NOTHING) -> None:
        self._path, self._storage, self._row = path, spec.storage, 0
        self._raw = dict(metadata.raw) if metadata.container == "tga" else {}
        self._pixels = np.empty((spec.size.height, spec.size.width, spec.channels), np.uint8)
        self._path.touch(exist_ok=False)  # a folder that cannot be written is known before the work, not after

    def write(self, rows: Texels) -> None:
        self._pixels[self._row : self._row + len(rows)] = rows
        self._row += len(rows)

    def close(self) -> None:
        file = BytesIO()
        pixels = self._pixels[:, :, 0] if self._pixels.shape[2] == 1 else self._pixels
        Pillow.fromarray(pixels).save(
            file,
            "TGA",
            compression="tga_rle" if self._storage.encoding == "rle" else None,
            orientation=-1 if self._storage.from_bottom else 1,
            id_section=self._raw.get(_ID, b""),
        )
        extension = bytearray(self._raw.get(b"extension", b""))
        if extension:
            kind = extension[-1]
            extension[_TABLES:] = bytes(12) + bytes([3 if kind == 4 else kind])  # alpha is straight
            place = file.seek(-26, 2)
            file.write(extension + struct.pack("<II", place, 0) + _SIGNATURE)
        self._path.write_bytes(file.getbuffer())

    def abort(self) -> None:
        pass
