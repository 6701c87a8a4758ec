"""Holds a picture that came row by row, so that it can be read anywhere."""

from __future__ import annotations

import os
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

import numpy as np

from cg_upscaler.geometry import Size
from cg_upscaler.pixels.rows import Pixels, Rows, Source, blocks
from cg_upscaler.pixels.views import Array

SCRATCH_IN_MEMORY = 64 << 20
"""Bytes up to which finished rows wait in memory rather than in a file."""

KEPT = 16 << 20
"""Bytes up to which rows that are asked for twice are computed but once."""


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


def kept(picture: Source) -> Source:
    """Return a small picture with its rows computed, to be read in any number of passes; a large one as it is."""
    if 4 * picture.size.pixels * picture.channels > KEPT:
        return picture
    there = list(blocks(picture))
    return Array(there[0] if len(there) == 1 else np.concatenate(there))


def hold(picture: Rows | Source, folder: Path | None = None) -> Scratch:
    """Run a picture to its end and keep it, so that it can be read anywhere, and at no further cost."""
    scratch = Scratch(picture.size, picture.channels, folder)
    for block in picture if isinstance(picture, Iterable) else blocks(picture):
        scratch.put(block)
    return scratch
