"""Reads DDS files: every slice at one mip level, in memory that the pixel limit bounds."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cg_upscaler.codecs.blocks import decode
from cg_upscaler.codecs.codec import DTYPES, Texels, within
from cg_upscaler.codecs.dds.header import Surface, surface
from cg_upscaler.codecs.dds.texels import unpack
from cg_upscaler.codecs.image import Image
from cg_upscaler.codecs.sniff import damaged
from cg_upscaler.codecs.straight import straight
from cg_upscaler.errors import UnreadableImage
from cg_upscaler.geometry import Size
from cg_upscaler.maps import ColorSpace
from cg_upscaler.spec import ImageSpec


def probe(path: Path, container: str, limit: int) -> ImageSpec:
    """Return what a file holds. Raises a `SourceError`."""
    return _spec(path, surface(path), limit)


def read(path: Path, container: str, limit: int) -> Image:
    """Decode the first mip level of all slices. Raises a `SourceError`."""
    found = surface(path)
    spec = _spec(path, found, limit)
    return Image(spec, _decoded(path, found, 0, spec.channels))


def read_level(path: Path, container: str, spec: ImageSpec, level: int) -> Texels:
    """Decode one mip level of all slices, (slices·height, width, channels). Raises a `SourceError`."""
    try:
        found = surface(path)
    except OSError as error:  # it was there when it was probed
        raise _unreadable(path, error) from error
    if (found.size, found.storage) != (spec.size, spec.storage):
        raise UnreadableImage("changed while it was read", where=path, fix="run again")
    return _decoded(path, found, level, spec.channels)


def _spec(path: Path, found: Surface, limit: int) -> ImageSpec:
    format, storage = found.format, found.storage
    size = found.size
    within(Size(size.width, size.height * storage.slices), limit, path)
    channels = format.channels[-1]
    if format.block == "bc1" and not _has_holes(path, found):
        channels = 3
    return ImageSpec(
        size=size,
        channels=channels,
        depth=format.depth,
        container="dds",
        color_space=ColorSpace.LINEAR if format.depth.is_float else ColorSpace.SRGB,
        alpha=channels - 1 if format.alpha and channels in (2, 4) else None,
        lossy=bool(format.block),
        storage=storage,
        note=found.note,
    )


def _has_holes(path: Path, found: Surface) -> bool:
    """Whether a BC1 has transparent texels: the fourth index where the first colour is not the greater one."""
    for number in range(found.storage.slices):
        words = np.frombuffer(_bytes(path, found, number, 0), "<u8")
        first, second, indices = words & 0xFFFF, words >> 16 & 0xFFFF, words >> 32
        if ((first <= second) & (indices & indices >> 1 & 0x55555555 != 0)).any():
            return True
    return False


def _decoded(path: Path, found: Surface, level: int, channels: int) -> Texels:
    format, size = found.format, found.size.level(level)
    shape = size.height * found.storage.slices, size.width, channels
    result = np.empty(shape, DTYPES[format.depth])
    for number in range(found.storage.slices):
        data = _bytes(path, found, number, level)
        try:
            texels = decode(format.block, data, size) if format.block else unpack(data, format, size)
        except OSError as error:
            fix = "free some of the disk that temporary files go to"
            raise UnreadableImage(f"cannot be decoded ({error})", where=path, fix=fix) from error
        if format.multiplied:
            texels = straight(texels, 3)
        result[number * size.height : (number + 1) * size.height] = texels[:, :, :channels]
    return result


def _bytes(path: Path, found: Surface, number: int, level: int) -> bytes:
    begins, length = found.at(number, level)
    try:
        with path.open("rb") as file:
            file.seek(begins)
            data = file.read(length)
    except OSError as error:
        raise _unreadable(path, error) from error
    if len(data) < length:
        raise damaged(path, "is truncated")
    return data


def _unreadable(path: Path, error: OSError) -> UnreadableImage:
    return UnreadableImage(f"cannot be read ({error.strerror})", where=path, fix="check the disk, and run again")
