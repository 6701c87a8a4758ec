"""Holds the mean of what is visible, where the match by itself cannot: under transparency, and in linear light."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cg_upscaler.job import Group, Job
from cg_upscaler.maps import AlphaMode, ColorSpace, Role
from cg_upscaler.pixels.holes import without_holes
from cg_upscaler.pixels.match import is_matched
from cg_upscaler.pixels.resample import repeat, shrink
from cg_upscaler.pixels.rows import Pixels, Source, blocks
from cg_upscaler.pixels.scratch import kept
from cg_upscaler.pixels.views import Mapped, for_each_channel, picked
from cg_upscaler.pixels.windows import Local, windowed

Means = NDArray[np.float64]

_EVEN = np.float32(1e-3)
"""Variance of alpha within a texel of the source below which hardly anything can be moved along with it."""
_MOST = np.float32(0.5)
"""How far colour may be moved, per step from clear to solid."""


def with_mean_of(source: Source, result: Source, job: Job) -> Source:
    """Return the result with the mean visible colour of its source, where the two may differ; else as it is.

    Texel by texel the match holds colour, but what is seen is colour times alpha, and enlarging changes how the two go
    together. Light is matched by factors in a few passes, which leaves a little. And what is filtered to a size between
    two factors is filtered in light, after the match. All take one more look at the whole result; then colour is
    brought to the mean of its source: by fractions of a level. A smaller picture keeps the mean of its light instead.
    """
    if result.size.pixels < source.size.pixels:
        return result
    # Each of a set of neighbours would come to another mean, and they must agree along their borders.
    between = result.size != source.size * job.scale and job.frame is None
    alpha = next((group for group in job.groups if group.role is Role.ALPHA and not group.constant), None)
    transparent = job.alpha in (AlphaMode.CUTOUT, AlphaMode.BLEND) and alpha is not None
    premultiplied = job.alpha is AlphaMode.PREMULTIPLIED  # the colour itself is what is seen, and black must stay so
    held = [group for group in job.groups if _is_held(group, apart=transparent or premultiplied, between=between)]
    if not held:
        return result
    result = kept(result)  # it is looked through here and written afterwards
    before = _means(source, alpha.channels[0] if transparent and alpha else None)
    after = _means(result, alpha.targets[0] if transparent and alpha else None)
    factor, shift = np.ones(result.channels, np.float32), np.zeros(result.channels, np.float32)
    for group in held:
        came_from = group.channels if len(group.channels) == len(group.targets) else group.channels * len(group.targets)
        for channel, target in zip(came_from, group.targets, strict=True):
            light = premultiplied or group.color_space is ColorSpace.LINEAR
            factor[target], shift[target] = _towards(before[channel], after[target], light=light)

    def towards(pixels: Pixels) -> Pixels:
        # Row by row, and not texel by texel: NumPy is slow over a last axis of a few numbers.
        flat = pixels.reshape(len(pixels), -1) * np.tile(factor, pixels.shape[1])
        flat += np.tile(shift, pixels.shape[1])
        return flat.reshape(pixels.shape)

    return Mapped(result, towards, result.channels)


def with_visible_colour_of(source: Source, result: Source, job: Job) -> Source:
    """Return a blended result in which each texel of the source shows, through alpha, the colour that it has.

    The match holds the plain mean of what a texel became. But where alpha varies within it, some of that shows more
    than the rest. So colour is moved along with alpha, up where it shows and down where it does not or the other way
    round, which leaves the plain mean as it is. (The alpha of a cut-out is redrawn, and has other means.)
    """
    alpha = next((group for group in job.groups if group.role is Role.ALPHA and not group.constant), None)
    held = [target for group in job.groups if _is_shown(group) for target in group.targets]
    if alpha is None or job.alpha is not AlphaMode.BLEND or not held or result.size != source.size * job.scale:
        return result
    verb = _shown_alike(job.scale, held, alpha.targets[0])
    return windowed(verb, job.edges, result, Mapped(source, without_holes, source.channels))


def _is_shown(group: Group) -> bool:
    if group.constant or group.fidelity < 1 or group.color_space is ColorSpace.LINEAR:
        return False
    return group.role in (Role.COLOR, Role.SCALAR) and is_matched(group)


def _shown_alike(factor: int, colour: Sequence[int], alpha: int) -> Local:
    """The verb that takes (result, source) windows of all channels. Of numbers 0 … 1; light is left to its mean."""

    def apply(result: Pixels, source: Pixels) -> Pixels:
        opacity = picked(result, [alpha])
        mean = shrink(opacity, factor)
        about = opacity - repeat(mean, factor)
        wanted, there = picked(source, colour), picked(result, colour)
        missing = wanted * mean - shrink(there * for_each_channel(opacity, len(colour)), factor)
        share = np.clip(missing / (shrink(np.square(about), factor) + _EVEN), -_MOST, _MOST)
        shown = repeat(share, factor)
        shown *= for_each_channel(about, len(colour))
        shown += there
        np.minimum(np.maximum(shown, np.minimum(there, 0), out=shown), np.maximum(there, 1), out=shown)
        result = result.copy()
        for at, channel in enumerate(colour):
            result[:, :, channel] = shown[:, :, at]
        return result

    return Local(apply, reach=0, ratio=factor)


def _towards(wanted: float, there: float, *, light: bool) -> tuple[float, float]:
    """Return the factor and the shift that bring a mean from `there` to `wanted`.

    Both darken and light brightens by a factor. Other colour brightens towards white, so that nothing is clamped, and
    no mean lost to that.
    """
    if there <= 0 or wanted <= 0:
        return 1.0, 0.0
    if light or wanted <= there:
        return wanted / there, 0.0
    share = (wanted - there) / (1 - there) if there < 1 else 0.0
    return 1 - share, share


def _is_held(group: Group, *, apart: bool, between: bool) -> bool:
    if group.constant or not is_matched(group) or group.role not in (Role.COLOR, Role.SCALAR):
        return False
    return apart or group.color_space is ColorSpace.LINEAR or (between and group.color_space is ColorSpace.SRGB)


def _means(picture: Source, alpha: int | None) -> Means:
    """Return the mean of each channel, weighted by alpha where there is one."""
    total, weight = np.zeros(picture.channels), 0.0
    for block in blocks(picture):
        texels = without_holes(block).reshape(-1, picture.channels).astype(np.float64)
        weights = np.ones(len(texels)) if alpha is None else texels[:, alpha]
        total += weights @ texels
        weight += float(weights.sum())
    return np.asarray(total / max(weight, 1e-12))
