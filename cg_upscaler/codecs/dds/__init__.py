"""DDS files: what Direct3D loads, in blocks or not, with mip levels, cube faces and layers."""

from cg_upscaler.codecs.dds.choice import holds
from cg_upscaler.codecs.dds.reading import probe, read, read_level
from cg_upscaler.codecs.dds.writing import SurfaceWriter
from cg_upscaler.codecs.layouts import ENCODINGS

__all__ = ["ENCODINGS", "SurfaceWriter", "holds", "probe", "read", "read_level"]
