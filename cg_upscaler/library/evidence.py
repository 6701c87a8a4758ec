"""What the pixels of a texture say, as plain numbers: measured once, kept with the source's hash."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class AlphaClass(str, Enum):
    """The values that an alpha channel takes."""

    NONE = "none"  # there is none
    CONSTANT = "constant"
    BINARY = "binary"  # all or nothing, but for texels on the border between the two
    GRADIENT = "gradient"


class HiddenColor(str, Enum):
    """What lies where alpha is 0."""

    NONE = "none"  # there are no such texels
    ONE = "one"  # one value, or hardly anything but black or white: nobody painted it
    LIKE_VISIBLE = "like_visible"  # about what is seen elsewhere
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class AlphaEvidence:
    """Of the alpha channel. Shares are of all texels, and exact."""

    values: AlphaClass = AlphaClass.NONE
    low: float = 1.0
    high: float = 1.0
    clear: float = 0.0
    """Share of texels at 0."""
    solid: float = 1.0
    """Share of texels at the top, or as near to it as block compression comes."""
    hidden: HiddenColor = HiddenColor.NONE


@dataclass(frozen=True, slots=True)
class VectorEvidence:
    """Of the first three colour channels, taken for vectors. Shares are of the sample."""

    unit: float = 0.0
    """Share of vectors with a length of 0.9 … 1.1."""
    outward: float = 0.0
    """Share of vectors with z above 0."""
    mean: tuple[float, ...] = ()
    disc: float = 0.0
    """Share of texels whose first two channels lie in the unit disc: all that a two-channel normal map can show."""
    swizzled: bool = False
    """x in alpha and y in green, as DXT5 normal maps have it."""
    signed: bool = False
    """Stored as -1 … 1, as only float files can."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was seen in a texture. Exact over every texel where nothing else is said, otherwise of a fixed sample."""

    low: tuple[float, ...]
    """The least finite value of each channel."""
    high: tuple[float, ...]
    """The greatest finite value of each channel; above 1 only in float files."""
    finite: bool
    """Neither NaN nor infinity."""
    gray: bool
    """The colour channels are equal in every texel, or there is but one."""
    one_dimensional: bool
    """All rows are equal, or all columns, but for rounding; and not both."""
    alpha: AlphaEvidence
    vectors: VectorEvidence
    chroma: float
    """Distance of the greatest from the least colour channel, in the 99th percentile of the sample."""
    correlation: float
    """The least correlation between two colour channels of the sample; 0 where one is constant, 1 for gray."""
    colors: int
    """How many colours of 8 bits a channel the sample shows."""
    common: float
    """Share of the sample in colours that each hold at least a thousandth of it."""
    flat: float
    """Share of neighbours in the sample that are of one colour."""
    primary: float
    """Share of the sample whose colour channels are all 0 or 1."""
    extreme: float
    """Share of the sample at black or white, given that both are there; 0 otherwise."""
    sum_to_one: float
    """Share of the sample whose channels sum to one, given that two of them vary."""
    distance: float
    """Share of a single channel's slopes that are as steep as most, given that they point everywhere."""
    lookup: int
    """The side of the colour cube that the picture is a strip of, or 0."""

    @property
    def constant(self) -> tuple[bool, ...]:
        """Which channels hold one value throughout."""
        return tuple(low == high for low, high in zip(self.low, self.high, strict=True))
