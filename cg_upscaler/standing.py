"""How a texture stands before a run: whether something is to be done, and why or why not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Stand(str, Enum):
    """What a run would do with a texture."""

    CURRENT = "up to date"
    KEPT = "kept"  # edited by somebody since, and nothing else is to be done
    DUE = "due"
    BLOCKED = "blocked"  # something in its place that is not this tool's to replace
    REJECTED = "rejected"  # its result broke a gate, and would again
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Standing:
    """One texture before a run."""

    stand: Stand
    why: str = ""
    """In words: ``new``, ``its source changed``, ``rule 'foliage/**' changed: alpha blend → cutout``."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A folder in which nothing has changed since all of it was up to date: it is not planned again."""

    folder: str
    textures: int
    skipped: int
    """Of those, how many are skipped by rules."""
