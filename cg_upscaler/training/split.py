"""Splits a library by material: all maps of one are learnt from, or choose the weights, or are looked at at the end."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cg_upscaler.errors import UsageError
from cg_upscaler.library.config.training import Training
from cg_upscaler.training.textures import KINDS, Catch, Texture

FEWEST = 3
"""Materials without which there is nothing to learn from, to choose by, and to look at at the end."""


@dataclass(frozen=True, slots=True)
class Split:
    """The three parts of a library."""

    learnt: tuple[Texture, ...]
    validation: tuple[Texture, ...]
    held_out: tuple[Texture, ...]


def place(material: str) -> float:
    """Return where a material stands between 0 and 1: by its name alone, so that it stays when others come or go."""
    # Shades of one thing ("rock", "Rock") are one material on systems that do not tell case apart.
    return int.from_bytes(hashlib.sha256(material.lower().encode()).digest()[:8], "big") / 2**64


def split(catch: Catch, training: Training) -> Split:
    """Return a library's three parts. Each has one material at least, and the shares say how many more.

    Raises `UsageError` where there are too few materials, or none that the lesson is of.
    """
    textures = catch.textures
    if not textures:
        raise _nothing(catch, training)
    materials = sorted({texture.material for texture in textures}, key=lambda name: (place(name), name))
    if len(materials) < FEWEST:
        named = ", ".join(sorted(materials))
        raise UsageError(
            f"only {len(materials)} of the materials here can be learnt from ({named}), and {FEWEST} are the fewest: "
            "one to learn from, one to choose the weights by, one to look at at the end",
            where=training.library,
            fix="add textures, or lower 'crop' if many are smaller than it",
        )
    held = {name for name in materials if place(name) < training.held_out} or {materials[0]}
    held = set(sorted(held, key=place)[: len(materials) - 2])  # whatever the names, something is left of each
    rest = [name for name in materials if name not in held]
    chosen = [name for name in rest if place(name) >= 1 - training.validation] or rest[-1:]
    chosen = chosen[-(len(rest) - 1) :]
    learnt = set(materials) - held - set(chosen)
    return Split(_of(textures, learnt), _of(textures, set(chosen)), _of(textures, held))


def _of(textures: Iterable[Texture], materials: set[str]) -> tuple[Texture, ...]:
    return tuple(texture for texture in textures if texture.material in materials)


def spread(textures: Sequence[Texture], most: int) -> tuple[Texture, ...]:
    """Return at most so many textures, of as many materials as there are."""
    taken: dict[str, int] = {}
    ranked = []
    for texture in sorted(textures, key=lambda each: hashlib.sha256(each.name.encode()).digest()):
        taken[texture.material] = taken.get(texture.material, 0) + 1
        ranked.append((taken[texture.material], texture))
    ranked.sort(key=lambda item: item[0])
    return tuple(sorted((texture for _, texture in ranked[:most]), key=lambda each: each.name))


def _nothing(catch: Catch, training: Training) -> UsageError:
    wanted = ", ".join(kind.value for kind in KINDS[training.teach])
    if catch.passed:
        first = catch.passed[0]
        return UsageError(
            f"none of the textures that {training.teach.value} is learnt from will do: {first.name} {first.message}"
            + (f", and {len(catch.passed) - 1} more" if len(catch.passed) > 1 else ""),
            where=training.library,
            fix="lower 'crop', or add larger textures",
        )
    there = ", ".join(f"{count} {kind.value}" for kind, count in sorted(catch.others.items())) or "no texture at all"
    return UsageError(
        f"{training.teach.value} is learnt from {wanted}, and here is {there}",
        where=training.library,
        fix="teach something else, or see with 'cg-upscale inspect' what the textures are taken for",
    )
