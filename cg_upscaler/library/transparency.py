"""Decides what an alpha channel means: transparency only where that is evident, data otherwise."""

from __future__ import annotations

from cg_upscaler.library.clues import evidently_transparent
from cg_upscaler.library.evidence import AlphaClass, Evidence
from cg_upscaler.library.names import see_through
from cg_upscaler.library.sidecars.verdict import SidecarVerdict
from cg_upscaler.maps import AlphaMode, MapKind

_COLOR = (MapKind.BASE_COLOR, MapKind.EMISSIVE, MapKind.ENVIRONMENT, MapKind.SPRITE)


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
    if kind is MapKind.SPRITE:
        # Smooth edges are drawn as they are here, where a cut-out's are cut at a threshold.
        all_or_nothing = alpha.values is AlphaClass.BINARY and alpha.clear + alpha.solid == 1
        return (AlphaMode.CUTOUT if all_or_nothing else AlphaMode.BLEND), ""
    mode = AlphaMode.CUTOUT if alpha.values is AlphaClass.BINARY else AlphaMode.BLEND
    if sidecar is not None and sidecar.transparent:
        return mode, ""
    word = see_through(name)
    sign = f"{word} in the name" if word and alpha.low < 0.5 else evidently_transparent(evidence)
    if sign:
        return mode, f"alpha is transparency: {sign}"
    return AlphaMode.MASK, "alpha of unclear meaning: kept as data"
