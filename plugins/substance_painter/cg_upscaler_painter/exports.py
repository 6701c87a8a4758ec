"""Reads from what Painter exported what each file holds: from the map's name, which stands behind the texture set's."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_KINDS = {
    "base_color": "basecolor basecolour basecoloropacity basemap albedo albedotransparency diffuse diffusecolor color",
    "normal": "normal normalmap bumpnormal coatnormal",
    "roughness": "roughness specularroughness coatroughness sheenroughness",
    "gloss": "glossiness smoothness gloss",
    "metallic": "metallic metalness metallness",
    "specular": "specular specularcolor specularedgecolor specularfacecolor reflection",
    "height": "height displacement",
    "emissive": "emissive emission emissivecolor",
    "occlusion": "ambientocclusion mixedao ao occlusion",
    "opacity": "opacity alpha",
}
"""By kind of map, what Painter's own export presets call their files, without the signs between words."""

_ORM = {"r": "occlusion", "g": "roughness", "b": "metallic"}
_METALLIC_RGB = {"r": "metallic", "g": "metallic", "b": "metallic"}

_NAMES: dict[str, dict[str, Any]] = {
    **{word: {"kind": kind} for kind, words in _KINDS.items() for word in words.split()},
    "normalopengl": {"kind": "normal", "normal_convention": "opengl"},
    "normaldirectx": {"kind": "normal", "normal_convention": "directx"},
    "ddna": {"kind": "normal", "channels": {"a": "gloss"}},  # CryEngine
    "specularsmoothness": {"kind": "specular", "channels": {"a": "gloss"}},  # Unity, specular
    "metallicsmoothness": {"channels": {**_METALLIC_RGB, "a": "gloss"}},  # Unity
    "maskmap": {"channels": {"r": "metallic", "g": "occlusion", "a": "gloss"}},  # Unity HDRP
    "occlusionroughnessmetallic": {"channels": _ORM},  # Unreal Engine, glTF
    "orm": {"channels": _ORM},
    "metallicroughness": {"channels": {"g": "roughness", "b": "metallic"}},  # glTF
    "materialparams": {"channels": {"r": "metallic", "g": "roughness", "b": "occlusion"}},  # Lens Studio
}

_TILE = re.compile(r"[._](?:1\d{3}|u\d+_v\d+)$", re.IGNORECASE)
_SIGNS = re.compile(r"[\W_]+")
_COLOR_SPACE = re.compile(
    r"(?:utility|input|output|role|srgb|s_rgb|linear|lin|raw|data|aces\w*|acescg|rec[. ]?\d+|gamma|display|scene|"
    r"adobe ?rgb|(?:dci[- ]?)?p3)(?![a-z])",
    re.IGNORECASE,
)
"""What names of colour spaces begin with, which presets put behind the map's: ``($colorSpace)``."""


def given(path: str, texture_set: str = "", stack: str = "", project: str = "") -> dict[str, Any]:
    """Return settings for an exported file, from its name; none where it is a name of somebody's own preset.

    What a preset calls a map stands behind the texture set (``$mesh_$textureSet_BaseColor``), and is all that stands
    there but for a colour space and a UV tile. So a texture set called Color makes nothing a colour.
    """
    stem = _TILE.sub("", os.path.splitext(os.path.basename(path))[0])
    for text in _map_names(stem, [word for word in (texture_set, stack, project) if word]):
        found = _NAMES.get(_SIGNS.sub("", text.lower()))
        if found is not None:
            return dict(found)
    return {}


def exported(textures: Mapping[tuple[str, str], Sequence[str]], project: str = "") -> dict[str, dict[str, Any]]:
    """Return the files of an export that are there, each with what its name says."""
    return {
        os.path.abspath(path): given(path, texture_set, stack, project)
        for (texture_set, stack), paths in textures.items()
        for path in paths
        if os.path.isfile(path)
    }


def _map_names(stem: str, words: list[str]) -> Iterator[str]:
    """Yield what may be the map's name: all behind a texture set, stack or project, longest first; or all but those."""
    tails = {stem[match.end() :] for word in words for match in _as_a_word(word).finditer(stem)}
    rest = stem
    for word in words:
        rest = _as_a_word(word).sub(" ", rest)
    for tail in (*sorted(tails, key=len, reverse=True), rest):
        yield tail
        yield from _before_color_space(tail)


def _as_a_word(word: str) -> re.Pattern[str]:
    """Return what finds a word in a file name, in which characters that no file may have were replaced."""
    letters = "".join(re.escape(letter) if letter.isalnum() else r"[\W_]" for letter in word)
    return re.compile(rf"(?<![^\W_]){letters}(?![^\W_])", re.IGNORECASE)


def _before_color_space(tail: str) -> Iterator[str]:
    for match in re.finditer("_", tail):
        if _COLOR_SPACE.match(tail, match.end()):
            yield tail[: match.start()]
