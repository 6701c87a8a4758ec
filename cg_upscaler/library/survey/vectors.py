"""Measures the vectors that a texture may hold: how long they are, where they point, in which channels they lie."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cg_upscaler.library.survey.curl import curl
from cg_upscaler.library.survey.evidence import Evidence, VectorEvidence
from cg_upscaler.pixels.rows import Pixels
from cg_upscaler.spec import ImageSpec

_UNIT = (0.9, 1.1)
_CENTRED = 0.12
"""How far the mean of x or y may lie from 0: a map of a surface leans to no side."""
_TEXELS = 1 << 17


def vector_evidence(
    windows: Sequence[Pixels], color: Sequence[int], alpha: int | None, *, gray: bool
) -> VectorEvidence:
    """Measure `windows` of the sample, (h, w, c), of whose channels `color` are the first three that are no alpha."""
    if len(color) < 2:
        return VectorEvidence()
    step = sum(window.shape[0] * window.shape[1] for window in windows) // _TEXELS | 1  # odd: off the grid of blocks
    texels = np.concatenate([window.reshape(-1, window.shape[2])[::step] for window in windows])
    colors = texels[:, list(color)]
    signed = bool(colors.min() < -0.1)
    vectors = colors if signed else colors * 2 - 1
    disc = _in_disc(vectors[:, 0], vectors[:, 1])
    mean = tuple(float(value) for value in vectors.mean(axis=0, dtype=np.float64))
    unit, outward = (_share(_is_unit(vectors)), _share(vectors[:, 2] > 0)) if len(color) > 2 else (0.0, 0.0)
    layouts = _layouts(texels, color, alpha, unit=unit, outward=outward, signed=signed)
    if gray:
        layouts = [layout for layout in layouts if layout[0] == alpha]
    parts = [part for window in windows for part in _parts(window)]
    tested = [(layout, curl(_decoded(part, layout, signed=signed) for part in parts)) for layout in layouts]
    found = [VectorEvidence(unit, outward, mean, disc, signed, layout, seen) for layout, seen in tested]
    surfaces = [evidence for evidence in found if evidence.surface]
    return next(iter(surfaces + found), VectorEvidence(unit, outward, mean, disc, signed))


def _parts(window: Pixels) -> list[Pixels]:
    """Return a window, or of a large one a piece out of each quarter: enough for the curl test."""
    height, width = window.shape[:2]
    if height * width <= 1 << 18:
        return [window]
    tops, lefts = (0, height // 2), (0, width // 2)
    return [window[top : top + height // 4, left : left + width // 4] for top in tops for left in lefts]


def layout_of(spec: ImageSpec, evidence: Evidence) -> tuple[int, ...]:
    """Return the channels of a normal map that hold x, y and, unless it is to be rebuilt, z."""
    return evidence.vectors.layout or tuple(channel for channel in range(spec.channels) if channel != spec.alpha)[:3]


def _layouts(
    texels: Pixels, color: Sequence[int], alpha: int | None, *, unit: float, outward: float, signed: bool
) -> list[tuple[int, ...]]:
    """Return where x, y and z may lie, the likeliest first. Of two channels z is to be rebuilt."""
    first = tuple(color[:3])
    if len(first) > 2 and unit > 0.25 and outward > 0.9:
        return [first]
    if signed:
        return [first[:2]]
    found: list[tuple[int, ...]] = []
    if alpha is not None and len(first) > 2 and _leans_nowhere(texels[:, alpha], texels[:, first[1]]):
        swizzled = (alpha, first[1], first[2])
        z_too = _share(_is_unit(texels[:, list(swizzled)] * 2 - 1)) > 0.7 and (texels[:, first[2]] > 0.5).mean() > 0.9
        found.append(swizzled if z_too else swizzled[:2])
    if _leans_nowhere(texels[:, first[0]], texels[:, first[1]]):
        found.append(first[:2])
    return found


def _leans_nowhere(stored_x: NDArray[np.float32], stored_y: NDArray[np.float32]) -> bool:
    x, y = stored_x * 2 - 1, stored_y * 2 - 1
    if min(x.std(), y.std()) < 0.01 or max(abs(float(x.mean())), abs(float(y.mean()))) > _CENTRED:
        return False
    return _in_disc(x, y) > 0.99 and abs(float(np.corrcoef(x, y)[0, 1])) < 0.5


def _decoded(window: Pixels, layout: tuple[int, ...], *, signed: bool) -> Pixels:
    vectors = window[:, :, list(layout)]
    if not signed:
        vectors = vectors * np.float32(2) - np.float32(1)
    if len(layout) == 3:
        return vectors
    z = np.sqrt(np.maximum(0, 1 - np.square(vectors).sum(axis=2, keepdims=True)))
    return np.concatenate([vectors, z], axis=2)


def _in_disc(x: NDArray[np.float32], y: NDArray[np.float32]) -> float:
    return _share(x * x + y * y <= _UNIT[1] ** 2)


def _is_unit(vectors: Pixels) -> NDArray[np.bool_]:
    length = np.sqrt(np.square(vectors).sum(axis=1))
    return np.asarray((length > _UNIT[0]) & (length < _UNIT[1]))


def _share(flags: NDArray[np.bool_]) -> float:
    return float(np.mean(flags)) if np.size(flags) else 0.0
