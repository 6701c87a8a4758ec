"""Reads JSON and keeps where everything stands, so that single values can be changed in its text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

_TOKEN = re.compile(r'([{}\[\],:])|("[^"\\]*(?:\\.[^"\\]*)*")|([^\s{}\[\],:"]+)')
_DEEPEST = 64
_MOST = 1_000_000
"""Values of a file: each takes some two hundred bytes."""


@dataclass(slots=True)
class Node:
    """A value, its text from `start` to `end`. An object has `members`, a list `items`, a leaf neither."""

    start: int
    end: int
    text: str
    members: dict[str, Node]
    items: list[Node]

    def at(self, *keys: str) -> Node | None:
        """Return what stands at a path of keys, if it is there."""
        node: Node | None = self
        for key in keys:
            node = None if node is None else node.members.get(key)
        return node

    def each(self) -> Iterator[Node]:
        """Yield the values of an object or a list."""
        yield from self.members.values()
        yield from self.items

    @property
    def is_number(self) -> bool:
        return self.text[:1] in {*"-0123456789"}

    @property
    def string(self) -> str | None:
        """What a string says; None of what is none."""
        return str(json.loads(self.text, strict=False)) if self.text.startswith('"') else None


def loads(text: str) -> Any:
    """Return the values of a JSON text. Raises `ValueError`, `RecursionError`. NaN is none."""
    return json.loads(text, parse_constant=_refuse, strict=False)


def located(text: str) -> Node:
    """Return a JSON text as nodes. Raises `ValueError` for what is none, nested deeper than 64, or a million values."""
    loads(text)  # from here on every token is in its place
    root = Node(0, len(text), "", {}, [])
    stack, key, count = [root], "", 0
    wants_key = False
    no_members: dict[str, Node] = {}
    no_items: list[Node] = []
    for found in _TOKEN.finditer(text):
        sign, string, other = found.groups()
        if sign in ("}", "]"):
            stack.pop().end = found.end()
            wants_key = False
        elif sign == ",":
            wants_key = text[stack[-1].start] == "{" and len(stack) > 1
        elif sign == ":":
            wants_key = False
        elif string is not None and wants_key:
            key = str(json.loads(string, strict=False))
        else:
            node = Node(found.start(), found.end(), string or other or "", no_members, no_items)
            count += 1
            if count > _MOST:
                raise ValueError(f"holds more than {_MOST:,} values")
            parent = stack[-1]
            if parent is not root and text[parent.start] == "{":
                parent.members[key] = node
            else:
                parent.items.append(node)
            if sign:
                if len(stack) > _DEEPEST:
                    raise ValueError("nested too deep")
                node.members, node.items = {}, []
                stack.append(node)
                wants_key = sign == "{"
    return root.items[0]


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"holds {constant}")
