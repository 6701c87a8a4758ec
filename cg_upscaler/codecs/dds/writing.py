"""Writes DDS files as their rows arrive, in memory that depends on the width only."""

from __future__ import annotations

import contextlib
import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from cg_upscaler.codecs.blocks import SIDE, Encoder
from cg_upscaler.codecs.codec import Texels
from cg_upscaler.codecs.dds.choice import encoding_of
from cg_upscaler.codecs.dds.header import header
from cg_upscaler.codecs.layouts import FORMATS
from cg_upscaler.codecs.metadata import NOTHING, Metadata
from cg_upscaler.codecs.packing import pack
from cg_upscaler.codecs.straight import multiplied
from cg_upscaler.spec import ImageSpec

_TOGETHER = 1 << 17
"""Texels that a thread encodes at a time."""


class SurfaceWriter:
    """Writes all mip levels of all slices, each slice with its levels, as `ImageSpec.pictures` has them.

    Blocks know nothing of each other, so equal pictures give equal bytes however their rows come, and however many
    threads encode them.
    """

    def __init__(self, path: Path, container: str, spec: ImageSpec, metadata: Metadata = NOTHING) -> None:
        self._format = FORMATS[encoding_of(spec)]
        self._encoder = Encoder(self._format.block, spec.storage.effort) if self._format.block else None
        self._pictures = iter(spec.pictures)
        self._left = next(self._pictures).height
        self._waiting: list[Texels] = []
        self._encoding: deque[Future[bytes]] = deque()
        self._threads = ThreadPoolExecutor(os.cpu_count() or 1, "blocks") if self._is_large(spec) else None
        self._file = path.open("xb")
        try:
            self._file.write(header(spec))
        except BaseException:
            self.abort()
            raise

    def _is_large(self, spec: ImageSpec) -> bool:
        return self._encoder is not None and spec.size.pixels >= 2 * _TOGETHER

    def write(self, rows: Texels) -> None:
        """Take rows of one picture; what does not fill a stripe of blocks waits for more, or for the picture's end."""
        self._left -= len(rows)
        self._waiting.append(rows)
        there = sum(map(len, self._waiting))
        whole = there if self._left == 0 or self._encoder is None else there // SIDE * SIDE
        if whole:
            together = self._waiting[0] if len(self._waiting) == 1 else np.concatenate(self._waiting)
            self._waiting = [together[whole:].copy()] if whole < there else []
            self._put(together[:whole])
        if self._left == 0:
            following = next(self._pictures, None)
            self._left = 0 if following is None else following.height

    def _put(self, rows: Texels) -> None:
        if self._format.multiplied:
            rows = multiplied(rows, rows.shape[2] - 1)
        if self._encoder is None:
            self._file.write(pack(rows, self._format))
            return
        step = max(SIDE, _TOGETHER // rows.shape[1] // SIDE * SIDE)
        for top in range(0, len(rows), step):
            part = rows[top : top + step]
            if self._threads is None:
                self._file.write(self._encoder.encode(part))
            else:
                self._encoding.append(self._threads.submit(self._encoder.encode, part.copy()))
                self._settle(2 * (os.cpu_count() or 1))

    def _settle(self, most: int) -> None:
        while len(self._encoding) > most:
            self._file.write(self._encoding.popleft().result())

    def close(self) -> None:
        self._settle(0)
        if self._threads is not None:
            self._threads.shutdown()
        self._file.close()

    def abort(self) -> None:
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)
        with contextlib.suppress(OSError):  # what was still to be written does not fit the disk
            self._file.close()
