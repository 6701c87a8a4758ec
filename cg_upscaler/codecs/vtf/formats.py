"""The pixel formats of VTF files: which number stands for which, and how its texels lie."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np

from cg_upscaler.codecs import layouts as dds
from cg_upscaler.codecs.blocks import decode
from cg_upscaler.codecs.codec import Texels
from cg_upscaler.codecs.layouts import Format
from cg_upscaler.codecs.packing import pack, unpack
from cg_upscaler.codecs.surfaces import chosen, complaint
from cg_upscaler.geometry import Size
from cg_upscaler.spec import Depth, ImageSpec

_OWN = {
    "abgr8": Format(32, (4,), masks=(0xFF000000, 0xFF0000, 0xFF00, 0xFF), alpha=True),
    "gbar8": Format(32, (4,), masks=(0xFF000000, 0xFF, 0xFF00, 0xFF0000), alpha=True),
    "r5g6b5": Format(16, (3,), masks=(0x1F, 0x7E0, 0xF800, 0)),
    "uv8": Format(16, (2,)),
}
"""Those that DDS files do not have. The second is called ARGB8888, and is not; the last holds signed numbers."""

NUMBERS: dict[str, tuple[int, ...]] = {
    "bc3": (15,),
    "bc1": (13, 20),
    "bc2": (14,),
    "bc4": (38, 35),
    "bc5": (37, 34),
    "rgba8": (0,),
    "abgr8": (1,),
    "gbar8": (11,),
    "bgra8": (12,),
    "bgrx8": (16,),
    "rgb8": (2,),
    "bgr8": (3,),
    "r5g6b5": (4,),
    "b5g6r5": (17,),
    "b5g5r5x1": (18,),
    "b5g5r5a1": (21,),
    "b4g4r4a4": (19,),
    "r8": (5,),
    "l8a8": (6,),
    "a8": (8,),
    "uv8": (22,),
    "rgba16": (25,),
    "rgba16f": (24,),
    "r32f": (27,),
    "rgb32f": (28,),
    "rgba32f": (29,),
}
"""By the name of `Storage.encoding`. Of BC1 the second has transparent texels; of BC4 and BC5 it is that of later
engines, from Alien Swarm on."""

FORMATS: dict[str, Format] = {name: _OWN[name] if name in _OWN else dds.FORMATS[name] for name in NUMBERS}
ENCODINGS = (*FORMATS, "none")
BY_NUMBER = {number: name for name, numbers in NUMBERS.items() for number in numbers}

UNHANDLED = {
    7: "P8", 9: "RGB888_BLUESCREEN", 10: "BGR888_BLUESCREEN", 23: "UVWQ8888", 26: "UVLX8888",
    30: "NV_DST16", 31: "NV_DST24", 32: "NV_INTZ", 33: "NV_RAWZ", 36: "NV_NULL",
}  # fmt: skip

OPAQUE, HOLED = NUMBERS["bc1"]

_USUAL = {
    Depth.UINT8: ("r8", "l8a8", "bc1", "bc3"),
    Depth.UINT16: ("", "", "", "rgba16"),
    Depth.HALF: ("", "", "", "rgba16f"),
    Depth.FLOAT: ("r32f", "", "rgb32f", "rgba32f"),
}
_LOSSLESS = _USUAL | {Depth.UINT8: ("r8", "l8a8", "bgr8", "bgra8")}
_SIGN = 0x80


def encoding_of(spec: ImageSpec) -> str:
    """Return the encoding of a file: as it says, or by depth and channels; empty where there is none."""
    if spec.channels == 2 and spec.alpha is None and spec.depth is Depth.UINT8 and spec.storage.encoding == "":
        return "bc5"
    return chosen(spec, _USUAL, _LOSSLESS)


def holds(spec: ImageSpec) -> str:
    """Return why a picture cannot be written as it is specified; empty where it can be."""
    name, storage = encoding_of(spec), spec.storage
    reason = complaint("VTF", name, spec, FORMATS)
    if reason:
        return reason
    if find_spec("ispc_texcomp") is None:
        fix = 'pip install "cg-upscaler[dds]"'
        return f"the small picture of a VTF is written with ispc-texcomp, which is not installed ({fix})"
    if storage.slices // (6 if storage.cube else 1) > 0xFFFF:
        return f"VTF cannot hold {storage.slices} frames, only {0xFFFF}"
    return ""


def number_of(name: str, channels: int, source: int) -> int:
    """Return the number that a header has for an encoding: the `source`'s own, where it stands for that too."""
    numbers = NUMBERS[name]
    if name == "bc1" and channels == 3:
        return OPAQUE
    if source in numbers:
        return source
    return HOLED if name == "bc1" else numbers[0]


def unpacked(data: bytes, name: str, size: Size) -> Texels:
    """Return the texels of a picture, (h, w, c). Signed numbers come with 128 for 0, which loses nothing.

    Raises `OSError` where blocks cannot be decoded for want of a temporary file.
    """
    format = FORMATS[name]
    if format.block:
        return decode(format.block, data, size)
    texels = unpack(data, format, size)
    return np.asarray(texels, np.uint8) ^ np.uint8(_SIGN) if name == "uv8" else texels


def packed(texels: Texels, name: str) -> bytes:
    """Return the bytes of texels that are in no blocks: the inverse of `unpacked`."""
    if name == "uv8":
        texels = np.asarray(texels, np.uint8) ^ np.uint8(_SIGN)
    return pack(texels, FORMATS[name])
