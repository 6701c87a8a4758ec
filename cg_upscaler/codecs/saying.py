"""Adds a text to what a file says beside its texels, in whichever way its container has for text."""

from __future__ import annotations

from dataclasses import replace

from cg_upscaler.codecs import exr
from cg_upscaler.codecs.metadata import KEPT, TEXT, Metadata
from cg_upscaler.codecs.png import said_chunk
from cg_upscaler.codecs.tags import Tag, ascii_tag

_COMMENT = b"\xfe"
_DESCRIPTION = 0x10E


def takes_text(container: str) -> bool:
    """Whether a file of that container has a place for text."""
    return TEXT in KEPT.get(container, frozenset())


def saying(metadata: Metadata, key: str, value: str) -> Metadata:
    """Return the same with one more text. What the source says stays, word for word."""
    line = f"{key}: {value}"
    said = replace(metadata, text=(*metadata.text, (key, value)))
    if metadata.container == "png":
        return replace(said, raw=(*metadata.raw, said_chunk(key, value)))
    if metadata.container == "jpg":
        return replace(said, raw=(*metadata.raw, (_COMMENT, line.encode())))
    if metadata.container == "tif":
        return replace(said, tags=_described(metadata.tags, line))
    if metadata.container == "exr":
        more = exr.said(((key, value),))
        names = tuple(attribute.partition(b"\0")[0] for attribute in more)
        parts = tuple(
            replace(part, attributes=(*(one for one in part.attributes if one.partition(b"\0")[0] not in names), *more))
            for part in metadata.parts
        )
        return replace(said, parts=parts)
    return said


def _described(tags: tuple[Tag, ...], line: str) -> tuple[Tag, ...]:
    """Return the tags of a TIFF with a line more in its description."""
    before = "".join(tag.text for tag in tags if tag.code == _DESCRIPTION and tag.kind == 2)
    others = [tag for tag in tags if tag.code != _DESCRIPTION]
    return tuple(sorted([*others, ascii_tag(_DESCRIPTION, f"{before}\n{line}" if before else line)], key=_code))


def _code(tag: Tag) -> int:
    return tag.code
