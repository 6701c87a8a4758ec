"""What measured pixels mean by themselves: the tell-tale signs of each kind, and how strong each is."""

from __future__ import annotations

from cg_upscaler.library.classify.clue import Clue, colors_of, percent
from cg_upscaler.library.classify.numbers import numbers
from cg_upscaler.library.survey.evidence import AlphaClass, Evidence, HiddenColor
from cg_upscaler.maps import MapKind, Meaning
from cg_upscaler.spec import ImageSpec

__all__ = [
    "Clue",
    "by_pixels",
    "could_be_normal",
    "evidently_transparent",
    "looks_painted",
    "normal",
    "object_space",
    "percent",
]


_TINY = 16
"""Texels a side, of what is drawn texel by texel whatever its colours."""
_GRADUAL = 0.93
"""The likeness of neighbouring lines from which on so small a picture is a glow or a gradient."""


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
    if len(vectors.mean) < 3:
        return None
    x, y, z = vectors.mean
    if vectors.curls and z > 0.4 and max(abs(x), abs(y)) < 0.3 and evidence.correlation < 0.6:
        why = "upright vectors, and the slopes of a surface"  # of lengths that compression or a filter has changed
        return Clue(MapKind.NORMAL, why, 0.4 + 0.55 * max(vectors.unit, vectors.curl.confidence * 0.8))
    if vectors.unit < 0.7:
        return None
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
    sides = 0.1 < vectors.outward < 0.9 and all(abs(value) < 0.5 for value in vectors.mean)
    if vectors.unit > 0.85 and sides and evidence.correlation < 0.6:  # above that, it is one gray of their length
        why = f"{percent(vectors.unit)} of texels are unit vectors to all sides: object space"
        return Clue(MapKind.DATA, why, 0.8, meaning=Meaning.OBJECT_NORMALS)
    return None


def _light(spec: ImageSpec, evidence: Evidence) -> Clue | None:
    brightest = max(evidence.high)
    if spec.container == "hdr" or (spec.depth.is_float and brightest > 1 and colors_of(spec) >= 3):
        return Clue(MapKind.ENVIRONMENT, f"linear light up to {brightest:.3g}", 0.8)
    return None


def _pixel_art(spec: ImageSpec, evidence: Evidence) -> Clue | None:
    if spec.depth.bits > 8:
        return None
    if not evidence.blocks:
        return _tiny(spec, evidence)
    size = f"in blocks of {evidence.blocks} texels" if evidence.blocks > 1 else "texel by texel"
    why = f"drawn {size} in {evidence.colors} colours with hard edges"
    return Clue(MapKind.PIXEL_ART, why, 0.75 if evidence.blocks > 1 else 0.65)


def _tiny(spec: ImageSpec, evidence: Evidence) -> Clue | None:
    """Tell what is so small that each texel was placed: a square, or squares in a row, that is no glow or gradient."""
    short, long = sorted((spec.size.width, spec.size.height))
    near = min(evidence.seam_x.near, evidence.seam_y.near)
    softly = evidence.alpha.clear + evidence.alpha.solid < 1 or evidence.one_dimensional or near > _GRADUAL
    if not 8 <= short <= _TINY or long % short or softly:
        return None
    return Clue(MapKind.PIXEL_ART, f"a picture of {spec.size} texels, each unlike the next", 0.5)


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
    colors = "one colour of 8 bits" if evidence.colors == 1 else f"{evidence.colors:,} colours"
    return Clue(MapKind.BASE_COLOR, f"looks like a picture: {colors}", 0.4 if few else 0.6)


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
    ends = evidence.seam_x.clear and evidence.seam_y.clear
    if alpha.hidden is HiddenColor.OTHER and 0.2 <= alpha.clear <= 0.95 and ends:
        return "what it hides is unlike what is seen, and it ends before the borders"
    return None
