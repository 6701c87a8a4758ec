"""Decides which map a texture is: by a rule, a sidecar, its name among its siblings, its pixels, in that order."""

from __future__ import annotations

from dataclasses import dataclass

from cg_upscaler.geometry import Edge, Edges
from cg_upscaler.library.classify import clues
from cg_upscaler.library.classify.clues import Clue
from cg_upscaler.library.classify.contradiction import contradicted, odd_channels
from cg_upscaler.library.classify.transparency import alpha_mode
from cg_upscaler.library.naming.materials import Member
from cg_upscaler.library.naming.names import SURE, NameVerdict, by_name
from cg_upscaler.library.sidecars.verdict import SidecarVerdict
from cg_upscaler.library.survey.curl import convention_of
from cg_upscaler.library.survey.evidence import Evidence
from cg_upscaler.library.survey.vectors import layout_of
from cg_upscaler.library.survey.wrap import edges_of
from cg_upscaler.maps import AlphaMode, ColorSpace, MapKind, Meaning, NormalConvention
from cg_upscaler.spec import ImageSpec

DOUBTFUL = 0.6
"""A decision of less confidence is listed at the end of a plan, for somebody to look at."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Which map a texture is, and why."""

    kind: MapKind
    why: str
    """One readable clause: ``name ends in _nm``."""
    confidence: float
    """0 … 1; 1 is what a person said."""
    alpha: AlphaMode
    alpha_threshold: float | None = None
    """Of a cut-out: where it is cut, 0 … 1, if a sidecar says so."""
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
    sidecar: SidecarVerdict | None = None,
    siblings: Member | None = None,
) -> Decision:
    """Decide what the texture at `name` is. `kind` and `alpha` are what a rule says, and `why` which; they win.

    `sidecar` is what a file beside it says, `siblings` its place among the textures of its material. Pixels can rule
    out what a sidecar or a name says, but not a rule.
    """
    named = siblings.verdict if siblings is not None else by_name(name)
    said = _said(sidecar) or named
    if kind is not None:
        clue = Clue(kind, why, 1.0)
    elif said is None:
        clue = _uncolored(sidecar, clues.by_pixels(spec, evidence))
    else:
        clue = contradicted(said, spec, evidence) or Clue(said.kind, said.why, said.confidence)
    mode, alpha_note = alpha_mode(name, clue.kind, evidence, sidecar)
    if alpha is not None:
        mode, alpha_note = _ruled_alpha(alpha, mode)
    agreed = said if said is not None and said.kind is clue.kind else None
    named_convention = (agreed.convention or (named.convention if named else None)) if agreed else None
    surface = clue.kind is MapKind.NORMAL
    convention, sure, turned = convention_of(named_convention, evidence.vectors.curl) if surface else (None, 0.0, "")
    others = (turned, *(sidecar.notes if sidecar else ()), _differ(sidecar, named))
    return Decision(
        kind=clue.kind,
        why=clue.why,
        confidence=round(clue.confidence, 2),
        alpha=mode,
        alpha_threshold=sidecar.alpha_threshold if sidecar and mode is AlphaMode.CUTOUT else None,
        convention=convention,
        convention_confidence=sure,
        vectors=layout_of(spec, evidence) if surface else (),
        channels=agreed.channels[: spec.channels] if agreed else (),
        meaning=(agreed.meaning if agreed else None) or clue.meaning,
        edges=_sampled(edges_of(clue.kind, spec, evidence), sidecar),
        notes=tuple(
            note for note in (clue.note, odd_channels(clue, evidence), alpha_note, _holes(evidence), *others) if note
        ),
    )


def _said(sidecar: SidecarVerdict | None) -> NameVerdict | None:
    """Return a sidecar's verdict in the form of a name's: from here on both are treated alike."""
    if sidecar is None or sidecar.kind is None:
        return None
    return NameVerdict(
        sidecar.kind, sidecar.why, sidecar.confidence, sidecar.convention, sidecar.meaning, sidecar.channels
    )


def _uncolored(sidecar: SidecarVerdict | None, clue: Clue) -> Clue:
    """An importer that was told `no colour` rules out pictures; which map it is then stays open."""
    if sidecar is None or sidecar.color_space is not ColorSpace.DATA or clue.kind is not MapKind.BASE_COLOR:
        return clue
    return Clue(MapKind.PACKED, f"no colour: {sidecar.why}", 0.6)


def _sampled(seen: Edges, sidecar: SidecarVerdict | None) -> Edges:
    """Wrapping is every engine's default and says little; that a texture is not to wrap, somebody decided."""
    told = sidecar.edges if sidecar is not None and sidecar.edges is not None else Edges.both(Edge.WRAP)
    return Edges(*(see if say is Edge.WRAP else Edge.MIRROR for see, say in ((seen.x, told.x), (seen.y, told.y))))


def _differ(sidecar: SidecarVerdict | None, named: NameVerdict | None) -> str:
    if sidecar is None or sidecar.kind is None or named is None or named.confidence < SURE:
        return ""
    return "" if named.kind is sidecar.kind else f"{named.why}, but {sidecar.why}"


def _ruled_alpha(wanted: AlphaMode, seen: AlphaMode) -> tuple[AlphaMode, str]:
    if seen is AlphaMode.NONE and wanted is not AlphaMode.NONE:
        return AlphaMode.NONE, f"a rule says that alpha is {wanted.value}, but there is none"
    return wanted, ""


def _holes(evidence: Evidence) -> str:
    return "" if evidence.finite else "holds NaN or infinity"
