"""VTF files: what games on Valve's engine load, with mip levels, frames, cube faces and what their header says."""

from cg_upscaler.codecs.vtf.formats import ENCODINGS, holds
from cg_upscaler.codecs.vtf.reading import probe, read, read_level
from cg_upscaler.codecs.vtf.writing import TextureWriter

__all__ = ["ENCODINGS", "TextureWriter", "holds", "probe", "read", "read_level"]
