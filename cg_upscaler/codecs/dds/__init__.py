"""DDS files: what Direct3D loads, in blocks or not, with mip levels, cube faces and layers."""

from cg_upscaler.codecs.dds.formats import ENCODINGS, holds
from cg_upscaler.codecs.dds.reading import probe, read, read_level
from cg_upscaler.codecs.dds.writing import SurfaceWriter

__all__ = ["ENCODINGS", "SurfaceWriter", "holds", "probe", "read", "read_level"]
