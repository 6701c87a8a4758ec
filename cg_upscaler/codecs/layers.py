"""Chooses which channels of a file are its picture: all of them, or the first layer of an OpenEXR with many."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import OpenImageIO as oiio

from cg_upscaler.errors import UnsupportedImage
from cg_upscaler.spec import Depth

DEPTHS = {depth.value: depth for depth in Depth}
COLOURS = ("RGBA", "RGB", "YA", "Y")
"""What a layer is looked through for, in this order."""


@dataclass(frozen=True, slots=True)
class Pick:
    """Channels start ≤ i < stop of a file, and of these the ones in `order`, or all."""

    names: tuple[str, ...]
    start: int
    stop: int
    order: tuple[int, ...] | None
    depth: Depth
    alpha: int | None
    note: str = ""


def pick(path: Path, found: oiio.ImageSpec, container: str) -> Pick:
    """Return the picture's channels. Raises `UnsupportedImage` for samples or channels that are not handled."""
    names = tuple(found.channelnames)
    chosen, note = tuple(range(len(names))), ""
    if container == "exr":
        chosen, note = _layer(names)
    if not 1 <= len(chosen) <= 4:
        raise UnsupportedImage(f"has {len(names)} channels", where=path, fix="save it with at most four")
    depth = _depth(path, found, chosen)
    kept = tuple(names[i] for i in chosen)
    alpha = next((i for i, channel in enumerate(chosen) if channel == found.alpha_channel), None)
    if container == "exr":
        alpha = next((i for i, name in enumerate(kept) if name.rpartition(".")[2].upper() == "A"), None)
    if container == "tga" and len(kept) == 2:
        alpha = 1  # gray and alpha, which OpenImageIO calls R and G
    start, stop = min(chosen), max(chosen) + 1
    order = tuple(i - start for i in chosen)
    return Pick(kept, start, stop, None if order == tuple(range(stop - start)) else order, depth, alpha, note)


def _layer(names: tuple[str, ...]) -> tuple[tuple[int, ...], str]:
    """Return the channels of the first layer that is a picture, and a note on those that are left out."""
    layers: dict[str, dict[str, int]] = {}
    for i, name in enumerate(names):
        layer, _, base = name.rpartition(".")
        layers.setdefault(layer, {})[base.upper()] = i
    for channels in layers.values():
        for colours in COLOURS:
            if all(colour in channels for colour in colours) and not (colours[0] == "Y" and "X" in channels):
                chosen = tuple(channels[colour] for colour in colours)
                left = [name for i, name in enumerate(names) if i not in chosen]
                return chosen, f"not read: {', '.join(left)}" if left else ""
    return tuple(range(len(names))), f"its channels are {', '.join(names)}"


def _depth(path: Path, found: oiio.ImageSpec, chosen: tuple[int, ...]) -> Depth:
    """Return the widest depth among the chosen channels, so that nothing is lost."""
    formats = [str(found.channelformat(i)) for i in chosen]
    for name in formats:
        if name not in DEPTHS:
            raise UnsupportedImage(
                f"has {name} samples", where=path, fix="save it with 8 or 16 bits, half or float samples"
            )
    return max((DEPTHS[name] for name in formats), key=lambda depth: (depth.bits, depth.is_float))
