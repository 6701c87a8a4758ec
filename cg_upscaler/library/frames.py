"""Decides which textures are shown to a generator with their neighbours around them: those that go on in the pixels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cg_upscaler import codecs
from cg_upscaler.errors import SourceError
from cg_upscaler.job import Frame, Neighbour
from cg_upscaler.library.look import READERS
from cg_upscaler.library.naming import neighbours
from cg_upscaler.library.naming.neighbours import Neighbours
from cg_upscaler.library.texture import Texture
from cg_upscaler.pixels.rows import Pixels, to_float

MARGIN = 64
"""Texels of a neighbour that are looked at: what a generator of the ESRGAN family sees to within a level of 255."""

_SIDES = ("left", "right", "top", "bottom")
_OPPOSITE = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}
_CLOCKWISE = ("top", "right", "bottom", "left")

_STEP = 2.0
"""How much greater than the steps beside it the one across a border may be, given the floor of a few levels."""
_FLOOR = 3 / 255

Lines = tuple[Pixels, Pixels]
"""Of one side of a picture: the line at the border and the one before it, (length, channels) each, clockwise."""


@dataclass(frozen=True, slots=True)
class Framing:
    """What lies next to a texture, and what is worth knowing of it."""

    frame: Frame | None = None
    notes: tuple[str, ...] = ()
    problem: str = ""
    """Why that cannot be told now, so that the texture must wait: it, or one beside it, was read just before."""


def find_frames(
    around: Mapping[str, Neighbours], textures: Mapping[str, Texture], limit: int, scratch: Path | None = None
) -> dict[str, Framing]:
    """Return the framing of each texture that has neighbours, by name. Each of them is read once more.

    `scratch` is a folder for what is too large to be held.

    A side counts only where the other picture continues this one: where the step across the border is none that the
    pictures do not make beside it. Tiles of islands with a background between them are each by itself.
    """
    beside = {name: dict(_fitting(name, sides, textures)) for name, sides in around.items() if name in textures}
    wanted = {name for name, sides in beside.items() if sides}
    wanted |= {other.name for sides in beside.values() for other in sides.values()}
    borders: dict[str, dict[str, Lines]] = {}
    framings = {}
    unread: dict[str, str] = {}
    for name, found in _borders((textures[name] for name in sorted(wanted)), limit, scratch):
        if isinstance(found, str):
            unread[name] = found
        else:
            borders[name] = found
    for name, sides in beside.items():
        gone = [each for each in (name, *(other.name for other in sides.values())) if sides and each in unread]
        if gone:
            framings[name] = Framing(problem=f"{gone[0]} could not be read again: {unread[gone[0]]}; run again")
            continue
        going_on = {
            side: Neighbour(str(textures[other.name].source), other.turns)
            for side, other in sides.items()
            if _continues(borders[name][side], borders[other.name][_facing(side, other.turns)])
        }
        odd = [getattr(around[name], side) for side in _SIDES if side not in sides]
        notes = tuple(
            f"{other.name} beside it has another size or type: their border may show"
            for other in odd
            if other is not None and other.name in textures
        )
        framings[name] = Framing(Frame(MARGIN, **going_on) if going_on else None, notes)
    return framings


def _fitting(
    name: str, around: Neighbours, textures: Mapping[str, Texture]
) -> Iterator[tuple[str, neighbours.Neighbour]]:
    """Yield the sides beyond which lies a picture of the same size and type."""
    own = textures[name].spec
    for side in _SIDES:
        other: neighbours.Neighbour | None = getattr(around, side)
        if other is None or other.name not in textures:
            continue
        spec = textures[other.name].spec
        upright = other.turns % 2 == 0 or spec.size.width == spec.size.height
        if upright and (spec.size, spec.channels, spec.depth) == (own.size, own.channels, own.depth):
            yield side, other


def _facing(side: str, turns: int) -> str:
    """Return which side of a neighbour, before it is turned, meets the given side of a texture."""
    meets = _CLOCKWISE.index(_OPPOSITE[side])
    return _CLOCKWISE[(meets + turns) % 4]  # a quarter turn against the clock brings what is right to the top


def _continues(own: Lines, other: Lines) -> bool:
    across = _step(own[0], other[0][::-1])  # clockwise around both, they meet head to tail
    beside = max(_step(*own), _step(*other))
    return across <= _STEP * beside + _FLOOR


def _step(first: Pixels, second: Pixels) -> float:
    return float(np.abs(first - second).mean())


def _borders(
    textures: Iterable[Texture], limit: int, scratch: Path | None
) -> Iterator[tuple[str, dict[str, Lines] | str]]:
    """Yield the borders of textures, or in words why one cannot be read now."""
    with ThreadPoolExecutor(READERS) as pool:
        yield from pool.map(lambda texture: (texture.name, _border(texture, limit, scratch)), textures)


def _border(texture: Texture, limit: int, scratch: Path | None) -> dict[str, Lines] | str:
    try:
        pixels = codecs.read(texture.source, limit=limit, scratch=scratch).pixels
    except SourceError as error:
        return error.what
    except OSError as error:
        return error.strerror or str(error)
    except MemoryError:
        return "it does not fit into memory"
    found = {}
    for turns, side in enumerate(_CLOCKWISE):
        turned = np.rot90(pixels, turns)  # brings that side to the top, read from left to right
        lines = to_float(np.ascontiguousarray(turned[: min(2, len(turned))]))
        found[side] = (lines[0], lines[-1])
    return found
