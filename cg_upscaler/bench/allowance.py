"""Says roughly what a machine can do: how many texels a second at most, and how wide a texture its memory holds."""

from __future__ import annotations

from dataclasses import dataclass

from cg_upscaler.backends.memory import free_bytes
from cg_upscaler.bench.ceiling import Ceiling
from cg_upscaler.bench.flops import flops_per_texel
from cg_upscaler.models.shape import RRDBShape
from cg_upscaler.spec import DeviceInfo

WIDTH = 256
"""Texels across the bands that are timed: the default network's convolutions take two tenths of a second there on two
slow cores, and a card is as busy as it gets."""

SIDE = 1024
"""Of the texture that is taken for an example."""

_BAND = 32
_RUNS = 10
_PATIENCE_S = 1.0
_SHARE = 0.5
"""Of the free memory that textures may hold."""


@dataclass(frozen=True, slots=True)
class Speed:
    """At most, in the device's own fast precision."""

    teraflops: float
    texels_per_s: float


@dataclass(frozen=True, slots=True)
class Room:
    """What the free memory of one device allows."""

    device: str
    free_bytes: int
    widest: int
    """Texels across of the widest texture that goes through the default network in bands, whatever its height."""
    at_once: int
    """Textures of `SIDE` across."""


def speed(device: DeviceInfo, shape: RRDBShape | None = None) -> Speed:
    """Return what the default network's convolutions alone allow, in a second or so."""
    shape = shape or RRDBShape()
    ceiling = Ceiling(shape, WIDTH, device.fast, device.name)
    texels = 1 / ceiling.seconds_per_texel(_RUNS, _PATIENCE_S)
    return Speed(texels * flops_per_texel(shape) * 1e-12, texels)


def rooms(device: DeviceInfo) -> tuple[Room, ...]:
    """Return what the memory of the machine allows, and that of a card where networks run on one."""
    names = ["cpu", device.name] if device.name.startswith("cuda") else ["cpu"]
    found = []
    for name in names:
        free = free_bytes(name)
        if free is not None:
            widest = int(free * _SHARE / bytes_per_column(RRDBShape()))
            found.append(Room(name, free, widest, widest // SIDE))
    return tuple(found)


def bytes_per_column(shape: RRDBShape) -> int:
    """Return about what a network in bands holds for each texel across, in float32; half of that in 16 bits.

    Each dense block keeps six rows of all its features for the next band, each basic block fifteen and the trunk all
    those that its features lag behind; at its largest, two maps of the head wait for each other.
    """
    width, joined = shape.width, shape.width + 4 * shape.growth
    kept = shape.blocks * (3 * 6 * joined + 15 * width) + 15 * shape.blocks * width
    work = (_BAND + 6) * joined + 2 * width * _BAND * (1 << 2 * shape.upsamplings)
    return 4 * (kept + work) // shape.unshuffle
