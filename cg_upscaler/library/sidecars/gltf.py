"""Reads glTF 2.0 (``.gltf`` and ``.glb``): which image is bound to which input of a material."""

from __future__ import annotations

import json
import math
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from cg_upscaler.geometry import Edge, Edges
from cg_upscaler.library.sidecars.references import References
from cg_upscaler.library.sidecars.verdict import SidecarVerdict
from cg_upscaler.maps import AlphaMode, MapKind, NormalConvention

HEADER = 20
"""Bytes of a ``.glb`` before its JSON: magic, version and length of the file; length and type of the chunk."""


@dataclass(frozen=True, slots=True)
class _Input:
    """An input of a material that takes a texture."""

    path: tuple[str, ...]
    kind: MapKind
    channels: tuple[MapKind, ...] = ()


_UNKNOWN = MapKind.PACKED

_INPUTS = (
    _Input(("pbrMetallicRoughness", "baseColorTexture"), MapKind.BASE_COLOR),
    _Input(
        ("pbrMetallicRoughness", "metallicRoughnessTexture"),
        MapKind.PACKED,
        (_UNKNOWN, MapKind.ROUGHNESS, MapKind.METALLIC),
    ),
    _Input(("normalTexture",), MapKind.NORMAL),
    _Input(("occlusionTexture",), MapKind.OCCLUSION),
    _Input(("emissiveTexture",), MapKind.EMISSIVE),
    _Input(("extensions", "KHR_materials_pbrSpecularGlossiness", "diffuseTexture"), MapKind.BASE_COLOR),
    _Input(("extensions", "KHR_materials_pbrSpecularGlossiness", "specularGlossinessTexture"), MapKind.SPECULAR),
    _Input(("extensions", "KHR_materials_specular", "specularColorTexture"), MapKind.SPECULAR),
    _Input(("extensions", "KHR_materials_specular", "specularTexture"), MapKind.PACKED),
    _Input(("extensions", "KHR_materials_clearcoat", "clearcoatTexture"), MapKind.PACKED),
    _Input(("extensions", "KHR_materials_clearcoat", "clearcoatRoughnessTexture"), MapKind.PACKED),
    _Input(("extensions", "KHR_materials_clearcoat", "clearcoatNormalTexture"), MapKind.NORMAL),
    _Input(("extensions", "KHR_materials_sheen", "sheenColorTexture"), MapKind.SPECULAR),
    _Input(("extensions", "KHR_materials_transmission", "transmissionTexture"), MapKind.PACKED),
)
"""Of those with a meaning for one channel only, the others may hold anything: each goes by itself."""

_SOURCES = ("KHR_texture_basisu", "EXT_texture_webp", "MSFT_texture_dds")
_EDGES = {10497: Edge.WRAP, 33071: Edge.CLAMP, 33648: Edge.MIRROR}
_MIDDLE = 0.5
"""The specification's own alphaCutoff."""


def json_length(header: bytes) -> int:
    """Return how many bytes of JSON follow the header of a ``.glb``, as it claims. Raises `ValueError`."""
    if len(header) < HEADER or header[:4] != b"glTF" or header[16:20] != b"JSON":
        raise ValueError("no binary glTF 2.0")
    return int.from_bytes(header[12:16], "little")


def read(data: bytes, name: str, library: References) -> Iterator[tuple[str, SidecarVerdict]]:
    """Yield what the JSON of a glTF file says of each image that is a file. Raises `ValueError`, `RecursionError`."""
    root = json.loads(data.decode("utf-8-sig"))
    if not isinstance(root, dict):
        raise ValueError("no glTF: not an object")
    for number, material in enumerate(_items(root, "materials")):
        label = f"{name} {material.get('name') or number}"
        for uri, (found, edges) in _bound(root, material).items():
            for texture in library.find_uri(uri, posixpath.dirname(name)):
                yield texture, _verdict(found, edges, material, label)


def _bound(root: dict[str, Any], material: dict[str, Any]) -> dict[str, tuple[_Input, Edges]]:
    """Return the inputs of a material by the image that they take. The first counts, where two take the same."""
    bound: dict[str, tuple[_Input, Edges]] = {}
    for found in _INPUTS:
        info: Any = material
        for key in found.path:
            info = info.get(key) if isinstance(info, dict) else None
        texture = _item(root, "textures", info.get("index")) if isinstance(info, dict) else {}
        uri = _uri(root, texture)
        if uri not in bound:
            bound[uri] = found, _edges(root, texture)
        elif found.kind is MapKind.OCCLUSION and bound[uri][0].channels:
            packed, edges = bound[uri]
            bound[uri] = replace(packed, channels=(MapKind.OCCLUSION, *packed.channels[1:])), edges
    bound.pop("", None)
    return bound


def _uri(root: dict[str, Any], texture: dict[str, Any]) -> str:
    """Return where a texture's image lies; nothing for one that is embedded."""
    extensions = texture.get("extensions")
    better = extensions if isinstance(extensions, dict) else {}
    # Beside an image in a better format stands one in PNG or JPEG; the library may have either.
    for index in (texture.get("source"), *(_dict(better.get(key)).get("source") for key in _SOURCES)):
        uri = _item(root, "images", index).get("uri")
        if isinstance(uri, str):
            return uri
    return ""


def _verdict(found: _Input, edges: Edges, material: dict[str, Any], label: str) -> SidecarVerdict:
    convention = NormalConvention.OPENGL if found.kind is MapKind.NORMAL else None
    said = SidecarVerdict(
        found.kind,
        f"{found.path[-1]} in {label}",
        edges=edges,
        convention=convention,
        channels=found.channels,
        material=label,
    )
    if found.kind is not MapKind.BASE_COLOR:
        return said
    if material.get("alphaMode") == "BLEND":
        return replace(said, alpha=AlphaMode.BLEND)
    if material.get("alphaMode") == "MASK":
        cutoff = material.get("alphaCutoff", _MIDDLE)
        known = isinstance(cutoff, (int, float)) and math.isfinite(cutoff) and 0 < cutoff < 1
        return replace(said, alpha=AlphaMode.CUTOUT, alpha_threshold=float(cutoff) if known else _MIDDLE)
    return replace(said, alpha=AlphaMode.MASK)  # by the specification, it is ignored


def _edges(root: dict[str, Any], texture: dict[str, Any]) -> Edges:
    sampler = _item(root, "samplers", texture.get("sampler"))
    x, y = (_EDGES.get(mode) if isinstance(mode := sampler.get(key), int) else None for key in ("wrapS", "wrapT"))
    return Edges(x or Edge.WRAP, y or Edge.WRAP)


def _items(root: dict[str, Any], key: str) -> list[dict[str, Any]]:
    items = root.get(key)
    return [_dict(item) for item in items] if isinstance(items, list) else []


def _item(root: dict[str, Any], key: str, index: object) -> dict[str, Any]:
    items = root.get(key)
    if isinstance(items, list) and isinstance(index, int) and 0 <= index < len(items):
        return _dict(items[index])
    return {}


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
