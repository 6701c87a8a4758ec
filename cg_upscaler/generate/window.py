"""Rows of feature maps while a picture goes by in bands: which are there, and which are kept for the next band.

In step t a band of `band` rows comes in. Each convolution sees a row further down than it gives, so what it gives lags
a row behind, and a layer with `lag` such convolutions before it computes the rows [t·band - lag, (t+1)·band - lag) that
the picture has. Every row has its number in the picture, nothing outside the picture is ever computed, and steps go on
until the last layer has given the last row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import zeros

from cg_upscaler.geometry import Size, Span, Wraps


@dataclass(frozen=True, slots=True)
class Space:
    """The plane that feature maps lie in, and how it is gone through."""

    sizes: tuple[Size, ...]
    """Of the pictures that go through together. Each stands in the upper left of a plane that holds the largest."""
    band: int
    """Rows of a step. Where the plane's height and all lags fit in, a single step does it all."""
    wraps: Wraps
    device: str

    @property
    def width(self) -> int:
        return max(size.width for size in self.sizes)

    @property
    def height(self) -> int:
        return max(size.height for size in self.sizes)

    def rows(self, step: int, lag: int) -> Span:
        """Return the rows that a layer computes in a step; empty where they are not in the picture."""
        start, stop = (min(max((step + i) * self.band - lag, 0), self.height) for i in (0, 1))
        return Span(start, stop)

    def steps(self, lag: int) -> int:
        """Return how many steps it takes until a layer has given its last row."""
        return -(-(self.height + lag) // self.band)

    def enlarged(self, factor: int, band: int | None = None) -> Space:
        """Return the plane of maps so many times as large, gone through in bands of `band` of the smaller rows."""
        sizes = tuple(size * factor for size in self.sizes)
        return replace(self, sizes=sizes, band=(self.band if band is None else band) * factor)


def memory(space: Space, channels: int, dtype: torch.dtype, *, keep: int = 0, border: bool = False) -> torch.Tensor:
    """Return memory for a step's rows and `keep` before them: zeros, (n, rows, width, channels)."""
    rows, around = (min(space.band + keep, space.height + 2), 2) if keep else (min(space.band, space.height), 0)
    columns = space.width + around * border
    return zeros((len(space.sizes), rows, columns, channels), dtype=dtype, device=space.device)


class Window:
    """The rows of one feature map that a step can see: those it brings, and `keep` before them.

    `data` is (n, rows, width, channels). With a `border` it has a column more on both sides, and convolutions may read
    the rows -1 and `height`: there lies what their padding would be, zero, or the other side where the plane wraps.
    """

    def __init__(
        self,
        space: Space,
        channels: int,
        lag: int,
        dtype: torch.dtype,
        *,
        keep: int = 0,
        border: bool = False,
        shared: torch.Tensor | None = None,
        maps: Sequence[slice] = (),
    ) -> None:
        """`shared` is memory that windows use in turn; between `begin` and `end` it is this one's. Its `maps` are
        channels that come one row later each, and are kept one row less."""
        self.space, self.lag, self.keep, self.column = space, lag, keep, int(border)
        self.data = memory(space, channels, dtype, keep=keep, border=border) if shared is None else shared
        self.top = self._top(0)
        self.maps = maps or (slice(channels),)
        again = shared is not None and space.steps(lag + keep) > 1
        self.past = [
            torch.zeros_like(self.data[:, : keep - i, :, some], memory_format=torch.contiguous_format)
            for i, some in enumerate(self.maps if again else ())
        ]

    def _top(self, step: int) -> int:
        return max(-1, step * self.space.band - self.lag - self.keep)

    def _kept(self, step: int, lag: int) -> Span:
        """Return the rows, of what lags so much, that stay from the step before."""
        stop = self.space.rows(step - 1, lag).stop
        return Span(min(self._top(step), stop), stop)

    def begin(self, step: int) -> Window:
        """Go on to a step: bring the rows that are kept to where they belong, and put zeros beyond the picture."""
        top = self._top(step)
        for i, (some, past) in enumerate(zip(self.maps, self.past, strict=False)):
            kept = len(self._kept(step, self.lag + i))
            self.data[:, :kept, :, some] = past[:, :kept]
        shift = top - self.top
        if shift and not self.past:
            kept = len(self._kept(step, self.lag))
            for row in range(0, kept, shift):  # what is copied at a time never overlaps
                rows = min(shift, kept - row)
                self.data[:, row : row + rows] = self.data[:, row + shift : row + shift + rows]
        self.top = top
        if self.column:
            for row in (-1, self.space.height):
                if 0 <= row - top < self.data.shape[1]:
                    self.data[:, row - top].zero_()
        return self

    def end(self, step: int) -> None:
        """Keep what the next step needs, before another window uses the memory that is shared."""
        for i, (some, past) in enumerate(zip(self.maps, self.past, strict=False)):
            kept = self._kept(step + 1, self.lag + i)
            past[:, : len(kept)] = self.data[:, self.at(kept.start) : self.at(kept.stop), :, some]

    def at(self, row: int) -> int:
        """Return where in `data` a row of the picture is."""
        return row - self.top

    def rows(self, span: Span, channels: int | None = None) -> torch.Tensor:
        """Return rows of the picture, without the border, and the first of its channels."""
        columns = slice(self.column, self.column + self.space.width)
        return self.data[:, self.at(span.start) : self.at(span.stop), columns, :channels]

    def put(self, span: Span, values: torch.Tensor, times: int = 1) -> None:
        """Set rows of the picture, in the first of its channels, to values; made so many times as large, by nearest."""
        if len(span):
            target = self.rows(span, values.shape[3])
            if times > 1:
                target = target.unflatten(1, (-1, times)).unflatten(3, (-1, times))  # type: ignore[no-untyped-call]
                values = values[:, :, None, :, None]
            target.copy_(values)
            self.mend(span, 0, target.shape[-1])

    def mend(self, span: Span, channel: int, channels: int) -> None:
        """Make what lies beyond the pictures right again, after these rows and channels were written."""
        if not self.column or not len(span):
            return
        space, some = self.space, slice(channel, channel + channels)
        new = self.data[:, self.at(span.start) : self.at(span.stop), :, some]
        width, height = space.width, space.height
        for i, size in enumerate(space.sizes):
            if size.width < width:
                new[i, :, 1 + size.width :] = 0
            if size.height < height:
                new[i, max(0, size.height - span.start) :] = 0
        if space.wraps.x:
            new[:, :, 0], new[:, :, -1] = new[:, :, width], new[:, :, 1]
        if space.wraps.y:  # only where one step does it all
            self.data[:, 0, :, some] = self.data[:, height, :, some]
            self.data[:, height + 1, :, some] = self.data[:, 1, :, some]
