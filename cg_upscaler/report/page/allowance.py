"""Says how much of what its gates allow a result uses up, and so in which order textures are worth a look."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from enum import IntEnum

from cg_upscaler.job import Figure, Gates, Outcome
from cg_upscaler.summary import Entry

_LOWER_IS_WORSE = frozenset(
    field.name.partition("_")[2] for field in dataclasses.fields(Gates) if field.name.startswith("min_")
)
"""Figures in dB, of which a gate says the least."""


class Section(IntEnum):
    """Where in the report a texture stands: failures first."""

    FAILED = 0
    REJECTED = 1
    CANCELLED = 2
    JUDGED = 3  # by at least one gate: those that came nearest to it first
    REST = 4


def used(figure: Figure) -> float | None:
    """Return the share of what its gate allows: 0 none, 1 all of it, beyond 1 the gate is broken; None: no gate.

    Decibels are taken as what they are decibels of, an error: 6 dB above the bound is half of what is allowed.
    """
    if figure.bound is None:
        return None
    if math.isnan(figure.value):
        return math.inf
    if figure.name in _LOWER_IS_WORSE:
        return _power(figure.bound - figure.value)
    if figure.bound <= 0:
        return 0.0 if figure.value <= figure.bound else math.inf
    return max(0.0, figure.value / figure.bound)


def _power(decibels: float) -> float:
    return math.inf if decibels > 600 else math.pow(10, decibels / 20)


def worst(figures: Iterable[Figure]) -> tuple[float, Figure] | None:
    """Return the figure nearest to its gate, or farthest beyond it, and what it uses up; None where none has a gate."""
    found = [(share, figure) for figure in figures if (share := used(figure)) is not None]
    return max(found, key=lambda pair: pair[0], default=None)


def section(entry: Entry) -> Section:
    """Return where a texture belongs."""
    outcome = entry.receipt.outcome
    if outcome is Outcome.FAILED:
        return Section.FAILED
    if outcome is Outcome.REJECTED:
        return Section.REJECTED
    if outcome is Outcome.CANCELLED:
        return Section.CANCELLED
    return Section.REST if worst(entry.receipt.figures) is None else Section.JUDGED


def ordered(entries: Iterable[Entry]) -> Sequence[Entry]:
    """Return textures in the order in which they are worth a look."""

    def key(entry: Entry) -> tuple[int, float, str]:
        found = worst(entry.receipt.figures)
        return section(entry), 0.0 if found is None else -found[0], entry.receipt.name

    return sorted(entries, key=key)
