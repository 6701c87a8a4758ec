"""Groups the textures of a library into materials, by sidecars and names, and says which seem to be missing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from cg_upscaler.library.naming.names import NameVerdict, by_folder, stem_of
from cg_upscaler.library.naming.neighbours import (
    Face,
    Neighbours,
    Tile,
    holes,
    missing_faces,
    of_cube,
    of_tiles,
    sky_faces,
    without_tiles,
)
from cg_upscaler.library.naming.siblings import Place, read_together
from cg_upscaler.library.sidecars.verdict import SidecarVerdict
from cg_upscaler.maps import MapKind

_FACE = 0.9
_ENOUGH = 3
"""Materials of a folder from which on their common maps are a custom."""


@dataclass(frozen=True, slots=True)
class Member:
    """A texture of a material."""

    name: str
    verdict: NameVerdict | None
    """What its name says, given those beside it; None where that is nothing."""
    neighbours: Neighbours = field(default_factory=Neighbours)
    """The textures that continue it: in a UDIM set, or as faces of a sky box."""


@dataclass(frozen=True, slots=True)
class Material:
    """Textures that belong together. All of them are enlarged by one factor."""

    name: str
    """``walls/brick``, or what a sidecar calls it."""
    members: tuple[Member, ...]
    missing: tuple[str, ...] = ()
    """What it seems to lack: ``no base color, which the other materials of walls/ have``."""


def find_materials(
    names: Collection[str], sidecars: Mapping[str, SidecarVerdict] | None = None
) -> tuple[Material, ...]:
    """Return the materials that the textures of a library form, in the order of their first members.

    `names` are all of its textures. What a sidecar says of a texture's material counts over names. Pure.
    """
    said = sidecars or {}
    folders: dict[str, list[str]] = defaultdict(list)
    for name in names:
        folders[name.rpartition("/")[0]].append(name)
    found: list[_Found] = []
    for folder, inside in folders.items():
        found += _read_folder(folder, inside)
    groups: dict[str, list[_Found]] = defaultdict(list)
    wired = _wired(found, said)
    for item in found:
        groups[wired.get(item.member.name) or wired.get(item.key) or item.key].append(item)
    lacks = _lacks(groups, said)
    order = {name: index for index, name in enumerate(names)}
    materials = [
        Material(
            key,
            tuple(sorted((item.member for item in items), key=lambda member: order[member.name])),
            (*lacks.get(key, ()), *_gaps(items)),
        )
        for key, items in groups.items()
    ]
    return tuple(sorted(materials, key=lambda material: order[material.members[0].name]))


@dataclass(frozen=True, slots=True)
class _Found:
    """A texture with the place that its name gives it."""

    member: Member
    key: str
    """The name of its material, as names tell it."""
    stem: str
    """Its file name without suffix and tile."""
    tile: Tile | None = None
    face: Face | None = None


def _read_folder(folder: str, names: Sequence[str]) -> list[_Found]:
    stems = {name: stem_of(name) for name in names}
    tiles = without_tiles(list(stems.values()))
    faces = sky_faces(list(stems.values()), folder)
    plain = {name: tiles[stem][0] if stem in tiles else stem for name, stem in stems.items()}
    places = read_together(dict.fromkeys(plain.values()))
    found = []
    for name, stem in stems.items():
        face = faces.get(stem)
        tile = tiles[stem][1] if stem in tiles else None
        if face is not None:
            why = f"face {face.word} of a sky box"
            verdict: NameVerdict | None = NameVerdict(MapKind.ENVIRONMENT, why, _FACE)
        else:
            verdict = _in_its_folder(name, places[plain[name]])
        base = face.base if face else places[plain[name]].base
        key = "/".join(part for part in (folder, base) if part)
        found.append(_Found(Member(name, verdict), key or base, plain[name], tile, face))
    around = dict(_neighbours(found))
    return [
        replace(item, member=replace(item.member, neighbours=around.get(item.member.name, Neighbours())))
        for item in found
    ]


def _in_its_folder(name: str, place: Place) -> NameVerdict | None:
    """Return what a name says, or else its folder. In a folder of sprites a name without an ending is a sprite."""
    folder = by_folder(name)
    if place.verdict is None:
        return folder
    bare = place.reading is None and place.verdict.kind is MapKind.BASE_COLOR
    flat = folder is not None and folder.kind in (MapKind.SPRITE, MapKind.PIXEL_ART)
    return folder if bare and flat else place.verdict


def _neighbours(found: Sequence[_Found]) -> Iterator[tuple[str, Neighbours]]:
    tiles: dict[tuple[str, str], dict[Tile, str]] = defaultdict(dict)
    cubes: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for item in found:
        name = item.member.name
        suffix = name.rpartition(".")[2].lower()
        if item.tile is not None:
            tiles[item.stem, suffix][item.tile] = name
        if item.face is not None:
            cubes[item.face.base, suffix][item.face.side] = name
    for inside in tiles.values():
        yield from of_tiles(inside)
    for sides in cubes.values():
        yield from of_cube(sides)


def _wired(found: Sequence[_Found], said: Mapping[str, SidecarVerdict]) -> dict[str, str]:
    """Return the material of each texture that a sidecar names, and of each group of names that has but one."""
    wired = {item.member.name: said[item.member.name].material for item in found if item.member.name in said}
    groups: dict[str, set[str]] = defaultdict(set)
    for item in found:
        if wired.get(item.member.name):
            groups[item.key].add(wired[item.member.name])
    return {**{key: next(iter(only)) for key, only in groups.items() if len(only) == 1}, **wired}


# What is missing


def _gaps(items: Sequence[_Found]) -> Iterator[str]:
    faces = [item.face for item in items if item.face is not None]
    if faces and (lost := missing_faces(faces)):
        yield f"the sky box has no face {', '.join(lost)}"
    maps: dict[str, list[Tile]] = defaultdict(list)
    for item in items:
        if item.tile is not None:
            maps[item.stem].append(item.tile)
    every = {tile for tiles in maps.values() for tile in tiles}
    for number in holes(sorted(every)):
        yield f"there is no tile {number}"
    for stem, tiles in maps.items():
        for x, y in sorted(every - set(tiles), key=lambda tile: (tile[1], tile[0])):
            yield f"{stem} has no tile {1001 + x + 10 * y}, which other maps have"


def _lacks(groups: Mapping[str, Sequence[_Found]], said: Mapping[str, SidecarVerdict]) -> dict[str, tuple[str, ...]]:
    """Return what materials have not that all others of their folder have. Single textures do not count."""
    folders: dict[str, dict[str, set[MapKind]]] = defaultdict(dict)
    for key, items in groups.items():
        kinds = {kind for item in items if (kind := _kind(item, said)) is not None}
        if len(kinds) > 1:
            folders[items[0].member.name.rpartition("/")[0]][key] = kinds
    lacks: dict[str, tuple[str, ...]] = {}
    for folder, materials in folders.items():
        where = f"{folder}/" if folder else "the folder"
        having = Counter(kind for kinds in materials.values() for kind in kinds)
        custom = [kind for kind, count in having.items() if count == len(materials) - 1 >= _ENOUGH - 1]
        for key, kinds in materials.items():
            lacks[key] = tuple(
                f"no {kind.value.replace('_', ' ')}, which the other materials of {where} have"
                for kind in custom
                if kind not in kinds
            )
    return lacks


def _kind(item: _Found, said: Mapping[str, SidecarVerdict]) -> MapKind | None:
    sidecar = said.get(item.member.name)
    if sidecar is not None and sidecar.kind is not None:
        return sidecar.kind
    return item.member.verdict.kind if item.member.verdict else None
