"""What the containers of graphics cards have in common: DDS, KTX 2 and VTF hold the same layouts of texels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from cg_upscaler.codecs.blocks import decode
from cg_upscaler.codecs.codec import Texels
from cg_upscaler.codecs.layouts import Format
from cg_upscaler.codecs.packing import unpack
from cg_upscaler.codecs.sniff import damaged
from cg_upscaler.errors import UnreadableImage
from cg_upscaler.geometry import Size
from cg_upscaler.spec import Depth, ImageSpec, Storage

Table = Mapping[Depth, Sequence[str]]
"""Encodings by depth and, from one on, by channels; empty where there is none."""


def chosen(spec: ImageSpec, usual: Table, lossless: Table) -> str:
    """Return the encoding that a file is to have: as it says, or by depth and channels; empty where there is none.

    ``none`` is the uncompressed one. Without a word it is that of blocks where one fits.
    """
    asked = spec.storage.encoding
    if asked not in ("", "none"):
        return asked
    row = (lossless if asked else usual).get(spec.depth, ())
    return row[spec.channels - 1] if 1 <= spec.channels <= len(row) else ""


def complaint(container: str, name: str, spec: ImageSpec, formats: Mapping[str, Format]) -> str:
    """Return why a picture cannot be written in an encoding; empty where it can be."""
    if not name:
        return f"{container} has no format for {spec.channels} channels of {spec.depth.value} samples"
    if name not in formats:
        return f"{container} has no encoding {name!r}, only {', '.join(formats)}"
    format = formats[name]
    if format.block and find_spec("ispc_texcomp") is None:
        return f'{name.upper()} is written with ispc-texcomp, which is not installed (pip install "cg-upscaler[dds]")'
    return wrong_samples(name, spec, format.depth, format.channels) or wrong_cube(spec)


def wrong_samples(name: str, spec: ImageSpec, depth: Depth, channels: Sequence[int]) -> str:
    """Return why an encoding does not hold a picture's samples; empty where it does."""
    if spec.depth is not depth:
        return f"{name.upper()} cannot hold {spec.depth.value} samples, only {depth.value}"
    if spec.channels not in channels:
        return f"{name.upper()} cannot hold {spec.channels} channels, only {' or '.join(map(str, channels))}"
    return ""


def wrong_cube(spec: ImageSpec) -> str:
    """Return why slices cannot be the faces of cubes; empty where they can, or are to be none."""
    if spec.storage.cube and (spec.storage.slices % 6 or spec.size.width != spec.size.height):
        return f"a cube has six square faces, not {spec.storage.slices} of {spec.size}"
    return ""


def in_words(storage: Storage) -> str:
    """Return what a file is: ``BC3, cubemap, 9 mips``."""
    shape = ""
    if storage.cube:
        shape = ", cubemap" if storage.slices == 6 else f", array of {storage.slices // 6} cubemaps"
    elif storage.slices > 1:
        shape = f", array of {storage.slices}"
    levels = f"{storage.levels} mips" if storage.levels > 1 else "no mips"
    return f"{storage.encoding.upper()}{shape}, {levels}"


def piece(path: Path, begins: int, length: int) -> bytes:
    """Return some bytes of a file. Raises `UnreadableImage` where they are not there."""
    try:
        with path.open("rb") as file:
            file.seek(begins)
            data = file.read(length)
    except OSError as error:
        raise unreadable(path, error) from error
    if len(data) < length:
        raise damaged(path, "is truncated")
    return data


def texels(path: Path, data: bytes, format: Format, size: Size) -> Texels:
    """Return the texels of a picture, (h, w, c). Raises `UnreadableImage` where there is no room to decode them."""
    try:
        return decode(format.block, data, size) if format.block else unpack(data, format, size)
    except OSError as error:
        fix = "free some of the disk that temporary files go to"
        raise UnreadableImage(f"cannot be decoded ({error})", where=path, fix=fix) from error


def unreadable(path: Path, error: OSError) -> UnreadableImage:
    return UnreadableImage(f"cannot be read ({error.strerror})", where=path, fix="check the disk, and run again")
