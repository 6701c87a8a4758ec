"""Blocks of 4×4 texels, BC1 to BC7, encoded and decoded with no container around them."""

from cg_upscaler.codecs.blocks.decode import decode
from cg_upscaler.codecs.blocks.encode import Encoder
from cg_upscaler.codecs.blocks.punchthrough import has_holes
from cg_upscaler.codecs.blocks.table import BLOCKS, SIDE, Block, length

__all__ = ["BLOCKS", "SIDE", "Block", "Encoder", "decode", "has_holes", "length"]
