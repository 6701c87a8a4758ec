"""Reads VTF files: every frame and face at one mip level, in memory that the pixel limit bounds."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cg_upscaler.codecs.blocks import has_holes
from cg_upscaler.codecs.codec import DTYPES, Texels, stack_within
from cg_upscaler.codecs.image import Image
from cg_upscaler.codecs.metadata import Metadata
from cg_upscaler.codecs.surfaces import piece, unreadable
from cg_upscaler.codecs.vtf.carried import carried
from cg_upscaler.codecs.vtf.formats import HOLED, unpacked
from cg_upscaler.codecs.vtf.header import BUMPS, NORMAL, SPOTS, Texture, texture
from cg_upscaler.errors import UnreadableImage
from cg_upscaler.maps import ColorSpace
from cg_upscaler.spec import Depth, ImageSpec


def probe(path: Path, container: str, limit: int) -> ImageSpec:
    """Return what a file holds. Raises a `SourceError`."""
    return _spec(path, _found(path), limit)


def read(path: Path, container: str, limit: int) -> Image:
    """Decode the first mip level of all frames and faces. Raises a `SourceError`."""
    found = _found(path)
    spec = _spec(path, found, limit)
    spheres = [_bytes(path, found, frame, 6, 0) for frame in range(found.header.frames)] if found.faces > 6 else []
    return Image(spec, _decoded(path, found, 0, spec.channels), _beside(found, spheres))


def read_level(path: Path, container: str, spec: ImageSpec, level: int) -> Texels:
    """Decode one mip level of all slices, (slices·height, width, channels). Raises a `SourceError`."""
    found = _found(path)
    if (found.header.size, found.storage) != (spec.size, spec.storage):
        raise UnreadableImage("changed while it was read", where=path, fix="run again")
    return _decoded(path, found, level, spec.channels)


def _found(path: Path) -> Texture:
    try:
        return texture(path)
    except OSError as error:  # it was there when it was looked at
        raise unreadable(path, error) from error


def _beside(found: Texture, spheres: list[bytes]) -> Metadata:
    spots = any(resource.tag == SPOTS for resource in found.header.resources)
    lost = ("rectangles for hotspots",) if spots else ()
    return Metadata(vtf=carried(found, spheres), container="vtf", lost=lost)


def _spec(path: Path, found: Texture, limit: int) -> ImageSpec:
    format, storage, header = found.format, found.storage, found.header
    stack_within(header.size, storage.slices, limit, path)
    channels = format.channels[-1]
    if storage.encoding == "bc1" and header.number != HOLED and not _any_holes(path, found):
        channels = 3
    space = ColorSpace.LINEAR if format.depth is not Depth.UINT8 else ColorSpace.SRGB
    return ImageSpec(
        size=header.size,
        channels=channels,
        depth=format.depth,
        container="vtf",
        color_space=ColorSpace.DATA if header.flags & (NORMAL | BUMPS) else space,
        alpha=channels - 1 if format.alpha and channels in (2, 4) else None,
        lossy=bool(format.block),
        storage=storage,
        carries=_beside(found, []).carries,
        note=_note(found),
    )


def _note(found: Texture) -> str:
    storage, frames = found.storage, found.header.frames
    cube = ", cubemap" if storage.cube else ""
    several = f", {frames} frames" if frames > 1 else ""
    levels = f"{storage.levels} mips" if storage.levels > 1 else "no mips"
    sphere = "; its map of the whole sphere is only filtered to size" if found.faces > 6 else ""
    return f"{storage.encoding.upper()}{cube}{several}, {levels}{sphere}"


def _any_holes(path: Path, found: Texture) -> bool:
    """Whether there are transparent texels: the fourth index where the first colour is not the greater one."""
    faces = 6 if found.storage.cube else 1
    slices = range(found.storage.slices)
    return any(has_holes(_bytes(path, found, number // faces, number % faces, 0)) for number in slices)


def _decoded(path: Path, found: Texture, level: int, channels: int) -> Texels:
    size, slices = found.header.size.level(level), found.storage.slices
    faces = 6 if found.storage.cube else 1
    result = np.empty((size.height * slices, size.width, channels), DTYPES[found.format.depth])
    for number in range(slices):
        data = _bytes(path, found, number // faces, number % faces, level)
        try:
            texels = unpacked(data, found.storage.encoding, size)
        except OSError as error:
            fix = "free some of the disk that temporary files go to"
            raise UnreadableImage(f"cannot be decoded ({error})", where=path, fix=fix) from error
        result[number * size.height : (number + 1) * size.height] = texels[:, :, :channels]
    return result


def _bytes(path: Path, found: Texture, frame: int, face: int, level: int) -> bytes:
    return piece(path, found.at(frame, face, level), found.length(level))
