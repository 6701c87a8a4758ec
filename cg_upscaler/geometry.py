"""Sizes, regions, edges and cuts: where things are, in whole texels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple


class Edge(str, Enum):
    """What lies beyond the border of a picture along one axis."""

    WRAP = "wrap"  # the other side: tileable textures
    MIRROR = "mirror"  # the picture reflected about its border, edge texel repeated (GL_MIRRORED_REPEAT)
    CLAMP = "clamp"  # the edge texel, for ever (GL_CLAMP_TO_EDGE)
    ZERO = "zero"  # nothing: what a convolution's own padding sees


def resolve(index: int, length: int, edge: Edge) -> int | None:
    """Return which texel stands for position `index` of an axis of `length` texels, or None where `ZERO` has none.

    This is the definition of `Edge`. Every verb and every engine is tested against it. Mirroring repeats the
    edge texel, so that it is the same picture at any scale: the mirror stands on the border of the texel and not on
    its centre.
    """
    if length < 1:
        raise ValueError(f"an axis has at least one texel, not {length}")
    if 0 <= index < length:
        return index
    if edge is Edge.WRAP:
        return index % length
    if edge is Edge.MIRROR:
        folded = index % (2 * length)
        return folded if folded < length else 2 * length - 1 - folded
    if edge is Edge.CLAMP:
        return 0 if index < 0 else length - 1
    return None


class Wraps(NamedTuple):
    """Along which axes something goes on at its other side."""

    x: bool = False
    y: bool = False


@dataclass(frozen=True, slots=True)
class Edges:
    """What lies beyond the borders, per axis."""

    x: Edge = Edge.MIRROR
    y: Edge = Edge.MIRROR

    @classmethod
    def both(cls, edge: Edge) -> Edges:
        return cls(edge, edge)


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height in texels, both at least 1."""

    width: int
    height: int

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ValueError(f"a size is at least 1×1, not {self.width}×{self.height}")

    @property
    def pixels(self) -> int:
        return self.width * self.height

    @property
    def levels(self) -> int:
        """How many mip levels there are down to 1×1, the first among them."""
        return max(self.width, self.height).bit_length()

    def level(self, number: int) -> Size:
        """Return the size of a mip level, of which 0 is the first. Halves are cut off, as in all graphics APIs."""
        return Size(max(1, self.width >> number), max(1, self.height >> number))

    def __mul__(self, factor: int) -> Size:
        return Size(self.width * factor, self.height * factor)

    def __str__(self) -> str:
        return f"{self.width}×{self.height}"


@dataclass(frozen=True, slots=True)
class Span:
    """Positions start ≤ i < stop of one axis; may reach beyond the picture, where `Edge` says what is there."""

    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    def grow(self, before: int, after: int | None = None) -> Span:
        return Span(self.start - before, self.stop + (before if after is None else after))

    def __mul__(self, factor: int) -> Span:
        return Span(self.start * factor, self.stop * factor)


@dataclass(frozen=True, slots=True)
class Cells:
    """A grid of pictures that share one file and nothing else: a sprite sheet, a flipbook, an atlas of equal parts."""

    columns: int
    rows: int
    gutter: int = 0
    """Texels on each side of a cell that only keep it apart from its neighbours."""

    def __post_init__(self) -> None:
        if self.columns < 1 or self.rows < 1 or self.gutter < 0:
            raise ValueError(f"not a grid: {self}")

    def content(self, size: Size) -> Size | None:
        """Return the size of a cell without its gutters, or None where the grid does not divide a picture so."""
        width, height = size.width // self.columns, size.height // self.rows
        inner = width - 2 * self.gutter, height - 2 * self.gutter
        if size != Size(width * self.columns, height * self.rows) or min(inner) < 1:
            return None
        return Size(*inner)


@dataclass(frozen=True, slots=True)
class Tiled:
    """How the blended engine divides a picture: into tiles, in source texels.

    Each tile owns up to `tile` × `tile` texels. It reads `padding` more on each side where a neighbour follows (or
    where the edge wraps), and `border` more where the picture ends. Of what it read it hands over its own texels and
    `overlap` more, across which neighbours are blended; the rest, `padding - overlap` texels, is context only.
    """

    tile: int
    padding: int
    overlap: int
    border: int

    def __post_init__(self) -> None:
        if self.tile < 1 or not 0 <= self.overlap <= self.padding or self.border < 0:
            raise ValueError(f"not a cut: {self}")

    def spans(self, length: int) -> Iterator[Span]:
        """Divide an axis of `length` texels into the fewest spans of at most `tile`, as equal as whole texels allow."""
        count = -(-length // self.tile)
        for i in range(count):
            yield Span(length * i // count, length * (i + 1) // count)


@dataclass(frozen=True, slots=True)
class Bands:
    """How the exact engine goes through a picture: in bands of its whole width.

    Beyond each side lie `border` texels of what its edges say, and beyond those zeros, as in the network itself. Where
    an axis wraps the network goes on at the other side by itself; down the height only where all is one band, and else
    `prime` texels of the other side come first and last, and what they give is dropped.
    """

    rows: int
    """Of a band, in rows of the network's features: of its input, or of each `multiple` of them. 0: all at once."""
    border: int
    """In source texels, as is `prime`."""
    prime: int

    def __post_init__(self) -> None:
        if self.rows < 0 or self.border < 0 or self.prime < 0:
            raise ValueError(f"not a cut: {self}")


@dataclass(frozen=True, slots=True)
class Chained:
    """How each of several networks that follow one another divides the picture that it is shown."""

    steps: tuple[Tiled | Bands, ...]


Cut = Tiled | Bands | Chained
"""How a picture is divided. Fixed by its job, so that equal jobs give equal pixels."""
