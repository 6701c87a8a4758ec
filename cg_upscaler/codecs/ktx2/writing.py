"""Writes KTX 2 files: in place as pictures arrive, or whole where Basis Universal encodes them."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Literal

import numpy as np

from cg_upscaler.codecs.blocks import SIDE, Encoder
from cg_upscaler.codecs.codec import Texels, Writer
from cg_upscaler.codecs.ktx2.formats import BASIS, encoding_of
from cg_upscaler.codecs.ktx2.header import header
from cg_upscaler.codecs.layouts import FORMATS
from cg_upscaler.codecs.metadata import NOTHING, Metadata
from cg_upscaler.codecs.packing import pack
from cg_upscaler.spec import Effort, ImageSpec

_EFFORT = {Effort.FAST: (1, 60), Effort.NORMAL: (3, 80), Effort.BEST: (6, 100)}
"""Effort and quality, as alktx2 counts them: 0 … 10 and 1 … 100."""


def writer(path: Path, container: str, spec: ImageSpec, metadata: Metadata = NOTHING) -> Writer:
    """Begin a file of the encoding that the spec asks for."""
    return _BasisWriter(path, spec) if encoding_of(spec) in BASIS else _LevelWriter(path, spec)


class _LevelWriter:
    """Puts every picture where it belongs: pictures come slice by slice, and lie in the file level by level.

    Memory depends on the width only.
    """

    def __init__(self, path: Path, spec: ImageSpec) -> None:
        name = encoding_of(spec)
        self._spec, self._format = spec, FORMATS[name]
        self._encoder = Encoder(self._format.block, spec.storage.effort) if self._format.block else None
        head, self._places = header(spec, name)
        self._number = 0
        self._waiting: Texels = np.zeros((0, spec.size.width, spec.channels), np.uint8)
        self._file = path.open("xb")
        try:
            self._file.write(head)
            self._begin()
        except BaseException:
            self.abort()
            raise

    def _begin(self) -> None:
        """Go to where the next picture lies."""
        pictures = self._spec.pictures
        if self._number == len(pictures):
            self._left = 0
            return
        size = pictures[self._number]
        number, level = divmod(self._number, self._spec.storage.levels)
        self._file.seek(self._places[level].begins + number * self._format.length(size))
        self._left = size.height

    def write(self, rows: Texels) -> None:
        self._left -= len(rows)
        if len(self._waiting):
            rows = np.concatenate([self._waiting, rows])
        whole = len(rows) if self._left == 0 or self._encoder is None else len(rows) // SIDE * SIDE
        if whole:
            part = rows[:whole]
            self._file.write(pack(part, self._format) if self._encoder is None else self._encoder.encode(part))
        self._waiting = rows[whole:].copy()
        if self._left == 0:
            self._number += 1
            self._begin()

    def close(self) -> None:
        self._file.close()

    def abort(self) -> None:
        with contextlib.suppress(OSError):
            self._file.close()


class _BasisWriter:
    """Gathers all levels of one picture, which Basis Universal encodes together."""

    def __init__(self, path: Path, spec: ImageSpec) -> None:
        self._path, self._spec = path, spec
        self._levels = [np.full((size.height, size.width, 4), 255, np.uint8) for size in spec.pictures]
        self._level, self._row = 0, 0
        path.touch(exist_ok=False)

    def write(self, rows: Texels) -> None:
        level = self._levels[self._level]
        level[self._row : self._row + len(rows), :, : rows.shape[2]] = rows
        self._row += len(rows)
        if self._row == len(level):
            self._level, self._row = self._level + 1, 0

    def close(self) -> None:
        import alktx2

        effort, quality = _EFFORT[self._spec.storage.effort]
        codec: Literal["uastc", "etc1s"] = "uastc" if encoding_of(self._spec) == "uastc" else "etc1s"
        srgb = self._spec.storage.srgb is True
        made = alktx2.encode_raw_mips_to_ktx2(
            [(level.tobytes(), level.shape[1], level.shape[0]) for level in self._levels],
            self._spec.channels == 4,
            codec=codec, quality=quality, effort=effort, srgb=srgb, linear=not srgb, threads=1,
        )  # fmt: skip
        self._path.write_bytes(made)

    def abort(self) -> None:
        self._levels.clear()
