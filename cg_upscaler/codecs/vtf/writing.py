"""Writes VTF files in place as pictures arrive: these come slice by slice, and lie in the file level by level."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import OpenImageIO as oiio

from cg_upscaler.codecs.blocks import SIDE, Encoder
from cg_upscaler.codecs.codec import DTYPES, Texels
from cg_upscaler.codecs.metadata import NOTHING, Metadata
from cg_upscaler.codecs.vtf.carried import header_of, source_of
from cg_upscaler.codecs.vtf.formats import FORMATS, encoding_of, packed
from cg_upscaler.codecs.vtf.header import Texture, before_pictures
from cg_upscaler.codecs.vtf.thumbnail import Thumbnail
from cg_upscaler.geometry import Size
from cg_upscaler.pixels.rows import from_float, to_float
from cg_upscaler.spec import ImageSpec


class TextureWriter:
    """Writes all mip levels of all frames and faces. Memory depends on the width only.

    The small picture and, where no source tells it, the reflectivity are made of the first picture. A source's maps
    of the whole sphere, which no generator understands, are only filtered to size.
    """

    def __init__(self, path: Path, container: str, spec: ImageSpec, metadata: Metadata = NOTHING) -> None:
        self._spec, self._name = spec, encoding_of(spec)
        block = FORMATS[self._name].block
        self._encoder = Encoder(block, spec.storage.effort) if block else None
        source = source_of(metadata.vtf)
        spheres = source.spheres if source is not None and spec.storage.cube else ()
        header = header_of(spec, source, spheres=bool(spheres))
        self._known = source is not None
        self._begun, self._small_at = before_pictures(header)
        self._texture = Texture(header, (7 if spheres else 6) if spec.storage.cube else 1, len(self._begun))
        self._thumbnail = Thumbnail(spec, header.thumbnail or Size(1, 1))
        self._number = 0
        self._waiting: Texels = np.zeros((0, spec.size.width, spec.channels), DTYPES[spec.depth])
        self._file = path.open("xb")
        try:
            self._file.write(self._begun)
            for frame, sphere in enumerate(spheres):
                self._put_sphere(frame, sphere)
            self._begin()
        except BaseException:
            self.abort()
            raise

    def _begin(self) -> None:
        """Go to where the next picture lies."""
        storage = self._spec.storage
        number, level = divmod(self._number, storage.levels)
        if number == storage.slices:
            self._left = 0
            return
        faces = 6 if storage.cube else 1
        self._file.seek(self._texture.at(number // faces, number % faces, level))
        self._left = self._spec.size.level(level).height

    def write(self, rows: Texels) -> None:
        """Take rows of one picture; what does not fill a stripe of blocks waits for more, or for the picture's end."""
        if self._number == 0:
            self._thumbnail.add(rows)
        self._left -= len(rows)
        if len(self._waiting):
            rows = np.concatenate([self._waiting, rows])
        whole = len(rows) if self._left == 0 or self._encoder is None else len(rows) // SIDE * SIDE
        if whole:
            self._file.write(self._encoded(rows[:whole]))
        self._waiting = rows[whole:].copy()
        if self._left == 0:
            self._number += 1
            self._begin()

    def _encoded(self, rows: Texels) -> bytes:
        return packed(rows, self._name) if self._encoder is None else self._encoder.encode(rows)

    def _put_sphere(self, frame: int, sphere: Texels) -> None:
        missing = self._spec.channels - sphere.shape[2]
        whole = np.pad(to_float(sphere), ((0, 0), (0, 0), (0, max(0, missing))), constant_values=1)
        picture = oiio.ImageBuf(np.ascontiguousarray(whole[:, :, : self._spec.channels]))
        for level in range(self._spec.storage.levels):
            size = self._spec.size.level(level)
            made = oiio.ImageBufAlgo.resize(picture, roi=oiio.ROI(0, size.width, 0, size.height))
            pixels = np.asarray(made.get_pixels(oiio.FLOAT), np.float32).reshape(size.height, size.width, -1)
            self._file.seek(self._texture.at(frame, 6, level))
            self._file.write(self._encoded(from_float(pixels, DTYPES[self._spec.depth])))

    def close(self) -> None:
        header = self._texture.header
        if not self._known:
            header = replace(header, reflectivity=self._thumbnail.reflectivity)
        self._file.seek(0)
        self._file.write(before_pictures(header)[0][: self._small_at])
        if header.thumbnail:
            self._file.write(self._thumbnail.blocks)
        self._file.close()

    def abort(self) -> None:
        with contextlib.suppress(OSError):
            self._file.close()
