"""The tell-tale signs of data that only looks like a picture: look-up tables, weights, distance fields, codes."""

from __future__ import annotations

from cg_upscaler.library.classify.clue import Clue, colors_of, percent
from cg_upscaler.library.survey.evidence import AlphaClass, Evidence
from cg_upscaler.maps import MapKind, Meaning
from cg_upscaler.spec import ImageSpec

_ID_COLORS = 64
_ID_TEXELS = 64 * 64
_RAMP_ASPECT = 8
_RAMP_WIDTH = 32


def numbers(spec: ImageSpec, evidence: Evidence) -> Clue | None:
    """Tell data that only looks like a picture. Precise rather than complete: no picture is ever taken for it."""
    return (
        lookup(spec, evidence)
        or _ramp(spec, evidence)
        or weights(evidence)
        or (None if evidence.blocks > 1 else _ids(spec, evidence))
        or _field(evidence)
        or _below_zero(spec, evidence)
        or _positions(spec, evidence)
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


def _positions(spec: ImageSpec, evidence: Evidence) -> Clue | None:
    """Tell an animation of vertices: from one to the next all is different, and from frame to frame hardly anything."""
    if spec.depth.bits == 8 or colors_of(spec) < 3:
        return None
    calm, wild = sorted((evidence.seam_x, evidence.seam_y), key=lambda seam: seam.usual)
    if not calm.measured or wild.usual <= 0.1 * wild.range or calm.usual > 0.1 * wild.usual:
        return None
    why = "noise in one direction and smooth in the other: vertices in time"
    return Clue(MapKind.DATA, why, 0.65, meaning=Meaning.POSITIONS)


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
