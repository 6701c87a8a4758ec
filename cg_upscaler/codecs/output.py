"""A file that OpenImageIO writes, by rows or rows of tiles: one picture, or several one after another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import OpenImageIO as oiio

from cg_upscaler.codecs.codec import Texels
from cg_upscaler.codecs.proof import PROVED, Proof
from cg_upscaler.spec import ImageSpec


class _Complaining(Protocol):
    def geterror(self) -> str: ...


def complaint(of: _Complaining) -> str:
    """Return the first line of what went wrong, as the others follow from it; empty where nothing did. Clears it."""
    try:
        lines = of.geterror().splitlines()
    except UnicodeDecodeError:  # it quotes the file
        return "for a reason that is no text"
    return next((line.strip() for line in lines if line.strip()), "")


def plain(spec: ImageSpec) -> tuple[str, ...]:
    """Return the usual names of channels."""
    if spec.channels == 2 and spec.alpha is None:
        return ("R", "G")
    return tuple({1: "Y", 2: "YA", 3: "RGB", 4: "RGBA"}[spec.channels])


class Output:
    """Takes the rows of each header's picture. All but `abort` raise `OSError`."""

    def __init__(self, path: Path, headers: Sequence[oiio.ImageSpec]) -> None:
        self._path, self._headers, self._number = path, headers, 0
        self._row = 0
        self._kept: Texels = np.empty((0, 0, 0), np.uint8)
        self._proof = Proof(len(headers)) if path.suffix.lower() in PROVED else None
        output = oiio.ImageOutput.create(str(path))
        if output is None:
            raise OSError(complaint(oiio))
        self._output = output
        self._require(output.open(str(path), headers[0] if len(headers) == 1 else list(headers)))

    def next(self) -> None:
        """Go on to the next picture."""
        self._number, self._row = self._number + 1, 0
        self._require(self._output.open(str(self._path), self._headers[self._number], "AppendSubimage"))

    def _require(self, opened: bool) -> None:
        if not opened:
            self._path.open("ab").close()  # says why, with a number, where it is the system that refuses
            raise OSError(complaint(self._output))

    def write(self, rows: Texels) -> None:
        """Take the next rows: (n, width, channels)."""
        header = self._headers[self._number]
        if not header.tile_height:
            self._put(rows)
            return
        waiting = np.concatenate([self._kept, rows]) if len(self._kept) else rows
        last = self._row + len(waiting) == header.height
        ready = len(waiting) if last else len(waiting) // header.tile_height * header.tile_height
        for start in range(0, ready, header.tile_height):
            self._put(waiting[start : min(start + header.tile_height, ready)])
        self._kept = waiting[ready:].copy()

    def _put(self, rows: Texels) -> None:
        header = self._headers[self._number]
        start, stop = header.y + self._row, header.y + self._row + len(rows)
        # Always three axes and contiguous: a two-dimensional array is written wrong, without a word.
        whole = np.ascontiguousarray(rows)
        if header.tile_height:
            done = self._output.write_tiles(header.x, header.x + header.width, start, stop, 0, 1, whole)
        else:
            done = self._output.write_scanlines(start, stop, 0, whole)
        if not done:
            raise OSError(complaint(self._output) or "writing failed")
        if self._proof is not None:
            self._proof.add(self._number, whole)
        self._row += len(rows)

    def close(self) -> None:
        closed = self._output.close()
        said = complaint(self._output)
        if not closed or said:  # PNG and TIFF report a full disk here alone, and call it a success
            raise OSError(said or "closing failed")
        if self._proof is not None:
            self._proof.hold(self._path, self._headers)

    def abort(self) -> None:
        """Let go of the file, half written as it is. Never raises."""
        self._output.close()
        complaint(self._output)
