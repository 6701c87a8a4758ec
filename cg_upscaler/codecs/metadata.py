"""What an image file says beside its texels (colour profile, text, orientation), to be put into another."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Metadata:
    """What travels from a source to its result."""


NOTHING = Metadata()
