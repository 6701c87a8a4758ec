"""Divides a library between machines that know nothing of each other: stable, even by cost, materials kept together."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cg_upscaler import codecs
from cg_upscaler.errors import SourceError, UsageError

if TYPE_CHECKING:
    from cg_upscaler.library.scan import Found

SLACK = 0.02
"""By how much a part may be larger than an equal one: the price of things staying where they were."""

_FORM = re.compile(r"([1-9][0-9]*)/([1-9][0-9]*)")
_MOST = 100_000
_LEAST = 0.02
"""What a texture costs for being there, as `library.cost` counts."""
_READERS = 8


@dataclass(frozen=True, slots=True)
class Shard:
    """One part of a library of so many, counted from 1."""

    index: int
    count: int

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    @staticmethod
    def of(text: str) -> Shard:
        """Read ``3/16``. Raises `UsageError`."""
        found = _FORM.fullmatch(text.strip())
        index, count = (int(found[1]), int(found[2])) if found else (0, 0)
        if not 1 <= index <= count <= _MOST:
            raise UsageError(f"no part of a library: {text!r}", fix="write --shard 3/16 for the third of sixteen")
        return Shard(index, count)


def costs(found: Iterable[Found], *, limit: int) -> dict[str, float]:
    """Return about what each texture costs, by its header alone. What cannot be read costs next to nothing."""
    from cg_upscaler.library.cost import cost_of_header  # loads what a run of one part of one need not wait for

    def cost(item: Found) -> tuple[str, float]:
        try:
            return item.name, cost_of_header(codecs.probe(item.path, limit=limit))
        except (SourceError, OSError):
            return item.name, _LEAST

    with ThreadPoolExecutor(_READERS) as pool:
        return dict(pool.map(cost, found))


def parts(costs: Mapping[str, float], ties: Iterable[Collection[str]], count: int) -> dict[str, int]:
    """Return the part, 1 … count, that each texture belongs to. Those of a tie go together.

    Each unit has an order of parts that it prefers, by hashes of names alone; it goes to the first that is not full
    yet. So the same library is divided alike everywhere, and a texture more or less moves few others. Large units
    choose first: what comes last fits anywhere.
    """
    units = _units(costs, ties)
    weights = {unit: sum(costs[name] for name in names) for unit, names in units.items()}
    room = sum(weights.values()) / count * (1 + SLACK)
    filled = [0.0] * count
    found: dict[str, int] = {}
    for unit in sorted(units, key=lambda unit: (-_magnitude(weights[unit]), _hash(unit))):
        part = _choice(unit, weights[unit], filled, room)
        filled[part] += weights[unit]
        found.update(dict.fromkeys(units[unit], part + 1))
    return found


def _choice(unit: str, weight: float, filled: list[float], room: float) -> int:
    if len(filled) == 1:
        return 0
    order = sorted(range(len(filled)), key=lambda part: _hash(f"{part}\0{unit}"))
    free = (part for part in order if filled[part] + weight <= room)
    return next(free, min(order, key=lambda part: filled[part]))


def _magnitude(weight: float) -> int:
    """Return a size class: half as large again is one more. So a unit that grows a little keeps its turn."""
    classes = 0
    while weight > _LEAST:
        weight, classes = weight / 1.5, classes + 1
    return classes


def _units(costs: Mapping[str, float], ties: Iterable[Collection[str]]) -> dict[str, list[str]]:
    """Return what goes together, each under the first of its names."""
    leader = {name: name for name in costs}

    def find(name: str) -> str:
        while leader[name] != name:
            leader[name] = leader[leader[name]]
            name = leader[name]
        return name

    for tie in ties:
        known = sorted(find(name) for name in tie if name in leader)
        for name in known[1:]:
            leader[find(name)] = find(known[0])
    units: dict[str, list[str]] = defaultdict(list)
    for name in costs:
        units[find(name)].append(name)
    return dict(units)


def _hash(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=8).digest()
