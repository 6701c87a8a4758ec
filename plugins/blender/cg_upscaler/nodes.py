# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads from a material's nodes what each of its images holds: where a picture goes is what it is."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Iterator, Optional

_DEEPEST = 64
"""Nodes that are followed one behind the other: groups can hold themselves nowhere, but files may be broken."""

_SOCKETS = {
    "Base Color": "base_color",
    "Metallic": "metallic",
    "Roughness": "roughness",
    "Coat Roughness": "roughness",
    "Sheen Roughness": "roughness",
    "Alpha": "opacity",
    "Emission Color": "emissive",
    "Emission": "emissive",  # before 4.0
    "Specular IOR Level": "specular",
    "Specular": "specular",  # before 4.0
    "Specular Tint": "specular",
    "Normal": "normal",
    "Coat Normal": "normal",
    "Clearcoat Normal": "normal",  # before 4.0
    "Occlusion": "occlusion",  # of the group by which glTF is exported
    "Height": "height",
    "Displacement": "height",
}
"""What an input of a shader says of the picture in it. What of others, the engine finds out by itself."""

_COLOURS = {"BSDF_DIFFUSE": "base_color", "EMISSION": "emissive", "BSDF_GLOSSY": "specular", "BACKGROUND": "emissive"}
"""What ``Color`` is, of shaders that have one."""

_THROUGH = ("REROUTE", "GAMMA", "HUE_SAT", "BRIGHTCONTRAST", "CURVE_RGB", "CLAMP", "RGBTOBW", "MAP_RANGE")
"""Nodes behind which a picture is what it was, if not as it was."""

_MIXING = ("MIX", "MIX_RGB", "MATH", "VECT_MATH", "VALTORGB", "COMBINE_COLOR", "COMBRGB", "COMBXYZ")
"""Nodes behind which it may be anything: a grunge map that is multiplied into a colour is none itself."""

_SPLITTING = ("SEPARATE_COLOR", "SEPRGB", "SEPXYZ")

_FACTORS = ("Fac", "Factor", "Factor_Float", "Factor_Vector")

_FIRST = ("normal", "base_color", "emissive", "specular", "roughness", "gloss", "metallic", "occlusion", "height")
"""Which decides, where one picture is several things at once."""

_INVERSE = {"roughness": "gloss", "gloss": "roughness"}


@dataclass(frozen=True)
class Use:
    """One way from an image to a shader."""

    kind: str
    channel: str
    """``rgb``, or which alone: ``r``, ``g``, ``b`` or ``a``."""
    sure: bool
    """Whether nothing is mixed into it on the way."""
    inverted: str = ""
    """Channels that are turned round on the way: a green one makes a normal map one of DirectX."""


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
    for node, use in _uses(tree):
        one = found.setdefault(node.image.name_full, Found(node.image))
        if node not in one.nodes:
            one.nodes.append(node)
        if use not in one.uses:
            one.uses.append(use)
    for node in _all_nodes(tree, 0):
        if node.type in ("TEX_IMAGE", "TEX_ENVIRONMENT") and node.image is not None:
            one = found.setdefault(node.image.name_full, Found(node.image))
            if node not in one.nodes:
                one.nodes.append(node)
    return list(found.values())


def nodes_with(image: Any, trees: Any) -> list[Any]:
    """Return all nodes of some trees, and of the groups in them, that show an image."""
    return [node for tree in trees for node in _all_nodes(tree, 0) if getattr(node, "image", None) == image]


def _all_nodes(tree: Any, depth: int) -> Iterator[Any]:
    for node in tree.nodes if tree is not None and depth < _DEEPEST else ():
        yield node
        if node.type == "GROUP":
            yield from _all_nodes(node.node_tree, depth + 1)


def _uses(tree: Any) -> Iterator[tuple[Any, Use]]:
    for node in tree.nodes:
        if node.type in ("OUTPUT_MATERIAL", "OUTPUT_WORLD", "OUTPUT_LIGHT") and node.is_active_output:
            for socket in node.inputs:
                kind = _SOCKETS.get(socket.name, "")
                yield from _Walk().back(socket, kind, "rgb", True, "", (), 0)
        elif node.type == "GROUP" and any(socket.name == "Occlusion" for socket in node.inputs) and not _leads_on(node):
            for socket in node.inputs:
                yield from _Walk().back(socket, _SOCKETS.get(socket.name, ""), "rgb", True, "", (), 0)


