"""Reads and writes the headers of DDS files: that of DirectX 9, and behind it that of DirectX 10."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from cg_upscaler.codecs.dds.choice import encoding_of
from cg_upscaler.codecs.layouts import (
    BY_DXGI,
    BY_FOUR_CC,
    BY_MASKS,
    FORMATS,
    FOUR_CC,
    SIGNED,
    Format,
    is_legacy,
)
from cg_upscaler.codecs.sniff import damaged
from cg_upscaler.codecs.surfaces import in_words
from cg_upscaler.errors import UnsupportedImage
from cg_upscaler.geometry import Size
from cg_upscaler.spec import ImageSpec, Storage

_COMPLEX, _TEXTURE, _MIPS = 0x8, 0x1000, 0x400000
_CUBE, _VOLUME, _FACES = 0x200, 0x200000, 0xFC00
_CAPS, _HEIGHT, _WIDTH, _PITCH, _FORMAT, _COUNT, _LINEAR = 0x1, 0x2, 0x4, 0x8, 0x1000, 0x20000, 0x80000
_FLAT, _CUBEMAP = 3, 4
_MOST = 1 << 20
"""Slices that a header may claim before it is taken for damaged."""


@dataclass(frozen=True, slots=True)
class Surface:
    """What a DDS file holds, and where."""

    size: Size
    storage: Storage
    claimed: int
    """Mip levels that lie in the file for each slice: some writers go on at 1×1."""
    begins: int
    """Bytes of the headers."""
    note: str

    @property
    def format(self) -> Format:
        return FORMATS[self.storage.encoding]

    @property
    def slice_bytes(self) -> int:
        return sum(self.format.length(self.size.level(level)) for level in range(self.claimed))

    def at(self, number: int, level: int) -> tuple[int, int]:
        """Return where a level of a slice begins in the file, and its length."""
        before = sum(self.format.length(self.size.level(above)) for above in range(level))
        return self.begins + number * self.slice_bytes + before, self.format.length(self.size.level(level))


def surface(path: Path) -> Surface:
    """Return what a file holds by its header, and by its length. Raises a `SourceError`; no texels are read."""
    with path.open("rb") as file:
        head = file.read(148)
        length = file.seek(0, 2)
    if len(head) < 128:
        raise damaged(path, "ends inside its header")
    height, width = struct.unpack_from("<II", head, 12)
    levels = max(1, struct.unpack_from("<I", head, 28)[0])
    caps = struct.unpack_from("<I", head, 112)[0]
    cube = bool(caps & _CUBE)
    if cube and caps & _FACES != _FACES:
        raise UnsupportedImage("is a cubemap that lacks faces", where=path, fix="export it with all six")
    volume, slices, begins = bool(caps & _VOLUME), 6 if cube else 1, 128
    dx10 = head[84:88] == b"DX10" and struct.unpack_from("<I", head, 80)[0] & FOUR_CC
    if dx10:
        if len(head) < 148:
            raise damaged(path, "ends inside its header")
        code, dimension, flags, count, _ = struct.unpack_from("<5I", head, 128)
        volume, cube, begins = dimension == 4, bool(flags & 4), 148
        slices = count * (6 if cube else 1)
        name, srgb = _by_code(path, code)
    else:
        name, srgb = _legacy(path, head), None
    if volume:
        raise UnsupportedImage("is a volume texture", where=path, fix="skip it by a rule, or split it into slices")
    if not 1 <= slices <= _MOST or levels > 32:
        raise damaged(path, f"claims {slices} slices of {levels} mip levels")
    if width < 1 or height < 1:
        raise damaged(path, f"claims a size of {width}×{height}")
    size = Size(width, height)
    storage = Storage(name, min(levels, size.levels), slices, cube, srgb, legacy=not dx10)
    found = Surface(size, storage, levels, begins, _note(storage))
    needed = begins + slices * found.slice_bytes
    if length < needed:
        raise damaged(path, f"is truncated: there are {length} of {needed} bytes")
    return found


def _by_code(path: Path, code: int) -> tuple[str, bool | None]:
    if code in SIGNED:
        raise _signed(path, SIGNED[code])
    if code not in BY_DXGI:
        raise UnsupportedImage(
            f"is of DXGI format {code}, which is not handled", where=path, fix="save it as BC7 or RGBA8"
        )
    name = BY_DXGI[code]
    return name, FORMATS[name].srgb and code == FORMATS[name].dxgi[1]


def _legacy(path: Path, head: bytes) -> str:
    flags, four_cc, bits, *masks = struct.unpack_from("<I4s5I", head, 80)
    if flags & FOUR_CC:
        if four_cc in SIGNED:
            raise _signed(path, SIGNED[four_cc])
        if four_cc not in BY_FOUR_CC:
            raise UnsupportedImage(
                f"is of format {four_cc!r}, which is not handled", where=path, fix="save it as DXT1, DXT5 or BC7"
            )
        return BY_FOUR_CC[four_cc]
    red, green, blue, alpha = masks
    if not flags & 0x3:  # without either flag of alpha its mask is not looked at
        alpha = 0
    if flags & 0x2:
        red = green = blue = 0
    elif flags & 0x20000:
        green = blue = 0
    name = BY_MASKS.get((bits, (red, green, blue, alpha)))
    if name is None:
        shown = ", ".join(f"{mask:#x}" for mask in masks)
        raise UnsupportedImage(
            f"has texels of {bits} bits with the masks {shown}, which are not handled",
            where=path,
            fix="save it as BGRA8",
        )
    return name


def _signed(path: Path, name: str) -> UnsupportedImage:
    return UnsupportedImage(f"is a signed {name} texture", where=path, fix="save it unsigned, or skip it by a rule")


def _note(storage: Storage) -> str:
    multiplied = "; premultiplied alpha, read as straight" if FORMATS[storage.encoding].multiplied else ""
    return f"{in_words(storage)}{multiplied}"


def header(spec: ImageSpec) -> bytes:
    """Return the 128 or 148 bytes before the texels."""
    storage, size = spec.storage, spec.size
    name = encoding_of(spec)
    format = FORMATS[name]
    flags = _CAPS | _HEIGHT | _WIDTH | _FORMAT | (_LINEAR if format.block else _PITCH)
    caps = _TEXTURE
    if storage.levels > 1:
        flags, caps = flags | _COUNT, caps | _COMPLEX | _MIPS
    if storage.cube or storage.slices > 1:
        caps |= _COMPLEX
    pitch = format.length(size) if format.block else -(-size.width * format.bits // 8)
    head = struct.pack("<4s7I44x", b"DDS ", 124, flags, size.height, size.width, pitch, 0, storage.levels)
    legacy = is_legacy(format, storage)
    head += _pixel_format(format) if legacy else struct.pack("<2I4s20x", 32, FOUR_CC, b"DX10")
    head += struct.pack("<2I12x", caps, _CUBE | _FACES if storage.cube else 0)
    if legacy:
        return head
    code = format.dxgi[1 if format.srgb and storage.srgb else 0]
    count = storage.slices // 6 if storage.cube else storage.slices
    # No flags on alpha: old loaders refuse a file that has any.
    return head + struct.pack("<5I", code, _FLAT, _CUBEMAP if storage.cube else 0, count, 0)


def _pixel_format(format: Format) -> bytes:
    if format.four_cc:
        return struct.pack("<2I4s20x", 32, FOUR_CC, format.four_cc[0])
    assert format.masks is not None
    return struct.pack("<2I4x5I", 32, format.flags, format.bits, *format.masks)
