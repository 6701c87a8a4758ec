"""The one wrapper of OpenImageIO: reads all but a few formats, and writes by rows; each of its traps is closed here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import OpenImageIO as oiio

from cg_upscaler.codecs import chunks
from cg_upscaler.codecs.codec import Texels, within
from cg_upscaler.codecs.image import Image
from cg_upscaler.codecs.layers import Pick, pick
from cg_upscaler.codecs.metadata import NOTHING, Metadata
from cg_upscaler.codecs.sniff import damaged
from cg_upscaler.codecs.straight import straight
from cg_upscaler.errors import UnsupportedImage
from cg_upscaler.geometry import Size
from cg_upscaler.maps import ColorSpace
from cg_upscaler.spec import ImageSpec

# Without it, TIFF turns half into float without a word. Set once, for the process, and never changed.
oiio.attribute("tiff:half", 1)

LOSSY = ("jpeg", "b44", "b44a", "dwaa", "dwab")
"""Compressions of TIFF and OpenEXR that lose detail."""

TOLERATED = "extraneous bytes before marker"
"""A complaint of libjpeg about padding, which does no harm."""


@dataclass(frozen=True, slots=True)
class _Opened:
    input: oiio.ImageInput
    spec: ImageSpec
    pick: Pick
    premultiplied: bool


def probe(path: Path, container: str, limit: int) -> ImageSpec:
    """Return what a file's header says. Raises a `SourceError`."""
    opened = _open(path, container, limit)
    opened.input.close()
    return opened.spec


def read(path: Path, container: str, limit: int) -> Image:
    """Decode a file into one array of its own type. Raises a `SourceError`; a part of a picture is an error too."""
    opened = _open(path, container, limit)
    source, channels = opened.input, opened.pick
    pixels = source.read_image(0, 0, channels.start, channels.stop, opened.spec.depth.value)
    complaint = _complaint(source)
    source.close()
    if pixels is None:
        raise damaged(path, f"is truncated or damaged ({complaint or 'no pixels'})")
    if container == "jpg" and not chunks.jpeg_ends(path):
        raise damaged(path, "is truncated: the end of the picture is missing")
    if complaint and TOLERATED not in complaint:
        # Some decoders fill up what they cannot read, mention it, and call it a success.
        raise damaged(path, f"is truncated or damaged ({complaint})")
    pixels = pixels.reshape(opened.spec.size.height, opened.spec.size.width, -1)
    if channels.order is not None:
        pixels = np.ascontiguousarray(pixels[:, :, list(channels.order)])
    if opened.premultiplied and opened.spec.alpha is not None:
        pixels = straight(pixels, opened.spec.alpha)
    return Image(opened.spec, pixels)


def _open(path: Path, container: str, limit: int) -> _Opened:
    facts = chunks.facts(path, container)
    config = oiio.ImageSpec()
    config.attribute("oiio:UnassociatedAlpha", 1)  # or colour comes multiplied by alpha
    source = oiio.ImageInput.open(str(path), config)
    if source is None:
        complaint = _complaint(oiio)
        if container in ("exr", "tif") and "upported" in complaint:
            raise UnsupportedImage(f"is of a kind that is not handled ({complaint})", where=path, fix="save it plainly")
        raise damaged(path, f"is truncated or damaged ({complaint})")
    try:
        return _described(source, path, container, limit, facts)
    except UnicodeDecodeError:
        raise damaged(path, "is damaged: the text in its header is none") from None


def _described(
    source: oiio.ImageInput,
    path: Path,
    container: str,
    limit: int,
    facts: chunks.Facts,
) -> _Opened:
    found = source.spec()
    size = within(Size(found.width, found.height), limit, path)
    if found.deep or found.depth > 1:
        raise UnsupportedImage("is a deep or volume image", where=path, fix="flatten it, or skip it by a rule")
    picked = pick(path, found, container)
    notes = [facts.note, *_notes(source, found, size), picked.note]
    spec = ImageSpec(
        size=size,
        channels=len(picked.names),
        depth=picked.depth,
        container=container,
        color_space=ColorSpace.LINEAR if picked.depth.is_float else ColorSpace.SRGB,
        alpha=picked.alpha,
        lossy=facts.lossy or found.get_string_attribute("compression") in LOSSY,
        indexed=facts.indexed or _is_palette(found),
    )
    premultiplied = container in ("tif", "tga") and _premultiplied(found)
    if premultiplied:
        notes.append("premultiplied alpha, read as straight")
    return _Opened(source, replace(spec, note="; ".join(filter(None, notes))), picked, premultiplied)


def _premultiplied(found: oiio.ImageSpec) -> bool:
    # Asked for raw numbers, OpenImageIO says "unassociated" of those that are straight, and nothing of the others.
    if found.get_int_attribute("targa:version"):
        return bool(found.get_int_attribute("targa:alpha_type") == 4)
    return found.alpha_channel >= 0 and not found.get_int_attribute("oiio:UnassociatedAlpha")


