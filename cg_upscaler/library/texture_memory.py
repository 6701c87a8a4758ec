"""Reckons what textures take on a graphics card, before and after a run, and holds that against a budget."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import isfinite

from cg_upscaler.codecs.dds import choice as dds
from cg_upscaler.codecs.ktx2 import formats as ktx2
from cg_upscaler.codecs.layouts import FORMATS, Format
from cg_upscaler.codecs.vtf import formats as vtf
from cg_upscaler.geometry import Size
from cg_upscaler.job import Action, Job
from cg_upscaler.spec import ImageSpec

TOTAL = "total"
"""What a budget calls all kinds together."""

_FORMATS: dict[str, tuple[Callable[[ImageSpec], str], Mapping[str, Format]]] = {
    "dds": (dds.encoding_of, FORMATS),
    "ktx2": (ktx2.encoding_of, FORMATS),
    "vtf": (vtf.encoding_of, vtf.FORMATS),
}
"""Containers whose texels go to the card as they lie in the file: what names their layout, and the layouts."""

_TRANSCODED = {("uastc", False): "bc7", ("uastc", True): "bc7", ("etc1s", False): "bc1", ("etc1s", True): "bc3"}
"""What a supercompressed file becomes on a desktop's card, by whether it has alpha."""

_ON_CARD = {1: 1, 2: 2, 3: 4, 4: 4}
"""Channels that a card holds for those of a picture: none has three."""

_NOT_ON_CARD = 24
"""Bits of a texel that no card reads: such files are loaded with a fourth byte."""

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_BINARY = {"ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}
_AMOUNT = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([kmgt]i?)?b?(?:ytes?)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Change:
    """Bytes on the card, of the sources and of their results."""

    before: int = 0
    after: int = 0

    def __add__(self, other: Change) -> Change:
        return Change(self.before + other.before, self.after + other.after)


@dataclass(frozen=True, slots=True)
class TextureMemory:
    """What a library's textures take on a graphics card, all loaded at once."""

    kinds: dict[str, Change]
    """By kind, in order of what they take afterwards, the most first."""

    @property
    def total(self) -> Change:
        return sum(self.kinds.values(), Change())


def texture_memory(jobs: Iterable[Job]) -> TextureMemory:
    """Return what the textures of jobs take, before and after. What is copied or left alone takes what it took."""
    kinds: dict[str, Change] = {}
    for job in jobs:
        if job.source_spec is not None:
            before = bytes_on_card(job.source_spec)
            made = job.action is Action.UPSCALE and job.output_spec is not None
            after = bytes_on_card(job.output_spec) if made and job.output_spec is not None else before
            kinds[job.kind.value] = kinds.get(job.kind.value, Change()) + Change(before, after)
    return TextureMemory(dict(sorted(kinds.items(), key=lambda item: (-item[1].after, item[0]))))


def bytes_on_card(spec: ImageSpec) -> int:
    """Return the bytes that a texture takes on a graphics card, with the mip levels that its file has.

    Blocks and packed texels stay what they are; other files are loaded as plain texels, three channels as four.
    """
    return sum(bytes_of_picture(spec, size) for size in spec.pictures)


def bytes_of_picture(spec: ImageSpec, size: Size) -> int:
    """Return the bytes that one mip level takes on a card."""
    format = layout_of(spec)
    if format is None:
        return size.pixels * _ON_CARD.get(spec.channels, spec.channels) * spec.depth.bits // 8
    return size.pixels * 4 if format.bits == _NOT_ON_CARD else format.length(size)


def layout_of(spec: ImageSpec) -> Format | None:
    """Return how texels lie in a file that goes to the card as it is; None for all other files."""
    if spec.container not in _FORMATS:
        return None
    encoding_of, formats = _FORMATS[spec.container]
    name = encoding_of(spec)
    return formats.get(_TRANSCODED.get((name, spec.alpha is not None), name))


def parse_bytes(text: str | int | float) -> int:
    """Return the bytes that a text says: ``2 GB`` (10⁹), ``512 MiB`` (2²⁰), ``1.5g``, ``4096``.

    Raises ValueError, in words, for what is no amount.
    """
    if not isinstance(text, str):
        if isinstance(text, bool) or not isfinite(text) or text < 0:
            raise ValueError(f"{text!r} is no number of bytes (write 2 GB, 512 MiB or a number)")
        return int(text)
    found = _AMOUNT.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no number of bytes (write 2 GB, 512 MiB or a number)")
    unit = (found[2] or "").lower()
    return round(float(found[1]) * {**_UNITS, **_BINARY}[unit])


def over(memory: TextureMemory, budget: Mapping[str, int]) -> tuple[str, ...]:
    """Return a sentence for each kind, and the total, that takes more afterwards than its budget in bytes."""
    said = []
    for kind, most in budget.items():
        takes = memory.total.after if kind == TOTAL else memory.kinds.get(kind, Change()).after
        if takes > most:
            who = "all textures together" if kind == TOTAL else f"{kind} textures"
            said.append(f"{who} will take {in_units(takes)} of texture memory, {in_units(takes - most)} over budget")
    return tuple(said)


def in_units(count: float) -> str:
    """Return bytes in the unit that suits them: ``41 GB``, ``3.2 MB``, ``900 B``."""
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= 0.9995 * size:
            value = count / size
            return f"{value:.0f} {unit}" if value >= 99.5 else f"{value:.3g} {unit}"
    return f"{count:.0f} B"
