"""Scales texture atlases in XML: ``<SubTexture>`` of Starling and Sparrow, and TexturePacker's generic ``<sprite>``."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from cg_upscaler.library.sidecars.texels.change import Change, span, times
from cg_upscaler.library.sidecars.texels.tags import Tag, quoted, tags
from cg_upscaler.library.sidecars.texels.text import Edit, decode

_SPRITES = ("SubTexture", "sprite")
_RECTS = (("x", "width"), ("y", "height"), ("frameX", "frameWidth"), ("frameY", "frameHeight"))
_SHORT = (("x", "w"), ("y", "h"), ("oX", "oW"), ("oY", "oH"))
_PIVOT = ("pivotX", "pivotY")
"""In texels, where the short form's ``pX`` is a share."""


def images(data: bytes) -> tuple[str, ...] | None:
    """Return the name of the sheet that a file describes; None for other XML."""
    found = tags(decode(data).text)
    root = next(found, None)
    if root is None or root.name != "TextureAtlas" or not any(tag.name in _SPRITES for tag in found):
        return None
    path = root.attributes.get("imagePath")
    return (path.text,) if path is not None and path.text else ()


def scaled(data: bytes, change: Change) -> bytes:
    """Return the file for a texture that has changed. Raises `ValueError` for what it cannot say."""
    text = decode(data)
    return text.edited(edit for tag in tags(text.text) for edit in _edits(tag, change))


def _edits(tag: Tag, change: Change) -> Iterator[Edit]:
    said = tag.attributes
    sizes: tuple[tuple[str, Fraction], ...]
    if tag.name == "TextureAtlas":
        path = said.get("imagePath")
        if path is not None and path.text in change.renamed:
            yield Edit(path.start, path.end, quoted(change.renamed[path.text]))
        sizes = (("width", change.x), ("height", change.y))
    elif tag.name in _SPRITES:
        turned = said.get("rotated") or said.get("r")
        if turned is not None and turned.text in ("true", "y") and not change.even:
            raise ValueError("holds rotated sprites, and its texture does not grow alike along both axes")
        sizes = ((_PIVOT[0], change.x), (_PIVOT[1], change.y))
        for index, (start, length) in enumerate(_RECTS if tag.name == "SubTexture" else _SHORT):
            if start in said and length in said:
                low, count = span(said[start].text, said[length].text, (change.x, change.y)[index % 2])
                yield Edit(said[start].start, said[start].end, low)
                yield Edit(said[length].start, said[length].end, count)
    else:
        return
    for key, factor in sizes:
        if key in said:
            yield Edit(said[key].start, said[key].end, times(said[key].text, factor))
