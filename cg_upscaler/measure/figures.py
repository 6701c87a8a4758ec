"""Takes all measures that make sense for a texture: of a result against its source, and against the truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cg_upscaler.maps import AlphaMode, ColorSpace
from cg_upscaler.measure import flip
from cg_upscaler.measure.angular import angles, off_unit
from cg_upscaler.measure.consistency import consistency, vector_consistency
from cg_upscaler.measure.coverage import coverage
from cg_upscaler.measure.drift import drift
from cg_upscaler.measure.fit import Fit
from cg_upscaler.measure.fringe import composite_error, fringe, over
from cg_upscaler.measure.highlight import highlight_error
from cg_upscaler.measure.levels import levels
from cg_upscaler.measure.noise import noise
from cg_upscaler.measure.psnr import psnr
from cg_upscaler.measure.seam import seam
from cg_upscaler.measure.spectrum import detail_ratio
from cg_upscaler.measure.ssim import ssim
from cg_upscaler.measure.subject import Subject, shown
from cg_upscaler.pixels import normals
from cg_upscaler.pixels.rows import Pixels, to_float

_GRAY = (0.5, 0.5, 0.5)
"""What stands behind transparent pictures while they are compared."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """How like two pictures of one size are. None: makes no sense for the kind."""

    psnr: float
    """Decibels: of colour over mid-gray where it is transparent, of light under a log curve, of vectors as stored."""
    ssim: float
    """-1 … 1."""
    flip: float | None
    """0 … 1; of pictures for the eye only."""
    degrees: float | None
    """Mean angle between vectors."""
    degrees_p95: float | None
    degrees_worst: float | None
    composite: float | None
    """Levels of 255 about transparent edges, over black, white and magenta."""
    fringe: float | None
    """Levels of 255 about transparent edges by which visible colour is another, wherever the edge runs."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a result kept of its source, which is as large or smaller."""

    drift: float | None
    """Levels of 255 by which the mean visible colour moved; None for vectors, which have no colour."""
    consistency: float
    """Decibels between the source and the result, filtered to its size, in stored numbers."""
    coverage: float | None
    """Of cut-outs: change of what passes the alpha test, as a share of the source's."""
    coverage_texels: float | None
    """The same in texels of the source."""
    seam: float
    """Levels of 255 by which the wrap seam of the result goes beyond that of the source."""
    off_unit: float | None
    """Of vectors: largest | |v| - 1 |."""
    highlights: float | None
    """Of light beyond 1: by which share the brightest changed, at worst."""
    levels: int
    """Different values in the result."""
    step: float
    """The largest distance between two neighbouring ones of them, in levels of the file's depth."""
    detail: float | None
    """Energy beyond the source's Nyquist frequency, over what its spectrum lets expect."""
    flat: float
    """Share of the source that is flat."""
    noise: float
    """Levels of 255 by which the result is off there, on average."""


def likeness(before: Pixels, after: Pixels, subject: Subject) -> Likeness:
    """Compare two pictures (h, w, c) of stored numbers; `before` is the truth."""
    a, b = seen(before, before, subject), seen(after, before, subject)
    close, alike = psnr(a, b), ssim(a, b)
    if subject.vectors:
        apart = angles(subject.field(before), subject.field(after))
        return Likeness(close, alike, None, apart.mean, apart.p95, apart.worst, None, None)
    looks = edges = fringes = None
    colour = list(subject.colour)
    if subject.seen and flip.is_there() and _is_hdr(before, subject):
        looks = flip.flip_hdr(before[:, :, colour], after[:, :, colour])
    elif subject.seen and flip.is_there():
        looks = flip.flip(a[:, :, : len(subject.colour)], b[:, :, : len(subject.colour)])
    if subject.alpha is not None:
        truth, result = ((picture[:, :, colour], _alpha(picture, subject)) for picture in (before, after))
        edges = composite_error(truth, result, premultiplied=subject.premultiplied)
        fringes = None if subject.premultiplied else fringe(truth, result)
    return Likeness(close, alike, looks, None, None, None, edges, fringes)


def kept(source: NDArray[np.generic], result: NDArray[np.generic], subject: Subject, fit: Fit | None = None) -> Kept:
    """Compare a result with its source (h, w, c), as large or smaller, each in the type of its file.

    `fit` is how the result comes to the source's size, where more is known than that.
    """
    before, after = to_float(source), to_float(result)
    fit = fit or Fit.to(before)
    numbers = [*subject.colour, *subject.data]
    moved = covered = unit = lights = None
    if subject.vectors:
        same = vector_consistency(subject.field(before), subject.field(after), fit)
        unit = off_unit(subject.field(after))[1] if len(subject.vectors) == 3 else None
    else:
        old, new = before[:, :, numbers], after[:, :, numbers]
        alphas = None if subject.alpha is None else (_alpha(before, subject), _alpha(after, subject))
        moved = drift(old, new, alphas)
        weights = alphas[0] if alphas else None
        same = consistency(old, new, shown=shown(old, subject.space), weights=weights, fit=fit)
        if alphas and subject.mode is AlphaMode.CUTOUT:
            covered = coverage(*alphas, subject.threshold)
        if _is_hdr(before, subject):
            lights = highlight_error(before[:, :, list(subject.colour)], after[:, :, list(subject.colour)], fit)
    old, new = seen(before, before, subject), seen(after, before, subject)
    taken, calm = levels(result), noise(old, new)
    return Kept(
        drift=moved,
        consistency=same,
        coverage=covered.relative if covered else None,
        coverage_texels=covered.texels if covered else None,
        seam=max(0.0, seam(new).worst - seam(old).worst),
        off_unit=unit,
        highlights=lights,
        levels=taken.count,
        step=taken.step,
        detail=detail_ratio(old, new),
        flat=calm.flat,
        noise=calm.mean,
    )


def seen(picture: Pixels, reference: Pixels, subject: Subject) -> Pixels:
    """Return a picture as it is compared: 0 … 1, over mid-gray where it is transparent. `reference` fixes its range."""
    if subject.vectors:
        return normals.encode(normals.normalise(subject.field(picture)), 3)
    colour, data = list(subject.colour), list(subject.data)
    result = shown(reference[:, :, colour], subject.space)(picture[:, :, colour])
    if subject.alpha is not None:
        result = over(result, _alpha(picture, subject), _GRAY, premultiplied=subject.premultiplied)
    return np.concatenate([result, picture[:, :, data]], axis=2) if data else result


def _alpha(picture: Pixels, subject: Subject) -> Pixels:
    assert subject.alpha is not None  # asked only where there is one
    return picture[:, :, subject.alpha : subject.alpha + 1]


def _is_hdr(reference: Pixels, subject: Subject) -> bool:
    light = subject.space is ColorSpace.LINEAR and bool(subject.colour)
    return light and bool(reference[:, :, list(subject.colour)].max() > 1)
