"""Scales the JSON of sprite sheets: TexturePacker's hash, array and Phaser forms, and Aseprite's.

``scale`` in ``meta`` is how large the sheet is against the size at which its sprites are meant to be shown; Pixi.js and
others divide by it. It grows with the texture, so that sprites stay as large on screen as they were. Pivots of frames
are shares of a frame and stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cg_upscaler.library.sidecars.texels import fields
from cg_upscaler.library.sidecars.texels.change import Change
from cg_upscaler.library.sidecars.texels.located import Node, loads, located
from cg_upscaler.library.sidecars.texels.text import Edit, decode

_BOXES = ("frame", "spriteSourceSize", "sourceSize", "borders", "scale9Borders")
_POINTS = ("vertices", "verticesUV")
_SLICE = ("bounds", "center", "pivot")
"""Of a slice's key in Aseprite: all of them in texels, the pivot too."""


def images(data: bytes) -> tuple[str, ...] | None:
    """Return the names of the sheets that a file describes; None for other JSON. Raises `ValueError` for broken."""
    root = loads(decode(data).text)
    if not isinstance(root, dict):
        return None
    sheets = root.get("textures")
    if isinstance(sheets, list):
        if not sheets or not all(isinstance(sheet, dict) and _has_frames(sheet) for sheet in sheets):
            return None
        return tuple(sheet["image"] for sheet in sheets if isinstance(sheet.get("image"), str))
    if not _has_frames(root):
        return None
    meta = root.get("meta")
    image = meta.get("image") if isinstance(meta, dict) else None
    return (image,) if isinstance(image, str) and image else ()


def _has_frames(sheet: dict[str, Any]) -> bool:
    frames = sheet.get("frames")
    listed = list(frames.values()) if isinstance(frames, dict) else frames
    return isinstance(listed, list) and bool(listed) and all(_is_frame(frame) for frame in listed)


def _is_frame(frame: Any) -> bool:
    place = frame.get("frame") if isinstance(frame, dict) else None
    return isinstance(place, dict) and {"x", "y", "w", "h"} <= place.keys()


def scaled(data: bytes, change: Change) -> bytes:
    """Return the file for a texture that has changed. Raises `ValueError` for what it cannot say."""
    text = decode(data)
    return text.edited(_edits(located(text.text), change))


def _edits(root: Node, change: Change) -> Iterator[Edit]:
    sheets = root.at("textures")
    for sheet in [root] if sheets is None or not sheets.items else sheets.items:
        yield from _sheet(sheet, change)
    for other in (root.at("meta", "related_multi_packs") or root).items:
        yield from fields.name(other, change)


def _sheet(sheet: Node, change: Change) -> Iterator[Edit]:
    frames = sheet.at("frames")
    for frame in () if frames is None else frames.each():
        turned = frame.at("rotated")
        if turned is not None and turned.text != "false" and not change.even:
            raise ValueError("holds rotated sprites, and its texture does not grow alike along both axes")
        for box in _BOXES:
            yield from fields.box(frame.at(box), change)
        for outline in _POINTS:
            yield from fields.points(frame.at(outline), change)
    # Phaser's form says of each sheet what the others say in `meta`.
    for about in (sheet, sheet.at("meta")):
        if about is not None:
            yield from fields.name(about.at("image"), change)
            yield from fields.box(about.at("size"), change)
            yield from fields.ratio(about.at("scale"), change)
    slices = sheet.at("meta", "slices")
    for part in () if slices is None else slices.items:
        keys = part.at("keys")
        for key in () if keys is None else keys.items:
            for box in _SLICE:
                yield from fields.box(key.at(box), change)
