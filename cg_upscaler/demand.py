"""Reckons the memory that the exact engine takes for a picture, from its size, cut, model and precision alone.

It is what `generate/` allocates, summed up: windows and what they keep, the head's strips, what waits between them and
what a layer needs while it computes. A test counts what is really allocated and holds it against this.
"""

from __future__ import annotations

from cg_upscaler.geometry import Bands, Edge, Edges, Size
from cg_upscaler.spec import ModelInfo, Precision

HEAD_STRIP = 1 << 17
"""Texels of the result that an RRDBNet's head computes at a time: at 4x it holds 16 times the texels of the trunk."""

_FLOAT = 4
_HALF = 2
_CONTEXT = 8
"""Rows that windows of a dense block hold beyond a band; those of a basic block hold more, which are much smaller."""
_PADDED = 13
"""Channels that the ends of a network are filled up with at most, where its arithmetic takes whole vectors."""
_PER_WIDTH = 7
"""Maps of the network's width that `live` comes to, beside the picture: five, and four of half of it."""


def memory(size: Size, cut: Bands, model: ModelInfo, edges: Edges, precision: Precision) -> int:
    """Return the bytes that the exact engine holds at a time for a picture, beside its weights."""
    width, height = plane(size, cut, model, edges)
    reckon = _rrdb if model.architecture == "rrdb" else _compact
    goes_on = cut.rows == 0 and edges.y is Edge.WRAP and size.height % model.multiple == 0
    return reckon(width, height, cut.rows, model, precision, goes_on)


def weights(model: ModelInfo, precision: Precision, device: str) -> int:
    """Return the bytes of a model's weights on a device, which all pictures share.

    On the CPU float32 ones are held a second time, in the form that its own arithmetic takes: 36 numbers for 9.
    """
    whole = _FLOAT if precision in (Precision.FLOAT32, Precision.AUTO) else _HALF
    again = 4 * _FLOAT if device == "cpu" and whole == _FLOAT and model.held else 0
    return model.parameters * (whole + again)


def _rrdb(width: int, height: int, rows: int, model: ModelInfo, precision: Precision, goes_on: bool) -> int:
    first, body = _types(precision)
    padded = _PADDED if body == _FLOAT else 0
    mean = 3 if first != body else body  # mixed precision keeps about half of its numbers in either
    seen = model.channels * model.multiple**2
    wide = (model.live - seen) // _PER_WIDTH
    lag = (model.horizon or 0) // model.multiple
    band = min(rows or height, height)
    columns = width + 2
    windows = mean * columns * (model.live + padded) * min(band + _CONTEXT, height + 2)
    if 0 < rows < height + lag:
        # Of a picture of few rows no more are kept than it has: of each basic block its input and three dense blocks.
        windows += mean * columns * min(model.held, (height + 2) * wide * (10 * lag // 15))
    if first != body:
        # Sums are made in float32, so that each dense block, which sees five texels far, has its input there as well.
        again = (lag // 5) * 5 if 0 < rows < height + lag else 0
        windows += first * columns * wide * (min(band + 5, height + 2) + min(again, (lag // 5) * (height + 2)))
    # The head
    factor = model.scale * model.multiple
    tall = height + 4 * goes_on  # rows of the other side stand around those that come all at once
    strip = min(max(1.0, HEAD_STRIP / (width * factor**2)), tall)
    texels = (strip * factor + 2) * (width * factor + 2)
    chain = ((3.5 * body + first) * wide + first * (model.channels + padded)) * texels
    waiting = min(strip + band, tall) * columns
    computing = body * wide * texels + waiting * (first * wide + _FLOAT * model.channels * factor**2)
    # Or, before it, the widest layer of a dense block: what it reads, and what it gives
    dense = body * (band + 2) * columns * (model.live - seen - 4 * wide)
    shown = 2 * _FLOAT * band * width * seen
    return int(windows + shown + chain + first * wide * waiting + max(computing, dense))


def _compact(width: int, height: int, rows: int, model: ModelInfo, precision: Precision, _: bool) -> int:
    first, body = _types(precision)
    padded = _PADDED if body == _FLOAT else 0
    lag, given = model.horizon or 0, model.channels * model.scale**2
    wide = (model.held - lag * model.channels) // (2 * max(1, lag - 1))
    band = min(rows or height, height)
    columns = width + 2
    windows = columns * min(band + 2, height + 2) * (body * (lag - 2) * wide + first * (wide + model.channels))
    picture = _FLOAT * columns * min(band + lag, height + 2) * (model.channels + padded)
    ends = columns * band * (first * given + _FLOAT * model.channels)
    # The rows that the last step gave are still there. While a layer computes, so is what it gives, before and after
    # its activation; at the end what it gave, folded out, the picture as large, both together, and copies in float32.
    layer = 2 * first * wide + _FLOAT * given
    end = 6 * _FLOAT * given
    return windows + picture + ends + columns * band * max(layer, end)


def _types(precision: Precision) -> tuple[int, int]:
    """Return the bytes of a number in the first layer and what is added up from it, and in all between the ends."""
    body = _FLOAT if precision in (Precision.FLOAT32, Precision.AUTO) else _HALF
    return _FLOAT if precision is Precision.MIXED else body, body


def plane(size: Size, cut: Bands, model: ModelInfo, edges: Edges) -> tuple[int, int]:
    """Return width and height of the features of what a network is shown."""
    across, down = (
        length + sum(beyond(edge, cut, length, model.multiple, wraps=wraps))
        for length, edge, wraps in ((size.width, edges.x, True), (size.height, edges.y, cut.rows == 0))
    )
    return across // model.multiple, down // model.multiple


def beyond(edge: Edge, cut: Bands, length: int, multiple: int, *, wraps: bool) -> tuple[int, int]:
    """Return how many texels an axis is shown beyond its two ends, so that all are a multiple.

    `wraps` says whether the network can go on at the other side by itself.
    """
    if edge is Edge.WRAP and wraps and length % multiple == 0:
        return 0, 0
    texels = {Edge.WRAP: cut.prime, Edge.ZERO: 0}.get(edge, cut.border)
    before = -(-texels // multiple) * multiple
    return before, -(-(length + texels) // multiple) * multiple - length
