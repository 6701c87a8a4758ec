"""Puts what lies next to a texture around it, so that textures which meet in a scene agree along their borders."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from cg_upscaler.errors import UnreadableImage
from cg_upscaler.geometry import Edges, Span
from cg_upscaler.job import Frame, Neighbour
from cg_upscaler.pixels.edges import indices
from cg_upscaler.pixels.views import Array

Texels = NDArray[np.generic]


def framed(pixels: Texels, frame: Frame, edges: Edges, others: Mapping[Neighbour, Texels]) -> Array:
    """Return a texture (h, w, c) with `frame.margin` texels more on each side, in its own type.

    They come from the neighbour on that side, turned into place, or from beyond the border as `edges` says where there
    is none; so do the corners. Raises `UnreadableImage` for a neighbour of another size or type.
    """
    height, width = pixels.shape[:2]
    margin = frame.margin
    ys = indices(Span(-margin, height + margin), height, edges.y)
    xs = indices(Span(-margin, width + margin), width, edges.x)
    canvas = pixels[np.maximum(ys, 0)][:, np.maximum(xs, 0)]
    inner_y, inner_x = slice(margin, margin + height), slice(margin, margin + width)
    sides = (
        (frame.left, inner_y, slice(0, margin), (slice(None), slice(-margin, None))),
        (frame.right, inner_y, slice(margin + width, None), (slice(None), slice(0, margin))),
        (frame.top, slice(0, margin), inner_x, (slice(-margin, None), slice(None))),
        (frame.bottom, slice(margin + height, None), inner_x, (slice(0, margin), slice(None))),
    )
    for side, rows, columns, strip in sides:
        if side is None:
            continue
        turned = np.rot90(others[side], side.turns)
        if turned.shape != pixels.shape or turned.dtype != pixels.dtype:
            raise UnreadableImage(
                f"is {_said(turned)}, and the texture beside it {_said(pixels)}",
                where=side.source,
                fix="export the whole set alike",
            )
        canvas[rows, columns] = turned[strip]
    return Array(canvas)


def _said(pixels: Texels) -> str:
    height, width, channels = pixels.shape
    return f"{width}×{height}, {channels} × {pixels.dtype.name}"
