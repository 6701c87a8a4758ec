"""Knows which textures continue each other: the tiles of UDIM sets, and the faces of sky boxes."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cg_upscaler.library.naming.tokens import base_of, tokens


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A texture that goes on where another ends."""

    name: str
    turns: int = 0
    """Quarter turns against the clock, as ``numpy.rot90`` counts them, after which it fits beyond that side."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What goes on beyond each side of a texture."""

    left: Neighbour | None = None
    right: Neighbour | None = None
    top: Neighbour | None = None
    bottom: Neighbour | None = None


# UDIM

Tile = tuple[int, int]
"""Column from the left and row from below, from 0."""

_UDIM = re.compile(r"(?:(?<=[._\-])|^)1(\d{3})(?=$|[._\-])")
_UV = re.compile(r"(?:(?<=[._\-])|^)u(\d{1,2})_?v(\d{1,2})(?=$|[._\-])", re.IGNORECASE)


def without_tiles(stems: Sequence[str]) -> dict[str, tuple[str, Tile]]:
    """Return, for those names of a folder that are tiles of a set, the name without the number, and the tile.

    A number alone is no tile: 1001 has to be there, or two that lie beside each other.
    """
    sets: dict[str, dict[str, Tile]] = defaultdict(dict)
    for stem in stems:
        for found in _UDIM.finditer(stem):
            number = int(found[1]) - 1
            if number >= 0:
                sets[_cut(stem, found) + ":udim"][stem] = (number % 10, number // 10)
        for found in _UV.finditer(stem):
            sets[_cut(stem, found) + ":uv"][stem] = (int(found[1]), int(found[2]))
    known: dict[str, tuple[str, Tile]] = {}
    for rest, tiles in sets.items():
        places = set(tiles.values())
        beside = any((x + 1, y) in places or (x, y + 1) in places for x, y in places)
        if beside or (rest.endswith(":udim") and (0, 0) in places):
            known.update({stem: (rest.rpartition(":")[0], tile) for stem, tile in tiles.items()})
    return known


def _cut(stem: str, found: re.Match[str]) -> str:
    return stem[: found.start()].rstrip("._-") + stem[found.end() :]


def of_tiles(tiles: dict[Tile, str]) -> Iterator[tuple[str, Neighbours]]:
    """Yield each texture of a set of tiles with those around it."""
    for (x, y), name in tiles.items():
        around = (tiles.get(place) for place in ((x - 1, y), (x + 1, y), (x, y + 1), (x, y - 1)))
        yield name, Neighbours(*(Neighbour(other) if other else None for other in around))


def holes(tiles: Sequence[Tile]) -> list[int]:
    """Return the numbers of the tiles that are missing between others of their row."""
    missing = []
    for row in {y for _, y in tiles}:
        columns = [x for x, y in tiles if y == row]
        missing += [1001 + x + 10 * row for x in range(min(columns), max(columns)) if x not in columns]
    return sorted(missing)


# Sky boxes

_Axis = tuple[int, int, int]


def _minus(axis: _Axis) -> _Axis:
    return -axis[0], -axis[1], -axis[2]


_X, _Y, _Z = (1, 0, 0), (0, 1, 0), (0, 0, 1)

_CUBE: dict[str, tuple[_Axis, _Axis, _Axis]] = {
    "+x": (_minus(_Z), _minus(_Y), _X),
    "-x": (_Z, _minus(_Y), _minus(_X)),
    "+y": (_X, _Z, _Y),
    "-y": (_X, _minus(_Z), _minus(_Y)),
    "+z": (_X, _minus(_Y), _Z),
    "-z": (_minus(_X), _minus(_Y), _minus(_Z)),
}
"""For each face: where its right and its bottom lie, and where it lies itself. This is the cube map of OpenGL and
Direct3D (OpenGL 4.6, table 8.19), seen from inside."""

_FACES = ("+x", "-x", "+y", "-y", "+z", "-z")
_SCHEMES: dict[str, tuple[str, ...]] = {
    "axes": ("px", "nx", "py", "ny", "pz", "nz"),
    "signs": ("posx", "negx", "posy", "negy", "posz", "negz"),
    "quake": ("ft", "bk", "up", "dn", "rt", "lf"),
    "words": ("left", "right", "up", "down", "front", "back"),
    "sides": ("left", "right", "top", "bottom", "front", "back"),
}
"""How the faces +x -x +y -y +z -z are called. Quake and Valve (`st_to_vec` of gl_warp.c) have `rt` at +z, and what is
right of `ft` is `lf`; Unity's six-sided sky has `front` at +z and `left` at +x. Turned that way they are one cube."""

_HINTS = {"sky", "skybox", "skies", "cube", "cubemap", "env", "environment", "nebula", "space", "stars", "sunset"}


@dataclass(frozen=True, slots=True)
class Face:
    """One face of a sky box."""

    base: str
    scheme: str
    side: str
    """``+x`` … ``-z``."""
    word: str


def sky_faces(stems: Sequence[str], folder: str = "") -> dict[str, Face]:
    """Return those names of a folder that are faces of a sky box. At most one face is missing of it.

    Six pictures of the sides of a crate are called alike: words need a sixth, or something of a sky in the name.
    """
    sets: dict[tuple[str, str], dict[str, Face]] = defaultdict(dict)
    for stem in stems:
        for face in _faces(stem):
            sets[face.base, face.scheme][stem] = face
    known: dict[str, Face] = {}
    for (base, scheme), faces in sets.items():
        sides = {face.side for face in faces.values()}
        hinted = any(token.text in _HINTS for token in tokens(f"{folder} {base}"))
        if len(sides) == 6 or (len(sides) == 5 and (hinted or scheme not in ("words", "sides"))):
            known = {**faces, **known} if len(sides) == 5 else {**known, **faces}
    return known


def _faces(stem: str) -> Iterator[Face]:
    last = next((token for token in reversed(tokens(stem)) if not token.mute), None)
    if last is None:
        return
    for scheme, called in _SCHEMES.items():
        for side, word in zip(_FACES, called, strict=True):
            if last.text == word:
                yield Face(base_of(stem, last.start, last.stop), scheme, side, word)
            elif scheme == "quake" and last.text.endswith(word) and last.text.isalpha():  # desertft
                yield Face(base_of(stem, last.stop - len(word), last.stop), scheme, side, word)


def of_cube(names: dict[str, str]) -> Iterator[tuple[str, Neighbours]]:
    """Yield each face with those around it. `names` are the textures by the face, ``+x`` … ``-z``."""
    sides = {outward: side for side, (_, _, outward) in _CUBE.items()}
    for side, name in names.items():
        right, down, outward = _CUBE[side]
        # Unfolded into the plane of this face, what lies beyond a side leads away from the viewer.
        away = _minus(outward)
        beyond = (
            (_minus(right), (outward, down)),
            (right, (away, down)),
            (_minus(down), (right, outward)),
            (down, (right, away)),
        )
        found = []
        for towards, wanted in beyond:
            other = names.get(sides[towards])
            found.append(Neighbour(other, _turns(_CUBE[sides[towards]][:2], wanted)) if other else None)
        yield name, Neighbours(*found)


def _turns(axes: tuple[_Axis, _Axis], wanted: tuple[_Axis, _Axis]) -> int:
    right, down = axes
    for turns in range(4):
        if (right, down) == wanted:
            return turns
        right, down = down, _minus(right)  # what numpy.rot90 does to a picture
    raise AssertionError("two faces of one cube fit in one of four ways")


def missing_faces(faces: Sequence[Face]) -> list[str]:
    """Return what the missing faces of a sky box are called."""
    sides = {face.side for face in faces}
    called = dict(zip(_FACES, _SCHEMES[faces[0].scheme], strict=True))
    return [called[side] for side in _FACES if side not in sides]
