"""Reads off a file's own structure what its decoder keeps to itself: palette, loss, animation, a missing end."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cg_upscaler.codecs.sniff import damaged
from cg_upscaler.errors import UnsupportedImage


@dataclass(frozen=True, slots=True)
class Facts:
    """What the structure of a file says."""

    indexed: bool = False
    lossy: bool = False
    note: str = ""


def facts(path: Path, container: str) -> Facts:
    """Return what the structure of a PNG, TGA or WebP says. Raises for one that ends early or is an animation."""
    read = {"png": _png, "tga": _tga, "webp": _webp}.get(container)
    if read is None:
        return Facts(lossy=container == "jpg")
    with path.open("rb") as file:
        try:
            return read(file, path)
        except struct.error:
            raise damaged(path, "is truncated") from None


def _png(file: BinaryIO, path: Path) -> Facts:
    """Walk to the end, so that a truncated file never reaches libpng, which would write to stderr about it."""
    indexed = False
    length = file.seek(0, 2)
    at = 8
    while True:
        file.seek(at)
        size, kind = struct.unpack(">I4s", file.read(8))
        if kind == b"IHDR":
            indexed = file.read(10)[9:10] == b"\x03"
        elif kind == b"acTL":
            raise _animated(path)
        at += size + 12
        if at > length:
            raise damaged(path, f"is truncated: there are {length} of at least {at} bytes")
        if kind == b"IEND":
            return Facts(indexed=indexed)


def _tga(file: BinaryIO, path: Path) -> Facts:
    _, mapped, bits, flags = struct.unpack("<BB14xBB", file.read(18))
    if bits == 16 and mapped == 0 and flags & 0xF == 1:
        # OpenImageIO drops that bit without a word.
        raise UnsupportedImage("is a 16-bit TGA with one bit of alpha", where=path, fix="save it with 32 bits a texel")
    return Facts(indexed=mapped == 1)


def _webp(file: BinaryIO, path: Path) -> Facts:
    for kind, start in _riff(file):
        if kind == b"VP8X":
            file.seek(start)
            if file.read(1)[0] & 2:
                raise _animated(path)
        elif kind in (b"VP8 ", b"VP8L"):
            return Facts(lossy=kind == b"VP8 ")
    raise damaged(path, "is truncated: there is no picture in it")


def _riff(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    at = 12
    while True:
        file.seek(at)
        header = file.read(8)
        if len(header) < 8:
            return
        kind, size = struct.unpack("<4sI", header)
        yield kind, at + 8
        at += 8 + size + size % 2


def _animated(path: Path) -> UnsupportedImage:
    return UnsupportedImage("is an animation", where=path, fix="save its frames as single images")


def jpeg_ends(path: Path) -> bool:
    """Return whether a JPEG's last scan is closed. Its decoder makes up what is missing: gray, to the bottom."""
    data = path.read_bytes()
    return data.rfind(b"\xff\xd9") > data.rfind(b"\xff\xda")
