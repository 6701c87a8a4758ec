"""Seams: whether a wrapped texture jumps where it meets itself, more than its source does."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from cg_upscaler.gates.part import Part, strips
from cg_upscaler.geometry import Edge, Edges
from cg_upscaler.pixels.rows import Pixels

_MOST = 90
"""Percentile along a border: what most of it does, whatever a few texels do."""

_LEAST = 2 / 255
"""A jump that nobody sees: less than this in the source counts as this much."""


class Seam:
    """Both sides of each wrapped border, of all groups, as they are seen."""

    def __init__(self, parts: Sequence[Part], edges: Edges, height: int) -> None:
        self._parts, self._height = parts, height
        source = parts[0].source.size
        self._before = _Borders(edges)
        for start, stop in strips(source, source.height):
            self._before.add(parts[0].source.rows(start, stop), start, source.height, self._shown_before)
        self._after = _Borders(edges)

    def take(self, rows: Pixels, top: int) -> None:
        self._after.add(rows, top, self._height, self._shown_after)

    def value(self) -> float:
        """Return how many times as large as in the source the jump is, on the axis where it grew most."""
        pairs = zip(self._before.jumps(), self._after.jumps(), strict=True)
        return max(after / max(before, _LEAST) for before, after in pairs)

    def _shown_before(self, rows: Pixels) -> Pixels:
        return np.concatenate([_seen(part, part.before(rows), part.seen_before(rows)) for part in self._parts], 2)

    def _shown_after(self, rows: Pixels) -> Pixels:
        return np.concatenate([_seen(part, part.after(rows), part.seen_after(rows)) for part in self._parts], 2)


class _Borders:
    """What lies along the borders of the axes that wrap."""

    def __init__(self, edges: Edges) -> None:
        self._edges = edges
        self._ends: list[Pixels] = []
        self._sides: list[Pixels] = []

    def add(self, rows: Pixels, top: int, height: int, shown: Callable[[Pixels], Pixels]) -> None:
        if self._edges.y is Edge.WRAP:
            self._ends += [shown(rows[at : at + 1])[0] for at in (-top, height - 1 - top) if 0 <= at < len(rows)]
        if self._edges.x is Edge.WRAP:
            self._sides.append(shown(rows[:, [0, -1]]))

    def jumps(self) -> list[float]:
        """Return what most of each border jumps by, in the channel that jumps most."""
        found = [_jump(self._ends[0], self._ends[-1])] if self._ends else []
        if self._sides:
            sides = np.concatenate(self._sides)
            found.append(_jump(sides[:, 0], sides[:, 1]))
        return found


def _jump(first: Pixels, last: Pixels) -> float:
    return float(np.percentile(np.abs(first - last).max(axis=1), _MOST))


def _seen(part: Part, stored: Pixels, alpha: Pixels | None) -> Pixels:
    shown = part.shown(stored)
    return shown if alpha is None else shown * alpha
