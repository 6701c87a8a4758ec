"""Puts what lies next to a texture around it, so that textures which meet in a scene agree along their borders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from cg_upscaler.errors import UnreadableImage, UsageError
from cg_upscaler.geometry import Edge, Edges, Size, Span
from cg_upscaler.job import Frame, Neighbour
from cg_upscaler.pixels.cells import Cropped
from cg_upscaler.pixels.edges import indices
from cg_upscaler.pixels.rows import Source
from cg_upscaler.pixels.views import Array

Texels = NDArray[np.generic]


def framed(pixels: Texels, frame: Frame, edges: Edges, others: Mapping[Neighbour, Texels]) -> Array:
    """Return a texture (h, w, c) with `frame.margin` texels more on each side, in its own type.

    They come from the neighbour on that side, turned into place, or from beyond the border as `edges` says where there
    is none. A corner continues what is beside it. Raises `UnreadableImage` for a neighbour of another size or type.
    """
    height, width = pixels.shape[:2]
    margin = frame.margin

    def strip(side: Neighbour, span: Span, axis: int, edge: Edge) -> Texels:
        turned = np.rot90(others[side], side.turns)
        if turned.shape != pixels.shape or turned.dtype != pixels.dtype:
            raise UnreadableImage(
                f"is {_said(turned)}, and the texture beside it {_said(pixels)}",
                where=side.source,
                fix="export the whole set alike",
            )
        return _continued(turned, span, axis, edge)

    wide = _continued(pixels, Span(-margin, width + margin), 1, edges.x)
    if frame.left is not None:
        wide[:, :margin] = strip(frame.left, Span(width - margin, width), 1, edges.x)
    if frame.right is not None:
        wide[:, margin + width :] = strip(frame.right, Span(0, margin), 1, edges.x)
    canvas = _continued(wide, Span(-margin, height + margin), 0, edges.y)
    # A corner between two neighbours continues the one beside, else the one above or below.
    free = slice(margin if frame.left else 0, margin + width + (0 if frame.right else margin))
    if frame.top is not None:
        above = strip(frame.top, Span(height - margin, height), 0, edges.y)
        canvas[:margin, free] = _continued(above, Span(-margin, width + margin), 1, edges.x)[:, free]
    if frame.bottom is not None:
        below = strip(frame.bottom, Span(0, margin), 0, edges.y)
        canvas[margin + height :, free] = _continued(below, Span(-margin, width + margin), 1, edges.x)[:, free]
    return Array(canvas)


def unframed(source: Source, margin: int, size: Size, enlarge: Callable[[Size], Source]) -> Source:
    """Return the result, of `size`, for a framed source: without what `enlarge` made of its frame.

    `enlarge` is told the size of the whole. Raises `UsageError` for a factor under which the frame has no whole width.
    """
    shown = Size(source.size.width - 2 * margin, source.size.height - 2 * margin)
    across, down = Fraction(size.width * margin, shown.width), Fraction(size.height * margin, shown.height)
    if across.denominator != 1 or down.denominator != 1:
        raise UsageError(
            f"{shown} as {size} does not go with neighbours {margin} texels deep", fix="choose a whole factor"
        )
    left, top = across.numerator, down.numerator
    return Cropped(enlarge(Size(size.width + 2 * left, size.height + 2 * top)), left, top, size)


def _continued(pixels: Texels, span: Span, axis: int, edge: Edge) -> Texels:
    """Return a span of one axis of a picture, beyond its borders as the edge says, as an array of its own."""
    at = indices(span, pixels.shape[axis], edge)
    result = np.take(pixels, np.maximum(at, 0), axis=axis)
    (result if axis == 0 else result.swapaxes(0, 1))[at < 0] = 0
    return result


def _said(pixels: Texels) -> str:
    height, width, channels = pixels.shape
    return f"{width}×{height}, {channels} × {pixels.dtype.name}"
