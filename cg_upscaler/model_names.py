"""Reads the names of models that are made of others: blends, ``a@0.7+b@0.3``, and chains, ``1x-deblock > 4x-main``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from cg_upscaler.errors import ModelError

_PART = re.compile(r"\s*(?P<name>[^>]+?)\s*@\s*(?P<share>[-+]?\d*\.?\d+)\s*(?:\+|$)")

_EXACT = 1e-6
"""By how much the shares of a blend may miss 1."""


def steps(name: str) -> tuple[str, ...]:
    """Return the names of a chain's steps, the first first; none where it is no chain. Raises `ModelError`."""
    if ">" not in name:
        return ()
    found = tuple(step.strip() for step in name.split(">"))
    if not all(found):
        raise ModelError("a step of the chain has no name", where=name, fix="write it as '1x-first > 4x-second'")
    return found


def shares(name: str) -> tuple[tuple[str, float], ...]:
    """Return the names of a blend's parts, each with its share; none where it is no blend. Raises `ModelError`."""
    found: list[tuple[str, float]] = []
    at = 0
    while at < len(name):
        part = _PART.match(name, at)
        if part is None:
            if not found:
                return ()
            what = f"{name[at:].strip()!r} has no share in the blend"
            raise ModelError(what, where=name, fix="write it as 'first@0.7+second@0.3'")
        found.append((part["name"], float(part["share"])))
        at = part.end()
    wrong = [share for _, share in found if not 0 <= share <= 1]
    total = sum(share for _, share in found)
    if wrong or abs(total - 1) > _EXACT:
        what = f"a share of {wrong[0]:g}" if wrong else f"shares that sum to {total:g}"
        raise ModelError(f"is a blend with {what}", where=name, fix="let each be 0 … 1, and their sum 1")
    return tuple(found)


def mapped(name: str, change: Callable[[str], str]) -> str:
    """Return a name with each single model that it names changed. What is no sound blend or chain counts as one."""
    try:
        if parts := steps(name):
            return chained(mapped(part, change) for part in parts)
        if blend := shares(name):
            return blended((change(part), share) for part, share in blend)
    except ModelError:
        return name  # whoever looks for it says what is wrong
    return change(name)


def singles(name: str) -> list[str]:
    """Return the names of all single models that a name is made of."""
    found: list[str] = []

    def keep(single: str) -> str:
        found.append(single)
        return single

    mapped(name, keep)
    return found


def chained(parts: Iterable[str]) -> str:
    return " > ".join(parts)


def blended(parts: Iterable[tuple[str, float]]) -> str:
    return "+".join(f"{name}@{share:.9g}" for name, share in parts)


def short(name: str) -> str:
    """Return a name as people say it: files without their folders."""
    return mapped(name, lambda single: single.rpartition("/")[2])
