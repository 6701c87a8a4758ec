"""Floor 4: runs a network over a whole picture, and gives it back as rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from cg_upscaler.geometry import Cut, Edges
from cg_upscaler.pixels.rows import Rows, Source
from cg_upscaler.spec import ModelInfo, Precision

Tick = Callable[[float], None]
"""Told the share done, 0 … 1. May raise, to stop the work."""


class Generator(Protocol):
    """A network that takes whole pictures."""

    @property
    def info(self) -> ModelInfo: ...

    def run(self, source: Source, cut: Cut, edges: Edges, precision: Precision, tick: Tick) -> Rows:
        """Enlarge a picture in model space, 0 … 1, by `info.scale`. What comes is in no range in particular.

        Raises `OutOfMemory`, `NonFinite` and `Blank` (`checked`), after which nothing that came may be used.
        """
        ...
