"""Decides how a picture is divided, from its size, edges, model and precision alone: never from free memory."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace
from math import ceil

from cg_upscaler.demand import beyond as beyond
from cg_upscaler.demand import memory
from cg_upscaler.geometry import Bands, Chained, Cut, Edge, Edges, Size, Tiled
from cg_upscaler.spec import ModelInfo, Precision

TILE_SIDES = (512, 256, 128, 64, 32)
"""The canonical tile sides, largest first. On out-of-memory a job is planned again with the next."""

BAND_ROWS = (256, 128, 64, 32, 16, 8, 4, 2, 1)
"""The canonical heights of bands, in rows of features, largest first. On out-of-memory the next one is planned."""

BAND = 1 << 16
"""Texels of a band. Fewer leave the processor idle between layers, and more take memory for little speed."""

LEAST = 4
"""Rows of a band where memory forces no fewer."""

WHOLE = 1 << 17
"""Texels up to which a picture goes through at once, which is the fastest: 0.6 GB at 32 bits at most."""

WHOLE_WRAPPED = 1 << 19
"""Texels up to which a picture that wraps down its height goes through at once, which is exact and computes no texel
twice. At 32 bits it takes 1.3 GB then."""

PRIME = 80
"""Texels of the other side that come before a wrapped border: the error that is left is 0.1 to 0.2 levels of 255."""

BORDER = 8
"""Texels of mirrored or clamped surroundings that tiles read where the picture ends. Generators were trained on crops
with zeros around them, so they need few."""

BAND_BORDER = 4
"""The same of bands: for the ESRGAN family 8 are hardly better, and an icon of 64² would cost half as much again."""

MOST_ACROSS = 1 << 20
"""Texels of the widest picture that anything is said about."""


def canonical_cut(size: Size, model: ModelInfo, edges: Edges = Edges(), *, exact: bool = False) -> Cut:
    """Return the cut for a generator's input of `size`.

    With `exact`, borders that wrap are primed until nothing is left of their error, wherever priming may be needed: at
    once, or when memory forces bands upon a picture that was to go through whole.
    """
    if not model.steps:
        return _single(size, model, edges, exact=exact)
    cuts = []
    for step in model.steps:
        cuts.append(_single(size, step, edges, exact=exact))
        size = size * step.scale
    return Chained(tuple(cuts))


def _single(size: Size, model: ModelInfo, edges: Edges, *, exact: bool) -> Tiled | Bands:
    return bands(size, model, edges, exact=exact) if model.held else tiles(size, model)


def stages(model: ModelInfo, cut: Cut, size: Size) -> Iterator[tuple[ModelInfo, Tiled | Bands, Size]]:
    """Yield what networks run for a picture, one after another: each with its cut, and the size that it is shown."""
    if not isinstance(cut, Chained):
        yield model, cut, size
        return
    for step, own in zip(model.steps, cut.steps, strict=True):
        yield step, own, size
        size = size * step.scale


def bands(size: Size, model: ModelInfo, edges: Edges, *, exact: bool = False) -> Bands:
    """Return the cut for a network that the exact engine runs."""
    horizon = model.horizon or 0
    # What goes on at its other side by itself is not primed, and its job is no other one for having been asked to be.
    primed = edges.y is Edge.WRAP or (edges.x is Edge.WRAP and size.width % model.multiple != 0)
    prime = horizon if exact and primed else min(PRIME * model.multiple, horizon)
    border = min(BAND_BORDER * model.multiple, horizon)
    at_once = WHOLE_WRAPPED if edges.y is Edge.WRAP and size.height % model.multiple == 0 else WHOLE
    if size.pixels <= at_once * model.multiple**2:
        return Bands(0, border, prime)
    columns = ceil(size.width / model.multiple)
    rows = next((rows for rows in BAND_ROWS if rows * columns <= BAND), 0)
    cut = Bands(max(rows, LEAST), border, prime)
    # What bands keep for each other may be more than the whole of a picture that is much wider than high. In whichever
    # precision it runs, it is reckoned in one, and so cut alike.
    banded, whole = (memory(size, one, model, edges, Precision.FLOAT32) for one in (cut, replace(cut, rows=0)))
    return cut if banded < whole else replace(cut, rows=0)


def tiles(size: Size, model: ModelInfo) -> Tiled:
    """Return the cut for any other network: the smallest tile that covers the picture, or the largest there is."""
    longest = max(size.width, size.height)
    tile = min((side for side in TILE_SIDES if side >= longest), default=TILE_SIDES[0])
    if model.reach is None:
        raise ValueError(f"how far {model.name} looks is to be measured first")
    if model.most:  # and what a tile reads, also across a wrapped border, is to be no more than it takes
        overlap = min(model.reach // 4, model.most // 16)
        padding = min(model.reach + overlap, model.most // 4)
        return Tiled(max(1, model.most - 2 * (padding + overlap)), padding, overlap, border=min(padding, BORDER))
    # What a tile gives to the blend has the model's whole reach behind it, so a network whose reach is exact is exact.
    overlap = model.reach // 4
    return Tiled(tile, padding=model.reach + overlap, overlap=overlap, border=min(model.reach, BORDER))


def overlapping(cut: Cut, texels: int, model: ModelInfo | None = None) -> Cut:
    """Return a cut whose tiles read so many texels of their neighbours, and blend a fifth as usual.

    Bands need none, and what takes inputs of one size alone is cut to that.
    """
    if isinstance(cut, Chained):
        models = model.steps if model else (None,) * len(cut.steps)
        return Chained(tuple(_overlapping(own, texels, step) for own, step in zip(cut.steps, models, strict=True)))
    return _overlapping(cut, texels, model)


def _overlapping(cut: Tiled | Bands, texels: int, model: ModelInfo | None) -> Tiled | Bands:
    if isinstance(cut, Bands) or (model is not None and model.most):
        return cut
    return replace(cut, padding=texels, overlap=texels // 5, border=min(texels, BORDER))


def smaller(cut: Cut) -> Cut | None:
    """Return the next smaller canonical cut, or None where there is none. Of a chain each step goes down by one."""
    if isinstance(cut, Chained):
        less = [_smaller(step) for step in cut.steps]
        return Chained(tuple(new or old for new, old in zip(less, cut.steps, strict=True))) if any(less) else None
    return _smaller(cut)


def _smaller(cut: Tiled | Bands) -> Tiled | Bands | None:
    if isinstance(cut, Bands):
        below = [rows for rows in BAND_ROWS if cut.rows == 0 or rows < cut.rows]
        return replace(cut, rows=below[0]) if below else None
    side = max((side for side in TILE_SIDES if side < cut.tile), default=None)
    return None if side is None else replace(cut, tile=side)


def least_memory(size: Size, cut: Bands, model: ModelInfo, edges: Edges, precision: Precision) -> int:
    """Return the bytes that a picture takes in the canonical bands, or whole, that take the fewest."""
    return min(memory(size, replace(cut, rows=rows), model, edges, precision) for rows in (0, *BAND_ROWS))


def widest(available: int, height: int, cut: Bands, model: ModelInfo, edges: Edges, precision: Precision) -> int:
    """Return the width of the widest picture of a height that so many bytes hold, cut as small as need be; 0: none."""
    return bisect_right(
        range(1, MOST_ACROSS + 1),
        available,
        key=lambda width: least_memory(Size(width, height), cut, model, edges, precision),
    )
