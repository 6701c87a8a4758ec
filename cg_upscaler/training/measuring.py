"""Measures weights on textures that they did not learn from, by what a run would make of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cg_upscaler.cut import canonical_cut
from cg_upscaler.generate.pool import Pool
from cg_upscaler.job import Action, Band, Group, Job, Pass, Via
from cg_upscaler.library.config.training import Lesson, Training
from cg_upscaler.maps import BICUBIC, ColorSpace, MapKind, Role
from cg_upscaler.measure import flip
from cg_upscaler.measure.angular import angles
from cg_upscaler.measure.psnr import psnr
from cg_upscaler.models import catalog
from cg_upscaler.pixels import normals
from cg_upscaler.pixels.resample import enlarge
from cg_upscaler.pixels.rows import Pixels, from_float, to_float
from cg_upscaler.pixels.views import Array
from cg_upscaler.smooth import without_models_where_smooth
from cg_upscaler.spec import Depth, DeviceInfo, ImageSpec, Precision
from cg_upscaler.training.history import Figures, Measured
from cg_upscaler.training.pieces import Held
from cg_upscaler.training.smaller import smaller
from cg_upscaler.upscale import upscale

BEFORE, OURS = "before", "trained"
"""The weights that a training started from, and those that it came to."""

Levels = NDArray[np.generic]

_ROLES = {Lesson.COLOR: Role.COLOR, Lesson.NORMAL: Role.NORMAL, Lesson.MASK: Role.SCALAR, Lesson.HEIGHT: Role.SCALAR}
_KINDS = {
    Lesson.COLOR: MapKind.BASE_COLOR,
    Lesson.NORMAL: MapKind.NORMAL,
    Lesson.MASK: MapKind.ROUGHNESS,
    Lesson.HEIGHT: MapKind.HEIGHT,
}

LEADING = {Lesson.NORMAL: "degrees", Lesson.COLOR: "db", Lesson.MASK: "db", Lesson.HEIGHT: "db"}
"""The figure by which weights are chosen."""

LOWER_IS_BETTER = frozenset({"degrees", "flip"})


def measure(
    textures: Sequence[Held], training: Training, device: DeviceInfo, models: Mapping[str, str]
) -> tuple[Measured, ...]:
    """Return the figures of textures: of a plain bicubic, and of each model by the name that it is given here.

    The middle of each is box-filtered down and stored in 8 bits, heights in 16, and enlarged again: by the models as a
    run would, with everything that comes after a network. Raises what running a model raises.
    """
    pool = Pool(device)
    return tuple(_measured(held, training, device, models, pool) for held in textures)


def _measured(held: Held, training: Training, device: DeviceInfo, models: Mapping[str, str], pool: Pool) -> Measured:
    lesson, scale = training.teach, training.scale
    truth = middle(held, training)
    small = smaller(truth, scale, "box", lesson)
    levels = from_float(small, np.uint16 if lesson is Lesson.HEIGHT else np.uint8)
    ways = {BICUBIC: figures_of(truth, plainly(levels, training), lesson)}
    for name, model in models.items():
        ways[name] = figures_of(truth, upscaled(levels, model, training, device, pool), lesson)
    return Measured(held.texture.name, held.texture.material, ways)


def middle(held: Held, training: Training) -> Pixels:
    """Return the middle of a texture, whole multiples of the scale."""
    size, scale = held.size, training.scale
    sides = [min(side, training.measured) // scale * scale for side in (size.height, size.width)]
    top, left = (size.height - sides[0]) // 2, (size.width - sides[1]) // 2
    return np.ascontiguousarray(held.rows(top, top + sides[0])[:, left : left + sides[1]])


def plainly(levels: Levels, training: Training) -> Pixels:
    """Return what a good resize makes of stored levels: Catmull-Rom on the numbers, which go on at the border."""
    small, scale, lesson, around = to_float(levels), training.scale, training.teach, 4
    padded = np.pad(small, ((around, around), (around, around), (0, 0)), mode="symmetric")
    inner = slice(around * scale, -around * scale)
    large = enlarge(padded, scale)[inner, inner]
    return large if lesson is Lesson.NORMAL else np.clip(large, 0, 1)


def upscaled(
    levels: Levels, model: str, training: Training, device: DeviceInfo, pool: Pool, *, fallback: bool = False
) -> Pixels:
    """Return what a run with this model makes of stored levels (h, w, c), before it is rounded to levels again.

    With `fallback` what is smooth is resampled instead, as a run does with a kind's own model.
    """
    lesson, scale = training.teach, training.scale
    source = Array(levels)
    info = catalog.find(model, scale=scale)
    once = Pass(scale, Via.DIRECT, canonical_cut(source.size, info))
    channels = tuple(range(source.channels))
    depth = Depth.UINT16 if lesson is Lesson.HEIGHT else Depth.UINT8
    space = ColorSpace.SRGB if lesson is Lesson.COLOR else ColorSpace.DATA
    precision = device.precision_for(Precision.AUTO, depth)
    group = Group(
        _ROLES[lesson], channels, channels, space, info.name, (once,), 1.0, Band.ALL, precision, fallback=fallback
    )
    spec = ImageSpec(source.size, source.channels, depth, "png", space)
    job = Job(
        "",
        "",
        "",
        Action.UPSCALE,
        _KINDS[lesson],
        "",
        1.0,
        scale,
        spec,
        replace(spec, size=source.size * scale),
        groups=(group,),
    )
    job, _ = without_models_where_smooth(source, job)
    result = upscale(source, job, pool, scratch=None, tick=lambda share: None)
    return result.rows(0, result.size.height)


def figures_of(truth: Pixels, result: Pixels, lesson: Lesson) -> Figures:
    """Return how far a result is from the truth, both (h, w, c) in stored numbers: the leading figure first."""
    if lesson is Lesson.NORMAL:
        return {"degrees": angles(normals.decode(truth), normals.decode(result)).mean}
    found = {"db": psnr(truth, result)}
    if lesson is Lesson.COLOR and flip.is_there():
        found["flip"] = flip.flip(truth, result)
    return found


def means(measured: Sequence[Measured]) -> dict[str, Figures]:
    """Return the mean figures of each way, in which each material counts as much."""
    by_material: dict[str, list[Measured]] = {}
    for each in measured:
        by_material.setdefault(each.material, []).append(each)
    return _mean([_mean([each.ways for each in members]) for members in by_material.values()])


def _mean(ways: Sequence[Mapping[str, Figures]]) -> dict[str, Figures]:
    return {
        way: {figure: float(np.mean([each[way][figure] for each in ways])) for figure in ways[0][way]}
        for way in ways[0]
    }
