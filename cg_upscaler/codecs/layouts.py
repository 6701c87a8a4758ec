"""How texels lie in files for graphics cards: one table, a row per encoding, with its codes in the headers of DDS."""

from __future__ import annotations

from dataclasses import dataclass

from cg_upscaler.codecs.blocks import BLOCKS, length
from cg_upscaler.geometry import Size
from cg_upscaler.spec import Depth, Storage

Masks = tuple[int, int, int, int]
"""Bits of red (or brightness), green, blue and alpha within a texel."""

RGB, LUMINANCE, ALPHA, FOUR_CC, ALPHA_TOO = 0x40, 0x20000, 0x2, 0x4, 0x1
"""Flags of a pixel format in the header of DirectX 9."""


@dataclass(frozen=True, slots=True)
class Format:
    """One way in which texels lie in a DDS file."""

    bits: int
    """Of a texel; 0 for blocks."""
    channels: tuple[int, ...]
    """How many can be written; the last is how many are read."""
    depth: Depth = Depth.UINT8
    dxgi: tuple[int, ...] = ()
    """Codes of the header of DirectX 10: plain first, under the sRGB curve second, then others that mean the same."""
    srgb: bool = False
    """Whether the second of these is such a one."""
    four_cc: tuple[bytes, ...] = ()
    """Codes of the header of DirectX 9, the usual one first."""
    masks: Masks | None = None
    """Where the channels lie within a texel that is one whole number; None where they lie one after another."""
    flags: int = 0
    """What the header of DirectX 9 says of those masks."""
    block: str = ""
    """The block format."""
    multiplied: bool = False
    """Colour is stored multiplied by alpha."""
    alpha: bool = False
    """The last channel is alpha."""

    def length(self, size: Size) -> int:
        """Return how many bytes a picture takes."""
        return length(self.block, size) if self.block else size.pixels * self.bits // 8


def _number(code: int) -> tuple[bytes, ...]:
    return (code.to_bytes(4, "little"),)


def _block(name: str, *dxgi: int, srgb: bool = False, four_cc: tuple[bytes, ...] = (), **more: bool) -> Format:
    block = BLOCKS[name]
    alpha = block.channels[-1] == 4
    return Format(
        0,
        block.channels,
        block.depth,
        dxgi,
        srgb,
        four_cc,
        block=name,
        alpha=alpha,
        multiplied=more.get("multiplied", False),
    )


def _packed(bits: int, masks: Masks, *dxgi: int, srgb: bool = False) -> Format:
    there = (3, 4) if masks[3] else (3,)
    flags = RGB | (ALPHA_TOO if masks[3] else 0)
    return Format(bits, there[-1:], Depth.UINT8, dxgi, srgb, masks=masks, flags=flags, alpha=bool(masks[3]))


def _plain(
    channels: int, depth: Depth, *dxgi: int, four_cc: tuple[bytes, ...] = (), masks: Masks | None = None, flags: int = 0
) -> Format:
    return Format(
        channels * depth.bits, (channels,), depth, dxgi, four_cc=four_cc, masks=masks, flags=flags, alpha=channels == 4
    )


