"""Reads the settings of Unity's texture importer, ``wall.png.meta`` beside ``wall.png``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cg_upscaler.geometry import Edge, Edges
from cg_upscaler.library.sidecars.references import References
from cg_upscaler.library.sidecars.verdict import SAID, SidecarVerdict
from cg_upscaler.maps import AlphaMode, ColorSpace, MapKind, Meaning, NormalConvention

_SETTING = re.compile(r"^[ \t]*(\w+):[ \t]*(-?\d+(?:\.\d+)?)[ \t]*\r?$", re.MULTILINE)
"""Unity's tags are no plain YAML, but all that matters here stands on lines of its own."""

_EDGES = {0: Edge.WRAP, 1: Edge.CLAMP, 2: Edge.MIRROR, 3: Edge.MIRROR}

_TYPES: dict[int, tuple[MapKind, str]] = {
    1: (MapKind.NORMAL, "a normal map"),
    2: (MapKind.SPRITE, "editor GUI"),
    6: (MapKind.ENVIRONMENT, "a light map"),
    7: (MapKind.SPRITE, "a cursor"),
    8: (MapKind.SPRITE, "a sprite"),
    11: (MapKind.PACKED, "a shadow mask"),
    12: (MapKind.DATA, "a directional light map"),
}
"""TextureImporterType. 0 is the default, 4 a cookie and 10 a single channel of no stated meaning."""

_PIXELS_SPEAK = 0.85
"""A sprite without filtering is pixel art, mostly."""


def read(data: bytes, name: str, library: References) -> Iterator[tuple[str, SidecarVerdict]]:
    """Yield what the file says of the texture whose name it carries."""
    text = data.decode("utf-8-sig")
    if "TextureImporter:" not in text:
        return
    said: dict[str, float] = {}
    for key, number in _SETTING.findall(text):
        said.setdefault(key, float(number))
    for texture in library.named(name[: -len(".meta")]):
        yield texture, _verdict(said, name.rpartition("/")[2])


def _verdict(said: dict[str, float], file: str) -> SidecarVerdict:
    kind, label, confidence = _kind(said)
    srgb = said.get("sRGBTexture")
    preserved = said.get("mipMapsPreserveCoverage") == 1
    transparent = said.get("alphaIsTransparency") == 1
    return SidecarVerdict(
        kind,
        f"{label} in {file}" if kind else f"sRGB is {'on' if srgb else 'off'} in {file}",
        confidence,
        alpha=AlphaMode.CUTOUT if preserved and transparent else None,
        transparent=transparent,
        alpha_threshold=said.get("alphaTestReferenceValue") if preserved else None,
        edges=_edges(said),
        color_space=None if srgb is None else ColorSpace.SRGB if srgb else ColorSpace.DATA,
        convention=_convention(said) if kind is MapKind.NORMAL else None,
        meaning=Meaning.OTHER if kind is MapKind.DATA else None,
    )


def _kind(said: dict[str, float]) -> tuple[MapKind | None, str, float]:
    number = int(said.get("textureType", 0))
    if number == 1 and said.get("convertToNormalMap") == 1:
        return MapKind.HEIGHT, "a height map to make normals of", SAID
    if number == 8 and said.get("filterMode") == 0:
        return MapKind.PIXEL_ART, "a sprite without filtering", _PIXELS_SPEAK
    if number not in _TYPES and said.get("textureShape") == 2:
        return MapKind.ENVIRONMENT, "a cube map", SAID
    kind, label = _TYPES.get(number, (None, ""))
    return kind, label, SAID


def _convention(said: dict[str, float]) -> NormalConvention:
    """Unity wants Y+, and is told to turn green round where a map is not."""
    return NormalConvention.DIRECTX if said.get("flipGreenChannel") == 1 else NormalConvention.OPENGL


def _edges(said: dict[str, float]) -> Edges | None:
    x, y = (_EDGES.get(int(said.get(axis, said.get("wrapMode", -1)))) for axis in ("wrapU", "wrapV"))
    return Edges(x, y) if x is not None and y is not None else None
