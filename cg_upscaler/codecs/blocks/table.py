"""The block formats: how many bytes a block takes, and what it holds."""

from __future__ import annotations

from dataclasses import dataclass

from cg_upscaler.geometry import Size
from cg_upscaler.spec import Depth

SIDE = 4
"""Texels of a block, each way."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block format."""

    bytes: int
    channels: tuple[int, ...]
    """How many can be encoded; the last is what decoding gives."""
    depth: Depth = Depth.UINT8


BLOCKS = {
    "bc1": Block(8, (3, 4)),
    "bc2": Block(16, (4,)),
    "bc3": Block(16, (4,)),
    "bc4": Block(8, (1,)),
    "bc5": Block(16, (2,)),
    "bc6h": Block(16, (3,), Depth.HALF),
    "bc7": Block(16, (3, 4)),
}


def length(name: str, size: Size) -> int:
    """Return how many bytes the blocks of a picture take. What begins a block fills one."""
    return -(-size.width // SIDE) * -(-size.height // SIDE) * BLOCKS[name].bytes
