"""Draws comparisons: crops beside each other with their names, differences as heat with a scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cg_upscaler.measure.figures import seen
from cg_upscaler.measure.subject import Subject
from cg_upscaler.pixels.rows import Pixels

Drawing = NDArray[np.uint8]
"""(h, w, 3), red first, as it is looked at."""

_GAP = 6
_LINE = 20
"""Height of a line of text."""
_BLACK = (20, 20, 20)
_BAR = 16


@dataclass(frozen=True, slots=True)
class Crop:
    """A square part of a picture, in its texels."""

    left: int
    top: int
    side: int

    def of(self, picture: Pixels) -> Pixels:
        return picture[self.top : self.top + self.side, self.left : self.left + self.side]


def view(picture: Pixels, reference: Pixels, subject: Subject) -> Pixels:
    """Return a texture (h, w, c) as a viewer shows it, (h, w, 3) in 0 … 1: gray as gray, transparency over mid-gray.

    `reference` is what light and free ranges are shown by: the same for all that is to be compared.
    """
    picture = seen(picture, reference, subject)
    colour = picture[:, :, :3] if picture.shape[2] >= 3 else picture[:, :, :1].repeat(3, 2)
    return np.clip(colour, 0, 1)


def most_different(before: Pixels, after: Pixels, side: int) -> Crop:
    """Return the square of at most `side` texels in which two pictures of one size differ most, on average."""
    height, width = before.shape[:2]
    side = min(side, height, width)
    apart = np.square(before - after).sum(axis=2)
    means = cv2.boxFilter(
        apart, cv2.CV_64F, (side, side), anchor=(0, 0), normalize=False, borderType=cv2.BORDER_CONSTANT
    )
    whole = means[: height - side + 1, : width - side + 1]
    top, left = np.unravel_index(int(whole.argmax()), whole.shape)
    return Crop(int(left), int(top), side)


def drawn(picture: Pixels, zoom: int = 1) -> Drawing:
    """Return (h, w, 3) in 0 … 1 as a drawing, each texel `zoom` × `zoom` large."""
    return np.round(np.clip(picture, 0, 1) * 255).astype(np.uint8).repeat(zoom, 0).repeat(zoom, 1)


def heat(before: Pixels, after: Pixels, zoom: int = 1) -> tuple[Drawing, float]:
    """Return the difference of two pictures as a heat map, and how many levels of 255 its hottest colour stands for."""
    apart = 255 * np.abs(before - after).max(axis=2)
    top = max(1.0, float(apart.max()))
    return _coloured(apart / top).repeat(zoom, 0).repeat(zoom, 1), top


def scale_bar(width: int, top: float) -> Drawing:
    """Return the bar that says what the colours of a heat map stand for: 0 to `top` levels of 255."""
    bar = _coloured(np.tile(np.linspace(0, 1, width, dtype=np.float32), (_BAR, 1)))
    text = titled(np.empty((0, width, 3), np.uint8), "0")
    label = f"{top:.0f} of 255"
    cv2.putText(
        text, label, (width - 8 * len(label), _LINE - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.42, _BLACK, 1, cv2.LINE_AA
    )
    return np.vstack([bar, text])


def titled(drawing: Drawing, title: str) -> Drawing:
    """Return a drawing with a line of text above it."""
    return np.vstack([_text(drawing.shape[1], (2, title)), drawing])


def beside(drawings: Sequence[Drawing]) -> Drawing:
    """Return drawings from left to right, on white where one is lower than the others."""
    height = max(drawing.shape[0] for drawing in drawings)
    return _spaced([_padded(drawing, height, drawing.shape[1]) for drawing in drawings], axis=1)


def below(drawings: Sequence[Drawing]) -> Drawing:
    """Return drawings from top to bottom, on white where one is narrower than the others."""
    width = max(drawing.shape[1] for drawing in drawings)
    return _spaced([_padded(drawing, drawing.shape[0], width) for drawing in drawings], axis=0)


def png(drawing: Drawing) -> bytes:
    """Return a drawing as a PNG file."""
    return bytes(cv2.imencode(".png", np.ascontiguousarray(drawing[:, :, ::-1]))[1].tobytes())


def _text(width: int, *words: tuple[int, str]) -> Drawing:
    """Return a line of words, each at its place from the left."""
    line = np.full((_LINE, width, 3), 255, np.uint8)
    for left, text in words:
        cv2.putText(line, text, (left, _LINE - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.42, _BLACK, 1, cv2.LINE_AA)
    return line


def _coloured(shares: NDArray[np.floating]) -> Drawing:
    return np.asarray(cv2.applyColorMap((shares * 255).astype(np.uint8), cv2.COLORMAP_INFERNO)[:, :, ::-1])


def _padded(drawing: Drawing, height: int, width: int) -> Drawing:
    missing = ((0, height - drawing.shape[0]), (0, width - drawing.shape[1]), (0, 0))
    return np.pad(drawing, missing, constant_values=255)


def _spaced(drawings: Sequence[Drawing], axis: int) -> Drawing:
    shape = list(drawings[0].shape)
    shape[axis] = _GAP
    gap = np.full(shape, 255, np.uint8)
    parts = [part for drawing in drawings for part in (gap, drawing)][1:]
    return np.concatenate(parts, axis=axis)
