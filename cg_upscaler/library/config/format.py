"""What can be asked of the file that a result becomes: container, encoding, depth, channels, mip levels."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, PlainValidator, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from cg_upscaler.codecs import WRITTEN, encodings
from cg_upscaler.job import MipFilter
from cg_upscaler.library.config.course import MODEL
from cg_upscaler.library.config.notation import NotAmong
from cg_upscaler.spec import Depth, Effort

KEEP = "keep"

_DEPTHS = {8: Depth.UINT8, 16: Depth.UINT16, 32: Depth.FLOAT, "half": Depth.HALF, "float": Depth.FLOAT}
_MODES = {"rgb": "rgb", "rgba": "rgba", "gray": "gray", "indexed": "indexed"}
_SWIZZLE = re.compile("[rgbayz01]{1,4}")


class Chain(str, Enum):
    """How far a chain of mip levels goes."""

    KEEP = "keep"  # in the source's own way: to 1×1, to 4×4, nowhere
    NONE = "none"
    FULL = "full"  # to 1×1
    BLOCKS = "4x4"  # to the last level that has four texels a side


@dataclass(frozen=True, slots=True)
class AskedMips:
    """How many mip levels are asked for."""

    chain: Chain = Chain.KEEP
    share: float | None = None
    """Instead: 0 … 1 of a full chain."""


class Mode(str, Enum):
    """Which channels a file is to have."""

    RGB = "rgb"
    RGBA = "rgba"
    GRAY = "gray"
    INDEXED = "indexed"


@dataclass(frozen=True, slots=True)
class AskedChannels:
    """Which channels are asked for: a mode, or letters, each of which says where a channel comes from."""

    mode: Mode | None = None
    swizzle: str = ""


def to_container(value: Any) -> str:
    """Read the name of a container, or its suffix in any case."""
    known = (KEEP, *WRITTEN)
    names = {"jpeg": "jpg", "tiff": "tif", "openexr": "exr"}
    word = str(value).lower().lstrip(".") if isinstance(value, str) else ""
    word = names.get(word, word)
    if word not in known:
        raise NotAmong(known)
    return word


def to_depth(value: Any) -> Depth | Literal["keep"]:
    """Read bits of a sample: 8, 16, 32, or ``half``."""
    if value == KEEP:
        return "keep"
    if isinstance(value, bool) or not isinstance(value, (int, str)) or value not in _DEPTHS:
        raise NotAmong([KEEP, *map(str, _DEPTHS)])
    return _DEPTHS[value]


def to_channels(value: Any) -> AskedChannels:
    """Read ``rgba``, ``gray``, ``indexed`` …, or letters such as ``bgra`` and ``1g1r``."""
    if value == KEEP:
        return AskedChannels()
    if isinstance(value, str) and value in _MODES:
        return AskedChannels(mode=Mode(value))
    text = str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    if not _SWIZZLE.fullmatch(text):
        raise ValueError("keep, rgb, rgba, gray, indexed, or up to four letters of rgba, y, z, 0 and 1 such as bgra")
    return AskedChannels(swizzle=text)


def to_mips(value: Any) -> AskedMips:
    """Read ``keep``, ``none``, ``full``, ``4x4``, or a share of a full chain."""
    if isinstance(value, bool):
        return AskedMips(Chain.FULL if value else Chain.NONE)
    if isinstance(value, (int, float)) and 0 < value <= 1:
        return AskedMips(share=float(value))
    try:
        return AskedMips(Chain(value))
    except ValueError:
        raise ValueError(f"{', '.join(chain.value for chain in Chain)}, or a share of a full chain above 0") from None


def _as_format(value: Any) -> Any:
    return {"container": value} if isinstance(value, str) else value


def to_encoding(value: Any) -> str:
    """Read the name of a block format, a packing or a compression; those of DirectX 9 stand for ours."""
    known = dict.fromkeys(name for container in WRITTEN for name in encodings(container))
    word = str(value).lower() if isinstance(value, str) else ""
    word = _DIRECTX.get(word, word)
    if word != KEEP and word not in known:
        raise NotAmong([KEEP, *known])
    return word


_DIRECTX = {"dxt1": "bc1", "dxt3": "bc2", "dxt5": "bc3", "ati1": "bc4", "ati2": "bc5", "3dc": "bc5"}
_WORDS = [KEEP, *WRITTEN]
_Encoding = Annotated[str, PlainValidator(to_encoding), WithJsonSchema({"type": "string"})]
_Container = Annotated[str, PlainValidator(to_container), WithJsonSchema({"enum": _WORDS})]
_Depth = Annotated[
    Depth | Literal["keep"], PlainValidator(to_depth), WithJsonSchema({"enum": [KEEP, *dict.fromkeys(_DEPTHS)]})
]
_Channels = Annotated[AskedChannels, PlainValidator(to_channels), WithJsonSchema({"type": "string"})]
_Mips = Annotated[
    AskedMips,
    PlainValidator(to_mips),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": [chain.value for chain in Chain]},
                {"type": "boolean"},
                {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
            ]
        }
    ),
]


class Format(BaseModel):
    """The file that a result becomes. None leaves it to the next in line, and in the end to the source."""

    model_config = MODEL

    @model_validator(mode="after")
    def _goes_together(self) -> Format:
        if self.container in (None, KEEP) or self.encoding in (None, KEEP):
            return self
        known = encodings(str(self.container))
        if self.encoding not in known:
            what = f"{self.encoding!r} is none of the encodings of {self.container}"
            fix = f"choose one of {', '.join(known)}" if known else "leave it out"
            raise PydanticCustomError(
                "other_encoding", "{what}; {fix}", {"what": what, "fix": fix, "setting": "encoding"}
            )
        return self

    container: _Container | None = None
    """The format, by its usual suffix: `png`, `tga`, `dds` …; `keep`: the source's."""
    encoding: _Encoding | None = None
    """Block format, packing or compression: `bc7`, `b5g6r5`, `zip`, `rle`, `none` …; `keep`: the source's."""
    effort: Effort | None = None
    """How much time block compression takes: `fast`, `normal`, `best`."""
    depth: _Depth | None = None
    """Bits of a sample: 8, 16, 32, `half`; `keep`: the source's."""
    channels: _Channels | None = None
    """`rgb`, `rgba`, `gray`, `indexed` (a palette), or a letter for where each channel comes from: `bgra`, `1g1r`."""
    mips: _Mips | None = None
    """`none`, `full` (to 1×1), `4x4`, a share of a full chain such as 0.5; `keep`: in the source's own way."""
    mip_filter: MipFilter | None = None
    """What mip levels are filtered with: `kaiser`, `box`, `triangle`."""
    own_mips: Literal["keep", "replace"] | None = None
    """Levels of the source that somebody made by hand: `keep` them at their own size, or `replace` them."""
    roughness_from_normals: Annotated[bool, Field(strict=True)] | None = None
    """Widen a roughness in its mip levels by what its material's normal map loses there."""
    srgb: Literal["keep", True, False] | None = None
    """The flag of DDS and KTX2 files that says that numbers are under the sRGB curve."""
    header: Literal["keep", "legacy", "dx10"] | None = None
    """Which header a DDS file gets: that of DirectX 9 or that of DirectX 10."""
    rows: Literal["keep", "top", "bottom"] | None = None
    """Where the rows of a TGA begin."""
    jpeg_quality: Annotated[int, Field(strict=True, ge=1, le=100)] | None = None
    """1 … 100."""
    png_level: Annotated[int, Field(strict=True, ge=0, le=9)] | None = None
    """0 … 9: how long zlib looks for a shorter file. Pixels are the same."""


AskedFormat = Annotated[Format, BeforeValidator(_as_format)]
"""A format; one word is its container."""
