"""Reads all but a few formats by OpenImageIO; each of its traps is closed here, in `output` and in the writers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import OpenImageIO as oiio

from cg_upscaler.codecs import beside, chunks, decode
from cg_upscaler.codecs.codec import Texels, within
from cg_upscaler.codecs.image import Image
from cg_upscaler.codecs.layers import Pick, layers, pick
from cg_upscaler.codecs.metadata import Layer, Metadata
from cg_upscaler.codecs.output import complaint
from cg_upscaler.codecs.rowwriter import RowWriter
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

TIFF = {
    1: "none",
    2: "ccittrle",
    3: "ccittfax3",
    4: "ccittfax4",
    5: "lzw",
    6: "jpeg",
    7: "jpeg",
    8: "zip",
    32773: "packbits",
    32946: "zip",
    34887: "lerc",
    34925: "lzma",
    50000: "zstd",
    50001: "webp",
}
"""Compressions of TIFF by their numbers."""

TOLERATED = "extraneous bytes before marker"
"""A complaint of libjpeg about padding, which does no harm."""


@dataclass(frozen=True, slots=True)
class _Opened:
    input: oiio.ImageInput
    spec: ImageSpec
    picks: tuple[Pick, ...]
    premultiplied: bool
    metadata: Metadata


def probe(path: Path, container: str, limit: int) -> ImageSpec:
    """Return what a file's header says. Raises a `SourceError`."""
    opened = _open(path, container, limit)
    opened.input.close()
    return opened.spec


def read(path: Path, container: str, limit: int) -> Image:
    """Decode a file into one array of its own type. Raises a `SourceError`; a part of a picture is an error too."""
    return _read(path, container, limit, None)


def read_large(path: Path, container: str, limit: int, scratch: Path) -> Image:
    """Decode a file, if it is large by rows into one in `scratch`, and map that. Raises `DiskFull` besides."""
    return _read(path, container, limit, scratch)


def _read(path: Path, container: str, limit: int, scratch: Path | None) -> Image:
    opened = _open(path, container, limit)
    source, spec = opened.input, opened.spec

    def adjust(pixels: Texels) -> Texels:
        return straight(pixels, spec.alpha) if opened.premultiplied and spec.alpha is not None else pixels

    try:
        if scratch is not None and spec.bytes > decode.IN_MEMORY:
            pixels = decode.by_rows(source, opened.picks, spec.size, adjust, scratch)
        else:
            pixels = decode.whole(source, opened.picks, spec.size)
            pixels = None if pixels is None else adjust(pixels)
    finally:
        said = complaint(source)
        source.close()
    if pixels is None:
        raise damaged(path, f"is truncated or damaged ({said or 'no pixels'})")
    if container == "jpg" and not chunks.jpeg_ends(path):
        raise damaged(path, "is truncated: the end of the picture is missing")
    if said and TOLERATED not in said:
        # Some decoders fill up what they cannot read, mention it, and call it a success.
        raise damaged(path, f"is truncated or damaged ({said})")
    return Image(spec, pixels, opened.metadata)


def _open(path: Path, container: str, limit: int) -> _Opened:
    facts = chunks.facts(path, container)
    config = oiio.ImageSpec()
    config.attribute("oiio:UnassociatedAlpha", 1)  # or colour comes multiplied by alpha
    source = oiio.ImageInput.open(str(path), config)
    if source is None:
        said = complaint(oiio)
        if container in ("exr", "tif") and "upported" in said:
            raise UnsupportedImage(f"is of a kind that is not handled ({said})", where=path, fix="save it plainly")
        raise damaged(path, f"is truncated or damaged ({said})")
    try:
        return _described(source, path, container, limit, facts)
    except UnicodeDecodeError:
        raise damaged(path, "is damaged: the text in its header is none") from None


def _described(source: oiio.ImageInput, path: Path, container: str, limit: int, facts: chunks.Facts) -> _Opened:
    found = source.spec()
    size = within(Size(found.width, found.height), limit, path)
    if found.deep or found.depth > 1:
        raise UnsupportedImage("is a deep or volume image", where=path, fix="flatten it, or skip it by a rule")
    metadata = _beside(path, container, found)
    if container == "exr":
        picks, left = layers(path, source)
        own = tuple(Layer(each.part, each.names) for each in picks)
        metadata = replace(metadata, layers=own, lost=(*metadata.lost, *left))
    else:
        picks = (pick(path, found, container),)
    within(Size(size.width, size.height * len(picks)), limit, path)
    first = picks[0]
    compression = found.get_string_attribute("compression")
    premultiplied = container in ("tif", "tga") and _premultiplied(found)
    notes = [*_notes(source, found, container), first.note]
    if premultiplied:
        notes.append("premultiplied alpha, read as straight")
    storage = replace(facts.storage, slices=len(picks))
    if container in ("tif", "exr"):
        storage = replace(storage, encoding=_compression(found, compression))
    spec = ImageSpec(
        size=size,
        channels=len(first.names),
        depth=first.depth,
        container=container,
        color_space=ColorSpace.LINEAR if first.depth.is_float else ColorSpace.SRGB,
        alpha=first.alpha,
        lossy=facts.lossy or compression in LOSSY,
        indexed=facts.indexed or _is_palette(found),
        storage=storage,
        carries=metadata.carries,
        note="; ".join(filter(None, notes)),
    )
    return _Opened(source, spec, picks, premultiplied, metadata)


def _beside(path: Path, container: str, found: oiio.ImageSpec) -> Metadata:
    metadata = beside.metadata(path, container)
    if container == "tif" and found.tile_width:
        metadata = replace(metadata, tile=(found.tile_width, found.tile_height))
    if _is_cmyk(found) and metadata.icc:
        metadata = replace(metadata, icc=b"", lost=(*metadata.lost, "ICC profile of CMYK"))
    return metadata


def _compression(found: oiio.ImageSpec, said: str) -> str:
    """Return a compression as `Storage` spells it: of TIFF by its number, as some have no name with OpenImageIO."""
    number = found.get_int_attribute("tiff:Compression")
    return TIFF.get(number, said or f"number {number}") if number else said or "none"


def _premultiplied(found: oiio.ImageSpec) -> bool:
    # Asked for raw numbers, OpenImageIO says "unassociated" of those that are straight, and nothing of the others.
    if found.get_int_attribute("targa:version"):
        return bool(found.get_int_attribute("targa:alpha_type") == 4)
    return found.alpha_channel >= 0 and not found.get_int_attribute("oiio:UnassociatedAlpha")


def _is_palette(found: oiio.ImageSpec) -> bool:
    bits = found.get_int_attribute("bmp:bitsperpixel")
    return (0 < bits <= 8 and found.nchannels > 1) or found.get_string_attribute("tiff:ColorSpace") == "palette"


def _is_cmyk(found: oiio.ImageSpec) -> bool:
    return "CMYK" in (found.get_string_attribute("jpeg:ColorSpace"), found.get_string_attribute("tiff:ColorSpace"))


def _notes(source: oiio.ImageInput, found: oiio.ImageSpec, container: str) -> list[str]:
    notes = ["CMYK, read as RGB"] if _is_cmyk(found) else []
    if container == "tif" and source.seek_subimage(1, 0):
        notes.append("the first of several images is read")
        source.seek_subimage(0, 0)
    complaint(source)  # forget that there is no second image
    return notes


__all__ = ["RowWriter", "probe", "read", "read_large"]
