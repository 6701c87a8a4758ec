"""Pictures as rows: what holds them, what produces them, what takes them, and how local verbs run over them.

Everything is float32 of shape (rows, width, channels): integers scaled to 0 … 1, floats as they are in the file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from cg_upscaler.errors import NonFinite
from cg_upscaler.geometry import Edges, Size, Span
from cg_upscaler.pixels.edges import take

Pixels = NDArray[np.float32]

BLOCK = 1 << 21
"""About how many texels of a result travel together. A matter of speed and memory only: no result depends on it."""

SCRATCH_IN_MEMORY = 64 << 20
"""Bytes up to which finished rows wait in memory rather than in a file."""


class Source(Protocol):
    """A picture that can be read anywhere: a decoded file, a scratch file, or a verb applied to either."""

    @property
    def size(self) -> Size: ...

    @property
    def channels(self) -> int: ...

    def rows(self, start: int, stop: int) -> Pixels:
        """Return rows 0 ≤ start ≤ i < stop ≤ height as float32 (stop - start, width, channels)."""
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


@dataclass(frozen=True, slots=True)
class Array:
    """A picture in memory, in its file's own type."""

    pixels: NDArray[np.generic]
    """(height, width, channels) of uint8, uint16, float16 or float32."""

    @property
    def size(self) -> Size:
        return Size(self.pixels.shape[1], self.pixels.shape[0])

    @property
    def channels(self) -> int:
        return int(self.pixels.shape[2])

    def rows(self, start: int, stop: int) -> Pixels:
        return to_float(self.pixels[start:stop])


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
        levels = np.iinfo(kind).max
        # In double precision: at 16 bits, float32 has no room left for a half level.
        # And fmin and fmax give the other number where one is none: NaN has no level, and becomes 0.
        return np.floor(np.fmin(np.fmax(pixels, 0), 1).astype(np.float64) * levels + 0.5).astype(kind)
    limit = float(np.finfo(kind).max)
    return np.clip(pixels, -limit, limit).astype(kind)


@dataclass(frozen=True, slots=True)
class Channels:
    """Some channels of a source, in a given order."""

    source: Source
    picks: tuple[int, ...]

    @property
    def size(self) -> Size:
        return self.source.size

    @property
    def channels(self) -> int:
        return len(self.picks)

    def rows(self, start: int, stop: int) -> Pixels:
        return np.ascontiguousarray(self.source.rows(start, stop)[:, :, list(self.picks)])


@dataclass(frozen=True, slots=True)
class Local:
    """A verb whose result at a texel depends on its surroundings only.

    `fn` takes windows of its inputs, as if the picture went on for ever, and returns the window of the result; what
    it says about the outermost `reach` texels is thrown away. Reach is in texels of the coarsest input.
    """

    fn: Callable[..., Pixels]
    reach: int
    ratio: int = 1
    """Size of the result over that of the coarsest input."""
    channels: int | None = None
    """Of the result; None where it has as many as the first input."""


def windowed(op: Local, edges: Edges, *inputs: Source) -> Source:
    """Apply a local verb to whole pictures, lazily: rows are computed when they are asked for.

    The inputs' sizes are whole multiples of the smallest. Each is taken to go on beyond its borders as `edges` says,
    so the result does not depend on which rows are asked for together.
    """
    base = min((source.size for source in inputs), key=lambda size: size.pixels)
    ratios = []
    for source in inputs:
        ratio = source.size.width // base.width
        if source.size != base * ratio:
            raise ValueError(f"{source.size} is no whole multiple of {base}")
        ratios.append(ratio)
    return _Windowed(op, edges, inputs, tuple(ratios), base)


@dataclass(frozen=True, slots=True)
class _Windowed:
    op: Local
    edges: Edges
    inputs: Sequence[Source]
    ratios: tuple[int, ...]
    base: Size

    @property
    def size(self) -> Size:
        return self.base * self.op.ratio

    @property
    def channels(self) -> int:
        return self.inputs[0].channels if self.op.channels is None else self.op.channels

    def rows(self, start: int, stop: int) -> Pixels:
        op, ratio = self.op, self.op.ratio
        core = Span(start // ratio, -(-stop // ratio))
        ys, xs = core.grow(op.reach), Span(0, self.base.width).grow(op.reach)
        windows = [take(source, ys * k, xs * k, self.edges) for source, k in zip(self.inputs, self.ratios, strict=True)]
        result = op.fn(*windows)
        top, left = start - ys.start * ratio, op.reach * ratio
        return np.ascontiguousarray(result[top : top + stop - start, left : left + self.size.width])


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


class Scratch:
    """Finished rows, waiting: a `Sink` first and a `Source` afterwards. In memory while small, else in a file.

    The file is read and written rather than mapped: on a full disk a write fails with an error, a mapping kills.
    """

    def __init__(self, size: Size, channels: int, folder: Path | None = None) -> None:
        self.size, self.channels = size, channels
        self._row_bytes = 4 * size.width * channels
        small = folder is None or self._row_bytes * size.height <= SCRATCH_IN_MEMORY
        self._file: BinaryIO = BytesIO() if small else TemporaryFile(dir=folder, prefix="scratch-")

    def put(self, rows: Pixels) -> None:
        self._file.seek(0, os.SEEK_END)
        self._file.write(np.ascontiguousarray(rows, np.float32).data)

    def rows(self, start: int, stop: int) -> Pixels:
        shape = (stop - start, self.size.width, self.channels)
        pixels: Pixels = np.empty(shape, np.float32)
        self._file.seek(start * self._row_bytes)
        view = pixels.reshape(-1).view(np.uint8).data
        got = self._file.readinto(view)  # type: ignore[attr-defined]
        if got != len(view):
            raise ValueError(f"rows {start} to {stop} asked for, but they have not been put")
        return pixels

    def close(self) -> None:
        self._file.close()


def hold(rows: Rows, folder: Path | None = None) -> Scratch:
    """Run a picture to its end and keep it, so that it can be read anywhere."""
    scratch = Scratch(rows.size, rows.channels, folder)
    for block in rows:
        scratch.put(block)
    return scratch
