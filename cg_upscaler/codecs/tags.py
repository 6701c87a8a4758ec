"""Reads and writes the tags of a TIFF, which EXIF blocks have as well: text, resolution, orientation, profiles."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

MOST = 1 << 26
"""Bytes of tags that are read at most; more than any profile has."""

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
"""Bytes of one value of each type (TIFF 6.0, section 2, and BigTIFF)."""

_PARTS = {5: 4, 10: 4}
"""Bytes of the numbers that a value consists of, where there are two: rationals."""

ORIENTATION, EXIF, GPS, INTEROPERABILITY = 0x112, 0x8769, 0x8825, 0xA005
POINTERS = (EXIF, GPS, INTEROPERABILITY)
"""Tags whose value is where another list of tags stands."""

_ENTRIES = 1 << 12
_LISTS = 8


@dataclass(frozen=True, slots=True)
class Tag:
    """One entry, its values in little-endian order."""

    code: int
    kind: int
    count: int
    data: bytes
    below: tuple[Tag, ...] = ()
    """What a pointer points to; it has no data then."""

    @property
    def text(self) -> str:
        return self.data.split(b"\0")[0].decode("utf-8", "replace")

    @property
    def number(self) -> float:
        """Return the first value; 0 where it is none."""
        if self.kind in (5, 10) and len(self.data) >= 8:
            above, under = struct.unpack_from("<II" if self.kind == 5 else "<ii", self.data)
            return float(above / under) if under else 0.0
        code = {1: "B", 3: "H", 4: "I", 11: "f", 12: "d", 16: "Q"}.get(self.kind)
        return float(struct.unpack_from("<" + code, self.data)[0]) if code and self.data else 0.0


def ascii_tag(code: int, text: str) -> Tag:
    data = text.encode() + b"\0"
    return Tag(code, 2, len(data), data)


def short_tag(code: int, value: int) -> Tag:
    return Tag(code, 3, 1, struct.pack("<H", value))


def rational_tag(code: int, value: float) -> Tag:
    return Tag(code, 5, 1, struct.pack("<II", round(value * 10000), 10000))


@dataclass(frozen=True, slots=True)
class _Layout:
    order: str
    big: bool
    first: int

    @property
    def inline(self) -> int:
        return 8 if self.big else 4

    @property
    def entry(self) -> str:
        return self.order + ("HHQ" if self.big else "HHI")

    @property
    def word(self) -> str:
        return self.order + ("Q" if self.big else "I")


def _layout(file: BinaryIO) -> _Layout:
    """Return how a file is laid out. Raises `struct.error` and `ValueError` where it is no TIFF."""
    file.seek(0)
    head = file.read(16)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None:
        raise ValueError("no byte order")
    version = struct.unpack_from(order + "H", head, 2)[0]
    if version == 43:
        return _Layout(order, True, struct.unpack_from(order + "Q", head, 8)[0])
    return _Layout(order, False, struct.unpack_from(order + "I", head, 4)[0])


def _entries(file: BinaryIO, layout: _Layout, at: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield (code, kind, count, where the value or its offset stands)."""
    file.seek(at)
    head = file.read(8 if layout.big else 2)
    count = struct.unpack(layout.order + ("Q" if layout.big else "H"), head)[0]
    size = 20 if layout.big else 12
    block = file.read(min(count, _ENTRIES) * size)
    for i in range(len(block) // size):
        code, kind, values = struct.unpack_from(layout.entry, block, i * size)
        yield code, kind, values, at + len(head) + i * size + struct.calcsize(layout.entry)


def read_tags(file: BinaryIO) -> tuple[Tag, ...]:
    """Return the first list of tags. What is damaged in it is left out: texels are another's business."""
    try:
        layout = _layout(file)
        return _list(file, layout, layout.first, [MOST], {layout.first})
    except (struct.error, ValueError, OverflowError):
        return ()


def tags_of(block: bytes) -> tuple[Tag, ...]:
    return read_tags(BytesIO(block))


def _list(file: BinaryIO, layout: _Layout, at: int, left: list[int], seen: set[int]) -> tuple[Tag, ...]:
    """Return the tags at a place; `left` is how many bytes may still be read, and no place is visited twice."""
    tags = []
    for code, kind, count, place in list(_entries(file, layout, at)):
        size = _SIZES.get(kind, 0) * count
        left[0] -= size
        if size == 0 or left[0] < 0:
            continue
        data = _value(file, layout, place, size)
        if len(data) < size:
            continue
        part = _PARTS.get(kind, _SIZES[kind])
        if layout.order == ">" and part > 1:
            data = b"".join(data[i : i + part][::-1] for i in range(0, size, part))
        tag = Tag(code, kind, count, data)
        if code in POINTERS:
            place = int.from_bytes(data, "little")
            if place not in seen and len(seen) < _LISTS and kind in (4, 13, 16, 18):
                seen.add(place)
                try:
                    below = _list(file, layout, place, left, seen)
                except (struct.error, ValueError, OverflowError):
                    continue
                tags.append(Tag(code, 4, 1, b"", below))
        else:
            tags.append(tag)
    return tuple(tags)


def _value(file: BinaryIO, layout: _Layout, place: int, size: int) -> bytes:
    file.seek(place)
    if size > layout.inline:
        file.seek(struct.unpack(layout.word, file.read(layout.inline))[0])
    return file.read(size)


def built(tags: tuple[Tag, ...]) -> bytes:
    """Return a block of tags as EXIF has it, beginning as a TIFF does."""
    layout = _Layout("<", False, 8)
    block, at = _laid(tags, (), layout, 8)
    return b"II*\0" + struct.pack("<I", at) + block


def append(path: Path, tags: tuple[Tag, ...], dropped: frozenset[int] = frozenset()) -> None:
    """Put tags into a little-endian TIFF, in place of those of the same code; the old list stays, unused.

    Raises `OSError` where the file is none.
    """
    with path.open("r+b") as file:
        try:
            layout = _layout(file)
            codes = dropped.union(tag.code for tag in tags)
            old = []
            for code, kind, count, place in list(_entries(file, layout, layout.first)):
                if code not in codes:
                    file.seek(place)
                    old.append((code, kind, count, file.read(layout.inline)))
        except (struct.error, ValueError) as error:
            raise OSError("the file is not whole") from error
        end = file.seek(0, 2)
        file.write(bytes(end % 2))
        block, first = _laid(tags, tuple(old), layout, end + end % 2)
        file.write(block)
        file.seek(8 if layout.big else 4)
        file.write(struct.pack(layout.word, first))


def _laid(
    tags: tuple[Tag, ...], raw: tuple[tuple[int, int, int, bytes], ...], layout: _Layout, at: int
) -> tuple[bytes, int]:
    """Return a list of tags with its values, to stand at `at`, and where in the file the list itself begins."""
    body, entries = bytearray(), list(raw)
    for tag in tags:
        if tag.below:
            block, place = _laid(tag.below, (), layout, at + len(body))
            body += block + bytes(len(block) % 2)
            entries.append((tag.code, 4, 1, struct.pack("<I", place).ljust(layout.inline, b"\0")))
        elif len(tag.data) <= layout.inline:
            entries.append((tag.code, tag.kind, tag.count, tag.data.ljust(layout.inline, b"\0")))
        else:
            entries.append((tag.code, tag.kind, tag.count, struct.pack(layout.word, at + len(body))))
            body += tag.data + bytes(len(tag.data) % 2)
    place = at + len(body)
    body += struct.pack("<Q" if layout.big else "<H", len(entries))
    for code, kind, count, value in sorted(entries, key=lambda entry: entry[0]):
        body += struct.pack(layout.entry, code, kind, count) + value
    return bytes(body + bytes(layout.inline)), place


def resized(block: bytes, width: int, height: int) -> bytes:
    """Return an EXIF block with the picture's sides in it, where it tells them; all else stays where it is."""
    result, file = bytearray(block), BytesIO(block)
    try:
        layout = _layout(file)
        lists = {layout.first}
        for code, _, _, place in list(_entries(file, layout, layout.first)):
            if code == EXIF:
                lists.add(struct.unpack_from(layout.word, block, place)[0])
        for at in lists:
            for code, kind, count, place in list(_entries(file, layout, at)):
                side = {0xA002: width, 0x100: width, 0xA003: height, 0x101: height}.get(code)
                if side is not None and kind in (3, 4) and count == 1:
                    struct.pack_into(layout.entry, result, place - struct.calcsize(layout.entry), code, 4, 1)
                    struct.pack_into(layout.word, result, place, side)
    except (struct.error, ValueError, OverflowError):
        return block
    return bytes(result)