def _leads_on(node: Any) -> bool:
    return any(socket.is_linked for socket in node.outputs)


class _Walk:
    """One way back through links, from what shows to where it comes from."""

    def __init__(self) -> None:
        self._been: set[Any] = set()

    def back(
        self, socket: Any, kind: str, channel: str, sure: bool, inverted: str, groups: tuple[Any, ...], depth: int
    ) -> Iterator[tuple[Any, Use]]:
        """Yield the image nodes behind an input. `groups` are the group nodes that the way is inside of."""
        if depth > _DEEPEST:
            return
        for link in socket.links if socket.is_linked else ():
            if link.is_muted or not link.is_valid:
                continue
            key = (link.from_node, link.from_socket.identifier, kind, channel, sure, inverted, groups)
            if key in self._been:
                continue
            self._been.add(key)
            yield from self._node(link.from_node, link.from_socket, kind, channel, sure, inverted, groups, depth + 1)

    def _node(
        self,
        node: Any,
        out: Any,
        kind: str,
        channel: str,
        sure: bool,
        inverted: str,
        groups: tuple[Any, ...],
        depth: int,
    ) -> Iterator[tuple[Any, Use]]:
        def on(socket: Any, *, what: str = kind, part: str = channel, certain: bool = sure, turned: str = inverted) -> Any:
            return self.back(socket, what, part, certain, turned, groups, depth)

        type_ = node.type
        if type_ in ("TEX_IMAGE", "TEX_ENVIRONMENT"):
            if node.image is not None:
                what = "environment" if type_ == "TEX_ENVIRONMENT" else kind
                yield node, Use(what, "a" if out.name == "Alpha" else channel, sure, inverted)
        elif node.mute:
            for link in node.internal_links:
                if link.to_socket == out:
                    yield from on(link.from_socket)
        elif type_ == "GROUP":
            yield from self._into(node, out, kind, channel, sure, inverted, groups, depth)
        elif type_ == "GROUP_INPUT" and groups:
            *outer, group = groups
            for socket in group.inputs:
                if socket.identifier == out.identifier:
                    yield from self.back(socket, kind, channel, sure, inverted, tuple(outer), depth)
        elif type_ == "NORMAL_MAP":
            tangent = node.space == "TANGENT"
            yield from on(node.inputs["Color"], what="normal" if tangent else "data")
        elif type_ == "BUMP":
            yield from on(node.inputs["Height"], what="height", part="rgb")
            yield from on(node.inputs["Normal"])
        elif type_ in ("DISPLACEMENT", "VECTOR_DISPLACEMENT"):
            first = node.inputs[0]
            yield from on(first, what="height" if type_ == "DISPLACEMENT" else "data")
        elif type_ in _SPLITTING:
            letters = dict(zip((socket.identifier for socket in node.outputs), "rgb"))
            plain = type_ != "SEPARATE_COLOR" or node.mode == "RGB"
            part = letters.get(out.identifier, channel) if channel == "rgb" and plain else channel
            yield from on(node.inputs[0], part=part, certain=sure and plain)
        elif type_ == "INVERT" or _is_one_minus(node):
            turned = inverted + (channel if channel != "rgb" else "rgb")
            flipped = _INVERSE.get(kind, kind)
            for socket in _valued(node):
                yield from on(socket, what=flipped, turned=turned)
        elif kind == "normal" and type_ in ("COMBINE_COLOR", "COMBRGB", "COMBXYZ"):
            for letter, socket in zip("rgb", node.inputs):  # one is put together again, most often with green turned round
                yield from self._assembled(socket, letter, sure, groups, depth)
        elif type_ in _THROUGH:
            for socket in node.inputs:
                if socket.name not in _FACTORS:
                    yield from on(socket)
        elif type_ in _MIXING:
            for socket in node.inputs:
                if socket.enabled:
                    yield from on(socket, certain=False)
        else:  # a shader
            for socket in node.inputs:
                what = _COLOURS.get(type_, "base_color") if socket.name == "Color" else _SOCKETS.get(socket.name, "")
                if type_ in ("MIX_SHADER",) and socket.name in _FACTORS:
                    what = "opacity" if _mixes_transparent(node) else ""
                yield from on(socket, what=what, part="rgb", certain=True, turned="")

    def _into(
        self,
        node: Any,
        out: Any,
        kind: str,
        channel: str,
        sure: bool,
        inverted: str,
        groups: tuple[Any, ...],
        depth: int,
    ) -> Iterator[tuple[Any, Use]]:
        for inner in node.node_tree.nodes if node.node_tree is not None else ():
            if inner.type == "GROUP_OUTPUT" and inner.is_active_output:
                for socket in inner.inputs:
                    if socket.identifier == out.identifier:
                        yield from self.back(socket, kind, channel, sure, inverted, (*groups, node), depth)

    def _assembled(
        self, socket: Any, letter: str, sure: bool, groups: tuple[Any, ...], depth: int
    ) -> Iterator[tuple[Any, Use]]:
        for node, use in self.back(socket, "normal", "rgb", sure, "", groups, depth):
            own = use.channel in (letter, "rgb")
            yield node, Use("normal", "rgb", use.sure and own, letter if use.inverted else "")


