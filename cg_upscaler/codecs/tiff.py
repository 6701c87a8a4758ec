"""Reads and writes what a TIFF says beside its texels: all of its tags but those that describe how they are stored."""

from __future__ import annotations

from pathlib import Path

from cg_upscaler.codecs.metadata import Metadata
from cg_upscaler.codecs.png import suits
from cg_upscaler.codecs.segments import TEXTS, text_in, text_tags
from cg_upscaler.codecs.tags import (
    EXIF,
    GPS,
    ORIENTATION,
    Tag,
    append,
    built,
    rational_tag,
    read_tags,
    short_tag,
    tags_of,
)
from cg_upscaler.geometry import Size

_ICC, _XMP, _ACROSS, _DOWN, _UNIT = 34675, 700, 282, 283, 296

_STORING = frozenset(
    {254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 277, 278, 279, 280, 281, 284, 288, 289, 290, 291}
    | {292, 293, 297, 317, 320, 322, 323, 324, 325, 326, 327, 328, 332, 333, 334, 336, 338, 339, 340, 341, 343, 344}
    | {346, 347, *range(512, 522), 529, 530, 531, 532, 559, 33300, 33301, 34016, 34017, 50674}
)
"""Tags that follow from the texels and how they are stored."""

_LOST = {
    301: "transfer function",
    330: "further pictures",
    37724: "Photoshop layers",
    33550: "place on a map",
    33922: "place on a map",
    34264: "place on a map",
}
"""What holds for the source's size or depth alone."""

_OURS = frozenset({305, 306, 315})
"""What a writer may have said of itself."""


def metadata(path: Path) -> Metadata:
    """Return what the first page of a TIFF says."""
    with path.open("rb") as file:
        tags = read_tags(file)
    held = {tag.code: tag for tag in tags}
    unit = {1: 0.0, 3: 2.54}.get(int(held[_UNIT].number) if _UNIT in held else 2, 1.0)
    dpi = None
    if _ACROSS in held and _DOWN in held and unit:
        across, down = held[_ACROSS].number * unit, held[_DOWN].number * unit
        dpi = (across, down) if across > 0 and down > 0 else None
    turned = int(held[ORIENTATION].number) if ORIENTATION in held else 1
    inner = tuple(tag for tag in tags if tag.code in (EXIF, GPS, 0x10F, 0x110))
    if inner and turned != 1:
        inner = (*inner, short_tag(ORIENTATION, turned))
    return Metadata(
        icc=held[_ICC].data if _ICC in held and held.get(262, short_tag(262, 2)).number != 5 else b"",
        exif=built(inner) if any(tag.code in (EXIF, GPS) for tag in inner) else b"",
        xmp=held[_XMP].data if _XMP in held else b"",
        text=tuple(text_in(tags)),
        orientation=turned if 1 <= turned <= 8 else 1,
        dpi=dpi,
        tags=tuple(tag for tag in tags if tag.code not in _STORING and tag.code not in _LOST),
        container="tif",
        lost=tuple(dict.fromkeys(_LOST[tag.code] for tag in tags if tag.code in _LOST)),
    )


def complete(path: Path, metadata: Metadata, size: Size, colours: int) -> None:
    """Put into a TIFF that is written what it is to say. Raises `OSError`."""
    tags = metadata.tags if metadata.container == "tif" else _built(metadata)
    if not suits(metadata.icc, colours):
        tags = tuple(tag for tag in tags if tag.code != _ICC)
    append(path, tuple(_fitted(tag, size) for tag in tags), _OURS | {ORIENTATION, _ACROSS, _DOWN, _UNIT})


def _fitted(tag: Tag, size: Size) -> Tag:
    if tag.code != EXIF:
        return tag
    sides = {0xA002: size.width, 0xA003: size.height}
    below = (
        Tag(inner.code, 4, 1, sides[inner.code].to_bytes(4, "little")) if inner.code in sides else inner
        for inner in tag.below
    )
    return Tag(tag.code, tag.kind, tag.count, tag.data, tuple(below))


def _built(metadata: Metadata) -> tuple[Tag, ...]:
    said = {tag.code: tag for tag in text_tags(metadata)}
    for tag in tags_of(metadata.exif):
        if tag.code in (EXIF, GPS, 0x10F, 0x110, 306, *TEXTS):
            said.setdefault(tag.code, tag)
    if metadata.icc:
        said[_ICC] = Tag(_ICC, 7, len(metadata.icc), metadata.icc)
    if metadata.xmp:
        said[_XMP] = Tag(_XMP, 1, len(metadata.xmp), metadata.xmp)
    if metadata.orientation != 1:
        said[ORIENTATION] = short_tag(ORIENTATION, metadata.orientation)
    if metadata.dpi is not None:
        said[_ACROSS], said[_DOWN] = (
            rational_tag(code, dots) for code, dots in zip((_ACROSS, _DOWN), metadata.dpi, strict=True)
        )
        said[_UNIT] = short_tag(_UNIT, 2)
    return tuple(said.values())
