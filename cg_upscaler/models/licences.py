"""Reads under which licence weights are, from a card beside them, and tells whether a licence is among some allowed.

Licences are SPDX expressions: ``BSD-3-Clause``, ``CC-BY-NC-SA-4.0``, ``MIT AND CC0-1.0``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

UNKNOWN = "unknown"
"""The licence of what says nothing of it."""

CARDS = (".json", ".md")
"""What a card is called, in place of the weights' suffix or behind it: as OpenModelDB writes them, and Hugging Face."""

_LARGEST = 1 << 20
"""Bytes of a card at most; what is larger is something else."""

_SILENT = ("", "unknown", "other", "none", "null", "n/a")

_SPDX = (
    "0BSD", "AGPL-3.0-only", "AGPL-3.0-or-later", "Apache-2.0", "Artistic-2.0", "BSD-2-Clause", "BSD-3-Clause",
    "BSL-1.0", "CC-BY-3.0", "CC-BY-4.0", "CC-BY-NC-4.0", "CC-BY-NC-ND-4.0", "CC-BY-NC-SA-4.0", "CC-BY-ND-4.0",
    "CC-BY-SA-4.0", "CC0-1.0", "GPL-2.0-only", "GPL-2.0-or-later", "GPL-3.0-only", "GPL-3.0-or-later", "ISC",
    "LGPL-2.1-only", "LGPL-3.0-only", "LGPL-3.0-or-later", "MIT", "MPL-2.0", "OpenRAIL", "Unlicense", "WTFPL", "Zlib",
)  # fmt: skip
_KNOWN = {name.lower(): name for name in _SPDX}

_IDENTIFIER = re.compile(r"[A-Za-z0-9.+-]+(:[A-Za-z0-9.-]+)?")
_WORDS = re.compile(r"\(|\)|[^\s()]+")


def spdx(said: object) -> str:
    """Return a licence as SPDX spells it: what is no identifier as a ``LicenseRef-``, what says nothing as unknown."""
    text = said.strip() if isinstance(said, str) else ""
    if text.lower() in _SILENT:
        return UNKNOWN
    words = _WORDS.findall(text)
    if any(word in ("AND", "OR", "WITH") for word in words) and all(
        word in ("(", ")") or _IDENTIFIER.fullmatch(word) for word in words
    ):
        return " ".join(_spelt(word) for word in words).replace("( ", "(").replace(" )", ")")
    if _IDENTIFIER.fullmatch(text):
        return _spelt(text)
    return "LicenseRef-" + re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-")[:80]


def _spelt(word: str) -> str:
    return _KNOWN.get(word.lower(), word)


def together(licences: Iterable[str]) -> str:
    """Return the licence of what is made of several, each of which holds. What has none counts for nothing."""
    found = dict.fromkeys(licence for licence in licences if licence)
    if len(found) < 2:
        return "".join(found)
    return " AND ".join(f"({licence})" if " OR " in licence else licence for licence in found)


def is_allowed(licence: str, allowed: Iterable[str]) -> bool:
    """Whether all that a licence asks for is among those allowed: each side of AND, one side of OR.

    An unknown one is so only where ``unknown`` is allowed by that name; what has none needs no leave.
    """
    names = {name.lower() for name in allowed}
    if not licence or licence.lower() in names:
        return True
    try:
        return _Reading(_WORDS.findall(licence), names).whole()
    except IndexError:  # no sound expression
        return False


class _Reading:
    """An SPDX expression, word by word. Raises IndexError where it ends too early."""

    def __init__(self, words: list[str], allowed: set[str]) -> None:
        self._words, self._allowed, self._at = [*words, ""], allowed, 0

    def whole(self) -> bool:
        held = self._either()
        return held and not self._words[self._at]

    def _next(self) -> str:
        self._at += 1
        return self._words[self._at - 1]

    def _either(self) -> bool:
        held = self._both()
        while self._words[self._at].upper() == "OR":
            self._next()
            held = self._both() or held
        return held

    def _both(self) -> bool:
        held = self._one()
        while self._words[self._at].upper() == "AND":
            self._next()
            held = self._one() and held
        return held

    def _one(self) -> bool:
        word = self._next()
        if word == "(":
            held = self._either()
            return self._next() == ")" and held
        if self._words[self._at].upper() == "WITH":
            self._next()
            word = f"{word} with {self._next()}"
        return word.lower() in self._allowed


def cards(path: Path) -> list[Path]:
    """Return where a card may lie beside a weights file."""
    return [path.with_name(name + suffix) for suffix in CARDS for name in (path.stem, path.name)]


def beside(path: Path) -> str:
    """Return what the cards beside a weights file say; unknown where there is none that says anything."""
    for card in cards(path):
        try:
            status = card.stat()
        except OSError:
            continue
        if status.st_size <= _LARGEST and (licence := _of_card(card, status.st_mtime_ns, status.st_size)) != UNKNOWN:
            return licence
    return UNKNOWN


@lru_cache(maxsize=64)
def _of_card(card: Path, modified: int, size: int) -> str:
    """`modified` and `size` are there for the cache alone."""
    try:
        text = card.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return UNKNOWN
    if card.suffix == ".json":
        try:
            return of_metadata(json.loads(text))
        except (ValueError, RecursionError):
            return UNKNOWN
    front = re.match(r"---\s*\n(.*?)\n---", text, re.DOTALL)
    said = dict(re.findall(r"^(licen[sc]e(?:_name)?):\s*[\"']?([^\"'#\n]*)", front[1] if front else "", re.MULTILINE))
    return of_metadata({name: value.strip() for name, value in said.items()})


def of_metadata(said: object) -> str:
    """Return the licence that a card, or the text within a weights file, says by any of the usual names."""
    if not isinstance(said, Mapping):
        return UNKNOWN
    for name in ("license", "licence", "modelspec.license", "license_name", "licence_name"):
        value = said.get(name)
        if isinstance(value, Mapping):
            value = value.get("spdx") or value.get("name")
        if (licence := spdx(value)) != UNKNOWN:
            return licence
    return UNKNOWN
