"""Pillow, for what OpenImageIO gets wrong: PSD with alpha, WebP with hidden colour, and JPEG onto a full disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader, BytesIO, FileIO
from pathlib import Path

import numpy as np
from PIL import Image as Pillow
from PIL import PsdImagePlugin

from cg_upscaler.codecs import jpeg, oiio, png, segments
from cg_upscaler.codecs.codec import Texels, within
from cg_upscaler.codecs.image import Image
from cg_upscaler.codecs.metadata import NOTHING, Metadata
from cg_upscaler.codecs.sniff import damaged
from cg_upscaler.errors import UnsupportedImage
from cg_upscaler.geometry import Size
from cg_upscaler.maps import ColorSpace
from cg_upscaler.spec import Depth, ImageSpec

MODES = {"L": 1, "RGB": 3, "RGBA": 4, "P": 3, "1": 1}
"""Pillow's modes that are read, and the channels that each becomes."""

BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, OverflowError)
"""What Pillow raises on damaged files."""


def probe_psd(path: Path, container: str, limit: int) -> ImageSpec:
    """Return what a PSD's header says of its merged picture. Raises a `SourceError`."""
    if _is_deep(path):
        return oiio.probe(path, container, limit)
    with _open_psd(path) as psd:
        return _psd_spec(psd, path, limit)


def read_psd(path: Path, container: str, limit: int) -> Image:
    """Decode the merged picture of a PSD. OpenImageIO drops the fourth channel; Pillow has no 16 bits."""
    if _is_deep(path):
        return oiio.read(path, container, limit)
    with _open_psd(path) as psd:
        spec, metadata = _psd_spec(psd, path, limit), _beside(psd)
        try:
            plain = psd.convert({1: "L", 3: "RGB", 4: "RGBA"}[spec.channels])
        except BROKEN as error:
            raise damaged(path, f"is truncated or damaged ({error})") from error
    return Image(spec, np.array(plain).reshape(spec.size.height, spec.size.width, spec.channels), metadata)


def _is_deep(path: Path) -> bool:
    """Return whether a PSD has more than 8 bits a sample. Raises for what nothing at hand reads without loss."""
    with path.open("rb") as file:
        head = file.read(26).ljust(26, b"\0")
    channels, depth = int.from_bytes(head[12:14], "big"), int.from_bytes(head[22:24], "big")
    if channels not in ((1, 3) if depth > 8 else (1, 3, 4)):
        fix = "save it as PNG or TIFF with at most four channels"
        raise UnsupportedImage(f"is a PSD of {channels} channels of {depth} bits", where=path, fix=fix)
    return depth > 8


class _Bounded(BufferedReader):
    """A file that takes memory for what it holds, and not for all that is asked of it: lengths in it may be wrong."""

    def read(self, size: int | None = -1) -> bytes:
        here = self.tell()
        left = max(0, self.seek(0, 2) - here)
        self.seek(here)
        return super().read(left if size is None or size < 0 else min(size, left))


@contextmanager
def _open_psd(path: Path) -> Iterator[PsdImagePlugin.PsdImageFile]:
    with _Bounded(FileIO(path)) as file:
        try:
            psd = PsdImagePlugin.PsdImageFile(file)  # not by Image.open, which has a pixel limit, for the whole process
        except BROKEN as error:
            raise damaged(path, f"is truncated or damaged ({error})") from error
        with psd:
            yield psd


def _psd_spec(psd: PsdImagePlugin.PsdImageFile, path: Path, limit: int) -> ImageSpec:
    size = within(Size(*psd.size), limit, path)
    if psd.mode not in MODES:
        raise UnsupportedImage(f"is a PSD of mode {psd.mode}", where=path, fix="save it as RGB, or as PNG")
    channels = MODES[psd.mode]
    return ImageSpec(
        size=size,
        channels=channels,
        depth=Depth.UINT8,
        container="psd",
        color_space=ColorSpace.SRGB,
        alpha=3 if channels == 4 else None,
        indexed=psd.mode == "P",
        carries=_beside(psd).carries,
    )


def _beside(psd: PsdImagePlugin.PsdImageFile) -> Metadata:
    return segments.psd([(number, data) for number, _, data in psd.resources])


class WholeWriter:
    """Gathers a picture and writes it in one go: WebP, and JPEG, whose library ends the process on a full disk."""

    def __init__(self, path: Path, container: str, spec: ImageSpec, metadata: Metadata = NOTHING) -> None:
        self._path, self._container, self._row = path, container, 0
        self._spec, self._metadata = spec, metadata
        self._pixels = np.empty((spec.size.height, spec.size.width, spec.channels), np.uint8)
        self._path.touch(exist_ok=False)  # a folder that cannot be written is known before the work, not after

    def write(self, rows: Texels) -> None:
        self._pixels[self._row : self._row + len(rows)] = rows
        self._row += len(rows)

    def close(self) -> None:
        if self._container == "webp":
            encoded = BytesIO()
            said = self._metadata
            Pillow.fromarray(self._pixels).save(
                encoded,
                "WEBP",
                lossless=True,
                exact=True,
                quality=50,
                method=3,
                icc_profile=said.icc if png.suits(said.icc, 3) else b"",
                exif=said.exif_for(self._spec.size),
                xmp=said.xmp,
            )
            self._path.write_bytes(encoded.getbuffer())
        else:
            encoded_jpeg = jpeg.encode(self._pixels, self._spec.storage.quality or jpeg.QUALITY)
            colours = self._spec.channels
            self._path.write_bytes(segments.with_segments(encoded_jpeg, self._metadata, self._spec.size, colours))

    def abort(self) -> None:
        pass