FORMATS: dict[str, Format] = {
    "bc7": _block("bc7", 98, 99, 97, srgb=True),
    "bc1": _block("bc1", 71, 72, 70, srgb=True, four_cc=(b"DXT1",)),
    "bc2": _block("bc2", 74, 75, 73, srgb=True, four_cc=(b"DXT3",)),
    "bc3": _block("bc3", 77, 78, 76, srgb=True, four_cc=(b"DXT5",)),
    "bc4": _block("bc4", 80, 79, four_cc=(b"ATI1", b"BC4U")),
    "bc5": _block("bc5", 83, 82, four_cc=(b"ATI2", b"BC5U")),
    "bc6h": _block("bc6h", 95, 94),
    "dxt2": _block("bc2", four_cc=(b"DXT2",), multiplied=True),
    "dxt4": _block("bc3", four_cc=(b"DXT4",), multiplied=True),
    "rxgb": _block("bc3", four_cc=(b"RXGB",)),
    "rgba8": _packed(32, (0xFF, 0xFF00, 0xFF0000, 0xFF000000), 28, 29, 27, srgb=True),
    "bgra8": _packed(32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000), 87, 91, 90, srgb=True),
    "bgrx8": _packed(32, (0xFF0000, 0xFF00, 0xFF, 0), 88, 93, 92, srgb=True),
    "rgbx8": _packed(32, (0xFF, 0xFF00, 0xFF0000, 0)),
    "bgr8": _packed(24, (0xFF0000, 0xFF00, 0xFF, 0)),
    "rgb8": _packed(24, (0xFF, 0xFF00, 0xFF0000, 0)),
    "b5g6r5": _packed(16, (0xF800, 0x7E0, 0x1F, 0), 85),
    "b5g5r5a1": _packed(16, (0x7C00, 0x3E0, 0x1F, 0x8000), 86),
    "b5g5r5x1": _packed(16, (0x7C00, 0x3E0, 0x1F, 0)),
    "b4g4r4a4": _packed(16, (0xF00, 0xF0, 0xF, 0xF000), 115),
    "b4g4r4x4": _packed(16, (0xF00, 0xF0, 0xF, 0)),
    "r8": _plain(1, Depth.UINT8, 61, 60, masks=(0xFF, 0, 0, 0), flags=LUMINANCE),
    "a8": _plain(1, Depth.UINT8, 65, masks=(0, 0, 0, 0xFF), flags=ALPHA),
    "l8a8": Format(16, (2,), masks=(0xFF, 0, 0, 0xFF00), flags=LUMINANCE | ALPHA_TOO, alpha=True),
    "rg8": _plain(2, Depth.UINT8, 49, 48),
    "r16": _plain(1, Depth.UINT16, 56, 53, masks=(0xFFFF, 0, 0, 0), flags=LUMINANCE),
    "rg16": _plain(2, Depth.UINT16, 35, 33, masks=(0xFFFF, 0xFFFF0000, 0, 0), flags=RGB),
    "rgba16": _plain(4, Depth.UINT16, 11, 9, four_cc=_number(36)),
    "r16f": _plain(1, Depth.HALF, 54, four_cc=_number(111)),
    "rg16f": _plain(2, Depth.HALF, 34, four_cc=_number(112)),
    "rgba16f": _plain(4, Depth.HALF, 10, four_cc=_number(113)),
    "r32f": _plain(1, Depth.FLOAT, 41, 39, 40, four_cc=_number(114)),
    "rg32f": _plain(2, Depth.FLOAT, 16, 15, four_cc=_number(115)),
    "rgb32f": _plain(3, Depth.FLOAT, 6, 5),
    "rgba32f": _plain(4, Depth.FLOAT, 2, 1, four_cc=_number(116)),
}
"""By the name of `Storage.encoding`. Masks count from the lowest bit of a little-endian number."""

ENCODINGS = (*FORMATS, "none")
"""All that can be asked for."""

BY_DXGI = {code: name for name, format in FORMATS.items() for code in format.dxgi}
BY_FOUR_CC = {code: name for name, format in FORMATS.items() for code in format.four_cc}
BY_MASKS = {
    (format.bits, format.masks): name for name, format in FORMATS.items() if format.masks is not None and format.flags
}

SIGNED = {b"BC4S": "BC4", b"BC5S": "BC5", 81: "BC4", 84: "BC5", 96: "BC6H", 31: "RGBA8", 51: "RG8", 63: "R8"}
"""Numbers from -1 to 1, which no part of this package understands."""

USUAL = {Depth.UINT8: ("bc4", "bc5", "bc7", "bc7"), Depth.UINT16: ("r16", "rg16", "", "rgba16")}
LOSSLESS = {
    Depth.UINT8: ("r8", "rg8", "bgr8", "bgra8"),
    Depth.UINT16: ("r16", "rg16", "", "rgba16"),
    Depth.HALF: ("r16f", "rg16f", "", "rgba16f"),
    Depth.FLOAT: ("r32f", "rg32f", "rgb32f", "rgba32f"),
}
USUAL |= {Depth.HALF: ("r16f", "rg16f", "bc6h", "rgba16f"), Depth.FLOAT: LOSSLESS[Depth.FLOAT]}


def has_header(format: Format, storage: Storage) -> bool:
    """Whether there is a header that says such a file."""
    return bool(format.dxgi) or is_simple(storage)


def is_simple(storage: Storage) -> bool:
    """Whether the header of DirectX 9 can say what slices there are: one, or the faces of one cube."""
    return storage.slices == (6 if storage.cube else 1)


def is_legacy(format: Format, storage: Storage) -> bool:
    """Whether a file gets the header of DirectX 9: where it is asked for and can say all, or can alone."""
    can = is_simple(storage) and bool(format.four_cc or format.flags)
    return can and (not format.dxgi or (storage.legacy and storage.srgb is not True))
