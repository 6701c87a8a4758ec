"""How a picture is brought to the size of another, so that the two can be held against each other."""

from __future__ import annotations

from dataclasses import dataclass

from cg_upscaler.geometry import Edges, Size
from cg_upscaler.pixels.fit import fitted
from cg_upscaler.pixels.resample import shrink
from cg_upscaler.pixels.rows import Pixels
from cg_upscaler.pixels.views import Array


@dataclass(frozen=True, slots=True)
class Fit:
    """A size, and what there is to know of the picture that is brought to it."""

    size: Size
    edges: Edges = Edges()
    vertices: bool = False
    """Texels stand on the vertices of a grid, 2 a side or more: where these lie upon each other, one is the other."""

    @classmethod
    def to(cls, picture: Pixels) -> Fit:
        """Return the fit to another picture (h, w, c) of which no more is known."""
        return cls(Size(picture.shape[1], picture.shape[0]))

    def __call__(self, picture: Pixels) -> Pixels:
        """Return a picture (h, w, c) of any numbers that may be filtered as they are, at this size."""
        height, width = picture.shape[:2]
        tall, wide = height / self.size.height, width / self.size.width
        if not self.vertices and tall == wide and tall.is_integer():
            return shrink(picture, int(tall))
        if self.vertices:
            down, across = (height - 1) / (self.size.height - 1), (width - 1) / (self.size.width - 1)
            if down.is_integer() and across.is_integer():
                return picture[:: int(down), :: int(across)]
        return fitted(Array(picture), self.size, self.edges, vertices=self.vertices).rows(0, self.size.height)
