"""Reads the names of a folder in the light of each other: what one name leaves open, those beside it often settle."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from cg_upscaler.library.naming import words
from cg_upscaler.library.naming.names import LIKELY, SURE, NameVerdict, Reading, by_subject, read
from cg_upscaler.library.naming.tokens import base_of, tokens
from cg_upscaler.maps import MapKind

_AGREED = 0.9
"""Where several names of a set fit together."""
_LONE = 0.8
"""Where a single other one is all that there is to go by."""
_WORKFLOWS = {
    MapKind.METALLIC: (MapKind.SPECULAR,),
    MapKind.ROUGHNESS: (MapKind.GLOSS,),
    MapKind.SPECULAR: (MapKind.METALLIC,),
    MapKind.GLOSS: (MapKind.METALLIC, MapKind.ROUGHNESS),
}
"""What a set does not have beside a map that it has for certain: sets are of metal and roughness, or of specular and
gloss."""
_LETTERS = frozenset(word for word in words.IN_A_SET if len(word) == 1)
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Place:
    """What a name says among those of its folder, and the material that it belongs to by it."""

    base: str
    reading: Reading | None
    verdict: NameVerdict | None


def read_together(stems: Iterable[str]) -> dict[str, Place]:
    """Return how each name of a folder reads. Names come without folder, suffix and the number of a tile."""
    readings = {stem: read(stem) for stem in stems}
    readings.update(_without_shared_endings(list(readings)))
    readings.update(_without_series(readings))
    readings.update(dict.fromkeys(_of_a_prefix(readings)))
    readings.update(_letters_of_sets(readings))
    sets: dict[str, dict[str, Reading]] = defaultdict(dict)
    for stem, reading in readings.items():
        if reading is not None and reading.last:
            sets[reading.base][stem] = reading
    bare = {stem: base for stem in readings if (base := base_of(stem, 0, 0)) in sets}
    bare = {stem: base for stem, base in bare.items() if _is_bare(readings[stem], sets[base])}
    bases = set(bare.values())
    places = {}
    for stem, reading in readings.items():
        if stem in bare:
            places[stem] = Place(bare[stem], None, by_subject(stem) or _bare(sets[bare[stem]]))
        elif reading is None:
            places[stem] = Place(base_of(stem, 0, 0), None, by_subject(stem))
        else:
            named = [reading.base] if reading.base in bases else []
            places[stem] = Place(reading.base, reading, _settled(reading, sets[reading.base], named))
    return places


def _without_shared_endings(stems: Sequence[str]) -> dict[str, Reading]:
    """Read names without the ending that all of a set have, ``…_2K_METALNESS``, ``…_mossy``: it names no map.

    A set is shown by two maps that remain, of which one is beyond doubt.
    """
    shared: dict[tuple[str, str], dict[str, Reading]] = defaultdict(dict)
    for stem in stems:
        spoken = [token for token in tokens(stem) if not token.mute]
        for token in spoken[1:][-2:]:
            before = read(stem[: token.start].rstrip("_-. "))
            if before is not None and before.last:
                ending = base_of(stem[token.start :], 0, 0)
                shared[before.base, ending][stem] = replace(before, base=f"{before.base}_{ending}".strip("_"))
    found: dict[str, Reading] = {}
    for group in shared.values():
        kinds = {reading.verdict.kind for reading in group.values()}
        sure = {reading.verdict.kind for reading in group.values() if _is_sure(reading)}
        if len(kinds) > 1 and sure:
            found.update(group)
    return found


def _is_sure(reading: Reading) -> bool:
    return reading.verdict.confidence >= SURE or reading.verdict.kind is MapKind.NORMAL


def _without_series(readings: Mapping[str, Reading | None]) -> dict[str, None]:
    """Forget letters that only count on: ``leaf_a``, ``leaf_b``, ``leaf_c``."""
    letters: dict[str, dict[str, str]] = defaultdict(dict)
    for stem in readings:
        found = read(stem, letters=_LETTERS)
        if found is not None and found.word in _LETTERS:
            letters[found.base][found.word] = stem
    return {
        stem: None
        for found in letters.values()
        if {"a", "b"} <= found.keys() and "n" not in found
        for stem in found.values()
    }


def _of_a_prefix(readings: Mapping[str, Reading | None]) -> list[str]:
    """Return the names whose word stands where others of the folder have it too, who are of another kind.

    In ``normal_house.png`` beside ``normal_house_d.png`` the word is a part of the name.
    """
    prefixes: dict[str, set[MapKind]] = defaultdict(set)
    for stem, reading in readings.items():
        if reading is not None and reading.last:
            for token in tokens(stem[: reading.start]):
                prefixes[stem[: token.stop].lower()].add(reading.verdict.kind)
    return [
        stem
        for stem, reading in readings.items()
        if reading is not None
        and not reading.last
        and prefixes.get(stem[: reading.start + _written(stem, reading)].lower(), set()) - {reading.verdict.kind}
    ]


def _written(stem: str, reading: Reading) -> int:
    """Return how many characters a word takes in a name, where it may be written in parts: ``base_color``."""
    left, length = len(reading.word), 0
    for character in stem[reading.start :]:
        if left == 0:
            break
        left -= character.isalnum()
        length += 1
    return length


def _letters_of_sets(readings: Mapping[str, Reading | None]) -> dict[str, Reading]:
    """Believe letters that a name alone leaves open, where the set is known by other names: ``_b`` beside ``_n``."""
    bases: dict[str, set[MapKind]] = defaultdict(set)
    for reading in readings.values():
        if reading is not None and reading.last:
            bases[reading.base].add(reading.verdict.kind)
    found = {}
    for stem, reading in readings.items():
        if reading is None or not reading.last:
            letter = read(stem, letters=_LETTERS)
            if letter is not None and letter.last and len(bases[letter.base]) > 1:
                found[stem] = letter
    return found


def _is_bare(reading: Reading | None, others: Mapping[str, Reading]) -> bool:
    """Whether a name is what those of the others begin with, and names no map that counts."""
    kinds = {other.verdict.kind for other in others.values()}
    if reading is None or not reading.last or reading.verdict.confidence <= LIKELY:
        return True
    return len(kinds) > 1 and MapKind.BASE_COLOR not in kinds


def _bare(others: Mapping[str, Reading]) -> NameVerdict | None:
    """Return what a name without a word for its map is, beside others that have one: what they are maps of."""
    kinds = {reading.verdict.kind for reading in others.values()}
    if MapKind.BASE_COLOR in kinds:
        return None
    confidence = _AGREED if len(kinds) > 1 or MapKind.NORMAL in kinds else _LONE
    return NameVerdict(MapKind.BASE_COLOR, f"beside {_listed(others)}", confidence)


def _settled(reading: Reading, members: Mapping[str, Reading], bare: Sequence[str]) -> NameVerdict:
    """Return what an ending of several meanings is, given what else the set has, and who goes without an ending."""
    verdict = reading.verdict
    others = {stem: found for stem, found in members.items() if found.verdict.kind is not verdict.kind}
    if not reading.last or reading.word not in words.IN_A_SET or not (others or bare):
        return verdict
    firm = {found.verdict.kind for found in members.values() if found.word not in words.IN_A_SET}
    taken = firm | {found.verdict.kind for found in others.values()}
    if reading.word not in words.LETTERS:  # weaker than those that count by themselves, and than no ending at all
        taken |= {found.verdict.kind for found in members.values() if found is not reading}
        taken |= {MapKind.BASE_COLOR} if bare else set()
    taken |= {kind for found in firm for kind in _WORKFLOWS.get(found, ())}
    meanings = words.IN_A_SET[reading.word]
    kind = next((kind for kind in meanings if kind not in taken), meanings[0])
    why = f"{verdict.why}, beside {_listed([*others, *bare])}"
    return replace(verdict, kind=kind, why=why, confidence=_AGREED if kind is meanings[0] else LIKELY)


def _listed(stems: Iterable[str]) -> str:
    names = sorted(stems)
    return ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
