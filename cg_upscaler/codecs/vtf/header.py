"""Reads and writes the header of VTF files, 7.0 to 7.5, and the resources that it names.

The layout is Valve's (developer.valvesoftware.com/wiki/VTF_(Valve_Texture_Format)).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from cg_upscaler.codecs.layouts import Format
from cg_upscaler.codecs.sniff import damaged
from cg_upscaler.codecs.vtf.formats import BY_NUMBER, FORMATS, OPAQUE, UNHANDLED
from cg_upscaler.errors import UnsupportedImage
from cg_upscaler.geometry import Size
from cg_upscaler.spec import Storage

SIGNATURE = b"VTF\0"
_FIELDS = struct.Struct("<4s3I2HI2H4x3f4xfiBi2B")
_SMALL, _TABLE, _ENTRY = 64, 80, struct.Struct("<3sBI")
_MOST_RESOURCES, _MOST_BYTES = 32, 1 << 20
"""What Valve's own engine takes, and what the data of one may come to here: they hold a few numbers or lines."""

CUBE, NORMAL, NO_MIPS, BUMPS = 0x4000, 0x80, 0x100, 0x8000000
ONE_BIT_ALPHA, ALPHA = 0x1000, 0x2000
THUMBNAIL, PICTURES, LOD, SPOTS = b"\1\0\0", b"\x30\0\0", b"LOD", b"+\0\0"
_INLINE = 2
NO_SPHERE = 0xFFFF
"""The first frame of a cube that has no sphere map."""


@dataclass(frozen=True, slots=True)
class Resource:
    """What a header of 7.3 or later names beside the pictures."""

    tag: bytes
    flags: int
    data: bytes
    """Four bytes that stand in the header itself, or any number elsewhere."""

    @property
    def is_inline(self) -> bool:
        return bool(self.flags & _INLINE)


@dataclass(frozen=True, slots=True)
class Header:
    """What a header says."""

    minor: int
    size: Size
    flags: int
    frames: int
    first: int
    reflectivity: tuple[float, float, float]
    bumps: float
    number: int
    """Of the pixel format."""
    levels: int
    thumbnail: Size | None
    """The size of the small picture, written in BC1; None where there is none."""
    resources: tuple[Resource, ...] = ()

    @property
    def bytes(self) -> int:
        """How many bytes the header takes."""
        if self.minor < 3:
            return _TABLE if self.minor == 2 else _SMALL
        return _TABLE + _ENTRY.size * (len(self.resources) + 1 + (self.thumbnail is not None))


@dataclass(frozen=True, slots=True)
class Texture:
    """What a file holds, and where."""

    header: Header
    faces: int
    """1; of cubes 6, or 7 with a map of the whole sphere behind them."""
    begins: int

    @property
    def storage(self) -> Storage:
        cube = self.faces > 1
        slices = self.header.frames * (6 if cube else 1)
        return Storage(BY_NUMBER[self.header.number], self.header.levels, slices, cube)

    @property
    def format(self) -> Format:
        return FORMATS[BY_NUMBER[self.header.number]]

    def length(self, level: int) -> int:
        """Return the bytes of one picture."""
        return self.format.length(self.header.size.level(level))

    def at(self, frame: int, face: int, level: int) -> int:
        """Return where a picture begins: the smallest level is the first, with all its frames and their faces."""
        number = self.header.frames * self.faces
        before = sum(self.length(below) for below in range(level + 1, self.header.levels)) * number
        return self.begins + before + (frame * self.faces + face) * self.length(level)

    @property
    def ends(self) -> int:
        return self.at(self.header.frames, 0, 0)


def texture(path: Path) -> Texture:
    """Return what a file holds by its header and its length. Raises a `SourceError`; no texels are read."""
    with path.open("rb") as file:
        found, length = parsed(file, path)
    found = replace(found, faces=_faces(found, length))
    if found.ends > length:
        raise damaged(path, f"is truncated: there are {length} of {found.ends} bytes")
    return found


def parsed(file: BinaryIO, path: Path) -> tuple[Texture, int]:
    """Return what the header says, with one face, and how long the file is."""
    data = file.read(_TABLE + _ENTRY.size * _MOST_RESOURCES)
    length = file.seek(0, 2)
    header, ends, small = _header(path, data)
    places: dict[bytes, int] = {}
    resources = []
    for tag, flags, value in _entries(path, data, header.minor):
        if tag in (THUMBNAIL, PICTURES):
            places[tag] = value
        elif flags & _INLINE:
            resources.append(Resource(tag, flags, value.to_bytes(4, "little")))
        else:
            resources.append(Resource(tag, flags, _block(path, file, value, length)))
    if header.minor < 3:
        places[PICTURES] = ends + small
    if PICTURES not in places:
        raise damaged(path, "names no place for its pictures")
    return Texture(replace(header, resources=tuple(resources)), 1, places[PICTURES]), length


