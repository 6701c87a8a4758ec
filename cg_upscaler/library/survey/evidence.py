"""What the pixels of a texture say, as plain numbers: measured once, kept with the source's hash."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

SURFACE = 0.5
"""The agreement in the curl test, and its confidence, from which on two channels are the slopes of a surface."""


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
    within: float = 0.0
    """Share of partly transparent texels that are no brighter than their alpha, if what is clear is black."""
    reaching: float = 0.0
    """How far the brightest channel of partly transparent texels rises relative to alpha: the 90th percentile."""
    levels: int = 0
    """How many values of 8 bits each hold more than a thousandth of the sample."""
    soft: float = 0.0
    """Share of what shows in the sample that is partly transparent and on no border of clear and solid."""


@dataclass(frozen=True, slots=True)
class Seam:
    """Of one axis: how the picture meets itself where its two borders are put together. Jumps are means of a line."""

    measured: bool = False
    """False for a picture of a few lines, and for one with nothing but transparency at one of these borders."""
    jump: float = 0.0
    """Across the border."""
    usual: float = 0.0
    """Between neighbouring lines inside: the median."""
    hard: float = 0.0
    """Between neighbouring lines inside: the 99th percentile."""
    hardest: float = 0.0
    """Between neighbouring lines inside: the greatest."""
    range: float = 0.0
    """From the 1st to the 99th percentile of the values, in the channel where that is most."""
    alike: float = 0.0
    """The correlation of the two border lines."""
    near: float = 0.0
    """The usual correlation of neighbouring lines inside."""
    least: float = 0.0
    """What it hardly ever falls below: the 2nd percentile."""
    blank: bool = False
    """One of the border lines holds one colour throughout, so that likeness says nothing."""
    plain: bool = False
    """Each of them does."""
    clear: bool = False
    """One of the border lines is transparent throughout, or both."""
    afloat: bool = False
    """What shows on each border line is one piece, with transparency at its sides, as of a disc that touches it."""


@dataclass(frozen=True, slots=True)
class Curl:
    """How the cross derivatives of a normal map's slopes agree; what tells Y+ from Y-."""

    agreement: float = 0.0
    """-1 … 1. Above 0 green points down the texture (DirectX), below 0 up (OpenGL); 0 says nothing."""
    share: float = 0.0
    """Share of the blocks of the picture that say the same."""

    @property
    def confidence(self) -> float:
        """0 … 1: how sure the sign is. It takes blocks that are of one opinion, and a surface."""
        return max(0.0, 2 * self.share - 1) * min(1.0, abs(self.agreement) / 0.35)


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
    signed: bool = False
    """Stored as -1 … 1, as only float files can."""
    layout: tuple[int, ...] = ()
    """The channels that hold x, y and, where it is there, z, if these may be the normals of a surface."""
    curl: Curl = Curl()
    """Of the vectors in that layout."""

    @property
    def surface(self) -> bool:
        """Whether there is more to that layout than chance: unit vectors, or slopes that pass the curl test well.

        Flows agree somewhat too: what streams around a centre has the slopes of a saddle.
        """
        return bool(self.layout) and (self.curls or (self.layout == (0, 1, 2) and self.unit > 0.7))

    @property
    def curls(self) -> bool:
        """Whether the curl test takes it for the slopes of a surface, beyond chance."""
        return self.curl.confidence >= SURFACE and abs(self.curl.agreement) >= SURFACE

    @property
    def swizzled(self) -> bool:
        """Whether these may be normals, but not as x, y and z in the first channels, in that order."""
        return bool(self.layout) and self.layout != tuple(range(len(self.mean)))


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
    """Share of slopes that are as steep as most, given that they point everywhere: of a single channel, of the alpha
    over one colour, or of the median of three channels."""
    full: float
    """Share of the sample whose brightest channel is at the top."""
    muted: float
    """Share of the sample whose first two channels are within a quarter of one half."""
    third_levels: int
    """How many values of 8 bits the third channel takes, of those that are not rare; 0 where there is none."""
    lookup: int
    """The side of the colour cube that the picture is a strip of, or 0."""
    seam_x: Seam = Seam()
    """How the left border meets the right one."""
    seam_y: Seam = Seam()
    """How the top meets the bottom."""
    blocks: int = 0
    """The side in texels of what pixel art is drawn in; 1 at its own size, 0 where it is none."""
    own_mips: bool = False
    """The mip levels below the first are no smaller versions of it: somebody made them by hand."""

    @property
    def smooth(self) -> bool:
        """Whether neighbouring lines are nearly the same everywhere, as in heights and in flows."""
        return min(self.seam_x.near, self.seam_y.near) > 0.97

    @property
    def constant(self) -> tuple[bool, ...]:
        """Which channels hold one value throughout."""
        return tuple(low == high for low, high in zip(self.low, self.high, strict=True))
