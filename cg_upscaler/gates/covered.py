"""Coverage: how much of a cut-out passes the alpha test."""

from __future__ import annotations

from cg_upscaler.gates.part import STRIP, Part
from cg_upscaler.pixels.coverage import passes_from
from cg_upscaler.pixels.rows import Pixels, blocks
from cg_upscaler.spec import Depth


class Coverage:
    """A running count of the texels that pass, as they will once they are rounded to the levels of their file."""

    def __init__(self, part: Part, threshold: float, depth: Depth) -> None:
        self._part, self._at = part, passes_from(threshold, depth)
        (channel,) = part.group.channels
        size = part.source.size
        covered = sum(int((block[:, :, channel] >= self._at).sum()) for block in blocks(part.source, STRIP))
        self._before, self._size = covered / size.pixels, size.pixels
        self._covered, self._texels = 0, 0

    def take(self, rows: Pixels, top: int) -> None:
        alpha = self._part.after(rows)
        self._covered += int((alpha >= self._at).sum())
        self._texels += alpha.size

    def value(self) -> float:
        """Return the change as a share of the source's coverage; 0 where it is a texel of the source or less."""
        change = abs(self._covered / max(1, self._texels) - self._before)
        if change * self._size <= 1:
            return 0.0
        return change / self._before if self._before else 1.0
