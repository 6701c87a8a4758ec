"""Takes the staircase out of a hard mask before it is enlarged: how much of each texel would lie inside of its border.

Morphological antialiasing (Reshetov 2009): where a border moves on by one texel, a line is drawn through the middle of
the step, and the texels that it crosses get the share that lies on the inner side. Straight borders, true corners and
masks that are smooth already stay as they are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cg_upscaler.geometry import Edges
from cg_upscaler.pixels.rows import Pixels, Source, blocks
from cg_upscaler.pixels.views import Array
from cg_upscaler.pixels.windows import Local, windowed

_LONGEST = 16
"""Texels of straight border beyond which a line is no longer told from a slope."""

_HARD = 0.9
"""How far apart the values of neighbours are across a hard border, 0 … 1."""


def without_stairs(mask: Source, edges: Edges) -> Source:
    """Return a mask of one channel, 0 … 1, with its hard borders smoothed. It is held: it is read over and over."""
    return Array(np.concatenate(list(blocks(windowed(_SMOOTHED, edges, mask)))))


def _smoothed(mask: Pixels) -> Pixels:
    plane = mask[:, :, 0]
    change = _from_left(plane)
    change += _from_left(plane[:, ::-1])[:, ::-1]
    change += _from_left(plane.T).T
    change += _from_left(plane.T[:, ::-1])[:, ::-1].T
    smooth = np.where(change != 0, np.clip(plane + change, 0, 1), plane)
    return np.ascontiguousarray(smooth[:, :, None], np.float32)


_SMOOTHED = Local(_smoothed, reach=_LONGEST + 2)


def _from_left(mask: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what steps at the left ends of horizontal borders change: a triangle from half a texel to nothing."""
    padded = np.pad(mask, 1, mode="edge")
    across, along = _borders(padded, axis=0), _borders(padded, axis=1)
    before, after = _runs(across)

    # A step of one texel, standing at the left end of a border: upwards, downwards, or both where two corners meet.
    above, below = (np.pad(along, ((1, 1), (0, 0)))[part] for part in (slice(None, -2), slice(2, None)))
    single = np.pad((along != 0) & (above != along) & (below != along), ((0, 0), (1, 0)))
    up, down = single[:-1], single[1:]
    # Where two corners meet, only what is outside changes: thin lines stay in one piece.
    meeting = up & down
    up, down = up & (~meeting | (across > 0)), down & (~meeting | (across < 0))

    # The rest is about borders alone, of which there are few.
    at = rows, columns = np.nonzero((across != 0) & (before < _LONGEST))
    before, after = before[at], after[at]
    length, first = before + after + 1, np.maximum(columns - before, 0)
    up, down = up[rows, first], down[rows, first]
    start, stop = np.minimum(before, length / 2), np.minimum(before + 1, length / 2)
    area = 0.5 * ((stop - stop**2 / length) - (start - start**2 / length))
    area = np.where(length == 1, area / 2, area) * across[at]  # at 45° both borders of a step say the same
    change = np.zeros(padded.shape, np.float32)
    change[:-1][at] += np.where(up, area, 0)
    change[1:][at] -= np.where(down, area, 0)
    return change[1:-1, 1:-1]


def _borders(mask: NDArray[np.float32], axis: int) -> NDArray[np.int8]:
    """Return where a mask rises (1) or falls (-1) from one texel to the next along an axis; else 0."""
    rise = np.diff(mask, axis=axis)
    return (rise > _HARD).astype(np.int8) - (rise < -_HARD).astype(np.int8)


def _runs(borders: NDArray[np.int8]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return how many texels of the same border lie before and after each along its row, `_LONGEST` at most."""
    same = np.zeros((borders.shape[0], borders.shape[1] + 1), bool)
    same[:, 1:-1] = (borders[:, 1:] == borders[:, :-1]) & (borders[:, 1:] != 0)
    before, after = (np.zeros(borders.shape, np.int8) for _ in range(2))
    for _ in range(_LONGEST):  # each time they can grow by one
        before[:, 1:] = (before[:, :-1] + np.int8(1)) * same[:, 1:-1]
        after[:, :-1] = (after[:, 1:] + np.int8(1)) * same[:, 1:-1]
    return before.astype(np.int32), after.astype(np.int32)
