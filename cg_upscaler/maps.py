"""What a texture can hold, and the policy for each: one table, a row per kind."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class MapKind(str, Enum):
    """Which map a texture is."""

    BASE_COLOR = "base_color"
    NORMAL = "normal"
    ROUGHNESS = "roughness"
    GLOSS = "gloss"
    METALLIC = "metallic"
    OCCLUSION = "occlusion"
    HEIGHT = "height"
    EMISSIVE = "emissive"
    OPACITY = "opacity"
    SPECULAR = "specular"
    PACKED = "packed"  # several maps, one a channel
    ENVIRONMENT = "environment"  # light: HDR panoramas, matcaps, light maps
    SPRITE = "sprite"  # UI and particles: colour with transparency, not part of a surface
    PIXEL_ART = "pixel_art"  # drawn texel by texel: enlarged by whole factors, without any filter
    DATA = "data"  # numbers that only look like a picture: copied through


class ColorSpace(str, Enum):
    """How stored numbers relate to light."""

    SRGB = "srgb"  # colour under the sRGB transfer curve
    LINEAR = "linear"  # colour proportional to light
    DATA = "data"  # no colour at all: vectors, heights, masks


class NormalConvention(str, Enum):
    """Which way the green channel of a normal map points. Upscaling keeps it; only a conversion changes it."""

    OPENGL = "opengl"  # Y+, up the texture
    DIRECTX = "directx"  # Y-, down the texture


class AlphaMode(str, Enum):
    """What the alpha channel means."""

    NONE = "none"  # there is none
    OPAQUE = "opaque"  # one and the same value everywhere
    CUTOUT = "cutout"  # transparency, all or nothing
    BLEND = "blend"  # transparency by degrees, colour straight (not premultiplied)
    PREMULTIPLIED = "premultiplied"  # transparency by degrees, colour multiplied by it: particles, Spine, DXT2 and DXT4
    MASK = "mask"  # data that happens to sit in the fourth channel; colour has nothing to do with it


class Role(str, Enum):
    """What a channel group is, and hence how it goes through a generator."""

    COLOR = "color"  # three channels together, in sRGB
    SCALAR = "scalar"  # one channel by itself
    ALPHA = "alpha"  # one channel that is transparency
    NORMAL = "normal"  # unit vectors


class Meaning(str, Enum):
    """What data that only looks like a picture is."""

    LOOKUP = "look-up table"
    RAMP = "ramp"
    PALETTE = "palette"
    IDS = "ID mask"
    WEIGHTS = "splat weights"
    FLOW = "flow map"
    DISTANCE = "distance field"
    POSITIONS = "positions"
    MOTION = "motion vectors"
    COORDINATES = "texture coordinates"
    DITHER = "dither pattern"
    ENCODED = "encoded colour"  # RGBM, RGBE, RGBD, YCoCg
    OBJECT_NORMALS = "object-space normals"
    OTHER = "other data"


class Treatment(str, Enum):
    """How the channels of a kind are split into groups."""

    COLOR = "color"  # the first three together (or the only one), alpha apart
    CHANNELS = "channels"  # every channel by itself
    NORMAL = "normal"  # the first three (or two) are a vector, the rest by themselves
    COPY = "copy"  # the file as it is


NEAREST, LINEAR, BICUBIC = "nearest", "linear", "bicubic"
PLAIN = (NEAREST, LINEAR, BICUBIC)
"""The model names that stand for plain resampling, with no network."""

COLORS, NORMALS = "cg-color-x4", "cg-normal-x4"
"""The models of our own, for pictures and for normal maps. What draws gray pictures draws masks and heights, too; the
other is for panels and the like, and is no map's unless it is asked for (docs/decisions/0022-own-weights.md)."""

X4PLUS = "realesrgan-x4plus"
"""Real-ESRGAN's, for photographs: large, and sharp."""

