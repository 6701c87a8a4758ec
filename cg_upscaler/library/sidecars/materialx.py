"""Reads MaterialX (``.mtlx``): which image node feeds which input of a surface shader."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from cg_upscaler.geometry import Edge, Edges
from cg_upscaler.library.sidecars.references import References
from cg_upscaler.library.sidecars.verdict import SidecarVerdict
from cg_upscaler.maps import AlphaMode, ColorSpace, MapKind, NormalConvention

_INPUTS: dict[str, MapKind] = {
    **dict.fromkeys(("base_color", "diffuseColor", "diffuse_color"), MapKind.BASE_COLOR),
    **dict.fromkeys(("subsurface_color", "transmission_color", "coat_color", "sheen_color"), MapKind.BASE_COLOR),
    **dict.fromkeys(("specular_color", "specularColor"), MapKind.SPECULAR),
    **dict.fromkeys(("emission_color", "emissiveColor", "emissive"), MapKind.EMISSIVE),
    **dict.fromkeys(("normal", "geometry_normal", "coat_normal", "geometry_coat_normal"), MapKind.NORMAL),
    **dict.fromkeys(
        ("specular_roughness", "roughness", "diffuse_roughness", "base_diffuse_roughness"), MapKind.ROUGHNESS
    ),
    **dict.fromkeys(("coat_roughness", "clearcoatRoughness", "clearcoat_roughness"), MapKind.ROUGHNESS),
    **dict.fromkeys(("metalness", "metallic", "base_metalness"), MapKind.METALLIC),
    "occlusion": MapKind.OCCLUSION,
    **dict.fromkeys(("opacity", "geometry_opacity", "alpha"), MapKind.OPACITY),
    "displacement": MapKind.HEIGHT,
}
"""The inputs of standard_surface, UsdPreviewSurface, open_pbr_surface, gltf_pbr and displacement."""

_SHADERS = {
    *("standard_surface", "UsdPreviewSurface", "open_pbr_surface", "gltf_pbr", "disney_principled"),
    *("surface_unlit", "displacement"),
}
_IMAGES = {"image", "tiledimage", "hextiledimage", "gltf_image", "gltf_colorimage", "gltf_normalmap", "UsdUVTexture"}
_NORMALS = {"normalmap", "hextilednormalmap", "gltf_normalmap"}

_EDGES = {"periodic": Edge.WRAP, "repeat": Edge.WRAP, "clamp": Edge.CLAMP, "mirror": Edge.MIRROR}
_SPACES = {"srgb_texture": ColorSpace.SRGB, "lin_rec709": ColorSpace.LINEAR, "raw": ColorSpace.DATA}
_CHANNELS = {**dict(zip("rgba", range(4), strict=True)), **dict(zip("xyzw", range(4), strict=True))}
_OUTPUT = re.compile(r"out([rgbaxyzw])")
_DECLARED = re.compile(r"<!(DOCTYPE|ENTITY)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Use:
    """One way from an image to a shader's input."""

    shader: str
    input: str
    kind: MapKind
    channel: int | None


def read(data: bytes, name: str, library: References) -> Iterator[tuple[str, SidecarVerdict]]:
    """Yield what the document says of each image that feeds a shader. Raises `ValueError` for what is no MaterialX.

    Documents that declare a type or entities are refused: MaterialX has none, and entities can grow without bound.
    """
    text = data.decode("utf-8-sig")
    if _DECLARED.search(text):
        raise ValueError("declares a document type or entities, which MaterialX has not")
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise ValueError(f"no XML: {error}") from None
    if root.tag != "materialx":
        raise ValueError(f"no MaterialX: its root is <{root.tag[:40]}>")
    graph = _Graph(root)
    for image, uses in graph.images().items():
        file = graph.file(image)
        for texture in library.find(file, posixpath.dirname(name)) if file else ():
            yield texture, _verdict(graph, image, uses, name)


def _verdict(graph: _Graph, image: Element, uses: list[_Use], name: str) -> SidecarVerdict:
    first = uses[0]
    kinds = {use.kind for use in uses}
    label = f"{name} {first.shader}"
    why = f"{' and '.join(dict.fromkeys(use.input for use in uses))} in {label}"
    space, edges = graph.space(image), graph.edges(image)
    if MapKind.BASE_COLOR in kinds and kinds <= {MapKind.BASE_COLOR, MapKind.OPACITY}:
        alpha = AlphaMode.BLEND if MapKind.OPACITY in kinds else None
        return SidecarVerdict(MapKind.BASE_COLOR, why, alpha=alpha, edges=edges, color_space=space, material=label)
    if len(kinds) == 1:
        convention = NormalConvention.OPENGL if first.kind is MapKind.NORMAL else None
        return SidecarVerdict(first.kind, why, edges=edges, color_space=space, convention=convention, material=label)
    channels = _channels(uses)
    return SidecarVerdict(MapKind.PACKED, why, edges=edges, color_space=space, channels=channels, material=label)


