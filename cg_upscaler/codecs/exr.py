"""Reads and writes the attributes in the headers of an OpenEXR file, byte for byte, also those that nobody knows."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cg_upscaler.codecs.metadata import Metadata, Part
from cg_upscaler.codecs.sniff import damaged
from cg_upscaler.geometry import Size

_MOST = 1 << 26
_MANY = 0x1000
"""The bit of the version that says that a file has several parts."""

_FIXED = ("pixelAspectRatio", "screenWindowCenter", "screenWindowWidth", "dwaCompressionLevel")
_TEXEL = frozenset(
    {"channels", "chunkCount", "compression", "dataWindow", "displayWindow", "lineOrder", "tiles", "type", "name"}
    | {"version", "maxSamplesPerPixel", "deepImageState", "zipCompressionLevel", *_FIXED}
)
"""Attributes that follow from the texels and how they are stored."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute, and where in its file it begins and where its value does."""

    name: str
    kind: str
    value: bytes
    start: int
    at: int

    @property
    def end(self) -> int:
        return self.at + len(self.value)


def headers(file: BinaryIO) -> Iterator[list[Attribute]]:
    """Yield the attributes of each part. Raises `ValueError` and `struct.error` where the headers are damaged."""
    file.seek(4)
    many = struct.unpack("<I", file.read(4))[0] & _MANY
    left = _MOST
    while True:
        found: list[Attribute] = []
        while True:
            start = file.tell()
            name = _word(file)
            if not name:
                break
            kind, size = _word(file), struct.unpack("<i", file.read(4))[0]
            left -= size + 64  # many small ones take their time, too
            if size < 0 or left < 0:
                raise ValueError("attributes without end")
            value = file.read(size)
            if len(value) < size:
                raise ValueError("the file ends within an attribute")
            found.append(Attribute(name, kind, value, start, start + len(name) + len(kind) + 6))
        if found:
            yield found
        if not many or not found:
            return


def _word(file: BinaryIO) -> str:
    word = bytearray()
    while len(word) < 256:
        byte = file.read(1)
        if byte == b"\0":
            return word.decode("latin-1")
        if not byte:
            raise ValueError("the file ends within its header")
        word += byte
    raise ValueError("a name without end")


_TEXTS = {"comments": "Description", "owner": "Copyright", "software": "Software", "artist": "Author"}
"""What attributes are called as keys of text."""


def metadata(path: Path) -> Metadata:
    """Return what the headers of a file say. Raises `UnreadableImage`."""
    try:
        with path.open("rb") as file:
            found = list(headers(file))
        parts = [_part(attributes) for attributes in found]
    except (struct.error, ValueError) as error:
        raise damaged(path, f"is truncated or damaged ({error})") from error
    first = found[0] if found else []
    text = tuple(
        (_TEXTS[attribute.name], attribute.value.decode("utf-8", "replace"))
        for attribute in first
        if attribute.name in _TEXTS and attribute.kind == "string"
    )
    tiles = next((attribute.value for attribute in first if attribute.name == "tiles"), b"")
    tile = struct.unpack_from("<2I", tiles) if len(tiles) == 9 else None
    lost = tuple(word for _, words in parts for word in words)
    return Metadata(text=text, parts=tuple(part for part, _ in parts), tile=tile, container="exr", lost=lost)


def said(text: tuple[tuple[str, str], ...]) -> tuple[bytes, ...]:
    """Return text of another container as attributes; of equal keys the last."""
    names = {key: name for name, key in _TEXTS.items()}
    held = {(names.get(key) or key.replace("\0", " ")[:31] or "comments"): value for key, value in text if value}
    return tuple(_raw(Attribute(name, "string", value.encode(), 0, 0)) for name, value in held.items())


def _part(found: list[Attribute]) -> tuple[Part, list[str]]:
    held = {attribute.name: attribute.value for attribute in found}
    x, y, right, bottom = struct.unpack("<4i", held["dataWindow"]) if "dataWindow" in held else (0, 0, 0, 0)
    size = Size(max(1, right - x + 1), max(1, bottom - y + 1))
    left, top, far, low = struct.unpack("<4i", held.get("displayWindow", struct.pack("<4i", x, y, right, bottom)))
    display = (left, top, far - left + 1, low - top + 1)
    own = [attribute for attribute in found if attribute.name not in _TEXEL]
    raw = tuple(_raw(attribute) for attribute in own)
    lost = []
    if raw and _room(raw)[1] < 1:
        raw, lost = (), ["attributes"]
    level = (
        struct.unpack("<f", held["dwaCompressionLevel"])[0] if len(held.get("dwaCompressionLevel", b"")) == 4 else None
    )
    fixed = tuple((attribute.name, attribute.value) for attribute in found if attribute.name in _FIXED)
    name = held.get("name", b"").decode("utf-8", "replace")
    same = display == (x, y, size.width, size.height)
    return Part(name, raw, (x, y), None if same else display, size, fixed, level), lost


def _raw(attribute: Attribute) -> bytes:
    head = f"{attribute.name}\0{attribute.kind}\0".encode("latin-1", "replace")
    return head + struct.pack("<i", len(attribute.value)) + attribute.value


def _room(attributes: tuple[bytes, ...]) -> tuple[str, int]:
    """Return a name and a length of a string attribute that takes as many bytes as others do together."""
    longest = max(raw.index(b"\0") for raw in attributes)
    return "x" * longest, sum(map(len, attributes)) - (longest + 1 + len(b"string\0") + 4)


def filler(part: Part) -> tuple[str, str]:
    """Return the name and value of an attribute that keeps room for all of a part; empty where it has none.

    The library that writes the file knows few types, and gives some other names.
    """
    if not part.attributes:
        return "", ""
    name, length = _room(part.attributes)
    return name, "x" * length


def _require_table(file: BinaryIO, every: list[list[Attribute]]) -> None:
    """Raise ValueError unless the table says where each block of a file is that was just written.

    It is written last, readers do without it, and the library does not see that writing it failed.
    """
    start = every[-1][-1].end + (1 if len(every) == 1 else 2)
    file.seek(start)
    (first,) = struct.unpack("<Q", file.read(8))
    count, rest = divmod(first - start, 8)
    table = file.read(8 * (count - 1))
    if rest or count < 1 or 0 in struct.unpack(f"<{count - 1}Q", table):
        raise ValueError("its table of blocks has gaps")


def complete(path: Path, parts: tuple[Part, ...]) -> None:
    """Put the parts' own attributes into a file, in place of their fillers. Raises `OSError`."""
    try:
        with path.open("r+b") as file:
            every = list(headers(file))
            _require_table(file, every)
            for part, found in zip(parts, every, strict=True):
                held = {attribute.name: attribute for attribute in found}
                for name, value in part.fixed:
                    if name in held and len(held[name].value) == len(value):
                        file.seek(held[name].at)
                        file.write(value)
                if part.attributes:
                    place, raw = held[filler(part)[0]], b"".join(part.attributes)
                    if place.end - place.start != len(raw):
                        raise ValueError("no room")
                    file.seek(place.start)
                    file.write(raw)
    except (struct.error, ValueError, KeyError) as error:
        raise OSError(f"the header of the file is not as it was written ({error})") from error
