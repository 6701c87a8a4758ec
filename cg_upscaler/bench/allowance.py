"""Says roughly what a machine can do: how many texels a second at most, and how wide a texture its memory holds."""

from __future__ import annotations

from dataclasses import dataclass

from cg_upscaler.backends.memory import free_bytes
from cg_upscaler.bench.ceiling import Ceiling
from cg_upscaler.bench.flops import flops_per_texel
from cg_upscaler.cut import bands, widest
from cg_upscaler.demand import memory
from cg_upscaler.geometry import Edges, Size
from cg_upscaler.models import catalog
from cg_upscaler.models.shape import RRDBShape
from cg_upscaler.spec import DeviceInfo, Precision

WIDTH = 256
"""Texels across the bands that are timed: the default network's convolutions take two tenths of a second there on two
slow cores, and a card is as busy as it gets."""

SIDE = 1024
"""Of the texture that is taken for an example."""

_EXAMPLE = Size(SIDE, SIDE)

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
    """Texels across of the widest texture, `SIDE` high or higher, that goes through the default network in bands."""
    at_once: int
    """Textures of `SIDE` a side."""


def speed(device: DeviceInfo, shape: RRDBShape | None = None) -> Speed:
    """Return what the default network's convolutions alone allow, in a second or so."""
    shape = shape or RRDBShape()
    ceiling = Ceiling(shape, WIDTH, device.fast, device.name)
    texels = 1 / ceiling.seconds_per_texel(_RUNS, _PATIENCE_S)
    return Speed(texels * flops_per_texel(shape) * 1e-12, texels)


def rooms(device: DeviceInfo) -> tuple[Room, ...]:
    """Return what the memory of the machine allows, and that of a card where networks run on one."""
    names = ["cpu", device.name] if device.name.startswith("cuda") else ["cpu"]
    model, edges = catalog.PUBLISHED[catalog.REFERENCE].info, Edges()
    cut = bands(_EXAMPLE, model, edges)
    found = []
    for name in names:
        free = free_bytes(name)
        if free is not None:
            left = int(free * _SHARE)
            across = widest(left, SIDE, cut, model, edges, Precision.FLOAT32)
            found.append(Room(name, free, across, left // memory(_EXAMPLE, cut, model, edges, Precision.FLOAT32)))
    return tuple(found)
