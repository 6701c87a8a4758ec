"""Reads the header of a DDS file: what kind of texture it is, and how it is compressed."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from cg_upscaler.errors import UnsupportedImage

FOURCC = {
    b"DXT1": "BC1",
    b"DXT2": "BC2",
    b"DXT3": "BC2",
    b"DXT4": "BC3",
    b"DXT5": "BC3",
    b"RXGB": "BC3",
    b"ATI1": "BC4",
    b"BC4U": "BC4",
    b"ATI2": "BC5",
    b"BC5U": "BC5",
}
DXGI = {
    **dict.fromkeys((70, 71, 72), "BC1"),
    **dict.fromkeys((73, 74, 75), "BC2"),
    **dict.fromkeys((76, 77, 78), "BC3"),
    **dict.fromkeys((79, 80), "BC4"),
    **dict.fromkeys((82, 83), "BC5"),
    **dict.fromkeys((94, 95, 96), "BC6H"),
    **dict.fromkeys((97, 98, 99), "BC7"),
}
SIGNED = (b"BC4S", b"BC5S", 81, 84)
"""Numbers from -1 to 1, which are read as though they ran from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Surface:
    """What a DDS header says that its decoder does not."""

    compression: str
    """``BC1`` … ``BC7``; empty where there is none."""
    mips: int
    premultiplied: bool
    """DXT2 and DXT4, which OpenImageIO divides by alpha itself."""

    @property
    def note(self) -> str:
        levels = f"{self.mips} mips" if self.mips > 1 else "no mips"
        alpha = "; premultiplied alpha, read as straight" if self.premultiplied else ""
        return f"{self.compression or 'uncompressed'}, {levels}{alpha}"


def surface(path: Path) -> Surface:
    """Return what a DDS file holds. Raises `UnsupportedImage` for what is no single flat texture."""
    with path.open("rb") as file:
        head = file.read(148).ljust(148, b"\0")
    mips, fourcc, caps = (*struct.unpack_from("<I52x4s", head, 28), struct.unpack_from("<I", head, 112)[0])
    compression = FOURCC.get(fourcc, "")
    code: object = fourcc
    array, flags, dimension = 1, 0, 3
    if fourcc == b"DX10":
        code, dimension, flags, array = struct.unpack_from("<IIII", head, 128)
        compression = DXGI.get(code, "") if isinstance(code, int) else ""
    for held, what in (
        (caps & 0x200 or flags & 4, "a cubemap"),
        (caps & 0x200000 or dimension == 4, "a volume texture"),
        (array > 1, f"an array of {array} textures"),
        (code in SIGNED, "a signed texture"),
    ):
        if held:
            raise UnsupportedImage(
                f"is {what}, and only single flat unsigned textures are handled",
                where=path,
                fix="skip it by a rule, or split it into images",
            )
    return Surface(compression, max(1, mips), fourcc in (b"DXT2", b"DXT4"))
