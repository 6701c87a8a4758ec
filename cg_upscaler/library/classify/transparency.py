"""Decides what an alpha channel means: transparency only where that is evident, data otherwise."""

from __future__ import annotations

from cg_upscaler.library.classify.clues import evidently_transparent
from cg_upscaler.library.naming.names import multiplied, see_through
from cg_upscaler.library.sidecars.verdict import SidecarVerdict
from cg_upscaler.library.survey.evidence import AlphaClass, AlphaEvidence, Evidence
from cg_upscaler.maps import AlphaMode, MapKind

_WITHIN, _REACHING = 0.995, 0.85
_WITHIN_IF_NAMED = 0.95

_COLOR = (MapKind.BASE_COLOR, MapKind.EMISSIVE, MapKind.ENVIRONMENT, MapKind.SPRITE, MapKind.PIXEL_ART)


def alpha_mode(
    name: str, kind: MapKind, evidence: Evidence, sidecar: SidecarVerdict | None = None
) -> tuple[AlphaMode, str]:
    """Return the meaning of alpha, and a note where it had to be guessed.

    To take data for transparency would paint over colours that are seen; to take transparency for data only leaves
    a border as it is. So doubt is decided for data.
    """
    alpha = evidence.alpha
    if alpha.values is AlphaClass.NONE:
        return AlphaMode.NONE, ""
    if alpha.values is AlphaClass.CONSTANT:
        return AlphaMode.OPAQUE, "" if alpha.high else "alpha is 0 throughout"
    if kind not in _COLOR:
        return AlphaMode.MASK, ""
    if sidecar is not None and sidecar.alpha is not None:
        return sidecar.alpha, ""
    premultiplied, note = _premultiplied(name, alpha)
    if premultiplied:
        return AlphaMode.PREMULTIPLIED, note
    if kind in (MapKind.SPRITE, MapKind.PIXEL_ART):
        # Smooth edges are drawn as they are here, where a cut-out's are cut at a threshold.
        all_or_nothing = alpha.values is AlphaClass.BINARY and alpha.clear + alpha.solid == 1
        return (AlphaMode.CUTOUT if all_or_nothing else AlphaMode.BLEND), note
    mode = AlphaMode.CUTOUT if alpha.values is AlphaClass.BINARY else AlphaMode.BLEND
    if sidecar is not None and sidecar.transparent:
        return mode, ""
    word = see_through(name)
    sign = f"{word} in the name" if word and alpha.low < 0.5 else evidently_transparent(evidence)
    if sign:
        return mode, f"alpha is transparency: {sign}"
    return AlphaMode.MASK, "alpha of unclear meaning: kept as data"


def _premultiplied(name: str, alpha: AlphaEvidence) -> tuple[bool, str]:
    """Whether colour was multiplied by alpha, and a note.

    No colour is then brighter than its alpha, and some are as bright: dark colour alone would be no sign.
    """
    word = multiplied(name)
    if word and alpha.within > _WITHIN_IF_NAMED:
        return True, ""
    if alpha.within > _WITHIN and alpha.reaching > _REACHING:
        return True, "" if word else "no colour is brighter than its alpha: taken for premultiplied"
    return False, f"{word} in the name, but colours are brighter than alpha: taken for straight" if word else ""
