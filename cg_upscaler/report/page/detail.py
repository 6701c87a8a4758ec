"""Finds where in a texture there is most to see."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cg_upscaler.pixels.rows import Source
from cg_upscaler.report.page.seen import Bytes, Look, strips

_BLOCK = 8
"""Texels a side whose detail is summed up."""


def flat(seen: Bytes) -> NDArray[np.float32]:
    """Return (h, w, 3) of 0 … 1 over mid-gray."""
    colour = np.asarray(seen[:, :, :3] / np.float32(255), np.float32)
    if seen.shape[2] < 4:
        return colour
    alpha = np.asarray(seen[:, :, 3:] / np.float32(255), np.float32)
    return np.asarray(colour * alpha + (1 - alpha) / 2, np.float32)


def most_detailed(source: Source, look: Look, side: int, *, transparent: bool) -> tuple[int, int]:
    """Return left and top of the square of at most `side` texels in which neighbours differ most."""
    energy = np.concatenate(
        [_energy(look.rows(source, *strip), transparent=transparent) for strip in strips(source.size, _BLOCK)]
    )
    across, down = (max(1, min(side // _BLOCK, length)) for length in (energy.shape[1], energy.shape[0]))
    sums = cv2.boxFilter(
        energy, cv2.CV_64F, (across, down), anchor=(0, 0), normalize=False, borderType=cv2.BORDER_CONSTANT
    )[: energy.shape[0] - down + 1, : energy.shape[1] - across + 1]
    top, left = np.unravel_index(int(sums.argmax()), sums.shape)
    most = source.size.width - side, source.size.height - side
    return max(0, min(int(left) * _BLOCK, most[0])), max(0, min(int(top) * _BLOCK, most[1]))


def _energy(seen: Bytes, *, transparent: bool) -> NDArray[np.float64]:
    """Return the sum of squared steps between neighbours of each block."""
    picture = (flat(seen) if transparent else flat(seen[:, :, :3])).mean(axis=2)
    steps = np.zeros(picture.shape, np.float64)
    steps[:, 1:] += np.square(np.diff(picture, axis=1))
    steps[1:] += np.square(np.diff(picture, axis=0))
    rows, columns = (np.arange(0, length, _BLOCK) for length in picture.shape)
    return np.asarray(np.add.reduceat(np.add.reduceat(steps, rows, axis=0), columns, axis=1))
