"""What is known of an image file, of a model and of a device before any of them is opened for work."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from cg_upscaler.geometry import Size
from cg_upscaler.maps import ColorSpace


class Depth(str, Enum):
    """The type of one sample in a file."""

    UINT8 = "uint8"
    UINT16 = "uint16"
    HALF = "half"
    FLOAT = "float"

    @property
    def bits(self) -> int:
        return {"uint8": 8, "uint16": 16, "half": 16, "float": 32}[self.value]

    @property
    def is_float(self) -> bool:
        return self in (Depth.HALF, Depth.FLOAT)

    @property
    def levels(self) -> int:
        """How many steps lie between 0 and 1, for the integer depths."""
        if self.is_float:
            raise ValueError(f"{self.value} has no fixed levels")
        return (1 << self.bits) - 1


class Effort(str, Enum):
    """How much time an encoder of blocks takes for quality."""

    FAST = "fast"
    NORMAL = "normal"
    BEST = "best"


@dataclass(frozen=True, slots=True)
class Storage:
    """How a file holds its samples, beyond their number and type. What is not said is left to the format's writer."""

    encoding: str = ""
    """Block format, packing of bits or compression, in lower case: ``bc1`` … ``bc7``, ``bgra8``, ``b5g6r5`` …, ``rle``,
    ``zip``, ``dwaa`` … ``none`` is a choice too; empty leaves it to the writer."""
    levels: int = 1
    """Mip levels of each slice, the first among them."""
    slices: int = 1
    """Pictures of one size in one file, held one below the other: layers of an array, faces of cubes."""
    cube: bool = False
    """Every six slices are the faces of a cube: +X, -X, +Y, -Y, +Z, -Z."""
    srgb: bool | None = None
    """The flag that says of a DDS or KTX2 file that its numbers are under the sRGB curve; None where there is none."""
    legacy: bool = False
    """A DDS header without the part of DirectX 10."""
    from_bottom: bool = False
    """The rows of a TGA stand in the file from the lowest up."""
    wraps: tuple[bool, ...] = ()
    """Of a ``.tx``: whether it goes on at its other side, across and down. Empty: that is not said."""
    effort: Effort = Effort.FAST
    quality: int | None = None
    """1 … 100, of JPEG; None is the writer's usual."""
    squeeze: int | None = None
    """0 … 9: zlib's level, of PNG; None is the writer's usual."""


@dataclass(frozen=True, slots=True)
class ImageSpec:
    """An image file as its header tells it, or as it is to be written."""

    size: Size
    """Of one slice, at the first mip level."""
    channels: int
    depth: Depth
    container: str
    """The format's name, which is its usual suffix without the dot: ``png``, ``tga``, ``exr`` …"""
    color_space: ColorSpace = ColorSpace.SRGB
    """What the file says of its colour channels, or else what its format usually means."""
    alpha: int | None = None
    """The index of the alpha channel, where the format has one."""
    lossy: bool = False
    """Stored with loss (JPEG, block compression): its finest detail is the codec's and not the artist's."""
    indexed: bool = False
    """Stored as a palette; read as the colours that it stands for."""
    storage: Storage = Storage()
    carries: tuple[str, ...] = ()
    """What the file holds beside its texels, in words of `codecs.metadata`: ``ICC profile``, ``text`` …"""
    note: str = ""
    """What a reader of the plan should know: ``BC3, 9 mips``."""

    @property
    def bytes(self) -> int:
        """Of all slices, decoded, without further mip levels."""
        return self.stack.pixels * self.channels * self.depth.bits // 8

    @property
    def stack(self) -> Size:
        """The size of the picture that is read: all slices, one below the other."""
        return Size(self.size.width, self.size.height * self.storage.slices)

    @property
    def pictures(self) -> tuple[Size, ...]:
        """The sizes of all pictures of the file in the order in which they are written: each slice with its levels."""
        return tuple(self.size.level(level) for level in range(self.storage.levels)) * self.storage.slices


class Precision(str, Enum):
    """The arithmetic of a generator. A plan holds a resolved one, never `AUTO`."""

    AUTO = "auto"
    FLOAT32 = "float32"
    FLOAT16 = "float16"
    BFLOAT16 = "bfloat16"
    MIXED = "mixed"  # bfloat16 convolutions; residual sums, first and last layers in float32


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A generator as known without loading it."""

    name: str
    architecture: str
    scale: int
    channels: int
    """How many it takes and gives; 0 where any number will do."""
    reach: int | None
    """Source texels beyond which a texel's influence stays below half a level of 255; None until it is measured."""
    horizon: int | None = None
    """Source texels beyond which nothing has any influence; None where that is not known."""
    multiple: int = 1
    """Input sides must be multiples of this (pixel-unshuffle); the generator pads and crops."""
    weights: str = ""
    """SHA-256 of the weights file, in hex; empty where there are none."""
    parameters: int = 0
    held: int = 0
    """Numbers that the exact engine keeps from band to band, for each column of `multiple` source texels; 0: it does
    not run this network."""
    live: int = 0
    """Numbers that it has in memory at a time, for each `multiple` × `multiple` source texels of a band."""
    licence: str = "unknown"
    """An SPDX expression; empty where there is nothing to license."""
    source: str = ""
    """Where the weights lie or come from."""
    most: int = 0
    """Texels a side that it takes at a time, where it takes one size alone; smaller inputs are filled up. 0: any."""
    precisions: tuple[Precision, ...] = ()
    """In which it may be run; none: in all that the device has."""
    parts: tuple[Share, ...] = ()
    """Of a blend: the models whose weights are averaged."""
    steps: tuple[ModelInfo, ...] = ()
    """Of a chain: the models that are run one after another, each on what the one before gave."""


@dataclass(frozen=True, slots=True)
class Share:
    """A model's part in a blend."""

    model: ModelInfo
    share: float
    """0 … 1; over all parts they sum to 1."""


class Reach(NamedTuple):
    """How far a generator was measured to look."""

    texels: int
    note: str = ""
    """What a reader of the plan should know, where that is as far as was tried and not far enough."""


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """A device that runs generators."""

    name: str
    """As torch spells it: ``cpu``, ``cuda:0``, ``mps``."""
    label: str
    """As its maker spells it."""
    fast: Precision
    """The fastest precision that keeps an 8-bit texture right."""
    supported: tuple[Precision, ...]
    why: str = ""
    """Why `fast` is what it is."""

    def precision_for(self, wanted: Precision, depth: Depth) -> Precision:
        """Resolve `AUTO`: the fast precision for 8-bit textures, float32 for deeper ones."""
        if wanted is not Precision.AUTO:
            return wanted
        return self.fast if depth is Depth.UINT8 else Precision.FLOAT32
