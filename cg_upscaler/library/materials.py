"""Groups textures into materials by their names, and says what the names mean in the light of each other."""

from __future__ import annotations

from dataclasses import dataclass

from cg_upscaler.library.names import NameVerdict


@dataclass(frozen=True, slots=True)
class Member:
    """A texture of a material."""

    name: str
    verdict: NameVerdict | None
    """What its name says, given those beside it; None where that is nothing."""
