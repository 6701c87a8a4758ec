"""Decides which map a texture is: a rule first, then its name, then its pixels, and the pixels against the name."""

from __future__ import annotations

from dataclasses import dataclass

from cg_upscaler.geometry import Edges
from cg_upscaler.library import clues
from cg_upscaler.library.clues import Clue, percent
from cg_upscaler.library.evidence import Evidence
from cg_upscaler.library.names import LIKELY, NameVerdict, by_name
from cg_upscaler.library.transparency import alpha_mode
from cg_upscaler.maps import AlphaMode, MapKind, Meaning, NormalConvention
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


@dataclass(frozen=True, slots=True)
class Decision:
    """Which map a texture is, and why."""

    kind: MapKind
    why: str
    """One readable clause: ``name ends in _nm``."""
    confidence: float
    """0 … 1; 1 is what a person said."""
    alpha: AlphaMode
    convention: NormalConvention | None = None
    """Of a normal map, where its name or its pixels say so."""
    convention_confidence: float = 0.0
    vectors: tuple[int, ...] = ()
    """Of a normal map: the channels that hold x, y and, unless it is to be rebuilt, z."""
    channels: tuple[MapKind, ...] = ()
    """Of a packed map: what each channel holds, where that is known."""
    meaning: Meaning | None = None
    """Of data: what it is."""
    edges: Edges = Edges()
    """What lies beyond the borders, as the pixels show: an axis along which it tiles wraps."""
    notes: tuple[str, ...] = ()
    """What had to be guessed, or speaks against the decision."""


def classify(
    name: str,
    spec: ImageSpec,
    evidence: Evidence,
    *,
    kind: MapKind | None = None,
    alpha: AlphaMode | None = None,
    why: str = "",
) -> Decision:
    """Decide what the texture at `name` is. `kind` and `alpha` are what a rule says, and `why` which; they win."""
    verdict = by_name(name)
    if kind is not None:
        clue = Clue(kind, why, 1.0)
    elif verdict is None:
        clue = clues.by_pixels(spec, evidence)
    else:
        clue = _contradicted(verdict, spec, evidence) or Clue(verdict.kind, verdict.why, verdict.confidence)
    mode, alpha_note = alpha_mode(name, clue.kind, evidence)
    if alpha is not None:
        mode, alpha_note = _ruled_alpha(alpha, mode)
    named = verdict is not None and clue.kind is verdict.kind is MapKind.NORMAL
    return Decision(
        kind=clue.kind,
        why=clue.why,
        confidence=round(clue.confidence, 2),
        alpha=mode,
        convention=verdict.convention if verdict is not None and named else None,
        notes=tuple(note for note in (clue.note, _odd_channels(clue, evidence), alpha_note, _holes(evidence)) if note),
    )


def _contradicted(verdict: NameVerdict, spec: ImageSpec, evidence: Evidence) -> Clue | None:
    """Return what the pixels say, where they rule out what the name says."""
    if all(evidence.constant):
        return None  # one value can be any map's
    if verdict.kind is MapKind.NORMAL:
        return _not_a_normal(spec, evidence)
    if verdict.kind in (MapKind.SPRITE, MapKind.ENVIRONMENT):
        return None
    if verdict.kind is MapKind.DATA:
        return _not_data(verdict, evidence)
    found = clues.normal(evidence)
    if verdict.kind in (MapKind.BASE_COLOR, MapKind.PACKED):
        found = found or clues.lookup(spec, evidence) or clues.weights(evidence)
    if found is not None and found.confidence > 0.8:
        return _against(verdict, found, found.why)
    doubtful = verdict.confidence <= LIKELY and (verdict.kind in _SCALARS or verdict.kind is MapKind.PACKED)
    if doubtful and evidence.chroma > _COLORED and clues.looks_painted(evidence):
        return _against(verdict, Clue(MapKind.BASE_COLOR, "a coloured picture", 0.6), "it is a coloured picture")
    return None


def _not_a_normal(spec: ImageSpec, evidence: Evidence) -> Clue | None:
    sign = clues.normal(evidence)
    if sign is not None:
        return None if sign.kind is MapKind.NORMAL else sign
    disguised = clues.normal_in_disguise(evidence)
    if disguised is not None and disguised.kind is MapKind.DATA:
        return disguised
    if clues.could_be_normal(spec, evidence):
        return None
    if disguised is not None:
        return disguised
    found = clues.by_pixels(spec, evidence)
    what = "it is gray" if evidence.gray else f"{percent(evidence.vectors.unit)} of its texels are unit vectors"
    label = _label(found.kind)
    return Clue(
        found.kind, found.why, min(found.confidence, 0.6), f"named like a normal map, but {what}: treated as {label}"
    )


def _not_data(verdict: NameVerdict, evidence: Evidence) -> Clue | None:
    if verdict.confidence > LIKELY or evidence.one_dimensional or evidence.lookup or evidence.sum_to_one > 0.5:
        return None
    if clues.looks_painted(evidence) and evidence.colors > 1000:
        return _against(verdict, Clue(MapKind.BASE_COLOR, "a coloured picture", 0.5), "it is a coloured picture")
    return None


def _against(verdict: NameVerdict, found: Clue, what: str) -> Clue:
    note = f"{verdict.why}, which says {_label(verdict.kind)}, but {what}: treated as {_label(found.kind)}"
    return Clue(found.kind, found.why, found.confidence, note)


def _label(kind: MapKind) -> str:
    return kind.value.replace("_", " ")


def _ruled_alpha(wanted: AlphaMode, seen: AlphaMode) -> tuple[AlphaMode, str]:
    if seen is AlphaMode.NONE and wanted is not AlphaMode.NONE:
        return AlphaMode.NONE, f"a rule says that alpha is {wanted.value}, but there is none"
    return wanted, ""


def _odd_channels(clue: Clue, evidence: Evidence) -> str:
    if clue.kind in _SCALARS and clue.confidence < 1 and evidence.chroma > _COLORED:
        return "its channels differ: if they hold several maps, say `kind: packed` in a rule"
    return ""


def _holes(evidence: Evidence) -> str:
    return "" if evidence.finite else "holds NaN or infinity"
