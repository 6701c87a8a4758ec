"""Reads KTX 2 files: every slice at one mip level."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np

from cg_upscaler.codecs.codec import DTYPES, Texels, stack_within
from cg_upscaler.codecs.image import Image
from cg_upscaler.codecs.ktx2.header import ZSTD, Texture, texture
from cg_upscaler.codecs.layouts import FORMATS
from cg_upscaler.codecs.sniff import damaged
from cg_upscaler.codecs.surfaces import piece, texels
from cg_upscaler.errors import UnreadableImage, UnsupportedImage
from cg_upscaler.maps import ColorSpace
from cg_upscaler.spec import Depth, ImageSpec

_EXTRA = 'pip install "cg-upscaler[ktx2]"'


def probe(path: Path, container: str, limit: int) -> ImageSpec:
    """Return what a file holds. Raises a `SourceError`."""
    return _spec(path, texture(path), limit)


def read(path: Path, container: str, limit: int) -> Image:
    """Decode the first mip level of all slices. Raises a `SourceError`."""
    found = texture(path)
    spec = _spec(path, found, limit)
    return Image(spec, _decoded(path, found, 0, spec))


def read_level(path: Path, container: str, spec: ImageSpec, level: int) -> Texels:
    """Decode one mip level of all slices, (slices·height, width, channels). Raises a `SourceError`."""
    found = texture(path)
    if (found.size, found.storage) != (spec.size, spec.storage):
        raise UnreadableImage("changed while it was read", where=path, fix="run again")
    return _decoded(path, found, level, spec)


def _spec(path: Path, found: Texture, limit: int) -> ImageSpec:
    stack_within(found.size, found.storage.slices, limit, path)
    if found.is_basis:
        depth, channels, alpha, lossy = Depth.UINT8, 4 if _basis(path).has_alpha else 3, True, True
    else:
        format = FORMATS[found.storage.encoding]
        channels = 3 if found.opaque else format.channels[-1]
        depth, alpha, lossy = format.depth, format.alpha, bool(format.block)
    return ImageSpec(
        size=found.size,
        channels=channels,
        depth=depth,
        container="ktx2",
        color_space=ColorSpace.LINEAR if depth.is_float else ColorSpace.SRGB,
        alpha=channels - 1 if alpha and channels in (2, 4) else None,
        lossy=lossy,
        storage=found.storage,
        note=found.note,
    )


def _decoded(path: Path, found: Texture, level: int, spec: ImageSpec) -> Texels:
    size, slices = found.size.level(level), found.storage.slices
    result = np.empty((size.height * slices, size.width, spec.channels), DTYPES[spec.depth])
    if found.is_basis:
        basis, faces = _basis(path), 6 if found.storage.cube else 1
        for number in range(slices):
            shown = _transcoded(path, basis, level, number % faces, number // faces)
            result[number * size.height : (number + 1) * size.height] = shown[:, :, : spec.channels]
        return result
    format = FORMATS[found.storage.encoding]
    data, length = _bytes(path, found, level), format.length(size)
    for number in range(slices):
        part = data[number * length : (number + 1) * length]
        shown = texels(path, part, format, size)
        result[number * size.height : (number + 1) * size.height] = shown[:, :, : spec.channels]
    return result


def _bytes(path: Path, found: Texture, level: int) -> bytes:
    """Return a level's bytes, unpacked; never more than the header's own size, which was held against its texels."""
    place = found.levels[level]
    data = piece(path, place.begins, place.length)
    if found.scheme:
        data = _unpacked(path, data, found.scheme, place.unpacked)
    if len(data) < place.unpacked:
        raise damaged(path, "is truncated")
    return data


def _unpacked(path: Path, data: bytes, scheme: int, length: int) -> bytes:
    if scheme == ZSTD:
        try:
            import zstandard
        except ImportError:
            raise UnsupportedImage("is packed by Zstandard, which is not installed", where=path, fix=_EXTRA) from None
        try:
            with zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(data) as stream:
                plain: bytes = stream.read(length)
        except zstandard.ZstdError as error:
            raise damaged(path, f"cannot be unpacked ({error})") from None
        return plain
    try:
        return zlib.decompressobj().decompress(data, length)
    except zlib.error as error:
        raise damaged(path, f"cannot be unpacked ({error})") from None


def _basis(path: Path) -> Any:
    try:
        import opengl_basisu
    except ImportError:
        what = "holds Basis Universal, which opengl-basisu reads and which is not installed"
        raise UnsupportedImage(what, where=path, fix=_EXTRA) from None
    try:
        return opengl_basisu.open(path)
    except Exception as error:  # its own errors, and what its parts raise on damaged files
        raise damaged(path, f"is damaged ({error})") from None


def _transcoded(path: Path, basis: Any, level: int, face: int, layer: int) -> Texels:
    try:
        return np.asarray(basis.transcode("rgba8", level, face, layer).data, np.uint8)
    except Exception as error:
        raise damaged(path, f"is damaged ({error})") from None
