"""Reads from what Painter exported what each file holds: from the channels in its name, once the texture set is gone."""

from __future__ import annotations

import os
import re
from typing import Any, Mapping, Sequence

_NAMES: dict[str, dict[str, Any]] = {
    "basecolor": {"kind": "base_color"},
    "basecolour": {"kind": "base_color"},
    "albedo": {"kind": "base_color"},
    "diffuse": {"kind": "base_color"},
    "color": {"kind": "base_color"},
    "albedotransparency": {"kind": "base_color"},
    "basecoloropacity": {"kind": "base_color"},
    "basemap": {"kind": "base_color"},
    "normal": {"kind": "normal"},
    "normalmap": {"kind": "normal"},
    "normalopengl": {"kind": "normal", "normal_convention": "opengl"},
    "normaldirectx": {"kind": "normal", "normal_convention": "directx"},
    "roughness": {"kind": "roughness"},
    "glossiness": {"kind": "gloss"},
    "smoothness": {"kind": "gloss"},
    "metallic": {"kind": "metallic"},
    "metalness": {"kind": "metallic"},
    "specular": {"kind": "specular"},
    "height": {"kind": "height"},
    "displacement": {"kind": "height"},
    "emissive": {"kind": "emissive"},
    "emission": {"kind": "emissive"},
    "ambientocclusion": {"kind": "occlusion"},
    "mixedao": {"kind": "occlusion"},
    "ao": {"kind": "occlusion"},
    "occlusion": {"kind": "occlusion"},
    "opacity": {"kind": "opacity"},
    "alpha": {"kind": "opacity"},
    "occlusionroughnessmetallic": {"channels": {"r": "occlusion", "g": "roughness", "b": "metallic"}},
    "orm": {"channels": {"r": "occlusion", "g": "roughness", "b": "metallic"}},
    "metallicsmoothness": {"channels": {"r": "metallic", "a": "gloss"}},
    "metallicroughness": {"channels": {"g": "roughness", "b": "metallic"}},
    "maskmap": {"channels": {"r": "metallic", "g": "occlusion", "b": "unused", "a": "gloss"}},
    "specularsmoothness": {"kind": "specular", "channels": {"a": "gloss"}},
}
"""What Painter's own export presets call their files, without signs between words, and what that says."""

_TILE = re.compile(r"[._](?:1\d{3}|u\d+_v\d+)$", re.IGNORECASE)
_SIGNS = re.compile(r"[^a-z0-9]+")


def given(path: str, texture_set: str = "", stack: str = "", project: str = "") -> dict[str, Any]:
    """Return what an exported file's name says of it; nothing where it is a name of somebody's own preset."""
    stem = _TILE.sub("", os.path.splitext(os.path.basename(path))[0])
    rest = stem
    for word in sorted(filter(None, (texture_set, stack, project)), key=len, reverse=True):
        rest = re.sub(re.escape(word), " ", rest, flags=re.IGNORECASE)
    for text in (rest, *_endings(stem)):
        found = _NAMES.get(_SIGNS.sub("", text.lower()))
        if found is not None:
            return dict(found)
    return {}


def exported(textures: Mapping[tuple[str, str], Sequence[str]], project: str = "") -> dict[str, dict[str, Any]]:
    """Return the files of an export that are there, each with what its name says."""
    return {
        path: given(path, texture_set, stack, project)
        for (texture_set, stack), paths in textures.items()
        for path in paths
        if os.path.isfile(path)
    }


def _endings(stem: str) -> list[str]:
    """Return what may be the channel's part of a name: its last three words, its last two, its last."""
    words = re.split(r"[^A-Za-z0-9]+", stem)
    return ["".join(words[-count:]) for count in (3, 2, 1) if len(words) > count]
