"""Splits names into the words, numbers and resolutions that they are made of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from cg_upscaler.library.naming import words

_CHUNK = re.compile(r"[^_\-. /\\()\[\]{}+,;=@#~$%&!']+")
_NUMBER = re.compile(r"[vu]?\d+", re.IGNORECASE)
_RESOLUTION = re.compile(r"\d+k|\d{2,5}x\d{2,5}|[1-9]\d{2,4}", re.IGNORECASE)
"""Also the number of a UDIM tile, which stands in the same place."""
_BITS = re.compile(r"\d{1,2}bits?", re.IGNORECASE)
_CAMEL = re.compile(r"OpenGL|DirectX|[dD]3[dD]|[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[^\W\d_A-Za-z]+")


@dataclass(frozen=True, slots=True)
class Token:
    """A part of a name, in lower case, and where it stands."""

    text: str
    start: int
    stop: int
    number: bool = False
    resolution: bool = False

    @property
    def mute(self) -> bool:
        """It can say nothing about the map: a number, a resolution, a suffix."""
        return self.number or self.resolution or self.text in words.IGNORED


@lru_cache(maxsize=1 << 14)
def tokens(text: str) -> tuple[Token, ...]:
    """Return the parts of a name from left to right."""
    return tuple(_split(text))


def _split(text: str) -> Iterator[Token]:
    for chunk in _CHUNK.finditer(text):
        written, at = chunk[0], chunk.start()
        if _RESOLUTION.fullmatch(written) or _NUMBER.fullmatch(written):
            resolution = _RESOLUTION.fullmatch(written) is not None
            yield Token(written.lower(), at, chunk.end(), number=not resolution, resolution=resolution)
        elif len(written) == 1 or _BITS.fullmatch(written):
            yield Token(written.lower(), at, chunk.end())
        else:
            # A letter that only a change of case or a digit splits off is no ending: `sRGB`, `Wall2B`.
            for part in _CAMEL.finditer(written):
                if len(part[0]) > 1:
                    yield Token(part[0].lower(), at + part.start(), at + part.end())


def joined(phrase: Sequence[Token]) -> str:
    """Return words as one, ``base color`` as ``basecolor``."""
    return "".join(token.text for token in phrase)


_VARIES = re.compile(r"lod\d*|\d+k|\d{2,5}x\d{2,5}|64|128|256|512|1024|2048|4096|8192|16384", re.IGNORECASE)


def base_of(stem: str, start: int, stop: int) -> str:
    """Return what a name is about, in one spelling: without the part from `start` to `stop`, which names the map.

    Sizes, levels of detail and formats, which change within a set, are left out too. Numbers are not: they tell
    sets apart.
    """
    while start < stop < len(stem) and stem[stop].isdigit():
        stop += 1  # ``NRM16``
    rest = [chunk[0].lower() for part in (stem[:start], stem[stop:]) for chunk in _CHUNK.finditer(part)]
    kept = [chunk for chunk in rest if not _VARIES.fullmatch(chunk) and chunk not in words.TECHNICAL]
    return "_".join(kept)