def _is_palette(found: oiio.ImageSpec) -> bool:
    bits = found.get_int_attribute("bmp:bitsperpixel")
    return (0 < bits <= 8 and found.nchannels > 1) or found.get_string_attribute("tiff:ColorSpace") == "palette"


def _notes(source: oiio.ImageInput, found: oiio.ImageSpec, size: Size) -> list[str]:
    notes = []
    if (found.x, found.y, found.full_width, found.full_height) != (0, 0, size.width, size.height):
        full = f"{found.full_width}×{found.full_height}"
        notes.append(f"its data window of {size} is read, not the display window of {full}")
    if "CMYK" in (found.get_string_attribute("jpeg:ColorSpace"), found.get_string_attribute("tiff:ColorSpace")):
        notes.append("CMYK, read as RGB")
    if found.get_int_attribute("Orientation", 1) != 1:
        notes.append("its orientation tag is ignored: texels stay where they are")
    if found.getattribute("ICCProfile") is not None:
        notes.append("its ICC profile is not kept")
    if source.format_name() in ("tiff", "openexr") and source.seek_subimage(1, 0):
        notes.append("the first of several images is read")
        source.seek_subimage(0, 0)
    _complaint(source)  # forget that there is no second image
    return notes


class _Complaining(Protocol):
    def geterror(self) -> str: ...


def _complaint(of: _Complaining) -> str:
    """Return the first line of what went wrong, as the others follow from it; empty where nothing did. Clears it."""
    try:
        lines = of.geterror().splitlines()
    except UnicodeDecodeError:  # it quotes the file
        return "for a reason that is no text"
    return next((line.strip() for line in lines if line.strip()), "")


class RowWriter:
    """Writes PNG, TGA, BMP, TIFF, OpenEXR and Radiance by rows, in bounded memory."""

    def __init__(self, path: Path, container: str, spec: ImageSpec, metadata: Metadata = NOTHING) -> None:
        self._path, self._container, self._row = path, container, 0
        output = oiio.ImageOutput.create(str(path))
        if output is None:
            raise OSError(_complaint(oiio))
        if not output.open(str(path), _header(spec, container)):
            path.open("ab").close()  # says why, with a number, where it is the system that refuses
            raise OSError(_complaint(output))
        self._output = output

    def write(self, rows: Texels) -> None:
        stop = self._row + len(rows)
        # Always three axes and contiguous: a two-dimensional array is written wrong, without a word.
        if not self._output.write_scanlines(self._row, stop, 0, np.ascontiguousarray(rows)):
            raise OSError(_complaint(self._output) or "writing failed")
        self._row = stop

    def close(self) -> None:
        closed = self._output.close()
        complaint = _complaint(self._output)
        if not closed or complaint:  # PNG and TIFF report a full disk here alone, and call it a success
            raise OSError(complaint or "closing failed")
        if self._container == "png" and not _ends_with(self._path, b"IEND\xaeB`\x82"):
            raise OSError("the end of the file is missing")

    def abort(self) -> None:
        self._output.close()
        _complaint(self._output)


def _ends_with(path: Path, ending: bytes) -> bool:
    with path.open("rb") as file:
        file.seek(-len(ending), 2)
        return file.read() == ending


def _header(spec: ImageSpec, container: str) -> oiio.ImageSpec:
    # By these names only: "float32" means "unknown" to OpenImageIO, and writes 8 bits.
    header = oiio.ImageSpec(spec.size.width, spec.size.height, spec.channels, spec.depth.value)
    header.channelnames = _names(spec)
    header.alpha_channel = -1 if spec.alpha is None else spec.alpha
    header.attribute("oiio:UnassociatedAlpha", 1)  # or colour is divided by alpha
    # No file gets a colour-space tag: sRGB, gAMA and cHRM on a normal map are wrong, and on colour they are what
    # everything assumes. Left alone, OpenImageIO writes them all.
    header.attribute("oiio:ColorSpace", "data")
    header.attribute("DateTime", "")  # equal jobs give equal bytes
    if container == "png":
        header.attribute("png:compressionLevel", 4)  # 3 % larger than 6, in a third of the time
    elif container == "tif":
        header.attribute("compression", "zip")
        header.attribute("tiff:write_exif", 0)  # an empty one fails, and hides real failures
        header.attribute("tiff:write_xmp", 0)
        header.attribute("tiff:bigtiff", int(spec.bytes > 3 << 30))  # what does not compress may pass 4 GiB
    elif container == "exr":
        header.attribute("compression", "zip")
    return header


def _names(spec: ImageSpec) -> tuple[str, ...]:
    if spec.channels == 2 and spec.alpha is None:
        return ("R", "G")
    names = {1: "Y", 2: "YA", 3: "RGB", 4: "RGBA"}[spec.channels]
    return tuple(names)
