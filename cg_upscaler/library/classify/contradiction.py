"""Says where pixels rule out what a sidecar or a name says of them."""

from __future__ import annotations

from cg_upscaler.library.classify import clues, numbers
from cg_upscaler.library.classify.clues import Clue, percent
from cg_upscaler.library.naming.names import LIKELY, NameVerdict
from cg_upscaler.library.survey.evidence import Evidence
from cg_upscaler.maps import MapKind, Meaning
from cg_upscaler.spec import ImageSpec

_SCALARS = (
    MapKind.ROUGHNESS,
    MapKind.GLOSS,
    MapKind.METALLIC,
    MapKind.OCCLUSION,
    MapKind.HEIGHT,
    MapKind.OPACITY,
)
_COLORED = 0.15
"""More chroma than compression and a warm scan put into a gray map."""

_BROAD = 64
"""Texels a side of what is called a ramp: one so large in both directions is the picture of one."""


def contradicted(said: NameVerdict, spec: ImageSpec, evidence: Evidence) -> Clue | None:
    """Return what the pixels say, where they rule out what a sidecar or the name says."""
    if all(evidence.constant):
        return None  # one value can be any map's
    if said.kind is MapKind.NORMAL:
        return _not_a_normal(said, spec, evidence)
    if said.kind in (MapKind.SPRITE, MapKind.ENVIRONMENT, MapKind.PIXEL_ART):
        return None
    if said.kind is MapKind.DATA:
        return _not_data(said, spec, evidence)
    found = clues.normal(evidence)
    if said.kind in (MapKind.BASE_COLOR, MapKind.PACKED):
        found = found or numbers.lookup(spec, evidence) or numbers.weights(evidence)
    if found is not None and found.confidence > 0.8:
        return _against(said, found, found.why)
    doubtful = said.confidence <= LIKELY and (said.kind in _SCALARS or said.kind is MapKind.PACKED)
    if doubtful and evidence.chroma > _COLORED and clues.looks_painted(evidence):
        return _against(said, Clue(MapKind.BASE_COLOR, "a coloured picture", 0.6), "it is a coloured picture")
    return None


def _not_a_normal(said: NameVerdict, spec: ImageSpec, evidence: Evidence) -> Clue | None:
    sign = clues.normal(evidence)
    if sign is not None:
        return None if sign.kind is MapKind.NORMAL else sign
    turned = clues.object_space(evidence)
    if turned is not None:
        return turned
    if clues.could_be_normal(spec, evidence):
        return None
    found = clues.by_pixels(spec, evidence)
    what = "it is gray" if evidence.gray else f"{percent(evidence.vectors.unit)} of its texels are unit vectors"
    note = f"{said.why}, which says normal, but {what}: treated as {_label(found.kind)}"
    return Clue(found.kind, found.why, min(found.confidence, 0.6), note)


def _not_data(said: NameVerdict, spec: ImageSpec, evidence: Evidence) -> Clue | None:
    if said.confidence > LIKELY or evidence.one_dimensional or evidence.lookup or evidence.sum_to_one > 0.5:
        return None
    broad = said.meaning is Meaning.RAMP and min(spec.size.width, spec.size.height) > _BROAD
    if (clues.looks_painted(evidence) or broad) and evidence.colors > 1000:
        return _against(said, Clue(MapKind.BASE_COLOR, "a coloured picture", 0.5), "it is a coloured picture")
    return None


def _against(said: NameVerdict, found: Clue, what: str) -> Clue:
    note = f"{said.why}, which says {_label(said.kind)}, but {what}: treated as {_label(found.kind)}"
    return Clue(found.kind, found.why, found.confidence, note)


def _label(kind: MapKind) -> str:
    return kind.value.replace("_", " ")


def odd_channels(clue: Clue, evidence: Evidence) -> str:
    """Return a note on what is called one map but seems to hold several, or nothing."""
    if clue.kind in _SCALARS and clue.confidence < 1 and evidence.chroma > _COLORED:
        return "its channels differ: if they hold several maps, say `kind: packed` in a rule"
    return ""