FITTING: dict[Meaning, str | None] = {
    **dict.fromkeys(Meaning),
    Meaning.IDS: NEAREST,
    Meaning.WEIGHTS: LINEAR,
    Meaning.FLOW: LINEAR,
    Meaning.DISTANCE: LINEAR,
}
"""The plain resampling that keeps data what it is, where there is one: between two IDs there is none, between two
weights there is. The rest is addressed by texel, or decoded before it could be filtered."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How textures of a kind are treated unless a rule says otherwise."""

    treatment: Treatment
    color_space: ColorSpace
    """Of the colour channels of an integer file. Float files hold linear light where this says sRGB."""
    model: str | None
    """A model's name; None takes the run's own."""
    fidelity: float
    """0 … 1: how far the result, box-filtered down, is made to equal the source."""
    why: str
    grain: float = 0.0
    """0 … 1: how much of the source's fine grain is continued into the detail that is new."""
    usual: tuple[str, ...] = (X4PLUS,)
    """What it takes where the run leaves the model open: the first of these that is under a licence that is allowed."""

    @property
    def plain(self) -> str | None:
        """The resampling that takes the place of the kind's own model where nothing is to be drawn."""
        return self.model if self.model in (None, *PLAIN) else BICUBIC


_SURFACE_MASK = "a mask holds numbers, not light; the generator draws its edges and the match keeps its values"
_TRUE = (COLORS, X4PLUS)
"""Where it matters more that a result is right than that it looks sharp."""

POLICIES: dict[MapKind, Policy] = {
    MapKind.BASE_COLOR: Policy(Treatment.COLOR, ColorSpace.SRGB, None, 1.0, "the generator was trained for it"),
    MapKind.NORMAL: Policy(
        Treatment.NORMAL, ColorSpace.DATA, BICUBIC, 1.0, "vectors, which a generator for colour bends"
    ),
    MapKind.ROUGHNESS: Policy(Treatment.COLOR, ColorSpace.DATA, None, 1.0, _SURFACE_MASK, usual=_TRUE),
    MapKind.GLOSS: Policy(Treatment.COLOR, ColorSpace.DATA, None, 1.0, _SURFACE_MASK, usual=_TRUE),
    MapKind.METALLIC: Policy(Treatment.COLOR, ColorSpace.DATA, None, 1.0, _SURFACE_MASK, usual=_TRUE),
    MapKind.OCCLUSION: Policy(Treatment.COLOR, ColorSpace.DATA, None, 1.0, _SURFACE_MASK, usual=_TRUE),
    MapKind.HEIGHT: Policy(
        Treatment.CHANNELS, ColorSpace.DATA, COLORS, 1.0, "a height must stay smooth in all of its levels"
    ),
    MapKind.EMISSIVE: Policy(Treatment.COLOR, ColorSpace.SRGB, None, 1.0, "light seen by the eye, like base color"),
    MapKind.OPACITY: Policy(Treatment.CHANNELS, ColorSpace.DATA, None, 1.0, "edges of a mask"),
    MapKind.SPECULAR: Policy(Treatment.COLOR, ColorSpace.SRGB, None, 1.0, "reflected colour", usual=_TRUE),
    MapKind.PACKED: Policy(
        Treatment.CHANNELS, ColorSpace.DATA, None, 1.0, "channels must not bleed into each other", usual=_TRUE
    ),
    MapKind.ENVIRONMENT: Policy(Treatment.COLOR, ColorSpace.SRGB, None, 1.0, "a picture of light", usual=_TRUE),
    MapKind.SPRITE: Policy(Treatment.COLOR, ColorSpace.SRGB, None, 1.0, "a picture with transparency"),
    MapKind.PIXEL_ART: Policy(Treatment.COLOR, ColorSpace.SRGB, NEAREST, 0.0, "its texels are what was drawn"),
    MapKind.DATA: Policy(Treatment.COPY, ColorSpace.DATA, None, 0.0, "no generator may touch it"),
}
