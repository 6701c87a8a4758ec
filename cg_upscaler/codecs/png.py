"""Reads and writes what a PNG says beside its texels, chunk by chunk, and no more than its source said."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from cg_upscaler.codecs.inplace import move
from cg_upscaler.codecs.metadata import Metadata
from cg_upscaler.codecs.sniff import damaged
from cg_upscaler.codecs.tags import ORIENTATION, resized, tags_of
from cg_upscaler.geometry import Size

Chunk = tuple[bytes, bytes]

INCH = 0.0254
"""Metres."""

FILLER = "x"
"""The key of a text that is written to make room for chunks, which then take its place."""

_MOST = 1 << 26
_XMP = "XML:com.adobe.xmp"
_TEXEL = (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"bKGD", b"hIST", b"sBIT", b"tIME", b"oFFs", b"fdAT", b"fcTL")
"""Chunks that follow from the texels, or tell of the file and not of the picture."""
_KNOWN = (b"gAMA", b"cHRM", b"sRGB", b"cICP", b"mDCV", b"cLLI", b"iCCP", b"pHYs", b"tEXt", b"zTXt", b"iTXt", b"eXIf")


def chunks_of(file: BinaryIO, path: Path) -> tuple[list[bytes], list[Chunk]]:
    """Walk a PNG to its end. Return the kinds of its chunks, and those that hold neither texels nor palette.

    Walked to the end, so that a truncated file never reaches libpng, which would write to stderr about it.
    """
    kinds, kept, held = [], [], 0
    length = file.seek(0, 2)
    at = 8
    while True:
        file.seek(at)
        size, kind = struct.unpack(">I4s", file.read(8))
        at += size + 12
        if at > length:
            raise damaged(path, f"is truncated: there are {length} of at least {at} bytes")
        if kind == b"IHDR" or kind not in _TEXEL:
            held += size
            if held > _MOST:
                raise damaged(path, f"holds more than {_MOST >> 20} MiB beside its texels")
            kept.append((kind, file.read(size)))
        kinds.append(kind)
        if kind == b"IEND":
            return kinds, kept


def metadata(path: Path) -> Metadata:
    """Return what a PNG says beside its texels."""
    with path.open("rb") as file:
        kinds, chunks = chunks_of(file, path)
    icc = exif = xmp = b""
    text, dpi, raw = [], None, []
    lost = ["significant bits"] if b"sBIT" in kinds else []
    for kind, data in chunks:
        if kind == b"iCCP":
            icc = _inflated(data.partition(b"\0")[2][1:])
        elif kind == b"eXIf":
            exif = data
        elif kind == b"pHYs" and len(data) == 9 and data[8] == 1:
            across, down = struct.unpack_from(">II", data)
            dpi = across * INCH, down * INCH
        elif kind in (b"tEXt", b"zTXt", b"iTXt"):
            key, value = _text(kind, data)
            if key == _XMP:
                xmp = value.encode()
            else:
                text.append((key, value))
        if kind in _KNOWN or (kind != b"IHDR" and kind[3:].islower()):  # others are not safe to copy
            raw.append((kind, data))
        elif kind != b"IHDR":
            lost.append(f"chunk {kind.decode('latin-1')}")
    orientation = next((int(tag.number) for tag in tags_of(exif) if tag.code == ORIENTATION), 1)
    return Metadata(icc, exif, xmp, tuple(text), orientation, dpi, tuple(raw), container="png", lost=tuple(lost))


def _text(kind: bytes, data: bytes) -> tuple[str, str]:
    key, _, rest = data.partition(b"\0")
    name = key.decode("latin-1")
    if kind == b"tEXt":
        return name, rest.decode("latin-1")
    if kind == b"zTXt":
        return name, _inflated(rest[1:]).decode("latin-1")
    packed, rest = rest[:1] == b"\1", rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    return name, (_inflated(rest) if packed else rest).decode("utf-8", "replace")


def _inflated(data: bytes) -> bytes:
    """Return what was deflated, as far as it is sound and not unreasonably long."""
    try:
        return zlib.decompressobj().decompress(data, _MOST)
    except zlib.error:
        return b""


def chunks_for(metadata: Metadata, size: Size, colours: int) -> list[Chunk]:
    """Return the chunks that say it in a PNG of a size, with one or three channels of colour."""
    if metadata.container == "png":
        return [
            (kind, resized(data, size.width, size.height) if kind == b"eXIf" else data)
            for kind, data in metadata.raw
            if kind != b"iCCP" or suits(metadata.icc, colours)
        ]
    chunks: list[Chunk] = []
    if metadata.icc and suits(metadata.icc, colours):
        chunks.append((b"iCCP", b"ICC profile\0\0" + zlib.compress(metadata.icc)))
    if metadata.dpi is not None:
        across, down = (min(max(round(dots / INCH), 0), (1 << 31) - 1) for dots in metadata.dpi)
        chunks.append((b"pHYs", struct.pack(">IIB", across, down, 1)))
    chunks += [said_chunk(key, value) for key, value in metadata.text]
    if metadata.xmp:
        chunks.append((b"iTXt", _XMP.encode() + b"\0\0\0\0\0" + metadata.xmp))
    exif = metadata.exif_for(size)
    if exif:
        chunks.append((b"eXIf", exif))
    return chunks


def said_chunk(key: str, value: str) -> Chunk:
    """Return the chunk that says a text."""
    name = key.encode("latin-1", "replace").replace(b"\0", b" ").strip()[:79] or b"Comment"
    try:
        return b"tEXt", name + b"\0" + value.replace("\0", " ").encode("latin-1")
    except UnicodeEncodeError:
        return b"iTXt", name + b"\0\0\0\0\0" + value.encode()


def suits(icc: bytes, colours: int) -> bool:
    """Whether a profile is of pictures with so many channels of colour, by the signature in its header."""
    return icc[16:20] == (b"GRAY" if colours == 1 else b"RGB ")


def packed(chunks: Iterable[Chunk]) -> bytes:
    """Return chunks as they stand in a file, each with its length and its sum."""
    return b"".join(
        struct.pack(">I4s", len(data), kind) + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def with_chunks(encoded: bytes, chunks: Iterable[Chunk]) -> bytes:
    """Return a PNG in memory with chunks after its header."""
    return encoded[:33] + packed(chunks) + encoded[33:]


def replace_head(path: Path, head: bytes) -> None:
    """Put `head` in place of all chunks between a PNG's header and its palette or texels.

    What was there must be as long or longer. Raises `OSError`.
    """
    with path.open("r+b") as file:
        at = 33
        while True:
            file.seek(at)
            start = file.read(8)
            if len(start) < 8:
                raise OSError("the texels of the file are missing")
            size, kind = struct.unpack(">I4s", start)
            if kind in (b"PLTE", b"IDAT", b"tRNS"):
                break
            at += size + 12
        gap = at - 33 - len(head)
        if gap < 0:
            raise OSError("there is no room for what goes with the texels")
        file.seek(33)
        file.write(head)
        if gap:
            move(file, at, -gap)
