"""Pictures as rows: what can be read anywhere, what comes from top to bottom, and what takes it.

Everything is float32 of shape (rows, width, channels): integers scaled to 0 … 1, floats as they are in the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from cg_upscaler.errors import NonFinite
from cg_upscaler.geometry import Size

Pixels = NDArray[np.float32]

BLOCK = 1 << 21
"""About how many texels of a result travel together. A matter of speed and memory only: no result depends on it."""


_AT_ONCE = 1 << 15
"""Numbers that become levels together: few enough to stay in a processor's cache in double precision."""


class Source(Protocol):
    """A picture that can be read anywhere: a decoded file, a scratch file, or a verb applied to either."""

    @property
    def size(self) -> Size: ...

    @property
    def channels(self) -> int: ...

    def rows(self, start: int, stop: int) -> Pixels:
        """Return rows 0 ≤ start ≤ i < stop ≤ height as float32 (stop - start, width, channels), to be kept."""
        ...


class Rows(Protocol):
    """A picture on its way: blocks of rows of any height, top to bottom, once."""

    @property
    def size(self) -> Size: ...

    @property
    def channels(self) -> int: ...

    def __iter__(self) -> Iterator[Pixels]: ...


class Sink(Protocol):
    """What takes a finished picture, top to bottom. Nothing is seen of it before `commit`."""

    def put(self, rows: Pixels) -> None: ...

    def commit(self) -> None:
        """Make the picture appear, whole."""
        ...

    def discard(self) -> None:
        """Leave no trace. Does nothing after `commit`."""
        ...


def as_texels(pixels: Pixels) -> NDArray[np.void]:
    """Return a view, (h, w, 1), of each texel as one item, to move them several times as fast as number by number."""
    return pixels.view(np.dtype((np.void, pixels.itemsize * pixels.shape[2])))


def to_float(pixels: NDArray[np.generic]) -> Pixels:
    """Scale integers to 0 … 1 and pass floats through, as float32."""
    as_float: Pixels = pixels.astype(np.float32)
    if pixels.dtype.kind == "u":
        as_float /= np.float32(np.iinfo(pixels.dtype.name).max)
    return as_float


def from_float(pixels: Pixels, dtype: DTypeLike) -> NDArray[Any]:
    """Bring float32 into a file's type: integers rounded to the nearest level, half floats held within their range."""
    kind = np.dtype(dtype)
    if kind.kind == "u":
        return _to_levels(pixels.reshape(-1), kind).reshape(pixels.shape)
    limit = float(np.finfo(kind).max)
    return np.clip(pixels, -limit, limit).astype(kind)


def _to_levels(numbers: Pixels, kind: np.dtype[Any]) -> NDArray[Any]:
    levels, result = np.iinfo(kind).max, np.empty(len(numbers), kind)
    for start in range(0, len(numbers), _AT_ONCE):
        # fmin and fmax give the other number where one is none: NaN has no level, and becomes 0.
        part = np.fmax(numbers[start : start + _AT_ONCE], 0)
        np.fmin(part, 1, out=part)
        # In double precision all of this is exact; in single, what is just below a half level would round up to it.
        scaled = part.astype(np.float64)
        scaled *= levels
        scaled += 0.5
        result[start : start + _AT_ONCE] = scaled  # cut off to whole levels
    return result


def blocks(source: Source, texels: int | None = None) -> Iterator[Pixels]:
    """Yield a source's rows from top to bottom, in blocks of about `texels`, or of `BLOCK`."""
    height, step = source.size.height, max(1, (texels or BLOCK) // source.size.width)
    for start in range(0, height, step):
        yield source.rows(start, min(start + step, height))


def pour(source: Source, sink: Sink) -> None:
    """Put a whole picture into a sink. Raises `NonFinite` rather than let NaN or infinity out."""
    for rows in blocks(source):
        if not np.isfinite(rows).all():
            raise NonFinite("NaN or infinity came out")
        sink.put(rows)
