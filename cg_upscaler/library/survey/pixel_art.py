"""Recognises pixel art: pictures drawn texel by texel, at their own size or already enlarged to blocks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cg_upscaler.library.survey.colors import Codes

_SIDE = 256
"""Texels a side of the largest picture, blocks taken as texels, that is drawn texel by texel."""
_COLORS = 48
"""More than palettes of pixel art have; a palette that was made of a photograph has more yet."""
_FEWEST = 3
"""Colours of a drawing that was enlarged; twice as many where only the colours speak for one."""
_CHANGES = 8
"""Lines of blocks between which something changes, at least, along each axis."""
_CONTRAST = 1.2
"""The usual step between neighbours that differ, relative to the deviation of all: outlines and not gradients. Half as
much where blocks speak for a drawing too. A photograph in 8 colours has 0.7, in 16 less."""
_FLAT = (0.25, 0.96)
"""Share of equal neighbours: more is a plan of areas, less is noise or a photograph."""
_SMOOTH = 0.2
"""Share of edges that pass through a texel of a colour in between: more is anti-aliasing."""


def pixel_art(code: Codes, visible: NDArray[np.float32]) -> int:
    """Return the side in texels of the blocks that a picture is drawn in, 1 where that is a texel, 0 if it is not so.

    `code` numbers the colours of all texels, transparency among them, and `visible` is (h, w, channels) with colour
    as far as it shows.
    """
    side = _block(code)
    small = code[::side, ::side]
    if max(small.shape) > _SIDE or min(small.shape) < _CHANGES:
        return 0
    found = len(np.unique(small))
    if not _FEWEST * (1 if side > 1 else 2) <= found <= _COLORS or found * 6 > small.size:
        return 0
    return side if _is_drawn(small, visible[::side, ::side], enlarged=side > 1) else 0


def _block(code: Codes) -> int:
    """Return the side of equal squares that the whole picture consists of, on a grid that starts at its corner."""
    side = 0
    for axis in (0, 1):
        lines = code if axis == 0 else code.T
        at = np.flatnonzero((lines[1:] != lines[:-1]).any(axis=1)) + 1
        step = int(np.gcd.reduce(np.append(at, len(lines))))
        if step > 1 and len(at) < max(_CHANGES, len(lines) // step // 4):
            return 1  # few lines fall on a grid by chance
        side = int(np.gcd(side, step))
    return max(1, side)


def _is_drawn(code: Codes, visible: NDArray[np.float32], *, enlarged: bool) -> bool:
    same, steps, smooth, edges = [], [], 0, 0
    for axis in (0, 1):
        values, lines = (visible, code) if axis == 0 else (visible.transpose(1, 0, 2), code.T)
        changes = lines[1:] != lines[:-1]
        same.append(1 - changes.mean())
        step = np.abs(np.diff(values, axis=0)).max(axis=2)
        steps.append(step[changes])
        between = _in_between(values) & changes[1:] & changes[:-1]
        smooth, edges = smooth + int(between.sum()), edges + int(changes.sum())
    equal = float(np.mean(same))
    spread = float(visible.reshape(-1, visible.shape[2]).std(axis=0).max())
    if not edges or spread == 0 or equal > _FLAT[1]:
        return False
    hard = float(np.median(np.concatenate(steps))) >= _CONTRAST * spread * (0.5 if enlarged else 1)
    return hard and (enlarged or equal >= _FLAT[0]) and smooth <= _SMOOTH * edges


def _in_between(values: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Whether texels lie between both of their neighbours in every channel, and apart from both in one."""
    before, here, after = values[:-2], values[1:-1], values[2:]
    low, high = np.minimum(before, after), np.maximum(before, after)
    within = ((here >= low) & (here <= high)).all(axis=2)
    apart = (np.abs(here - before).max(axis=2) > 0.02) & (np.abs(here - after).max(axis=2) > 0.02)
    return np.asarray(within & apart)
