"""Chooses which channels of a file are its picture: all of them, or in an OpenEXR the layers that are alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import OpenImageIO as oiio

from cg_upscaler.codecs.output import complaint
from cg_upscaler.errors import UnsupportedImage
from cg_upscaler.spec import Depth

DEPTHS = {depth.value: depth for depth in Depth}
COLOURS = ("RGBA", "RGB", "YA", "Y")
"""What a layer is looked through for, in this order."""


@dataclass(frozen=True, slots=True)
class Pick:
    """Channels start ≤ i < stop of one part of a file, and of these the ones in `order`, or all."""

    names: tuple[str, ...]
    start: int
    stop: int
    order: tuple[int, ...] | None
    depth: Depth
    alpha: int | None
    note: str = ""
    part: int = 0


def pick(path: Path, found: oiio.ImageSpec, container: str) -> Pick:
    """Return the picture's channels. Raises `UnsupportedImage` for samples or channels that are not handled."""
    names = tuple(found.channelnames)
    if not 1 <= len(names) <= 4:
        raise UnsupportedImage(f"has {len(names)} channels", where=path, fix="save it with at most four")
    alpha = found.alpha_channel if found.alpha_channel >= 0 else None
    if container == "tga" and len(names) == 2:
        alpha = 1  # gray and alpha, which OpenImageIO calls R and G
    chosen = tuple(range(len(names)))
    return Pick(names, 0, len(names), None, _depth(path, found, chosen), alpha)


def layers(path: Path, source: oiio.ImageInput) -> tuple[tuple[Pick, ...], tuple[str, ...]]:
    """Return the layers of an OpenEXR that are read, and what is left out, in words.

    The first that is a picture, and all others of equal channels, type and size. Raises `UnsupportedImage`.
    """
    first = source.spec()
    size = (first.width, first.height)
    picks: list[Pick] = []
    left: list[str] = []
    for part, found in _parts(source):
        names = tuple(found.channelnames)
        chosen: list[int] = []
        for channels in _pictures(names):
            if found.deep or any(str(found.channelformat(i)) not in DEPTHS for i in channels):
                continue
            picked = _picked(path, found, channels, part)
            if not picks or ((found.width, found.height) == size and _alike(picked, picks[0])):
                picks.append(picked)
                chosen += channels
        if part == 0 and not picks:
            if not 1 <= len(names) <= 4:
                raise UnsupportedImage(f"has {len(names)} channels", where=path, fix="save it with at most four")
            chosen = list(range(len(names)))
            picks.append(_picked(path, found, tuple(chosen), part, f"its channels are {', '.join(names)}"))
        label = found.get_string_attribute("oiio:subimagename") if part else ""
        left += [f"{label}.{name}" if label else name for i, name in enumerate(names) if i not in chosen]
    words = tuple(f"channel {name}" for name in left) if len(left) < 5 else (f"channels {', '.join(left)}",)
    return tuple(picks), words


def _parts(source: oiio.ImageInput) -> Iterator[tuple[int, oiio.ImageSpec]]:
    part = 0
    while source.seek_subimage(part, 0):
        yield part, source.spec()
        part += 1
    source.seek_subimage(0, 0)
    complaint(source)  # forget that there is no further part


def _pictures(names: tuple[str, ...]) -> Iterator[tuple[int, ...]]:
    """Yield the channels of each layer that is a picture, in the order of the file."""
    found: dict[str, dict[str, int]] = {}
    for i, name in enumerate(names):
        layer, _, base = name.rpartition(".")
        found.setdefault(layer, {})[base.upper()] = i
    for channels in found.values():
        for colours in COLOURS:
            if all(colour in channels for colour in colours) and not (colours[0] == "Y" and "X" in channels):
                yield tuple(channels[colour] for colour in colours)
                break


def _alike(one: Pick, other: Pick) -> bool:
    bases = ([name.rpartition(".")[2].upper() for name in pick.names] for pick in (one, other))
    return next(bases) == next(bases) and one.depth is other.depth


def _picked(path: Path, found: oiio.ImageSpec, chosen: tuple[int, ...], part: int, note: str = "") -> Pick:
    kept = tuple(found.channelnames[i] for i in chosen)
    depth = _depth(path, found, chosen)
    formats = {str(found.channelformat(i)) for i in chosen}
    if len(formats) > 1:
        note = "; ".join(filter(None, [note, f"{' and '.join(sorted(formats))} channels, all read as {depth.value}"]))
    alpha = next((i for i, name in enumerate(kept) if name.rpartition(".")[2].upper() == "A"), None)
    start, stop = min(chosen), max(chosen) + 1
    order = tuple(i - start for i in chosen)
    return Pick(kept, start, stop, None if order == tuple(range(stop - start)) else order, depth, alpha, note, part)


def _depth(path: Path, found: oiio.ImageSpec, chosen: tuple[int, ...]) -> Depth:
    """Return the widest depth among the chosen channels, so that nothing is lost."""
    formats = [str(found.channelformat(i)) for i in chosen]
    for name in formats:
        if name not in DEPTHS:
            raise UnsupportedImage(
                f"has {name} samples", where=path, fix="save it with 8 or 16 bits, half or float samples"
            )
    return max((DEPTHS[name] for name in formats), key=lambda depth: (depth.bits, depth.is_float))
