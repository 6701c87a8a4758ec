"""Edits text in place: all else stays byte for byte, its encoding, byte order mark and line ends included."""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from dataclasses import dataclass

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


@dataclass(frozen=True, slots=True)
class Edit:
    """What stands from `start` to `end` in a text becomes `new`."""

    start: int
    end: int
    new: str


@dataclass(frozen=True, slots=True)
class Text:
    """The text of a file, and how it was written."""

    text: str
    mark: bytes
    encoding: str

    def edited(self, edits: Iterable[Edit]) -> bytes:
        """Return the file with edits, Raises `ValueError` where they overlap, and for a name it cannot spell."""
        parts, done = [], 0
        for edit in sorted(edits, key=lambda edit: edit.start):
            if edit.start < done:
                raise ValueError("says the same thing twice")
            parts += [self.text[done : edit.start], edit.new]
            done = edit.end
        parts.append(self.text[done:])
        return self.mark + "".join(parts).encode(self.encoding)


def decode(data: bytes) -> Text:
    """Return the text of a file: UTF-8, UTF-16 with its mark, or else some code page, of which ASCII is understood.

    Raises `ValueError` for what is no text.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return Text(data[len(mark) :].decode(encoding), mark, encoding)
    if b"\0" in data:
        raise ValueError("no text")
    try:
        return Text(data.decode("utf-8"), b"", "utf-8")
    except UnicodeDecodeError:
        return Text(data.decode("latin-1"), b"", "latin-1")  # each byte a character, and back again
