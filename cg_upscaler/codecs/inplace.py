"""Moves the rest of a file up or down within it, in bounded memory."""

from __future__ import annotations

from typing import BinaryIO

_STEP = 1 << 22


def move(file: BinaryIO, at: int, by: int) -> None:
    """Move all from `at` to the end by so many bytes: towards the start where that is negative."""
    end = file.seek(0, 2)
    starts = range(at, end, _STEP)
    for start in starts if by < 0 else reversed(starts):
        file.seek(start)
        block = file.read(min(_STEP, end - start))
        file.seek(start + by)
        file.write(block)
    if by < 0:
        file.truncate(end + by)
