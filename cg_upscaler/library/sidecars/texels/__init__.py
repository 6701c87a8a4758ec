"""Describes textures in texels: sprite sheets, bitmap fonts, importers' sizes; each kind of file by one pure function.

What changes are numbers of texels and names of files. All else stays byte for byte, so that a scaled description
differs from its source in what had to change and in nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from cg_upscaler.library.sidecars.texels import bmfont, bmfont_binary, gdx, sparrow, sprites_json, unity
from cg_upscaler.library.sidecars.texels.change import Change

__all__ = ["COPY", "FORMS", "LIMIT", "NAMED", "SUFFIXES", "UNITY", "Change", "recognised", "scaled"]

LIMIT = 8 << 20
"""Bytes of a description that are read."""

COPY = "copy"
"""The form of what goes as it is, since its texture does not change."""

UNITY = "unity"


@dataclass(frozen=True, slots=True)
class Form:
    """One way to describe textures."""

    suffix: str
    images: Callable[[bytes], tuple[str, ...] | None]
    """Which images a file names; None for a file of another form. May raise `ValueError` for a broken one."""
    scaled: Callable[[bytes, Change], bytes]


def _as_it_is(data: bytes, change: Change) -> bytes:
    return data


def _importer(data: bytes) -> tuple[str, ...] | None:
    return () if unity.is_importer(data) else None


FORMS: Mapping[str, Form] = MappingProxyType(
    {
        COPY: Form("", lambda data: None, _as_it_is),
        UNITY: Form(".meta", _importer, unity.scaled),
        "sprites-json": Form(".json", sprites_json.images, sprites_json.scaled),
        "bmfont-json": Form(".json", bmfont.json_images, bmfont.scaled_json),
        "bmfont-binary": Form(".fnt", bmfont_binary.images, bmfont_binary.scaled),
        "bmfont-xml": Form(".fnt", bmfont.xml_images, bmfont.scaled_xml),
        "bmfont-text": Form(".fnt", bmfont.text_images, bmfont.scaled_text),
        "font-xml": Form(".xml", bmfont.xml_images, bmfont.scaled_xml),
        "gdx-atlas": Form(".atlas", gdx.images, gdx.scaled),
        "sparrow-xml": Form(".xml", sparrow.images, sparrow.scaled),
    }
)

NAMED: Mapping[str, str] = MappingProxyType(
    {
        ".plist": "Cocos property lists",
        ".tpsheet": "TexturePacker sheets for Unity",
        ".import": "Godot importer settings",
        ".tres": "Godot resources",
        ".tsx": "Tiled tile sets",
        ".tsj": "Tiled tile sets",
    }
)
"""Suffixes of what may describe a texture in texels and is not understood here."""

SUFFIXES = frozenset({form.suffix for form in FORMS.values() if form.suffix} | NAMED.keys())


def recognised(suffix: str, data: bytes) -> tuple[str, tuple[str, ...]] | None:
    """Return the form of a file's bytes, and the images that it names; None where it is of none.

    Raises `ValueError` or `RecursionError` for a broken one.
    """
    for name, form in FORMS.items():
        if form.suffix == suffix and (images := form.images(data)) is not None:
            return name, images
    return None


def scaled(form: str, data: bytes, change: Change) -> bytes:
    """Return the bytes of a description for a texture that has changed.

    Raises `ValueError` or `RecursionError` for what is broken, or would not fit.
    """
    return FORMS[form].scaled(data, change)
