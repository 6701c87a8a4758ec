"""Puts back the fine grain that generators iron away: more of the source's own, at the scale that it cannot hold.

Surfaces look alike at neighbouring scales. So patches of the source's finest octaves, laid out at the result's scale,
are what the result's finest octaves should be like, in direction, colour and contrast as well as in spectrum. As much
of them is added as the result lacks of what the source lets expect.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from cg_upscaler.job import Band
from cg_upscaler.pixels.resample import enlarge, shrink, tent
from cg_upscaler.pixels.rows import Pixels
from cg_upscaler.pixels.views import for_each_channel
from cg_upscaler.pixels.windows import Local

Hashes = NDArray[np.uint32]

_ASIDE = 4
"""Texels that a patch comes from beside its place, at most: far enough to be another, near enough to be alike."""

_NEAR, _AROUND, _WIDE = 5, 9, 15
"""Texels a side over which energy is averaged; over which there must be some everywhere for it to be grain; and over
which the slope of the spectrum is taken."""

_REACH = 24
"""Blurs, averages and openings one after another."""

_ROUNDING = np.float32((1 / 255) ** 2)
"""Energy that may as well be rounding, or a dither against it."""

_STILL, _SOME, _NEARLY_ALL = np.float32(0.0001), np.float32(0.9), np.float32(0.99)
"""Share of the energy around that a texel needs not to count as flat; and the share of texels that are not, up to which
it is flat art, and from which it is grain."""

_FINER, _SLOPE = np.float32(0.45), np.float32(0.67)
_LEAST, _MOST = np.float32(0.15), np.float32(1)
"""An octave beyond the source's finest has 0.45 times its energy, times its ratio to the next one to the power of ⅔:
fitted to textures box-filtered to a quarter (benchmarks/grain.py prints what comes of it)."""

_KEPT, _LEAKED = (np.float32(0.6), np.float32(0.2)), np.float32(0.17)
"""Of a layer's energy, the share that is in its own octave after patches were blended, finest layer first; and how much
of the second is in the first's."""

_STRONGEST = np.float32(4)
_TINY = np.float32(1e-12)


def grained(factor: int, amount: float, band: Band) -> Local:
    """Return the verb that takes (result, source) windows, `factor` apart in size, to the result with grain.

    `amount` 0 … 1 is the share of the missing energy that is added. Where the source is flat or smooth nothing is, and
    an edge by itself is no grain. Which patch goes where follows from the texels around alone, so grain rolls with its
    source, however it is cut up. Under `Band.LOW` the source's finest octave may be a codec's, and counts for no more
    than the next one.
    """

    def apply(result: Pixels, source: Pixels) -> Pixels:
        energies = [np.square(layer) for layer in _octaves(_gray(source), 2)]
        wanted = np.float32(amount) * _wanted(energies[0], energies[1], band)
        if not wanted.any():
            return result
        count = 2 if factor >= 4 else 1
        there = [
            np.float32(amount) * _averaged(shrink(np.square(layer), factor), _NEAR)
            for layer in _octaves(_gray(result), count)
        ]
        layers, hashes = _octaves(source, count), _hashes(source)
        result, leaked = result.copy(), np.float32(0)
        for at in reversed(range(count)):  # the coarser first, because it leaks into the finer
            own = _averaged(energies[at], _AROUND) + _TINY
            strength = np.clip((wanted - there[at] - leaked) / (_KEPT[at] * own), 0, _STRONGEST)
            leaked = strength * own * _LEAKED
            drawn = _patched(layers[at], hashes, factor)
            drawn *= for_each_channel(enlarge(np.sqrt(strength), factor, tent), source.shape[2])
            result += drawn
        return result

    return Local(apply, reach=_REACH, ratio=factor)


def _wanted(finest: Pixels, coarser: Pixels, band: Band) -> Pixels:
    """Return the energy to expect of an octave beyond the source's finest, (h, w, 1): none but in the midst of texture.

    Opening leaves what has energy all around and takes edges and lines away, whose surroundings have none. Where edges
    crowd, as in lettering, there still are flat texels between them; in grain hardly one has no energy at all.
    """
    near = _averaged(finest, _NEAR)
    if band is Band.LOW:
        near = np.minimum(near, _averaged(coarser, _NEAR))
    window = np.ones((_AROUND, _AROUND), np.uint8)
    opened = cv2.dilate(cv2.erode(near, window), window).reshape(near.shape)
    # An opening finds the least of an uneven field: on even texture about half of what there is.
    grain = np.maximum(np.minimum(2 * opened, near) - _ROUNDING, 0)
    crowded = _averaged((finest > _STILL * near).astype(np.float32), _AROUND)
    grain *= np.clip((crowded - _SOME) / (_NEARLY_ALL - _SOME), 0, 1)
    ratio: Pixels = _averaged(finest, _WIDE) / (_averaged(coarser, _WIDE) + _TINY)
    return np.asarray(grain * np.clip(_FINER * ratio**_SLOPE, _LEAST, _MOST), np.float32)


