"""Scales what Unity's importer is told of a texture, ``wall.png.meta``: sprites, borders, and the largest size.

The importer shrinks what is larger than ``maxTextureSize``, which would undo the work without a word. Pixels per unit
grow with the texture, so that sprites stay as large in their scene. The ``guid`` stays: the file takes the place of
the one before. Lines are edited where they stand; Unity's tags are no plain YAML.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from cg_upscaler.library.sidecars.texels.change import NUMBER, Change, number, span, times
from cg_upscaler.library.sidecars.texels.text import Edit, decode

LARGEST = 16384
"""What ``maxTextureSize`` may be at most."""

_LINE = re.compile(r"^( *)((?:- )*)(?:(\w+):(?=[ \r\n]|\Z))?([^\r\n]*)", re.MULTILINE)
_ENTRY = re.compile(rf"(\w+):[ ]*({NUMBER})(?=[ \t]*[,}}])")
_NUMBER = re.compile(rf"[ \t]*({NUMBER})[ \t]*")

_PIXELS_PER_UNIT = ("spritePixelsToUnits", "spritePixelsPerUnit", "spritePixelToUnits")
_BORDERS = ("spriteBorder", "border")
_POINTS = ("outline", "physicsShape", "vertices")


@dataclass(frozen=True, slots=True)
class _Number:
    """A number of the file: by which keys it is reached, and where it stands."""

    path: tuple[str, ...]
    start: int
    end: int
    text: str


def is_importer(data: bytes) -> bool:
    """Whether a ``.meta`` is that of a texture. Raises `ValueError` for what is no text."""
    return re.search(r"^TextureImporter:", decode(data).text, re.MULTILINE) is not None


def scaled(data: bytes, change: Change) -> bytes:
    """Return the settings for a texture that has changed. Raises `ValueError` for what they cannot say."""
    text = decode(data)
    return text.edited(_edits(list(_numbers(text.text)), change))


def largest_side(limit: int, change: Change) -> int:
    """Return what ``maxTextureSize`` becomes, given what it is.

    Who let the importer shrink the texture has it shrunk as much as before; who did not shall not have it now.
    """
    before, after = (max(size.width, size.height) for size in (change.before, change.after))
    wanted = Fraction(limit) if after <= limit else Fraction(after)
    if before > limit:
        wanted = Fraction(limit * after, before)
    if wanted <= limit:
        return limit
    return min(1 << (-(-wanted.numerator // wanted.denominator) - 1).bit_length(), max(LARGEST, limit))


def falls_short(data: bytes, change: Change) -> bool:
    """Whether Unity would shrink the texture all the same, since it takes none as large."""
    return max(change.after.width, change.after.height) > LARGEST and is_importer(data)


def _numbers(text: str) -> Iterator[_Number]:
    """Yield the numbers that stand alone behind a key, and those in braces."""
    stack: list[tuple[int, str]] = []
    for line in _LINE.finditer(text):
        column = len(line[1]) + len(line[2])
        if line[2] and stack:
            # An item of a list may stand as far left as the key of the list.
            stack = [(at, key) for at, key in stack if at < column and (at <= len(line[1]))]
        elif line[3]:
            stack = [(at, key) for at, key in stack if at < column]
        if line[3]:
            stack.append((column, line[3]))
        path = tuple(key for _, key in stack)
        alone = _NUMBER.fullmatch(line[4])
        if alone and line[3]:
            yield _Number(path, line.start(4) + alone.start(1), line.start(4) + alone.end(1), alone[1])
        for entry in _ENTRY.finditer(line[4]) if "{" in line[4] else ():
            at = line.start(4)
            yield _Number((*path, entry[1]), at + entry.start(2), at + entry.end(2), entry[2])


def _edits(numbers: list[_Number], change: Change) -> Iterator[Edit]:
    origins: dict[str, _Number] = {}
    for found in numbers:
        if found.path[:1] != ("TextureImporter",):
            continue
        key, parent = found.path[-1], found.path[-2]
        if key == "maxTextureSize":
            yield Edit(found.start, found.end, str(largest_side(int(number(found.text)), change)))
        elif key in _PIXELS_PER_UNIT:
            yield Edit(found.start, found.end, times(found.text, change.x, fractions=True))
        elif parent == "rect" and key in ("x", "y"):
            origins[key] = found
        elif parent == "rect" and key in ("width", "height"):
            origin = origins.pop("x" if key == "width" else "y", None)
            if origin is not None:
                low, count = span(origin.text, found.text, change.x if key == "width" else change.y)
                yield Edit(origin.start, origin.end, low)
                yield Edit(found.start, found.end, count)
        elif (factor := _factor(found.path, change)) is not None:
            yield Edit(found.start, found.end, times(found.text, factor))


def _factor(path: tuple[str, ...], change: Change) -> Fraction | None:
    """Return by how much a length of a sprite grows; None for what is none."""
    *_, parent, key = path
    if parent in _BORDERS:  # left, bottom, right, top
        return {"x": change.x, "y": change.y, "z": change.x, "w": change.y}.get(key)
    if "spriteSheet" not in path:
        return None
    if parent in _POINTS or (parent == "position" and "bones" in path):
        return {"x": change.x, "y": change.y}.get(key)
    return change.x if key == "length" and parent == "bones" else None
