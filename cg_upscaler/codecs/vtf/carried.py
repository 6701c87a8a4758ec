"""What of the header of a VTF file its result has too: version, flags, reflectivity, resources, the sphere map."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass, replace
from pathlib import Path

from cg_upscaler.codecs.codec import Texels
from cg_upscaler.codecs.vtf.formats import NUMBERS, encoding_of, number_of, unpacked
from cg_upscaler.codecs.vtf.header import (
    ALPHA,
    CUBE,
    LOD,
    NO_MIPS,
    NO_SPHERE,
    ONE_BIT_ALPHA,
    SPOTS,
    Header,
    Resource,
    Texture,
    before_pictures,
    parsed,
)
from cg_upscaler.geometry import Size
from cg_upscaler.spec import ImageSpec

_MINOR, _CUBE_MINOR = 4, 5
"""Versions of files whose source is none: the later has cubes without sphere maps."""

_ONE_BIT = ("bc1", "b5g5r5a1")
_LARGEST_THUMBNAIL = 16


@dataclass(frozen=True, slots=True)
class Source:
    """What is known of the file that a result comes from."""

    header: Header
    spheres: tuple[Texels, ...] = ()
    """Of each frame, at the first level."""


def carried(found: Texture, spheres: list[bytes]) -> bytes:
    """Return a file without its pictures, but with the sphere maps of its frames: what `Metadata.vtf` holds."""
    return before_pictures(found.header)[0] + b"".join(spheres)


def source_of(kept: bytes) -> Source | None:
    """Return what `carried` was told; None for nothing. Raises `OSError` where blocks cannot be decoded."""
    if not kept:
        return None
    found, length = parsed(io.BytesIO(kept), Path("header.vtf"))
    step = found.length(0)
    starts = range(found.begins, length, step)
    name = found.storage.encoding
    spheres = tuple(unpacked(kept[start : start + step], name, found.header.size) for start in starts)
    return Source(found.header, spheres)


def header_of(spec: ImageSpec, source: Source | None, *, spheres: bool) -> Header:
    """Return the header of a result: its source's own, but for what follows from the picture.

    The reflectivity of a result without a source is not known yet, and 0.
    """
    storage, name = spec.storage, encoding_of(spec)
    minor = _CUBE_MINOR if storage.cube else _MINOR
    fresh = Header(minor, spec.size, 0, 1, 0, (0, 0, 0), 1, -1, 1, Size(1, 1))
    old = fresh if source is None else source.header
    first = old.first
    if storage.cube and old.minor < _CUBE_MINOR and not spheres:
        first = NO_SPHERE
    return replace(
        old,
        size=spec.size,
        flags=_flags(spec, old, name, known=source is not None),
        frames=storage.slices // 6 if storage.cube else storage.slices,
        first=first,
        number=number_of(name, spec.channels, old.number),
        levels=storage.levels,
        thumbnail=_thumbnail(spec.size) if old.thumbnail else None,
        resources=tuple(_scaled(resource, old.size, spec.size) for resource in old.resources if resource.tag != SPOTS),
    )


def _flags(spec: ImageSpec, old: Header, name: str, *, known: bool) -> int:
    flags = old.flags & ~CUBE | (CUBE if spec.storage.cube else 0)
    if spec.storage.levels > 1:
        flags &= ~NO_MIPS
    elif not known or old.levels > 1:
        flags |= NO_MIPS
    if spec.alpha is None and name != "a8":
        return flags & ~(ALPHA | ONE_BIT_ALPHA)
    if flags & (ALPHA | ONE_BIT_ALPHA) or old.number in NUMBERS[name]:
        return flags  # as the source has them, which may store an alpha that nothing is to look at
    return flags | (ONE_BIT_ALPHA if name in _ONE_BIT else ALPHA)


def _thumbnail(size: Size) -> Size:
    """Return the first level of at most 16 texels a side."""
    levels = (size.level(level) for level in range(size.levels))
    return next(level for level in levels if max(level.width, level.height) <= _LARGEST_THUMBNAIL)


def _scaled(resource: Resource, old: Size, new: Size) -> Resource:
    """Return a resource for a picture of another size.

    That of levels of detail begins with the largest sides that an engine loads, as powers of two: unless they grow
    too, the larger picture is never seen.
    """
    if resource.tag != LOD or not resource.is_inline:
        return resource
    across, down, rest = struct.unpack("<2BH", resource.data)
    across += max(0, (new.width // old.width).bit_length() - 1) if across else 0
    down += max(0, (new.height // old.height).bit_length() - 1) if down else 0
    return replace(resource, data=struct.pack("<2BH", min(across, 255), min(down, 255), rest))
