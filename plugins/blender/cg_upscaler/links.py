# SPDX-License-Identifier: GPL-3.0-or-later
"""Follows links back from a material's output to its pictures, and notes what becomes of each on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

_DEEPEST = 64
"""Nodes that are followed one behind the other: groups can hold themselves nowhere, but files may be broken."""

PICTURES = ("TEX_IMAGE", "TEX_ENVIRONMENT")
"""Nodes that show an image."""

_OUTPUTS = ("OUTPUT_MATERIAL", "OUTPUT_WORLD", "OUTPUT_LIGHT")

_SOCKETS = {
    "Base Color": "base_color",
    "Metallic": "metallic",
    "Roughness": "roughness",
    "Coat Roughness": "roughness",
    "Sheen Roughness": "roughness",
    "Alpha": "opacity",
    "Emission Color": "emissive",
    "Specular IOR Level": "specular",
    "Specular Tint": "specular",
    "Normal": "normal",
    "Coat Normal": "normal",
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

_BLENDS = ("MIX", "MIX_RGB")

_TUNING = ("ADD", "SUBTRACT", "MULTIPLY", "DIVIDE", "MULTIPLY_ADD", "POWER")
"""Sums with plain numbers by which an artist makes a picture weaker or stronger."""

_SPLITTING = ("SEPARATE_COLOR", "SEPRGB", "SEPXYZ")

_JOINING = ("COMBINE_COLOR", "COMBRGB", "COMBXYZ")

_FACTORS = ("Fac", "Factor", "Factor_Float", "Factor_Vector")

_INVERSE = {"roughness": "gloss", "gloss": "roughness"}


@dataclass(frozen=True)
class Use:
    """One way from an image to a shader."""

    kind: str
    channel: str = "rgb"
    """``rgb``, or which alone: ``r``, ``g``, ``b`` or ``a``."""
    sure: bool = True
    """Whether nothing is mixed into it on the way."""
    inverted: str = ""
    """Channels that are turned round on the way: a green one makes a normal map one of DirectX."""


def uses(tree: Any) -> Iterator[tuple[Any, Use]]:
    """Yield the nodes with pictures that reach an output of a tree, once for each way there is."""
    for node in tree.nodes:
        shows = node.type in _OUTPUTS and node.is_active_output
        if shows or _is_for_export(node):
            for socket in node.inputs:
                yield from _Walk().back(socket, Use(_SOCKETS.get(socket.name, "")), (), 0)


def all_nodes(tree: Any, depth: int = 0) -> Iterator[Any]:
    """Yield the nodes of a tree, and of the groups in it."""
    for node in tree.nodes if tree is not None and depth < _DEEPEST else ():
        yield node
        if node.type == "GROUP":
            yield from all_nodes(node.node_tree, depth + 1)


class _Walk:
    """The way back through links from one input. Each place is looked at once for each use."""

    def __init__(self) -> None:
        self._been: set[Any] = set()

    def back(self, socket: Any, use: Use, groups: tuple[Any, ...], depth: int) -> Iterator[tuple[Any, Use]]:
        """Yield the nodes with pictures behind an input. `groups` are the group nodes that the way is inside of."""
        if depth > _DEEPEST:
            return
        for link in socket.links if socket.is_linked else ():
            key = (link.from_node, link.from_socket.identifier, use, groups)
            if link.is_muted or not link.is_valid or key in self._been:
                continue
            self._been.add(key)
            yield from self._node(link.from_node, link.from_socket, use, groups, depth + 1)

    def _node(self, node: Any, out: Any, use: Use, groups: tuple[Any, ...], depth: int) -> Iterator[tuple[Any, Use]]:
        type_ = node.type
        if type_ in PICTURES:
            if node.image is not None:
                kind = "environment" if type_ == "TEX_ENVIRONMENT" else use.kind
                yield node, replace(use, kind=kind, channel="a" if out.name == "Alpha" else use.channel)
        elif type_ == "GROUP" and not node.mute:
            for socket in _outputs_within(node, out):
                yield from self.back(socket, use, (*groups, node), depth)
        elif type_ == "GROUP_INPUT":
            for socket in groups[-1].inputs if groups else ():
                if socket.identifier == out.identifier:
                    yield from self.back(socket, use, groups[:-1], depth)
        elif use.kind == "normal" and type_ in _JOINING and not node.mute:
            for letter, socket in zip("rgb", node.inputs, strict=False):
                yield from self._assembled(socket, letter, use, groups, depth)
        else:
            for socket, becomes in _inputs(node, out, use):
                yield from self.back(socket, becomes, groups, depth)

    def _assembled(
        self, socket: Any, letter: str, use: Use, groups: tuple[Any, ...], depth: int
    ) -> Iterator[tuple[Any, Use]]:
        """Yield what is behind one channel of a normal map put together again, most often with green turned round."""
        for node, part in self.back(socket, Use("normal"), groups, depth):
            own = part.channel in (letter, "rgb")
            yield node, Use("normal", "rgb", use.sure and part.sure and own, letter if part.inverted else "")


def _inputs(node: Any, out: Any, use: Use) -> Iterator[tuple[Any, Use]]:
    """Yield the inputs that lead on from a node, each with what a picture in it is used for."""
    type_ = node.type
    if node.mute:
        yield from ((link.from_socket, use) for link in node.internal_links if link.to_socket == out)
    elif type_ == "NORMAL_MAP":
        yield node.inputs["Color"], replace(use, kind="normal" if node.space == "TANGENT" else "data")
    elif type_ == "BUMP":
        yield node.inputs["Height"], replace(use, kind="height", channel="rgb")
        yield node.inputs["Normal"], use
    elif type_ in ("DISPLACEMENT", "VECTOR_DISPLACEMENT"):
        yield node.inputs[0], replace(use, kind="height" if type_ == "DISPLACEMENT" else "data")
    elif type_ in _SPLITTING:
        plain = type_ != "SEPARATE_COLOR" or node.mode == "RGB"
        letters = dict(zip((socket.identifier for socket in node.outputs), "rgb", strict=False))
        letter = letters.get(out.identifier, "rgb") if use.channel == "rgb" and plain else use.channel
        yield node.inputs[0], replace(use, channel=letter, sure=use.sure and plain)
    elif type_ == "INVERT" or _is_one_minus(node):
        turned = replace(use, kind=_INVERSE.get(use.kind, use.kind), inverted=use.inverted + use.channel)
        yield from ((socket, turned) for socket in _values(node))
    elif type_ in _THROUGH:
        yield from ((socket, use) for socket in node.inputs if socket.name not in _FACTORS)
    elif type_ in _MIXING:
        alone = _only_value(node)
        for socket in node.inputs:
            if socket.enabled:
                yield socket, use if socket == alone else replace(use, sure=False)
    else:
        yield from ((socket, Use(_said_by(node, socket))) for socket in node.inputs)


def _said_by(shader: Any, socket: Any) -> str:
    """Return what an input of a shader is for."""
    if shader.type == "MIX_SHADER" and socket.name in _FACTORS:
        return "opacity" if _mixes_transparent(shader) else ""
    return _COLOURS.get(shader.type, "base_color") if socket.name == "Color" else _SOCKETS.get(socket.name, "")


def _outputs_within(group: Any, out: Any) -> Iterator[Any]:
    """Yield the inputs of a group's inner output that stand for one of its outputs."""
    for inner in group.node_tree.nodes if group.node_tree is not None else ():
        if inner.type == "GROUP_OUTPUT" and inner.is_active_output:
            yield from (socket for socket in inner.inputs if socket.identifier == out.identifier)


def _is_for_export(node: Any) -> bool:
    """Whether a node is the group, leading nowhere, that glTF's exporter reads ambient occlusion from."""
    if node.type != "GROUP" or any(socket.is_linked for socket in node.outputs):
        return False
    return any(socket.name == "Occlusion" for socket in node.inputs)


def _values(node: Any) -> list[Any]:
    """Return the inputs that something leads to, and that do not say how much of the others."""
    return [each for each in node.inputs if each.enabled and each.is_linked and each.name not in _FACTORS]


def _only_value(node: Any) -> Any:
    """Return the only input with a picture of a node that tints or tunes it by plain values, or None."""
    tunes = node.type in _BLENDS or (node.type == "MATH" and node.operation in _TUNING)
    values = _values(node) if tunes else []
    return values[0] if len(values) == 1 else None


def _is_one_minus(node: Any) -> bool:
    if node.type != "MATH" or node.operation != "SUBTRACT":
        return False
    return not node.inputs[0].is_linked and abs(node.inputs[0].default_value - 1.0) < 1e-6


def _mixes_transparent(node: Any) -> bool:
    return any(link.from_node.type == "BSDF_TRANSPARENT" for socket in node.inputs[1:3] for link in socket.links)
