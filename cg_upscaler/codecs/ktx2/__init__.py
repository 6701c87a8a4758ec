"""KTX 2 files: blocks and plain texels in a container of our own, ETC1S and UASTC through Basis Universal."""

from cg_upscaler.codecs.ktx2.formats import ENCODINGS, holds
from cg_upscaler.codecs.ktx2.reading import probe, read, read_level
from cg_upscaler.codecs.ktx2.writing import writer

__all__ = ["ENCODINGS", "holds", "probe", "read", "read_level", "writer"]
