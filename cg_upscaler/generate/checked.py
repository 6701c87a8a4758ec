"""Watches what comes out of a generator: numbers throughout, and a picture where it was shown one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from cg_upscaler.errors import Blank, NonFinite
from cg_upscaler.geometry import Size
from cg_upscaler.pixels.rows import Pixels, Rows, Source, blocks
from cg_upscaler.spec import Precision

_SAME = 0.5 / 255
"""What differs by less is one colour."""

_PICTURE = 2 / 255
"""Standard deviation of a source from which on it shows something. What stays within four levels never has it, and may
well come out as one colour: generators smooth noise away."""


@dataclass(frozen=True, slots=True)
class Checked:
    """`Rows` of a generator, passed on as they are.

    Raises `NonFinite` before a block with NaN or infinity, and `Blank` after the last where all of it, held within
    0 … 1, was one colour, black among them, and the source is not nearly that. Nothing that came may be used then.
    """

    rows: Rows
    source: Source
    """What the generator was shown, in model space."""
    model: str
    precision: Precision

    @property
    def size(self) -> Size:
        return self.rows.size

    @property
    def channels(self) -> int:
        return self.rows.channels

    def __iter__(self) -> Iterator[Pixels]:
        colour: Pixels | None = None
        blank = True
        for block in self.rows:
            if not np.isfinite(block).all():
                raise NonFinite(self._gave("NaN or infinity"), fix=self._fix)
            if blank:
                seen = np.clip(block, 0, 1)
                colour = seen[0, 0] if colour is None else colour
                blank = bool(np.abs(seen - colour).max() < _SAME)
            yield block
        if blank and colour is not None and _shows_something(self.source):
            what = "an all-black picture" if colour.max() < _SAME else "one colour throughout"
            raise Blank(self._gave(what), fix=self._fix)

    def _gave(self, what: str) -> str:
        return f"{self.model} gave {what} in {self.precision.value}"

    @property
    def _fix(self) -> str:
        return "choose another model" if self.precision is Precision.FLOAT32 else "run it in float32"


def _shows_something(source: Source) -> bool:
    """Whether any channel has contrast. Asked only where a result has none."""
    total = squares = np.zeros(source.channels)
    for block in blocks(source):
        seen = np.clip(block, 0, 1).astype(np.float64)
        total, squares = total + seen.sum((0, 1)), squares + np.square(seen).sum((0, 1))
    mean = total / source.size.pixels
    return bool((squares / source.size.pixels - np.square(mean)).max() > _PICTURE**2)
