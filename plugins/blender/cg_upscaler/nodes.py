# SPDX-License-Identifier: GPL-3.0-or-later
"""Concludes from a material's nodes what the engine is to be told of its images: where a picture goes is what it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from .links import PICTURES, Use, all_nodes, uses

_FIRST = ("normal", "base_color", "emissive", "specular", "roughness", "gloss", "metallic", "occlusion", "height")
"""Which decides, where one picture is several things at once."""

_PREMULTIPLIED = ("OPEN_EXR", "OPEN_EXR_MULTILAYER", "TIFF")
"""Files that say so themselves."""

_BEYOND = {"EXTEND": "clamp", "CLIP": "clamp", "MIRROR": "mirror"}
"""What lies beyond the borders, as nodes say it. That it is the picture again is merely what they begin with."""


@dataclass
class Found:
    """An image of a material, the nodes that show it, and all that it is used for."""

    image: Any
    nodes: list[Any] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)

    @property
    def given(self) -> dict[str, Any]:
        """What the engine is to be told of it: settings, as a rule of a configuration has them."""
        return {**_kind(self.uses), **_alpha(self.image, self.uses), **_edges(self.nodes)}


def images_of(tree: Any) -> list[Found]:
    """Return the images that reach an output of a node tree, with what each is used for; the others without a use.

    `tree` is a material's, a world's or a light's. Pictures within groups count like those outside.
    """
    found: dict[str, Found] = {}

    def noted(node: Any) -> Found:
        one = found.setdefault(node.image.name_full, Found(node.image))
        if node not in one.nodes:
            one.nodes.append(node)
        return one

    for node, use in uses(tree):
        one = noted(node)
        if use not in one.uses:
            one.uses.append(use)
    for node in all_nodes(tree):
        if node.type in PICTURES and node.image is not None:
            noted(node)
    return list(found.values())


def nodes_with(image: Any, trees: Iterable[Any]) -> list[Any]:
    """Return all nodes of some trees, and of the groups in them, that show an image."""
    return [node for tree in trees for node in all_nodes(tree) if node.type in PICTURES and node.image == image]


def _kind(uses: list[Use]) -> dict[str, Any]:
    """Return the kind, or what the channels hold, as far as that is sure."""
    sure = sorted((use for use in uses if use.sure and use.kind), key=_rank)
    whole = [use for use in sure if use.channel == "rgb"]
    for use in whole:
        if use.kind == "normal":
            return {"kind": "normal", "normal_convention": _convention(sure)}
        if use.kind != "opacity":
            return {"kind": use.kind}
    parts: dict[str, str] = {}
    for use in sure:
        if use.channel in ("r", "g", "b"):
            parts.setdefault(use.channel, "alpha" if use.kind == "opacity" else use.kind)
    if parts:
        return {"channels": {letter: parts[letter] for letter in "rgb" if letter in parts}}
    return {"kind": "opacity"} if whole else {}


def _convention(sure: list[Use]) -> str:
    """Return whose normal map it is: Blender takes green as OpenGL does, so who turns it round has one of DirectX."""
    turned = any(use.kind == "normal" and "g" in use.inverted and "rgb" not in use.inverted for use in sure)
    return "directx" if turned else "opengl"


def _rank(use: Use) -> int:
    return _FIRST.index(use.kind) if use.kind in _FIRST else len(_FIRST)


def _alpha(image: Any, uses: list[Use]) -> dict[str, Any]:
    """Return what alpha means, as far as Blender says: no transparency, or that colour is multiplied by it."""
    own = {use.kind for use in uses if use.channel == "a" and use.sure and use.kind}
    if image.alpha_mode == "CHANNEL_PACKED" or (own and "opacity" not in own):
        return {"alpha": "mask"}
    if image.alpha_mode == "PREMUL" and image.source != "GENERATED" and image.file_format not in _PREMULTIPLIED:
        return {"alpha": "premultiplied"}
    return {}


def _edges(nodes: list[Any]) -> dict[str, Any]:
    """Return what lies beyond the borders, where all nodes say that it is not the picture again."""
    edges = {_BEYOND.get(getattr(node, "extension", ""), "") for node in nodes}
    only = edges.pop() if len(edges) == 1 else ""
    return {"edges": only} if only else {}
