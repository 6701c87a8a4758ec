"""Reads DDS files: every slice at one mip level, in memory that the pixel limit bounds."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cg_upscaler.codecs.blocks import has_holes
from cg_upscaler.codecs.codec import DTYPES, Texels, stack_within
from cg_upscaler.codecs.dds.header import Surface, surface
from cg_upscaler.codecs.image import Image
from cg_upscaler.codecs.straight import straight
from cg_upscaler.codecs.surfaces import piece, texels, unreadable
from cg_upscaler.errors import UnreadableImage
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
        raise unreadable(path, error) from error
    if (found.size, found.storage) != (spec.size, spec.storage):
        raise UnreadableImage("changed while it was read", where=path, fix="run again")
    return _decoded(path, found, level, spec.channels)


def _spec(path: Path, found: Surface, limit: int) -> ImageSpec:
    format, storage = found.format, found.storage
    size = found.size
    stack_within(size, storage.slices, limit, path)
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
    return any(has_holes(piece(path, *found.at(number, 0))) for number in range(found.storage.slices))


def _decoded(path: Path, found: Surface, level: int, channels: int) -> Texels:
    format, size = found.format, found.size.level(level)
    shape = size.height * found.storage.slices, size.width, channels
    result = np.empty(shape, DTYPES[format.depth])
    for number in range(found.storage.slices):
        stored = texels(path, piece(path, *found.at(number, level)), format, size)
        shown = straight(stored, 3) if format.multiplied else stored
        result[number * size.height : (number + 1) * size.height] = shown[:, :, :channels]
    return result
