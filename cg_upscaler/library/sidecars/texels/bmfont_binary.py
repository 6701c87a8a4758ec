"""Scales bitmap fonts in BMFont's binary form, version 3. Source: the format's page at angelcode.com."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from fractions import Fraction

from cg_upscaler.library.sidecars.texels.change import Change, nearest, span

MAGIC = b"BMF\x03"

_INFO, _COMMON, _PAGES, _CHARS, _KERNINGS = 1, 2, 3, 4, 5
_HEAD = struct.Struct("<BI")
_SIZE = struct.Struct("<h")
_AROUND = struct.Struct("<7B")
"""Padding up, right, down, left; spacing across and down; outline. From byte 7 of the info block."""
_AROUND_AT = 7
_SHEET = struct.Struct("<4H")
_CHAR = struct.Struct("<I4H3h2B")
_KERNING = struct.Struct("<2Ih")


def images(data: bytes) -> tuple[str, ...] | None:
    """Return the names of the pages; None for what is no such font. Raises `ValueError` for one that is broken."""
    if not data.startswith(MAGIC):
        return None
    return tuple(name.decode("latin-1") for kind, block in _blocks(data) if kind == _PAGES for name in _names(block))


def scaled(data: bytes, change: Change) -> bytes:
    """Return the font for textures that have changed. Raises `ValueError` where a number no longer fits its bytes."""
    parts = [MAGIC]
    for kind, block in _blocks(data):
        try:
            new = _scaled(kind, block, change)
        except struct.error as error:
            raise ValueError("a number would no longer fit the binary form; export the font as text") from error
        parts += [_HEAD.pack(kind, len(new)), new]
    return b"".join(parts)


def _blocks(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = len(MAGIC)
    while at < len(data):
        if at + _HEAD.size > len(data):
            raise ValueError("is cut short")
        kind, length = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        if at + length > len(data):
            raise ValueError("is cut short")
        yield kind, data[at : at + length]
        at += length


def _scaled(kind: int, block: bytes, change: Change) -> bytes:
    x, y = change.x, change.y
    if kind == _INFO:
        around = _times(_AROUND.unpack_from(block, _AROUND_AT), (y, x, y, x, x, y, x))
        end = _AROUND_AT + _AROUND.size
        size = _times(_SIZE.unpack_from(block), (y,))
        return _SIZE.pack(*size) + block[_SIZE.size : _AROUND_AT] + _AROUND.pack(*around) + block[end:]
    if kind == _COMMON:
        return _SHEET.pack(*_times(_SHEET.unpack_from(block), (y, y, x, y))) + block[_SHEET.size :]
    if kind == _PAGES:
        names = [change.renamed.get(said := name.decode("latin-1"), said).encode("latin-1") for name in _names(block)]
        if len({len(name) for name in names}) > 1:
            raise ValueError("names of pages would differ in length, which the binary form has no room for")
        return b"".join(name + b"\0" for name in names)
    if kind == _CHARS:
        return b"".join(_CHAR.pack(*_char(values, change)) for values in _each(_CHAR, block))
    if kind == _KERNINGS:
        return b"".join(
            _KERNING.pack(first, second, *_times((amount,), (x,))) for first, second, amount in _each(_KERNING, block)
        )
    return block


def _each(kind: struct.Struct, block: bytes) -> Iterator[tuple[int, ...]]:
    if len(block) % kind.size:
        raise ValueError("a block is not as long as what it holds")
    return kind.iter_unpack(block)


def _char(values: Sequence[int], change: Change) -> Iterator[int]:
    letter, x, y, width, height, *offsets, page, channel = values
    across, down = span(str(x), str(width), change.x), span(str(y), str(height), change.y)
    yield letter
    yield from (int(across[0]), int(down[0]), int(across[1]), int(down[1]))
    yield from _times(offsets, (change.x, change.y, change.x))
    yield from (page, channel)


def _names(block: bytes) -> list[bytes]:
    return block.split(b"\0")[:-1]


def _times(values: Sequence[int], factors: Sequence[Fraction]) -> list[int]:
    return [nearest(value * factor) for value, factor in zip(values, factors, strict=True)]