def _patched(layers: Pixels, hashes: Hashes, factor: int) -> Pixels:
    """Return (h, w, c) layers as (factor·h, factor·w, c): each texel lays a patch, from somewhere near, over its own
    texels and half as far beyond, and neighbours blend so that energy is kept."""
    height, width, channels = layers.shape
    side, beyond = 2 * factor, factor // 2
    margin = _ASIDE + side
    around = cv2.copyMakeBorder(layers, margin, margin, margin, margin, cv2.BORDER_REFLECT)
    stride, flat = width + 2 * margin, np.ascontiguousarray(around).reshape(-1, channels)
    choices = np.uint32(2 * _ASIDE + 1)
    down, across = ((part * choices >> np.uint32(16)).astype(np.intp) for part in (hashes >> 16, hashes & 0xFFFF))
    rows, columns = np.ogrid[:height, :width]
    first = (rows + down + side - factor) * stride + columns + across + side - factor
    first = np.pad(first, 1, mode="edge")
    weights = np.sin(np.pi * (np.arange(side) + 0.5) / side).astype(np.float32)
    result = np.empty((height * factor, width * factor, channels), np.float32)
    for y in range(factor):
        for x in range(factor):
            total = np.zeros((height, width, channels), np.float32)
            for i, top in _patches_over(y + beyond, factor):
                for j, left in _patches_over(x + beyond, factor):
                    at = first[1 + i : 1 + i + height, 1 + j : 1 + j + width] + (top * stride + left)
                    total += weights[top] * weights[left] * flat.take(at, axis=0)
            result[y::factor, x::factor] = total
    return result


def _patches_over(place: int, factor: int) -> tuple[tuple[int, int], ...]:
    """Return whose patches lie over a place in a texel's own, by how many texels away they are, and where in them."""
    return ((0, place), (-1, place + factor) if place < factor else (1, place - factor))


def _hashes(source: Pixels) -> Hashes:
    """Return a number for each texel, (h, w), that looks random and follows from the 3 × 3 texels around."""
    levels = np.rint(source * 4095).astype(np.int64).astype(np.uint32)
    height, width = source.shape[:2]
    own = np.zeros((height, width), np.uint32)
    for channel in range(source.shape[2]):
        own = _mixed(own * np.uint32(0x9E3779B1) + levels[:, :, channel])
    around = np.pad(own, 1, mode="edge")
    result = np.zeros_like(own)
    for y in range(3):
        for x in range(3):
            result = _mixed(result + around[y : y + height, x : x + width])
    return result


def _mixed(numbers: Hashes) -> Hashes:
    """Scramble the bits of each number (Wellons, hash prospector)."""
    numbers = (numbers ^ (numbers >> np.uint32(16))) * np.uint32(0x7FEB352D)
    numbers = (numbers ^ (numbers >> np.uint32(15))) * np.uint32(0x846CA68B)
    return numbers ^ (numbers >> np.uint32(16))


def _octaves(pixels: Pixels, count: int) -> Sequence[Pixels]:
    """Return what is lost in each of so many blurs, the finest first."""
    layers = []
    for step in (1, 2)[:count]:
        blurred = _blurred(pixels, step)
        layers.append(pixels - blurred)
        pixels = blurred
    return layers


def _blurred(pixels: Pixels, step: int) -> Pixels:
    """Blur by 1 2 1, between texels `step` apart."""
    kernel = np.zeros(2 * step + 1, np.float32)
    kernel[[0, step, -1]] = 0.25, 0.5, 0.25
    blurred = cv2.sepFilter2D(pixels, cv2.CV_32F, kernel, kernel, borderType=cv2.BORDER_REFLECT)
    return np.asarray(blurred, np.float32).reshape(pixels.shape)


def _gray(pixels: Pixels) -> Pixels:
    mean = np.full((1, pixels.shape[2]), 1 / pixels.shape[2], np.float32)
    return np.asarray(cv2.transform(pixels, mean), np.float32).reshape(*pixels.shape[:2], 1)


def _averaged(energy: Pixels, side: int) -> Pixels:
    averaged = cv2.boxFilter(energy, cv2.CV_32F, (side, side), borderType=cv2.BORDER_REFLECT)
    return np.asarray(np.maximum(averaged, 0), np.float32).reshape(energy.shape)
