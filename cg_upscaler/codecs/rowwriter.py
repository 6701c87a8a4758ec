"""Writes PNG, BMP, TIFF and Radiance by rows, in bounded memory, with what the source says beside its texels."""

from __future__ import annotations

import struct
from pathlib import Path

import OpenImageIO as oiio

from cg_upscaler.codecs import png, tiff
from cg_upscaler.codecs.beside import RADIANCE
from cg_upscaler.codecs.codec import Texels, Writer
from cg_upscaler.codecs.exr_writer import ExrWriter
from cg_upscaler.codecs.indexed import IndexedWriter
from cg_upscaler.codecs.inplace import move
from cg_upscaler.codecs.metadata import NOTHING, Metadata
from cg_upscaler.codecs.output import Output, plain
from cg_upscaler.spec import ImageSpec

_ROOM = 2 * 12 + 14 + 9
"""Bytes of the empty chunks that OpenImageIO writes into every PNG: eXIf and oFFs."""


def begin(path: Path, container: str, spec: ImageSpec, metadata: Metadata = NOTHING) -> Writer:
    """Return what writes such a picture."""
    if container == "exr":
        return ExrWriter(path, container, spec, metadata)
    return (IndexedWriter if spec.indexed else RowWriter)(path, container, spec, metadata)


class RowWriter:
    """Writes one picture by rows, and completes its header when the last is there."""

    def __init__(self, path: Path, container: str, spec: ImageSpec, metadata: Metadata = NOTHING) -> None:
        self._path, self._container, self._spec, self._metadata = path, container, spec, metadata
        self._head = b""
        if container == "png":
            self._head = png.packed(png.chunks_for(metadata, spec.size, self._colours))
        self._output = Output(path, [self._header()])

    @property
    def _colours(self) -> int:
        return 1 if self._spec.channels < 3 else 3

    def write(self, rows: Texels) -> None:
        self._output.write(rows)

    def close(self) -> None:
        self._output.close()
        if self._container == "png":
            if not _ends_with(self._path, b"IEND\xaeB`\x82"):
                raise OSError("the end of the file is missing")
            png.replace_head(self._path, self._head)
        elif self._container == "tif":
            tiff.complete(self._path, self._metadata, self._spec.size, self._colours)
        elif self._container == "bmp" and self._metadata.dpi is not None:
            with self._path.open("r+b") as file:
                file.seek(38)
                file.write(
                    struct.pack("<II", *(min(round(dots / png.INCH), 0x7FFFFFFF) for dots in self._metadata.dpi))
                )
        elif self._container == "hdr" and self._metadata.container == "hdr":
            self._say(dict(self._metadata.raw).get(RADIANCE, b""))

    def _say(self, lines: bytes) -> None:
        """Put lines into a Radiance header, after the first."""
        with self._path.open("r+b") as file:
            at = len(file.readline())
            move(file, at, len(lines))
            file.seek(at)
            file.write(lines)

    def abort(self) -> None:
        self._output.abort()

    def _header(self) -> oiio.ImageSpec:
        spec = self._spec
        # By these names only: "float32" means "unknown" to OpenImageIO, and writes 8 bits.
        header = oiio.ImageSpec(spec.size.width, spec.size.height, spec.channels, spec.depth.value)
        header.channelnames = plain(spec)
        header.alpha_channel = -1 if spec.alpha is None else spec.alpha
        header.attribute("oiio:UnassociatedAlpha", 1)  # or colour is divided by alpha
        # Left alone, OpenImageIO writes sRGB, gAMA and cHRM, which are wrong on a normal map. A file gets those that
        # its source has.
        header.attribute("oiio:ColorSpace", "data")
        header.attribute("DateTime", "")  # equal jobs give equal bytes
        if self._container == "png":
            squeeze = (
                4 if spec.storage.squeeze is None else spec.storage.squeeze
            )  # 3 % larger than 6, in a third of the time
            header.attribute("png:compressionLevel", squeeze)
            missing = len(self._head) - _ROOM
            if missing > 0:
                header.attribute(png.FILLER, "x" * max(0, missing - 12 - len(png.FILLER) - 1))
        elif self._container == "tif":
            header.attribute("compression", spec.storage.encoding or "zip")
            header.attribute("tiff:write_exif", 0)  # an empty one fails, and hides real failures
            header.attribute("tiff:write_xmp", 0)
            header.attribute("tiff:bigtiff", int(spec.bytes > 3 << 30))  # what does not compress may pass 4 GiB
            if self._metadata.tile is not None and self._metadata.container == "tif":
                header.tile_width, header.tile_height = self._metadata.tile
        return header


def _ends_with(path: Path, ending: bytes) -> bool:
    with path.open("rb") as file:
        file.seek(-len(ending), 2)
        return file.read() == ending
