"""Reads off a file's own structure what its decoder keeps to itself: palette, loss, animation, a missing end."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cg_upscaler.codecs.png import chunks_of
from cg_upscaler.codecs.sniff import damaged
from cg_upscaler.errors import UnsupportedImage
from cg_upscaler.spec import Storage

_USUAL = Storage()


@dataclass(frozen=True, slots=True)
class Facts:
    """What the structure of a file says."""

    indexed: bool = False
    lossy: bool = False
    storage: Storage = _USUAL


def facts(path: Path, container: str) -> Facts:
    """Return what the structure of a PNG, TGA, BMP or WebP says. Raises for one that ends early or is an animation."""
    read = {"png": _png, "tga": _tga, "bmp": _bmp, "webp": _webp}.get(container)
    if read is None:
        return Facts(lossy=container == "jpg")
    with path.open("rb") as file:
        try:
            return read(file, path)
        except struct.error:
            raise damaged(path, "is truncated") from None


def _png(file: BinaryIO, path: Path) -> Facts:
    kinds, chunks = chunks_of(file, path)
    if b"acTL" in kinds:
        raise _animated(path)
    header = next((data for kind, data in chunks if kind == b"IHDR"), b"")
    return Facts(indexed=header[9:10] == b"\x03")


def _tga(file: BinaryIO, path: Path) -> Facts:
    _, mapped, kind, bits, flags = struct.unpack("<BBB13xBB", file.read(18))
    if bits == 16 and mapped == 0 and flags & 0xF == 1:
        # OpenImageIO drops that bit without a word, and others do not agree on whether it is opaque when set.
        raise UnsupportedImage("is a 16-bit TGA with one bit of alpha", where=path, fix="save it with 32 bits a texel")
    encoding = "rle" if kind >= 9 else "none"
    return Facts(indexed=mapped == 1, storage=Storage(encoding=encoding, from_bottom=not flags & 0x20))


def _bmp(file: BinaryIO, path: Path) -> Facts:
    head = file.read(34).ljust(34, b"\0")
    rle = head[14] >= 40 and int.from_bytes(head[30:34], "little") in (1, 2)
    return Facts(storage=Storage(encoding="rle" if rle else ""))


def _webp(file: BinaryIO, path: Path) -> Facts:
    for kind, start, _ in riff(file):
        if kind == b"VP8X":
            file.seek(start)
            if int.from_bytes(file.read(1), "little") & 2:
                raise _animated(path)
        elif kind in (b"VP8 ", b"VP8L"):
            return Facts(lossy=kind == b"VP8 ")
    raise damaged(path, "is truncated: there is no picture in it")


def riff(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """Yield the kind, the place and the size of each chunk of a RIFF file."""
    at = 12
    while True:
        file.seek(at)
        header = file.read(8)
        if len(header) < 8:
            return
        kind, size = struct.unpack("<4sI", header)
        yield kind, at + 8, size
        at += 8 + size + size % 2


def _animated(path: Path) -> UnsupportedImage:
    return UnsupportedImage("is an animation", where=path, fix="save its frames as single images")


def jpeg_ends(path: Path) -> bool:
    """Return whether a JPEG's last scan is closed. Its decoder makes up what is missing: gray, to the bottom."""
    data = path.read_bytes()
    return data.rfind(b"\xff\xd9") > data.rfind(b"\xff\xda")
