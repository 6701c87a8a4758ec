"""Reads and writes ``.tx``, tiled textures of renderers with mip levels, with OpenImageIO's own texture maker.

Their colours are multiplied by alpha, as renderers take them to be.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import replace
from pathlib import Path

import OpenImageIO as oiio

from cg_upscaler.codecs import oiio as plain
from cg_upscaler.codecs.codec import Texels
from cg_upscaler.codecs.image import Image
from cg_upscaler.codecs.metadata import NOTHING, Metadata
from cg_upscaler.codecs.rowwriter import begin
from cg_upscaler.codecs.sniff import damaged, identify
from cg_upscaler.codecs.straight import multiplied, straight
from cg_upscaler.maps import ColorSpace
from cg_upscaler.spec import ImageSpec, Storage

_DATES = re.compile(rb"\d{4}([:-])\d\d\1\d\d[ T]\d\d:\d\d:\d\d")
_NEVER = {b":": b"1970:01:01 00:00:00", b"-": b"1970-01-01T00:00:00"}


def probe(path: Path, container: str, limit: int) -> ImageSpec:
    """Return what a file holds at its first level. Raises a `SourceError`."""
    return _as_tx(plain.probe(path, _inside(path), limit))


def read(path: Path, container: str, limit: int) -> Image:
    """Decode the first level. Raises a `SourceError`."""
    inside = _inside(path)
    image = plain.read(path, inside, limit)
    if inside == "exr" and image.spec.alpha is not None:  # of a TIFF the reader knows
        image = replace(image, pixels=straight(image.pixels, image.spec.alpha))
    return replace(image, spec=_as_tx(image.spec), pixels=image.pixels[: image.spec.size.height])


def _as_tx(spec: ImageSpec) -> ImageSpec:
    notes = [note for note in spec.note.split("; ") if note and "first of several" not in note]
    return replace(spec, container="tx", storage=Storage(), note="; ".join([*notes, "its mip levels are made anew"]))


def _inside(path: Path) -> str:
    """Return which container a ``.tx`` file is by its content."""
    with path.open("rb") as file:
        found = identify(file.read(64))
    if found not in ("tif", "exr"):
        raise damaged(path, "is neither a TIFF nor an OpenEXR file, as a texture of a renderer is")
    return found


class TextureMaker:
    """Gathers a picture in a plain file beside the target, and has OpenImageIO make the texture of it at the end.

    Floats become OpenEXR, integers TIFF. The maker holds the picture whole, filters its levels in stored numbers, and
    writes dates, which are taken out: equal pictures give equal bytes.
    """

    def __init__(self, path: Path, container: str, spec: ImageSpec, metadata: Metadata = NOTHING) -> None:
        self._path, self._spec = path, spec
        self._inside = "exr" if spec.depth.is_float else "tif"
        self._plain = path.with_name(f"{path.stem}-plain.{self._inside}")
        path.touch(exist_ok=False)  # a folder that cannot be written is known before the work, not after
        own = replace(spec, container=self._inside, storage=Storage())
        self._writer = begin(self._plain, self._inside, own)  # the maker says its own of the picture, in text as well

    def write(self, rows: Texels) -> None:
        if self._inside == "exr" and self._spec.alpha is not None:  # of a TIFF the maker does it
            rows = multiplied(rows, self._spec.alpha)
        self._writer.write(rows)

    def close(self) -> None:
        try:
            self._writer.close()
            self._make()
        finally:
            self._remove()
        data = self._path.read_bytes()
        self._path.write_bytes(_DATES.sub(lambda found: _NEVER[found[1]], data))

    def _make(self) -> None:
        config = oiio.ImageSpec()
        config.attribute("maketx:fileformatname", "openexr" if self._inside == "exr" else "tiff")
        wraps = self._spec.storage.wraps or (False, False)
        config.attribute("wrapmodes", ",".join("periodic" if wrap else "clamp" for wrap in wraps))
        if self._spec.color_space is ColorSpace.DATA:
            config.attribute("oiio:ColorSpace", "data")
        source = oiio.ImageBuf(str(self._plain))
        if not oiio.ImageBufAlgo.make_texture(oiio.MakeTxTexture, source, str(self._path), config):
            raise OSError(oiio.geterror() or source.geterror() or "the texture could not be made")

    def abort(self) -> None:
        self._writer.abort()
        self._remove()

    def _remove(self) -> None:
        with contextlib.suppress(OSError):
            self._plain.unlink(missing_ok=True)