def _valued(node: Any) -> list[Any]:
    return [socket for socket in node.inputs if socket.name not in _FACTORS and socket.is_linked]


def _is_one_minus(node: Any) -> bool:
    if node.type != "MATH" or node.operation != "SUBTRACT":
        return False
    return not node.inputs[0].is_linked and abs(node.inputs[0].default_value - 1.0) < 1e-6


def _mixes_transparent(node: Any) -> bool:
    behind = [link.from_node.type for socket in node.inputs[1:3] for link in socket.links]
    return "BSDF_TRANSPARENT" in behind


def _kind(uses: list[Use]) -> dict[str, Any]:
    """Return the kind, or what the channels hold, as far as that is sure."""
    sure = [use for use in uses if use.sure and use.kind]
    colour = [use for use in sure if use.channel == "rgb" and use.kind != "opacity"]
    parts: dict[str, str] = {}
    for use in sorted(sure, key=_rank):
        if use.channel in "rgb" and len(use.channel) == 1:
            parts.setdefault(use.channel, "alpha" if use.kind == "opacity" else use.kind)
    if colour:
        best = min(colour, key=_rank)
        told: dict[str, Any] = {"kind": best.kind}
        if best.kind == "normal" and any(use.kind == "normal" for use in sure):
            green = any("g" in use.inverted and "rgb" not in use.inverted for use in sure if use.kind == "normal")
            told["normal_convention"] = "directx" if green else "opengl"
        return told
    if parts:
        return {"channels": {letter: _part(kind) for letter, kind in sorted(parts.items(), key=_letter)}}
    if any(use.channel == "rgb" and use.kind == "opacity" for use in sure):
        return {"kind": "opacity"}
    return {}


def _part(kind: str) -> str:
    return "alpha" if kind == "opacity" else kind


def _letter(pair: tuple[str, str]) -> int:
    return "rgba".index(pair[0])


def _rank(use: Use) -> int:
    return _FIRST.index(use.kind) if use.kind in _FIRST else len(_FIRST)


def _alpha(image: Any, uses: list[Use]) -> dict[str, Any]:
    """Return what alpha means, as far as Blender says: that it is no transparency, or that colour is multiplied by it."""
    own = {use.kind for use in uses if use.channel == "a" and use.sure and use.kind}
    if image.alpha_mode == "CHANNEL_PACKED" or (own and "opacity" not in own):
        return {"alpha": "mask"}
    if image.alpha_mode == "PREMUL" and image.source != "GENERATED":
        return {"alpha": "premultiplied"} if image.file_format not in _PREMULTIPLIED else {}
    return {}


_PREMULTIPLIED = ("OPEN_EXR", "OPEN_EXR_MULTILAYER", "TIFF")
"""Files that say so themselves."""


def _edges(nodes: list[Any]) -> dict[str, Any]:
    """Return what lies beyond the borders, where a node says that it is not the picture again."""
    extensions = {getattr(node, "extension", "REPEAT") for node in nodes}
    said: dict[str, Optional[str]] = defaultdict(lambda: None, {"EXTEND": "clamp", "CLIP": "clamp", "MIRROR": "mirror"})
    edges = {said[extension] for extension in extensions}
    only = edges.pop() if len(edges) == 1 else None
    return {} if only is None else {"edges": only}
