"""What measured pixels mean by themselves: the tell-tale signs of each kind, and how strong each is."""

from __future__ import annotations

from dataclasses import dataclass

from cg_upscaler.library.evidence import AlphaClass, Evidence, HiddenColor
from cg_upscaler.maps import MapKind, Meaning
from cg_upscaler.spec import ImageSpec

_ID_COLORS = 64
_ID_TEXELS = 64 * 64
_RAMP_ASPECT = 8
_RAMP_WIDTH = 32


@dataclass(frozen=True, slots=True)
class Clue:
    """A kind that pixels speak for, and the sign."""

    kind: MapKind
    why: str
    confidence: float
    note: str = ""
    meaning: Meaning | None = None
    """Of data: what it is."""


def percent(share: float) -> str:
    """Write a share so that what is not all does not read as all."""
    shown = f"{100 * share:.0f} %"
    if share < 1 and shown == "100 %":
        return "over 99 %"
    return "under 1 %" if share > 0 and shown == "0 %" else shown


def by_pixels(spec: ImageSpec, evidence: Evidence) -> Clue:
    """Return what a texture without a telling name most likely is."""
    return (
        _constant(evidence)
        or normal(evidence)
        or object_space(evidence)
        or numbers(spec, evidence)
        or _light(spec, evidence)
        or _pixel_art(spec, evidence)
        or _gray(spec, evidence)
        or _picture(spec, evidence)
    )


def colors_of(spec: ImageSpec) -> int:
    """How many channels are no alpha."""
    return spec.channels - (spec.alpha is not None)


def _constant(evidence: Evidence) -> Clue | None:
    if not all(evidence.constant):
        return None
    flat = len(evidence.vectors.mean) == 3 and all(
        abs(value - wanted) < 0.02 for value, wanted in zip(evidence.vectors.mean, (0, 0, 1), strict=True)
    )
    if flat:
        return Clue(MapKind.NORMAL, "the colour of a flat normal throughout", 0.6)
    return Clue(MapKind.BASE_COLOR, "one colour throughout", 0.4)


def normal(evidence: Evidence) -> Clue | None:
    """Tell a tangent-space normal map: unit vectors that lean about equally to all sides of straight up.

    A picture can hold vectors of the right length by chance, but its channels rise and fall together, and it leans.
    Two channels that are in the unit disc are vectors if they are, besides, the slopes of a surface.
    """
    vectors = evidence.vectors
    if vectors.surface and (len(vectors.layout) == 2 or vectors.swizzled):
        where = " and ".join("xy"[i] + f" in channel {channel + 1}" for i, channel in enumerate(vectors.layout[:2]))
        return Clue(MapKind.NORMAL, f"the slopes of a surface: {where}", 0.5 + 0.4 * vectors.curl.confidence)
    if vectors.unit < 0.7 or len(vectors.mean) < 3:
        return None
    x, y, z = vectors.mean
    upright = z > (0.3 if vectors.unit > 0.95 else 0.5) and max(abs(x), abs(y)) < 0.2
    if vectors.outward > 0.98 and upright and evidence.correlation < 0.6:
        stored = ", stored as -1 … 1" if vectors.signed else ""
        why = f"{percent(vectors.unit)} of texels are unit vectors{stored}"
        return Clue(MapKind.NORMAL, why, 0.4 + 0.55 * vectors.unit)
    return None


def could_be_normal(spec: ImageSpec, evidence: Evidence) -> bool:
    """Whether nothing speaks against a name that promises a normal map, however badly normalised."""
    vectors = evidence.vectors
    if all(evidence.constant) or (vectors.unit > 0.25 and vectors.outward > 0.9):
        return True
    if colors_of(spec) == 2 or len(vectors.layout) == 2:
        return vectors.disc > 0.9
    if len(vectors.mean) < 3 or evidence.gray:
        return False
    x, y, z = vectors.mean
    return vectors.outward > 0.9 and z > 0.4 and max(abs(x), abs(y)) < 0.3 and evidence.correlation < 0.6


