"""Where generators run, behind one small interface."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import cg_upscaler.models  # noqa: F401  (tells torch how to behave, before anything loads it)
from cg_upscaler.geometry import Wraps
from cg_upscaler.pixels.rows import Pixels
from cg_upscaler.spec import ModelInfo, Precision


class Network(Protocol):
    """A generator, ready to run on some device."""

    @property
    def info(self) -> ModelInfo: ...

    def run(self, window: Pixels, precision: Precision) -> Pixels:
        """Return float32 (h·scale, w·scale, channels), not clamped, for float32 (h, w, channels) in 0 … 1.

        Any size from 1×1 up. What lies beyond the window's borders is the network's own affair. Raises OutOfMemory.
        """
        ...


@runtime_checkable
class WrappingNetwork(Network, Protocol):
    """One that can see a window go on at its other side, and so needs no context along an axis that wraps."""

    def run_wrapped(self, window: Pixels, precision: Precision, wraps: Wraps) -> Pixels:
        """Do what `run` does, for a window that is whole along the axes that wrap, and a multiple of its `multiple`."""
        ...
