"""Reads the short ways of writing a value in a configuration: ``4x4``, ``<=1024``, ``wrap``.

Each function takes what YAML gave and returns the value, or raises `ValueError` that says what is taken.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cg_upscaler.geometry import Cells, Edge, Edges, Size
from cg_upscaler.library.sizes import SCALES
from cg_upscaler.maps import MapKind

AUTO = "auto"

_COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq}
_COMPARISON = re.compile(r"(<=|>=|<|>|=)?\s*(\d+)")
_GRID = re.compile(r"(\d+)\s*[x×]\s*(\d+)", re.IGNORECASE)

CHANNEL_WORDS = {"alpha": MapKind.OPACITY, "unused": MapKind.DATA}
"""What a channel of a packed map can hold besides the kinds."""


class NotAmong(ValueError):
    """The value is none of a few words."""

    def __init__(self, choices: Sequence[str]) -> None:
        super().__init__(", ".join(choices))
        self.choices = tuple(choices)


@dataclass(frozen=True, slots=True)
class AskedEdges:
    """What is to lie beyond the borders; None along an axis where the pixels decide."""

    x: Edge | None = None
    y: Edge | None = None

    def given(self, found: Edges) -> Edges:
        """Return the edges, with those found in the pixels where nothing is asked."""
        return Edges(self.x or found.x, self.y or found.y)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A condition on a whole number."""

    sign: str
    number: int

    def holds(self, value: int) -> bool:
        return bool(_COMPARE[self.sign](value, self.number))


def to_edges(value: Any) -> AskedEdges:
    """Read one word for both axes, or one for each: ``{x: wrap, y: clamp}``."""
    if isinstance(value, AskedEdges):
        return value
    if isinstance(value, Edges):
        return AskedEdges(value.x, value.y)
    if isinstance(value, dict):
        if not value or value.keys() - {"x", "y"}:
            raise ValueError("one word for both axes, or {x: word, y: word}")
        return AskedEdges(**{axis: _to_edge(word) for axis, word in value.items()})
    return AskedEdges(_to_edge(value), _to_edge(value))


def _to_edge(word: Any) -> Edge | None:
    words = {AUTO: None, **{edge.value: edge for edge in Edge}}
    if not isinstance(word, str) or word not in words:
        raise NotAmong(list(words))
    return words[word]


def to_scale(value: Any) -> float:
    """Read one of `SCALES`."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value not in SCALES:
        raise NotAmong([f"{scale:g}" for scale in SCALES])
    return value


def to_target(value: Any) -> int | Size:
    """Read the texels of the longest side, or those of both: ``[2048, 1024]``."""
    if isinstance(value, Size):
        return value
    sides = value if isinstance(value, (list, tuple)) and len(value) == 2 else [value]
    if not all(_is_count(side, 1) for side in sides):
        raise ValueError("the texels of the longest side, or [width, height]")
    return Size(*sides) if len(sides) == 2 else sides[0]


def to_cells(value: Any) -> Cells:
    """Read ``4x2`` (columns, then rows), or ``{columns: 4, rows: 2, gutter: 1}``."""
    if isinstance(value, Cells):
        return value
    if isinstance(value, str) and (grid := _GRID.fullmatch(value)) and int(grid[1]) and int(grid[2]):
        return Cells(int(grid[1]), int(grid[2]))
    if isinstance(value, dict) and {"columns", "rows"} <= value.keys() <= {"columns", "rows", "gutter"}:
        least = {"columns": 1, "rows": 1, "gutter": 0}
        if all(_is_count(number, least[name]) for name, number in value.items()):
            return Cells(**value)
    raise ValueError("a grid as '4x2', or {columns: 4, rows: 2, gutter: 0}")


def to_comparisons(value: Any) -> tuple[Comparison, ...]:
    """Read ``1024``, ``"<=1024"``, or a list of such that must all hold."""
    if isinstance(value, tuple) and all(isinstance(item, Comparison) for item in value):
        return value
    items = value if isinstance(value, list) and value else [value]
    found = [None if isinstance(item, bool) else _COMPARISON.fullmatch(str(item).strip()) for item in items]
    if any(match is None for match in found):
        raise ValueError("a number, or a comparison such as '<=1024', or a list of them")
    return tuple(Comparison(match[1] or "=", int(match[2])) for match in found if match)


def to_channel(value: Any) -> MapKind:
    """Read what a channel holds: a kind, ``alpha`` (transparency) or ``unused``."""
    words = {**{kind.value: kind for kind in MapKind if kind is not MapKind.PACKED}, **CHANNEL_WORDS}
    if not isinstance(value, str) or value not in words:
        raise NotAmong(list(words))
    return words[value]


def _is_count(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least
