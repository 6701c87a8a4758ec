"""The pixel formats of KTX 2 files: which number of Vulkan stands for which, and what describes them."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec

from cg_upscaler.codecs.blocks import BLOCKS
from cg_upscaler.codecs.layouts import FORMATS, LOSSLESS, USUAL, Format
from cg_upscaler.codecs.surfaces import chosen, complaint, wrong_samples
from cg_upscaler.spec import Depth, ImageSpec

BASIS = ("uastc", "etc1s")
"""What only Basis Universal encodes and decodes."""

VULKAN: dict[str, tuple[int, ...]] = {
    "bc7": (145, 146),
    "bc1": (133, 134, 131, 132),
    "bc2": (135, 136),
    "bc3": (137, 138),
    "bc4": (139,),
    "bc5": (141,),
    "bc6h": (143,),
    "r8": (9, 15),
    "rg8": (16, 22),
    "rgba8": (37, 43),
    "bgra8": (44, 50),
    "r16": (70,),
    "rg16": (77,),
    "rgba16": (91,),
    "r16f": (76,),
    "rg16f": (83,),
    "rgba16f": (97,),
    "r32f": (100,),
    "rg32f": (103,),
    "rgb32f": (106,),
    "rgba32f": (109,),
}
"""Numbers of VkFormat: plain, under the sRGB curve; of BC1 the same without alpha."""

ENCODINGS = (*VULKAN, *BASIS, "none")
"""All that can be asked for."""

BY_VULKAN = {number: (name, bool(at % 2)) for name, numbers in VULKAN.items() for at, number in enumerate(numbers)}

_LOSSLESS = {**LOSSLESS, Depth.UINT8: ("r8", "rg8", "", "rgba8")}
_FORMATS = {name: FORMATS[name] for name in VULKAN}

_MODELS = {"bc1": 128, "bc2": 129, "bc3": 130, "bc4": 131, "bc5": 132, "bc6h": 133, "bc7": 134}
_RGB, _REC709, _LINEAR, _SRGB = 1, 1, 1, 2
_ALPHA, _FLOAT, _SIGNED, _STRAIGHT = 15, 0x80, 0x40, 0x10
_ONE, _MINUS_ONE = struct.unpack("<2I", struct.pack("<2f", 1, -1))


def encoding_of(spec: ImageSpec) -> str:
    """Return the encoding of a file: as it says, or by depth and channels; empty where there is none."""
    return chosen(spec, USUAL, _LOSSLESS)


def holds(spec: ImageSpec) -> str:
    """Return why a picture cannot be written as it is specified; empty where it can be."""
    name = encoding_of(spec)
    if name not in BASIS:
        return complaint("KTX2", name, spec, _FORMATS)
    if find_spec("alktx2") is None:
        return f'{name.upper()} is written with alktx2, which is not installed (pip install "cg-upscaler[ktx2]")'
    if spec.storage.slices > 1:
        return f"{name.upper()} is written flat only, without slices"
    return wrong_samples(name, spec, Depth.UINT8, (3, 4))


@dataclass(frozen=True, slots=True)
class Unit:
    """What a file is made of, in bytes: a texel, or a block."""

    bytes: int
    type_size: int
    """Of the numbers within; 1 for blocks."""


def unit_of(name: str) -> Unit:
    format = FORMATS[name]
    if format.block:
        return Unit(BLOCKS[format.block].bytes, 1)
    return Unit(format.bits // 8, format.depth.bits // 8)


def vulkan(name: str, *, srgb: bool, opaque: bool = False) -> int:
    """Return the number of an encoding; without alpha where there is one that says so."""
    numbers = VULKAN[name]
    if opaque and len(numbers) > 2:
        numbers = numbers[2:]
    return numbers[1] if srgb and len(numbers) > 1 else numbers[0]


def descriptor(name: str, *, srgb: bool, opaque: bool = False) -> bytes:
    """Return the basic data format descriptor (Khronos Data Format Specification 1.3, section 5)."""
    format = FORMATS[name]
    samples = list(_samples(name, format, srgb=srgb, opaque=opaque))
    length = 24 + 16 * len(samples)
    side = 3 if format.block else 0
    model = _MODELS.get(format.block, _RGB)
    head = struct.pack("<2I2H", length + 4, 0, 2, length)
    head += struct.pack("<4B", model, _REC709, _SRGB if srgb else _LINEAR, 0)
    head += struct.pack("<4B8B", side, side, 0, 0, unit_of(name).bytes, *(0,) * 7)
    return head + b"".join(samples)


def _samples(name: str, format: Format, *, srgb: bool, opaque: bool) -> Iterator[bytes]:
    if not format.block:
        order = (2, 1, 0, _ALPHA) if name == "bgra8" else (0, 1, 2, _ALPHA)
        for at in range(format.channels[-1]):
            yield _sample(at * format.depth.bits, format.depth.bits, order[at], format.depth, srgb=srgb)
        return
    parts = {
        "bc1": ((0, 64, 0 if opaque else 1),),
        "bc2": ((0, 64, _ALPHA), (64, 64, 0)),
        "bc3": ((0, 64, _ALPHA), (64, 64, 0)),
        "bc5": ((0, 64, 0), (64, 64, 1)),
        "bc4": ((0, 64, 0),),
    }.get(format.block, ((0, 128, 0),))
    for offset, length, channel in parts:
        if format.block == "bc6h":
            yield struct.pack("<HBB4x2I", offset, length - 1, channel | _FLOAT, 0, _ONE)
        else:
            straight = _STRAIGHT if srgb and channel == _ALPHA else 0
            yield struct.pack("<HBB4x2I", offset, length - 1, channel | straight, 0, 0xFFFFFFFF)


def _sample(offset: int, length: int, channel: int, depth: Depth, *, srgb: bool) -> bytes:
    if depth.is_float:
        return struct.pack("<HBB4x2I", offset, length - 1, channel | _FLOAT | _SIGNED, _MINUS_ONE, _ONE)
    straight = _STRAIGHT if srgb and channel == _ALPHA else 0
    return struct.pack("<HBB4x2I", offset, length - 1, channel | straight, 0, depth.levels)
