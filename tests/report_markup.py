"""Reads a report back: its markup, its data, its previews."""

from __future__ import annotations

import base64
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray


class Markup(HTMLParser):
    """What a browser makes of a page: its elements, and the text of its scripts."""

    VOID = frozenset({"meta", "link", "input", "img", "br", "hr"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.scripts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))
        if tag == "script":
            self.scripts.append("")
        if tag not in self.VOID and self.get_starttag_text()[-2:] != "/>":  # type: ignore[index]
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, text: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts[-1] += text


def rows(path: Path) -> list[dict[str, Any]]:
    return list(data(path)["rows"])


def data(path: Path) -> dict[str, Any]:
    return dict(json.loads(Markup(path.read_text(encoding="utf-8")).scripts[0]))


def shown(path: Path, row: dict[str, Any]) -> dict[str, Any]:
    """Return what a preview's script brings."""
    text = (path.parent / "previews" / f"{row['preview']}.js").read_text(encoding="ascii")
    found = re.fullmatch(r"preview\((\"[0-9a-f-]+(?:part)?\"),(.*)\);\n", text)
    assert found and json.loads(found[1]) == row["preview"]
    return dict(json.loads(found[2]))


def pixels(part: dict[str, Any], plane: str = "rgb") -> NDArray[np.uint8]:
    kind, _, text = part[plane].partition(",")
    assert kind == "data:image/png;base64"
    found = cv2.imdecode(np.frombuffer(base64.b64decode(text), np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1]
    assert found.shape[:2] == (part["h"], part["w"])
    return np.asarray(found, np.uint8)
