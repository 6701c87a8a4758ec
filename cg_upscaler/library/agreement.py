"""Lets the maps of one material agree on wrapping: all lie on one surface, and where one is in doubt another is not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction

from cg_upscaler.geometry import Edge, Edges
from cg_upscaler.library.survey.wrap import wrap
from cg_upscaler.library.texture import Texture
from cg_upscaler.maps import MapKind

_SURE, _DOUBTFUL = 0.7, 0.6
"""The confidence from which on a map speaks for others, and up to which it listens."""
_AS_MUCH = 0.5
"""How much of another's range of values a map has at least, to speak for it: a flat one knows of no border."""
_ALONE = (MapKind.ENVIRONMENT, MapKind.SPRITE, MapKind.DATA)


def agreed(materials: Iterable[Iterable[Texture]]) -> dict[str, Edges]:
    """Return what lies beyond the borders of those textures, by name, that follow a surer one of their material.

    Of each material only maps of one shape count, whose edges are what their own pixels show: neither a kind nor a
    sidecar has decided them.
    """
    follow: dict[str, Edges] = {}
    for material in materials:
        shapes: dict[Fraction, dict[str, Texture]] = defaultdict(dict)
        for texture in material:
            size, decision = texture.spec.size, texture.decision
            if decision.kind not in _ALONE and decision.edges == wrap(size, texture.evidence).edges:
                shapes[Fraction(size.width, size.height)][texture.name] = texture
        for members in shapes.values():
            follow |= _followed(members)
    return follow


def _followed(members: Mapping[str, Texture]) -> dict[str, Edges]:
    seen = {name: wrap(texture.spec.size, texture.evidence) for name, texture in members.items()}
    edges = {name: found.edges for name, found in seen.items()}
    looks = {name: texture.evidence for name, texture in members.items()}
    along_x = _led({name: (w.x, w.x_confidence, looks[name].seam_x.range) for name, w in seen.items()})
    along_y = _led({name: (w.y, w.y_confidence, looks[name].seam_y.range) for name, w in seen.items()})
    told = {name: replace(edges[name], x=edge) for name, edge in along_x.items()}
    told |= {name: replace(told.get(name, edges[name]), y=edge) for name, edge in along_y.items()}
    return {name: edge for name, edge in told.items() if edge != edges[name]}


def _led(axis: Mapping[str, tuple[bool, float, float]]) -> dict[str, Edge]:
    """Return what those in doubt follow along one axis, of whether each wraps, how sure that is, and its range.

    Nobody follows where nobody is sure, or where the surest disagree.
    """
    best = max(confidence for _, confidence, _ in axis.values())
    leaders = [(wraps, span) for wraps, confidence, span in axis.values() if confidence == best]
    if best < _SURE or len({wraps for wraps, _ in leaders}) > 1:
        return {}
    edge, span = Edge.WRAP if leaders[0][0] else Edge.MIRROR, max(span for _, span in leaders)
    return {name: edge for name, (_, sure, own) in axis.items() if sure <= _DOUBTFUL and span >= _AS_MUCH * own}