def _header(path: Path, data: bytes) -> tuple[Header, int, int]:
    """Return the header without its resources, where it ends, and the bytes of the small picture."""
    if len(data) < _SMALL:
        raise damaged(path, "ends inside its header")
    fields = _FIELDS.unpack_from(data)
    _, major, minor, ends, width, height, flags, frames, first, red, green, blue, bumps, number, levels = fields[:15]
    if major != 7 or minor > 5:
        raise UnsupportedImage(f"is a VTF {major}.{minor}, not 7.0 to 7.5", where=path, fix="save it as 7.4")
    needed = _SMALL if minor < 2 else _TABLE
    if len(data) < needed or ends < needed:
        raise damaged(path, "ends inside its header")
    if minor >= 2 and struct.unpack_from("<H", data, 63)[0] > 1:
        raise UnsupportedImage("is a volume texture", where=path, fix="skip it by a rule, or split it into slices")
    if number not in BY_NUMBER:
        name = UNHANDLED.get(number, f"number {number}")
        raise UnsupportedImage(f"is of format {name}, which is not handled", where=path, fix="save it as BGRA8888")
    if width < 1 or height < 1 or frames < 1:
        raise damaged(path, f"claims {frames} frames of {width}×{height}")
    size = Size(width, height)
    if not 1 <= levels <= size.levels:
        raise damaged(path, f"claims {levels} mip levels, and {size} has {size.levels}")
    small = Size(fields[16], fields[17]) if min(fields[16:]) > 0 and fields[15] in BY_NUMBER else None
    header = Header(minor, size, flags, frames, first, (red, green, blue), bumps, number, levels, small)
    return header, ends, FORMATS[BY_NUMBER[fields[15]]].length(small) if small else 0


def _entries(path: Path, data: bytes, minor: int) -> Iterator[tuple[bytes, int, int]]:
    if minor < 3:
        return iter(())
    count = struct.unpack_from("<I", data, 68)[0]
    stop = _TABLE + count * _ENTRY.size
    if count > _MOST_RESOURCES or len(data) < stop:
        raise damaged(path, f"claims {count} resources, and ends inside its header")
    return _ENTRY.iter_unpack(data[_TABLE:stop])


def _block(path: Path, file: BinaryIO, begins: int, length: int) -> bytes:
    """Return the data of a resource, which its length stands before."""
    file.seek(begins)
    count = int.from_bytes(file.read(4), "little")
    if count > _MOST_BYTES or begins + 4 + count > length:
        raise damaged(path, f"claims a resource of {count} bytes at {begins}")
    return file.read(count)


def _faces(found: Texture, length: int) -> int:
    """Return 1, or 6, or 7 where there is a sphere map: before 7.5, where neither header nor length deny it."""
    if not found.header.flags & CUBE:
        return 1
    if found.header.minor < 5 and found.header.first != NO_SPHERE and replace(found, faces=7).ends <= length:
        return 7
    return 6


def before_pictures(header: Header) -> tuple[bytes, int]:
    """Return what stands before the pictures, and where the small one among it, all zeros, begins."""
    small = header.thumbnail or Size(1, 1)
    empty = bytes(FORMATS["bc1"].length(small)) if header.thumbnail else b""
    sides = (small.width, small.height) if header.thumbnail else (0, 0)
    head = _FIELDS.pack(
        SIGNATURE, 7, header.minor, header.bytes, header.size.width, header.size.height, header.flags, header.frames,
        header.first, *header.reflectivity, header.bumps, header.number, header.levels,
        OPAQUE if header.thumbnail else -1, *sides,
    )  # fmt: skip
    if header.minor < 2:
        return head.ljust(_SMALL, b"\0") + empty, _SMALL
    head += struct.pack("<H", 1)
    if header.minor < 3:
        return head.ljust(_TABLE, b"\0") + empty, _TABLE
    entries: dict[bytes, tuple[int, int]] = {}
    data = b""
    for resource in header.resources:
        if resource.is_inline:
            entries[resource.tag] = resource.flags, int.from_bytes(resource.data, "little")
        else:
            entries[resource.tag] = resource.flags, header.bytes + len(data)
            data += struct.pack("<I", len(resource.data)) + resource.data
    at = header.bytes + len(data)
    if header.thumbnail:
        entries[THUMBNAIL] = 0, at
    entries[PICTURES] = 0, at + len(empty)
    head += struct.pack("<3xI8x", len(entries))
    head += b"".join(_ENTRY.pack(tag, *entries[tag]) for tag in sorted(entries))
    return head + data + empty, at
