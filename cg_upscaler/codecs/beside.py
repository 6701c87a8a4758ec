"""Reads what a file says beside its texels, whatever its container."""

from __future__ import annotations

import struct
from pathlib import Path

from cg_upscaler.codecs import exr, png, segments, tga, tiff
from cg_upscaler.codecs.metadata import NOTHING, Metadata

RADIANCE = b"lines"
"""What the lines of a Radiance header are called among raw things."""

_HEAD = 1 << 16


def metadata(path: Path, container: str) -> Metadata:
    """Return what a file says. Raises a `SourceError` where that cannot be told for damage."""
    read = {
        "png": png.metadata,
        "jpg": segments.metadata,
        "webp": segments.webp,
        "tif": tiff.metadata,
        "exr": exr.metadata,
        "tga": tga.metadata,
        "bmp": _bmp,
        "hdr": _radiance,
    }.get(container)
    return NOTHING if read is None else read(path)


def _bmp(path: Path) -> Metadata:
    with path.open("rb") as file:
        head = file.read(138).ljust(138, b"\0")
        size, across, down = struct.unpack_from("<I20xII", head, 14)
        dpi = (across * png.INCH, down * png.INCH) if size >= 40 and across and down else None
        icc = b""
        if size >= 124 and head[70:74] == b"DEBM":  # a profile within the file
            start, length = struct.unpack_from("<II", head, 126)
            if length < 1 << 26:
                file.seek(14 + start)
                icc = file.read(length)
    return Metadata(icc=icc, dpi=dpi, container="bmp", lost=("ICC profile",) if icc else ())


def _radiance(path: Path) -> Metadata:
    with path.open("rb") as file:
        head = file.read(_HEAD)
    lines = head.partition(b"\n\n")[0].split(b"\n")[1:]
    own = [line for line in lines if line.strip() and not line.startswith(b"FORMAT=")]
    text = []
    for line in own:
        key, equals, value = line.decode("utf-8", "replace").partition("=")
        text.append((key, value) if equals else ("Comment", key.lstrip("# ")))
    raw = ((RADIANCE, b"".join(line + b"\n" for line in own)),) if own else ()
    return Metadata(text=tuple(text), raw=raw, container="hdr")
