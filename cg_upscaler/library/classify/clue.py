"""What a sign in the pixels speaks for, and how strongly."""

from __future__ import annotations

from dataclasses import dataclass

from cg_upscaler.maps import MapKind, Meaning
from cg_upscaler.spec import ImageSpec


@dataclass(frozen=True, slots=True)
class Clue:
    """A kind that pixels speak for, and the sign."""

    kind: MapKind
    why: str
    confidence: float
    note: str = ""
    meaning: Meaning | None = None
    """Of data: what it is."""


def percent(share: float) -> str:
    """Write a share so that what is not all does not read as all."""
    shown = f"{100 * share:.0f} %"
    if share < 1 and shown == "100 %":
        return "over 99 %"
    return "under 1 %" if share > 0 and shown == "0 %" else shown


def colors_of(spec: ImageSpec) -> int:
    """How many channels are no alpha."""
    return spec.channels - (spec.alpha is not None)
