"""Finds the tags of XML and their attributes where they stand; nothing is resolved, so nothing can be made to grow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape, unescape

_TAG = re.compile(
    r"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|<\?.*?(?:\?>|\Z)|<([A-Za-z_][\w.:-]*)((?:\s+[\w.:-]+\s*=\s*(?:\"[^\"<]*\"|'[^'<]*'))*)\s*/?>",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r"([\w.:-]+)\s*=\s*(?:\"([^\"<]*)\"|'([^'<]*)')")


@dataclass(frozen=True, slots=True)
class Value:
    """The value of an attribute, and where in the text it stands, without its quotes."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag that opens an element."""

    name: str
    attributes: dict[str, Value]


def tags(text: str) -> Iterator[Tag]:
    """Yield the tags of a text in order; comments and what is between tags are passed over."""
    for found in _TAG.finditer(text):
        if found[1] is not None:
            yield Tag(found[1], dict(_attributes(found[2], found.start(2))))


def _attributes(text: str, start: int) -> Iterator[tuple[str, Value]]:
    for found in _ATTRIBUTE.finditer(text):
        group = 2 if found[2] is not None else 3
        yield found[1], Value(start + found.start(group), start + found.end(group), unescape(found[group]))


def quoted(text: str) -> str:
    """Return text as it may stand in an attribute, whichever quotes are around it."""
    return escape(text, quote=True)
