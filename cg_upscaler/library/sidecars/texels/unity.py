"""Scales what Unity's importer is told of a texture, ``wall.png.meta``: sprites, borders, and the largest size.

The importer shrinks what is larger than ``maxTextureSize``, which would undo the work without a word. Pixels per unit
grow with the texture, so that sprites stay as large in their scene. The ``guid`` stays: the file takes the place of
the one before. Lines are edited where they stand; Unity's tags are no plain YAML.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from cg_upscaler.library.sidecars.texels.change import NUMBER, Change, number, span, times
from cg_upscaler.library.sidecars.texels.text import Edit, decode

LARGEST = 16384
"""What ``maxTextureSize`` may be at most."""

_SETTING = re.compile(
    r"^ +(?:- )?(maxTextureSize|spriteBorder|spritePixelsToUnits|spritePixelsPerUnit|spritePixelToUnits):([^\r\n]*)",
    re.MULTILINE,
)
_SPRITES = re.compile(r"^( *)spriteSheet:[^\r\n]*(?:\r?\n\1 [^\r\n]*)*", re.MULTILINE)
"""With all that stands farther right below it."""

_LINE = re.compile(r"^( *)((?:- )*)(?:(\w+):(?=[ \r\n]|\Z))?([^\r\n]*)", re.MULTILINE)
_ENTRY = re.compile(rf"(?<!\w)(\w+):[ ]*({NUMBER})(?=[ \t]*[,}}])")
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
    return text.edited(_edits(_numbers(text.text), change))


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


def _numbers(text: str) -> Iterator[_Number]:
    """Yield the numbers of the settings that matter, and of the sprites."""
    for setting in _SETTING.finditer(text):
        yield from _in_line(setting[2], setting.start(2), (setting[1],))
    for sprites in _SPRITES.finditer(text):
        yield from _below(text, sprites.start(), sprites.end())


def _below(text: str, start: int, end: int) -> Iterator[_Number]:
    """Yield the numbers of a part of a text, each with the keys above it in that part."""
    stack: list[tuple[int, str]] = []
    for line in _LINE.finditer(text, start, end):
        column = len(line[1]) + len(line[2])
        if line[2] and stack:
            # An item of a list may stand as far left as the key of the list.
            while stack and (stack[-1][0] >= column or stack[-1][0] > len(line[1])):
                stack.pop()
        if line[3]:
            while stack and stack[-1][0] >= column:
                stack.pop()
            stack.append((column, line[3]))
        if not line[4] or line[4].isspace():
            continue
        yield from _in_line(line[4], line.start(4), tuple([key for _, key in stack]))


def _in_line(value: str, at: int, path: tuple[str, ...]) -> Iterator[_Number]:
    """Yield the number that stands alone behind a key, or those in braces."""
    if alone := _NUMBER.fullmatch(value):
        yield _Number(path, at + alone.start(1), at + alone.end(1), alone[1])
    elif "{" in value:
        for entry in _ENTRY.finditer(value):
            yield _Number((*path, entry[1]), at + entry.start(2), at + entry.end(2), entry[2])


def _edits(numbers: Iterable[_Number], change: Change) -> Iterator[Edit]:
    origins: dict[str, _Number] = {}
    for found in numbers:
        key, parent = found.path[-1], found.path[-2] if len(found.path) > 1 else ""
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
    parent, key = path[-2:] if len(path) > 1 else ("", path[-1])
    if parent in _BORDERS:  # left, bottom, right, top
        return {"x": change.x, "y": change.y, "z": change.x, "w": change.y}.get(key)
    if "spriteSheet" not in path:
        return None
    if parent in _POINTS or (parent == "position" and "bones" in path):
        return {"x": change.x, "y": change.y}.get(key)
    return change.x if key == "length" and parent == "bones" else None