def object_space(evidence: Evidence) -> Clue | None:
    """Tell normals that point to all sides of an object: they turn with it, and x is no more across than down."""
    vectors = evidence.vectors
    if vectors.unit > 0.85 and 0.1 < vectors.outward < 0.9 and all(abs(value) < 0.5 for value in vectors.mean):
        why = f"{percent(vectors.unit)} of texels are unit vectors to all sides: object space"
        return Clue(MapKind.DATA, why, 0.8, meaning=Meaning.OBJECT_NORMALS)
    return None


def numbers(spec: ImageSpec, evidence: Evidence) -> Clue | None:
    """Tell data that only looks like a picture. Precise rather than complete: no picture is ever taken for it."""
    return (
        lookup(spec, evidence)
        or _ramp(spec, evidence)
        or weights(evidence)
        or (None if evidence.blocks > 1 else _ids(spec, evidence))
        or _field(evidence)
        or _below_zero(spec, evidence)
        or encoded(spec, evidence)
        or flow(evidence)
    )


def lookup(spec: ImageSpec, evidence: Evidence) -> Clue | None:
    """Tell a cube of colours laid out as tiles."""
    if not evidence.lookup:
        return None
    return Clue(MapKind.DATA, f"{spec.size} look-up table of {evidence.lookup}³ colours", 0.95, meaning=Meaning.LOOKUP)


def _ramp(spec: ImageSpec, evidence: Evidence) -> Clue | None:
    # A gradient sky is one-dimensional too, but it has the shape of a picture.
    short, long = sorted((spec.size.width, spec.size.height))
    if not evidence.one_dimensional or short > _RAMP_WIDTH or long < _RAMP_ASPECT * short:
        return None
    return Clue(MapKind.DATA, f"{spec.size} ramp", 0.85, meaning=Meaning.RAMP)


def weights(evidence: Evidence) -> Clue | None:
    """Tell the weights of blended materials."""
    if evidence.sum_to_one < 0.98:
        return None
    why = f"the channels of {percent(evidence.sum_to_one)} of texels sum to one: weights"
    return Clue(MapKind.DATA, why, 0.85, meaning=Meaning.WEIGHTS)


def _ids(spec: ImageSpec, evidence: Evidence) -> Clue | None:
    """Tell areas of hard colours. Where edges are smoothed, many more colours appear, each of them rare."""
    hard = 3 <= evidence.colors <= _ID_COLORS and evidence.common > 0.995 and evidence.flat > 0.93
    opaque = evidence.alpha.values in (AlphaClass.NONE, AlphaClass.CONSTANT)
    if not hard or not opaque or evidence.chroma < 0.2 or spec.size.pixels < _ID_TEXELS:
        return None
    why = f"{evidence.colors} flat colours with hard edges: IDs or a palette"
    return Clue(MapKind.DATA, why, 0.75, meaning=Meaning.IDS)


def _field(evidence: Evidence) -> Clue | None:
    if evidence.distance < 0.85:
        return None
    why = f"{percent(evidence.distance)} of its slopes are alike: a distance field"
    return Clue(MapKind.DATA, why, 0.75, meaning=Meaning.DISTANCE)


def _below_zero(spec: ImageSpec, evidence: Evidence) -> Clue | None:
    lowest = min(evidence.low)
    if not spec.depth.is_float or lowest > -0.1 * max(1e-6, *evidence.high):
        return None
    if len(evidence.low) == 1:
        return Clue(MapKind.HEIGHT, f"one channel down to {lowest:.3g}", 0.5)
    meaning = Meaning.MOTION if colors_of(spec) == 2 else Meaning.POSITIONS
    return Clue(MapKind.DATA, f"numbers down to {lowest:.3g}: no light is below 0", 0.6, meaning=meaning)


def encoded(spec: ImageSpec, evidence: Evidence) -> Clue | None:
    """Tell colour that is only colour after arithmetic with alpha: RGBM, and YCoCg with brightness in alpha."""
    alpha, vectors = evidence.alpha, evidence.vectors
    if spec.alpha is None or colors_of(spec) < 3 or alpha.values is not AlphaClass.GRADIENT or evidence.gray:
        return None
    if evidence.full > 0.95 and alpha.clear == 0 and alpha.levels > 16 and evidence.chroma > 0.1:
        why = f"{percent(evidence.full)} of colours are as bright as can be, and alpha the factor: RGBM"
        return Clue(MapKind.DATA, why, 0.75, meaning=Meaning.ENCODED)
    near = max(abs(vectors.mean[0]), abs(vectors.mean[1])) < 0.2 and evidence.muted > 0.95
    if near and evidence.third_levels <= 4 and alpha.levels > 32 and not vectors.surface:
        why = "two channels stay near one half, and brightness is in alpha: YCoCg"
        return Clue(MapKind.DATA, why, 0.7, meaning=Meaning.ENCODED)
    return None


