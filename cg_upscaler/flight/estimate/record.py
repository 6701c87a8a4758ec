"""What is remembered of one run: what was asked of the machine, and how long it took."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from math import isfinite
from typing import Any

VERSION = 1
"""Of the form of a record. Others are not read."""

ENGINE = 1
"""Goes up whenever the engine gets faster or slower for the same work: what was measured before says nothing then."""


@dataclass(frozen=True, slots=True)
class Record:
    """One run on one device."""

    device: str
    """As its maker calls it."""
    cores: int
    """Processors that the run might use."""
    seconds: float
    """By the clock on the wall."""
    at: str
    """When it ended, in UTC: ``2026-11-27T02:00:07.123Z``."""
    shared: bool = True
    """The networks run on the same processors as everything else: a CPU."""
    shown: dict[str, float] = field(default_factory=dict)
    """Texels shown to each network, by its key."""
    busy: dict[str, float] = field(default_factory=dict)
    """Seconds that each network was at work, with others beside it."""
    beside: dict[str, float] = field(default_factory=dict)
    """Texels of all textures by stage, and how many textures there were."""
    largest: dict[str, float] = field(default_factory=dict)
    """The same of that texture alone of which there are most."""
    said: dict[str, float] = field(default_factory=dict)
    """Bytes that its results were guessed to take on the disk, by containers."""
    wrote: dict[str, float] = field(default_factory=dict)
    """And that they took."""
    calibrated: bool = False
    """It was no run, but a network measured by itself on a small picture."""
    version: int = VERSION
    engine: int = ENGINE

    def as_text(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)


def from_text(text: str) -> Record | None:
    """Return a record that `as_text` gave; None for all else, and for one of another version or engine."""
    try:
        plain = json.loads(text)
    except ValueError:  # also what is no UTF-8
        return None
    if not isinstance(plain, dict) or (plain.get("version"), plain.get("engine")) != (VERSION, ENGINE):
        return None
    if plain.keys() != {field.name for field in fields(Record)} or not all(map(_fits, plain.keys(), plain.values())):
        return None
    return Record(**plain) if plain["seconds"] > 0 and plain["cores"] > 0 else None


_AMOUNTS = ("shown", "busy", "beside", "largest", "said", "wrote")
_KINDS: dict[str, type] = {"device": str, "at": str, "shared": bool, "calibrated": bool}


def _fits(name: str, value: Any) -> bool:
    if kind := _KINDS.get(name):
        return isinstance(value, kind)
    numbers = value.values() if isinstance(value, dict) else [value]
    return (isinstance(value, dict) == (name in _AMOUNTS)) and all(
        isinstance(number, int | float) and not isinstance(number, bool) and isfinite(number) and number >= 0
        for number in numbers
    )