def _channels(uses: list[_Use]) -> tuple[MapKind, ...]:
    held = {use.channel: use.kind for use in reversed(uses) if use.channel is not None}
    return tuple(held.get(index, MapKind.PACKED) for index in range(max(held) + 1)) if held else ()


class _Graph:
    """The nodes of a document, each known within its node graph."""

    def __init__(self, root: Element) -> None:
        self._nodes: dict[tuple[str, str], Element] = {}
        self._graph: dict[Element, str] = {}
        self._above: dict[Element, Element] = {}
        for parent in root.iter():
            inside = parent.get("name", "") if parent.tag == "nodegraph" else ""
            for node in parent:
                self._above[node] = parent
                if parent is root or parent.tag == "nodegraph":
                    self._graph[node] = inside
                    self._nodes.setdefault((inside, node.get("name", "")), node)

    def images(self) -> dict[Element, list[_Use]]:
        """Return the image nodes that feed a shader, and how."""
        found: dict[Element, list[_Use]] = defaultdict(list)
        for shader in list(self._graph):
            for port in shader if shader.tag in _SHADERS else ():
                kind = _INPUTS.get(port.get("name", ""))
                if port.tag == "input" and kind is not None:
                    for image, channel, bent in self._upstream(shader, port):
                        use = _Use(
                            shader.get("name", ""),
                            port.get("name", ""),
                            MapKind.NORMAL if bent else kind,
                            channel,
                        )
                        found[image].append(use)
        return found

    def _upstream(self, node: Element, port: Element) -> Iterator[tuple[Element, int | None, bool]]:
        """Yield each image behind an input, which channel of it arrives there, and whether as a normal."""
        waiting: list[tuple[Element, Element, int | None, bool]] = [(node, port, None, False)]
        entered: set[Element] = set()
        while waiting:
            node, port, channel, bent = waiting.pop()
            source = self._source(node, port)
            if source is None or source in entered:
                continue
            entered.add(source)
            letter = _OUTPUT.fullmatch(port.get("output", ""))
            if letter:
                channel = _CHANNELS[letter[1]]
            elif source.tag in ("extract", "swizzle"):
                channel = self._extracted(source)
            bent = bent or source.tag in _NORMALS
            if source.tag in _IMAGES:
                yield source, channel, bent
            else:
                ports = [source] if source.tag == "output" else list(source)
                waiting += [(source, into, channel, bent) for into in ports]

    def _source(self, node: Element, port: Element) -> Element | None:
        """Return what an input, or an output of a node graph, is connected to."""
        graph = port.get("nodegraph")
        if graph is None:
            return self._nodes.get((self._graph.get(node, ""), port.get("nodename", "\0")))
        outputs = [item for (inside, _), item in self._nodes.items() if inside == graph and item.tag == "output"]
        named = [item for item in outputs if item.get("name") == port.get("output")]
        return next(iter(named or outputs), None)

    def _extracted(self, node: Element) -> int | None:
        index = self._value(node, "index") or self._value(node, "channels")
        return int(index) if index in ("0", "1", "2", "3") else _CHANNELS.get(index)

    def file(self, image: Element) -> str:
        """Return the path that an image node reads, with the prefixes of what surrounds it."""
        prefix = self.attribute(image, "fileprefix")
        value = self._value(image, "file")
        return prefix + value if value else ""

    def space(self, image: Element) -> ColorSpace | None:
        port = self._port(image, "file")
        return _SPACES.get(self.attribute(image if port is None else port, "colorspace"))

    def edges(self, image: Element) -> Edges | None:
        modes = [
            _EDGES.get(self._value(image, first) or self._value(image, second))
            for first, second in (("uaddressmode", "wrapS"), ("vaddressmode", "wrapT"))
        ]
        return Edges(*(mode or Edge.WRAP for mode in modes)) if any(modes) else None

    def attribute(self, node: Element, key: str) -> str:
        """Return an attribute of a node, or else of the nearest element around it that has it."""
        at: Element | None = node
        while at is not None:
            if key in at.attrib:
                return at.attrib[key]
            at = self._above.get(at)
        return ""

    def _value(self, node: Element, key: str) -> str:
        port = self._port(node, key)
        return "" if port is None else port.get("value", "")

    def _port(self, node: Element, key: str) -> Element | None:
        """Return an input of a node, or the one of the node graph that is handed in there."""
        port = next((port for port in node if port.tag == "input" and port.get("name") == key), None)
        if port is None or "interfacename" not in port.attrib:
            return port
        return self._nodes.get((self._graph.get(node, ""), port.attrib["interfacename"]))
