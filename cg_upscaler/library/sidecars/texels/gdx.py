"""Scales the ``.atlas`` files of libGDX and Spine, of the older (``xy``, ``orig``) and the newer form (``bounds``).

``scale``, which Spine writes, is how large the sprites are against the size they were drawn at; it grows with them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cg_upscaler.library.sidecars.texels.change import NUMBER, Change, span, times
from cg_upscaler.library.sidecars.texels.text import Edit, decode

_LINE = re.compile(r"[^\r\n]+|\r\n|\r|\n")
_ENTRY = re.compile(r"\s*(\w+)\s*:(.*)", re.DOTALL)
_NUMBER = re.compile(NUMBER)
_PAGE = re.compile(r"size|format|filter|repeat|pma|scale")
_LENGTHS = {
    "size": "xy",
    "xy": "xy",
    "orig": "xy",
    "offset": "xy",
    "bounds": "xywh",
    "offsets": "xyxy",
    "split": "xxyy",
    "pad": "xxyy",
}
"""Along which axis each number of an entry lies. Of ``split``: left, right, top, bottom."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A line that says something: a page's or a region's name, or an entry of one of them."""

    start: int
    text: str
    page: bool = False
    key: str = ""
    values: int = 0
    """Where in the text those of an entry begin."""


def images(data: bytes) -> tuple[str, ...] | None:
    """Return the names of the pages; None for what is no such atlas."""
    lines = list(_lines(decode(data).text))
    after = next((line for line in lines if not line.page), None)
    if len(lines) < 2 or not lines[0].page or after is None or not _PAGE.fullmatch(lines[1].key):
        return None
    if not any(line.key in ("xy", "bounds") for line in lines):
        return None
    return tuple(line.text.strip() for line in lines if line.page)


def scaled(data: bytes, change: Change) -> bytes:
    """Return the file for textures that have changed. Raises `ValueError` for what it cannot say."""
    text = decode(data)
    return text.edited(edit for line in _lines(text.text) for edit in _edits(line, change))


def _lines(text: str) -> Iterator[_Line]:
    """Yield the lines as libGDX takes them: the first after an empty one names a page, one without colon a region."""
    page = False
    end = 0
    for found in _LINE.finditer(text):
        line = found[0]
        if line in ("\r\n", "\r", "\n"):
            # Two ends of line in a row are an empty line.
            page, end = page and end != found.start(), found.end()
        elif not line.strip():
            page = False
        elif not page:
            page = True
            yield _Line(found.start(), line, page=True)
        elif entry := _ENTRY.fullmatch(line):
            yield _Line(found.start(), line, key=entry[1], values=found.start() + entry.start(2))
        else:
            yield _Line(found.start(), line)


def _edits(line: _Line, change: Change) -> Iterator[Edit]:
    if line.page and line.text.strip() in change.renamed:
        start = line.start + len(line.text) - len(line.text.lstrip())
        yield Edit(start, start + len(line.text.strip()), change.renamed[line.text.strip()])
    values = line.text[line.values - line.start :] if line.key else ""
    if line.key == "rotate" and values.strip() not in ("false", "0") and not change.even:
        raise ValueError("holds rotated sprites, and its texture does not grow alike along both axes")
    numbers = list(_NUMBER.finditer(values))
    if line.key == "scale":
        new = [times(found[0], change.x, fractions=True) for found in numbers]
    elif line.key == "bounds" and len(numbers) == 4:
        x, y, width, height = (found[0] for found in numbers)
        across, down = span(x, width, change.x), span(y, height, change.y)
        new = [across[0], down[0], across[1], down[1]]
    else:
        axes = _LENGTHS.get(line.key, "")
        new = [
            times(found[0], change.x if axis in "xw" else change.y) for found, axis in zip(numbers, axes, strict=False)
        ]
    for found, said in zip(numbers, new, strict=False):
        yield Edit(line.values + found.start(), line.values + found.end(), said)
