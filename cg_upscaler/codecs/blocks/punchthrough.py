"""Encodes the blocks of BC1 that have transparent texels: three colours, and a fourth that is nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

THRESHOLD = 128
"""Alpha, of 255, from which on a texel is seen."""

_CLEAR = 3
"""The index of a texel that is not seen, where the first colour is not the greater one."""

_NOTHING = np.uint64(0xFFFFFFFF << 32)
"""A block in which nothing is seen."""

_ROUNDS = 3
_LEVELS = np.array([31, 63, 31], np.float32)

Numbers = NDArray[np.float32]


def with_holes(blocks: bytes, texels: NDArray[np.uint8]) -> bytes:
    """Return the BC1 `blocks` of (h, w, 4) texels with those that hold transparent texels encoded anew.

    Transparent is what has less than half of the alpha, exactly; its colour is lost, as BC1 has none for it.
    """
    height, width = texels.shape[:2]
    tiles = texels.reshape(height // 4, 4, width // 4, 4, 4).swapaxes(1, 2).reshape(-1, 16, 4)
    seen = tiles[:, :, 3] >= THRESHOLD
    holed = ~seen.all(axis=1)
    if not holed.any():
        return blocks
    words = np.frombuffer(blocks, "<u8").copy()
    empty = ~seen.any(axis=1)
    words[empty] = _NOTHING
    holed &= ~empty
    words[holed] = _encoded(tiles[holed, :, :3].astype(np.float32) / np.float32(255), seen[holed])
    return words.tobytes()


def has_holes(blocks: bytes) -> bool:
    """Whether BC1 blocks have transparent texels: the fourth index where the first colour is not the greater one."""
    words = np.frombuffer(blocks, "<u8")
    first, second, indices = words & 0xFFFF, words >> 16 & 0xFFFF, words >> 32
    return bool(((first <= second) & (indices & indices >> 1 & 0x55555555 != 0)).any())


def _encoded(colours: Numbers, seen: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Return a word for each block of (n, 16, 3) colours 0 … 1, of which those `seen` count.

    The ends lie on the axis along which the colours vary most, at first as far apart as the colours, then where the
    squares of the errors are least, given which of the three colours each texel took.
    """
    weight = seen[:, :, None].astype(np.float32)
    count = np.maximum(weight.sum(axis=1, keepdims=True), 1)
    mean = (colours * weight).sum(axis=1, keepdims=True) / count
    apart = (colours - mean) * weight
    axis = _principal(apart)
    along = (apart * axis[:, None]).sum(axis=2, keepdims=True)
    ends = np.stack([mean[:, 0] + axis * along.min(axis=1), mean[:, 0] + axis * along.max(axis=1)], axis=1)
    best, least = _fit(colours, weight, ends)
    for _ in range(_ROUNDS):
        ends = _refined(colours, weight, best)
        found, error = _fit(colours, weight, ends)
        better = error < least
        best[better], least[better] = found[better], error[better]
    return _words(best, seen)


def _principal(apart: Numbers) -> Numbers:
    """Return the direction, (n, 3), of the greatest eigenvalue of each block's covariance."""
    covariance = np.einsum("nij,nik->njk", apart, apart)
    return np.asarray(np.linalg.eigh(covariance)[1][:, :, -1], np.float32)


def _fit(colours: Numbers, weight: Numbers, ends: Numbers) -> tuple[NDArray[np.int64], Numbers]:
    """Return, for ends (n, 2, 3), these as stored together with each texel's choice, (n, 22), and the errors."""
    levels = np.round(np.clip(ends, 0, 1) * _LEVELS).astype(np.int64)
    palette = _palette(levels)
    distance = np.square(colours[:, :, None] - palette[:, None]).sum(axis=3)
    choice = distance.argmin(axis=2)
    error = (distance.min(axis=2) * weight[:, :, 0]).sum(axis=1)
    return np.concatenate([levels.reshape(-1, 6), choice], axis=1), error


def _palette(levels: NDArray[np.int64]) -> Numbers:
    """Return the three colours, (n, 3, 3), that decoders make of two ends of 5, 6 and 5 bits."""
    full = levels << np.array([3, 2, 3]) | levels >> np.array([2, 4, 2])
    ends = (full / 255).astype(np.float32)
    return np.stack([ends[:, 0], ends[:, 1], ends.mean(axis=1)], axis=1)


def _refined(colours: Numbers, weight: Numbers, best: NDArray[np.int64]) -> Numbers:
    """Return the ends that fit best, in the least squares, what each texel chose."""
    share = np.array([0, 1, 0.5], np.float32)[best[:, 6:]][:, :, None]
    a, b = weight * (1 - share), weight * share
    aa, ab, bb = (a * a).sum(axis=(1, 2)), (a * b).sum(axis=(1, 2)), (b * b).sum(axis=(1, 2))
    first, second = (a * colours).sum(axis=1), (b * colours).sum(axis=1)
    determinant = aa * bb - ab * ab
    sound = determinant > 1e-4
    scale = np.where(sound, 1 / np.where(sound, determinant, 1), 0)[:, None]
    solved = np.stack(
        [(first * bb[:, None] - second * ab[:, None]) * scale, (second * aa[:, None] - first * ab[:, None]) * scale],
        axis=1,
    )
    stored = _palette(best[:, :6].reshape(-1, 2, 3))[:, :2]
    return np.where(sound[:, None, None], solved, stored)


def _words(best: NDArray[np.int64], seen: NDArray[np.bool_]) -> NDArray[np.uint64]:
    levels, choice = best[:, :6].reshape(-1, 2, 3), best[:, 6:].copy()
    ends: NDArray[Any] = levels[:, :, 0] << 11 | levels[:, :, 1] << 5 | levels[:, :, 2]
    turned = ends[:, 0] > ends[:, 1]  # which would mean four colours and no transparency
    ends[turned] = ends[turned][:, ::-1]
    swapped = np.array([1, 0, 2])[choice]
    choice = np.where(turned[:, None], swapped, choice)
    choice[~seen] = _CLEAR
    indices = (choice << (2 * np.arange(16))).sum(axis=1)
    return np.asarray(ends[:, 0] | ends[:, 1] << 16 | indices << 32, np.int64).view(np.uint64)
