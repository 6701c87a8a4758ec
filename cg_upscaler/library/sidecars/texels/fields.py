"""Edits of what formats have in common: numbers along an axis, rectangles, names of files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction

from cg_upscaler.library.sidecars.texels.change import Change, span, times
from cg_upscaler.library.sidecars.texels.located import Node
from cg_upscaler.library.sidecars.texels.text import Edit

X = ("x", "w", "width", "left", "right")
Y = ("y", "h", "height", "top", "bottom")


def axis(key: str, change: Change) -> Fraction | None:
    """Return the factor of what a key names; None for what is no length along one axis."""
    return change.x if key in X else change.y if key in Y else None


def box(node: Node | None, change: Change) -> Iterator[Edit]:
    """Yield the edits of an object of lengths: a rectangle, a size, a point, borders. What else it holds stays."""
    if node is None:
        return
    done: set[str] = set()
    for start, length in (("x", "w"), ("y", "h"), ("x", "width"), ("y", "height")):
        first, second = node.members.get(start), node.members.get(length)
        factor = axis(start, change)
        if first and second and factor is not None and first.is_number and second.is_number and start not in done:
            low, count = span(first.text, second.text, factor)
            yield Edit(first.start, first.end, low)
            yield Edit(second.start, second.end, count)
            done |= {start, length}
    for key, value in node.members.items():
        factor = axis(key, change)
        if factor is not None and key not in done and value.is_number:
            yield Edit(value.start, value.end, times(value.text, factor))


def points(node: Node | None, change: Change) -> Iterator[Edit]:
    """Yield the edits of a list of points, each ``[x, y]``."""
    for point in () if node is None else node.items:
        for value, factor in zip(point.items, (change.x, change.y), strict=False):
            if value.is_number:
                yield Edit(value.start, value.end, times(value.text, factor))


def ratio(node: Node | None, change: Change) -> Iterator[Edit]:
    """Yield the edit of a scale, a number or a string that holds one, that grows as the texture does."""
    if node is None:
        return
    if node.is_number:
        yield Edit(node.start, node.end, times(node.text, change.x, fractions=True))
    elif node.string is not None:
        yield Edit(node.start, node.end, json.dumps(times(node.string, change.x, fractions=True)))


def name(node: Node | None, change: Change) -> Iterator[Edit]:
    """Yield the edit of a file's name, where it has another now."""
    said = None if node is None else node.string
    if node is not None and said is not None and said in change.renamed:
        yield Edit(node.start, node.end, json.dumps(change.renamed[said], ensure_ascii=node.text.isascii()))