def flow(evidence: Evidence) -> Clue | None:
    """Tell directions of a flow: two channels within the disc that are no slopes of a surface, and no third."""
    vectors = evidence.vectors
    if len(vectors.mean) < 3 or vectors.surface or evidence.third_levels > 1 or evidence.gray:
        return None
    centred = max(abs(vectors.mean[0]), abs(vectors.mean[1])) < 0.25
    if centred and vectors.disc > 0.999 and vectors.outward in (0.0, 1.0) and evidence.smooth:
        why = "two smooth channels around one half, the third constant: a flow"
        return Clue(MapKind.DATA, why, 0.65, meaning=Meaning.FLOW)
    return None


def _light(spec: ImageSpec, evidence: Evidence) -> Clue | None:
    brightest = max(evidence.high)
    if spec.container == "hdr" or (spec.depth.is_float and brightest > 1 and colors_of(spec) >= 3):
        return Clue(MapKind.ENVIRONMENT, f"linear light up to {brightest:.3g}", 0.8)
    return None


def _pixel_art(spec: ImageSpec, evidence: Evidence) -> Clue | None:
    if not evidence.blocks or spec.depth.bits > 8:
        return None
    size = f"in blocks of {evidence.blocks} texels" if evidence.blocks > 1 else "texel by texel"
    why = f"drawn {size} in {evidence.colors} colours with hard edges"
    return Clue(MapKind.PIXEL_ART, why, 0.75 if evidence.blocks > 1 else 0.65)


def _gray(spec: ImageSpec, evidence: Evidence) -> Clue | None:
    if not evidence.gray:
        return None
    if colors_of(spec) == 1 and spec.depth.bits > 8:
        return Clue(MapKind.HEIGHT, f"one channel of {spec.depth.bits} bits", 0.5)
    if evidence.extreme > 0.97 and evidence.alpha.values in (AlphaClass.NONE, AlphaClass.CONSTANT):
        return Clue(MapKind.OPACITY, f"{percent(evidence.extreme)} of texels are black or white", 0.5)
    if evidence.smooth and evidence.colors > 64 and evidence.alpha.values is AlphaClass.NONE:
        return Clue(MapKind.HEIGHT, f"a smooth gray picture of {evidence.colors} levels", 0.4)
    return Clue(MapKind.BASE_COLOR, f"a gray picture of {evidence.colors} levels", 0.45)


def _picture(spec: ImageSpec, evidence: Evidence) -> Clue:
    if colors_of(spec) == 2:
        vectors = evidence.vectors
        if vectors.disc > 0.99 and max(abs(value) for value in vectors.mean) < 0.1:
            return Clue(MapKind.NORMAL, f"two channels, {percent(vectors.disc)} of texels within the unit disc", 0.6)
        return Clue(MapKind.PACKED, "two channels", 0.4)
    few = evidence.colors < 64
    return Clue(MapKind.BASE_COLOR, f"looks like a picture: {evidence.colors:,} colours", 0.4 if few else 0.6)


def looks_painted(evidence: Evidence) -> bool:
    """Whether it is a coloured picture beyond doubt: light and shade run through all of its channels alike."""
    return evidence.chroma > 0.1 and evidence.correlation > 0.6 and evidence.colors > 256


def evidently_transparent(evidence: Evidence) -> str | None:
    """Return the sign that alpha is transparency, if pixels alone show one."""
    alpha = evidence.alpha
    if alpha.values is AlphaClass.BINARY and alpha.hidden is HiddenColor.OTHER and alpha.clear >= 0.05:
        return "what it hides is unlike what is seen"
    if alpha.hidden is HiddenColor.ONE and alpha.clear >= 0.01:
        return "what it hides is one colour"
    return None
