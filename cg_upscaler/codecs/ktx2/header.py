"""Reads and writes what stands before the levels of a KTX 2 file (Khronos KTX 2.0, section 3)."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from pathlib import Path

from cg_upscaler.codecs.ktx2.formats import BASIS, BY_VULKAN, VULKAN, descriptor, unit_of, vulkan
from cg_upscaler.codecs.layouts import FORMATS
from cg_upscaler.codecs.sniff import damaged
from cg_upscaler.codecs.surfaces import in_words
from cg_upscaler.errors import UnsupportedImage
from cg_upscaler.geometry import Size
from cg_upscaler.spec import ImageSpec, Storage

SIGNATURE = b"\xabKTX 20\xbb\r\n\x1a\n"
_HEAD = 80
_MOST_SLICES, _MOST_LEVELS = 1 << 20, 32

NONE, BASIS_LZ, ZSTD, ZLIB = 0, 1, 2, 3
_SCHEMES = {BASIS_LZ: "BasisLZ", ZSTD: "Zstandard", ZLIB: "zlib"}
_UASTC, _ETC1S = 166, 163

_WRITER = b"KTXwriter\0cg-upscaler\0"
_ORIENTATION = b"KTXorientation\0rd\0"


@dataclass(frozen=True, slots=True)
class Level:
    """Where a mip level of all slices lies in the file."""

    begins: int
    length: int
    unpacked: int


@dataclass(frozen=True, slots=True)
class Texture:
    """What a file holds, and where."""

    size: Size
    storage: Storage
    levels: tuple[Level, ...]
    scheme: int
    opaque: bool
    """It says of itself that it has no alpha."""
    note: str

    @property
    def is_basis(self) -> bool:
        return self.storage.encoding in BASIS


def texture(path: Path) -> Texture:
    """Return what a file holds by its header and its length. Raises a `SourceError`; no texels are read."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
        if len(head) < _HEAD:
            raise damaged(path, "ends inside its header")
        number, _, width, height, depth, layers, faces, count, scheme = struct.unpack_from("<9I", head, 12)
        if depth > 1:
            raise UnsupportedImage("is a volume texture", where=path, fix="skip it by a rule, or split it into slices")
        slices, own = max(1, layers) * max(1, faces), max(1, count)
        if faces not in (1, 6) or slices > _MOST_SLICES or own > _MOST_LEVELS:
            raise damaged(path, f"claims {layers} layers of {faces} faces and {count} mip levels")
        if width < 1 or height < 1:
            raise damaged(path, f"claims a size of {width}×{height}")
        size = Size(width, height)
        if own > size.levels:
            raise damaged(path, f"claims {own} mip levels, and {size} has {size.levels}")
        index = file.read(24 * own)
        begins, described = struct.unpack_from("<2I", head, 48)
        file.seek(begins)
        model = file.read(min(described, 64)).ljust(64, b"\0")
        length = file.seek(0, 2)
    if len(index) < 24 * own:
        raise damaged(path, "ends inside its header")
    name, srgb = _encoding(path, number, model)
    levels = tuple(Level(*struct.unpack_from("<3Q", index, 24 * at)) for at in range(own))
    if max(level.begins + level.length for level in levels) > length:
        raise damaged(path, f"is truncated: there are {length} bytes, and its levels go on")
    if scheme not in (NONE, *_SCHEMES):
        raise UnsupportedImage(
            f"is packed by scheme {scheme}, which is not handled", where=path, fix="save it unpacked"
        )
    storage = Storage(name, own, slices, faces == 6, srgb)
    opaque = number in VULKAN["bc1"][2:]
    found = Texture(size, storage, levels, scheme, opaque, _note(storage, scheme))
    if not found.is_basis:
        _require_lengths(path, found)
    return found


def _encoding(path: Path, number: int, model: bytes) -> tuple[str, bool]:
    if number in BY_VULKAN:
        return BY_VULKAN[number]
    kind, transfer = model[12], model[14]
    if number == 0 and kind in (_UASTC, _ETC1S):
        return ("uastc" if kind == _UASTC else "etc1s"), transfer == 2
    raise UnsupportedImage(f"is of VkFormat {number}, which is not handled", where=path, fix="save it as BC7 or UASTC")


def _require_lengths(path: Path, found: Texture) -> None:
    format = FORMATS[found.storage.encoding]
    for at, level in enumerate(found.levels):
        needed = format.length(found.size.level(at)) * found.storage.slices
        there = level.unpacked if found.scheme else level.length
        if there != needed:
            raise damaged(path, f"claims {there} bytes for mip level {at}, which takes {needed}")


def _note(storage: Storage, scheme: int) -> str:
    packed = f"; packed by {_SCHEMES[scheme]}, written unpacked" if scheme in (ZSTD, ZLIB) else ""
    return f"{in_words(storage)}{packed}"


def header(spec: ImageSpec, name: str) -> tuple[bytes, tuple[Level, ...]]:
    """Return what stands before the levels, and where these lie: the smallest first, each all slices together."""
    storage, format = spec.storage, FORMATS[name]
    srgb = storage.srgb is True and vulkan(name, srgb=True) != vulkan(name, srgb=False)
    unit = unit_of(name)
    opaque = spec.channels == 3
    described = descriptor(name, srgb=srgb, opaque=opaque)
    said = b"".join(_entry(text) for text in (_ORIENTATION, _WRITER))
    begins = _HEAD + 24 * storage.levels
    at = begins + len(described) + len(said)
    step = math.lcm(unit.bytes, 4)
    levels: list[Level] = []
    for level in reversed(range(storage.levels)):
        at += -at % step
        length = format.length(spec.size.level(level)) * storage.slices
        levels.insert(0, Level(at, length, length))
        at += length
    count = storage.slices // 6 if storage.cube else storage.slices
    head = SIGNATURE + struct.pack(
        "<9I", vulkan(name, srgb=srgb, opaque=opaque), unit.type_size, spec.size.width, spec.size.height, 0,
        count if count > 1 else 0, 6 if storage.cube else 1, storage.levels, NONE,
    )  # fmt: skip
    head += struct.pack("<4I2Q", begins, len(described), begins + len(described), len(said), 0, 0)
    head += b"".join(struct.pack("<3Q", level.begins, level.length, level.unpacked) for level in levels)
    return head + described + said, tuple(levels)


def _entry(text: bytes) -> bytes:
    return struct.pack("<I", len(text)) + text + bytes(-len(text) % 4)
