"""Writes DDS files of one BC7 level, by stripes of four rows as these arrive, with Intel's encoder (`ispc-texcomp`)."""

from __future__ import annotations

import contextlib
import struct
from pathlib import Path
from typing import Any

import numpy as np

from cg_upscaler.codecs.codec import Texels
from cg_upscaler.codecs.metadata import NOTHING, Metadata
from cg_upscaler.errors import OutputError
from cg_upscaler.geometry import Size
from cg_upscaler.maps import ColorSpace
from cg_upscaler.spec import ImageSpec

SIDE = 4
"""Texels of a block, each way. It takes 16 bytes."""

_UNORM, _UNORM_SRGB = 98, 99  # DXGI_FORMAT
_FLAGS = 0x1 | 0x2 | 0x4 | 0x1000 | 0x80000  # caps, height, width, pixel format, linear size
_FOUR_CC, _TEXTURE, _FLAT = 0x4, 0x1000, 3


class BlockWriter:
    """Writes the top level alone, in memory that depends on the width only.

    Blocks know nothing of each other, so equal pictures give equal bytes however their rows come. `preset` is one of
    the encoder's: ``ultrafast``, ``veryfast``, ``fast``, ``basic``, ``slow``.
    """

    def __init__(
        self, path: Path, container: str, spec: ImageSpec, metadata: Metadata = NOTHING, preset: str = "fast"
    ) -> None:
        try:
            import ispc_texcomp
        except ImportError as error:
            fix = "pip install cg-upscaler[dds]"
            raise OutputError("DDS is written with ispc-texcomp, which is not installed", fix=fix) from error
        self._encoder: Any = ispc_texcomp
        self._opaque = spec.channels == 3
        profile = preset if self._opaque else f"alpha_{preset}"
        self._settings = self._encoder.BC7EncSettings.from_profile(profile)
        self._waiting: Texels = np.zeros((0, spec.size.width, spec.channels), np.uint8)
        self._file = path.open("xb")
        try:
            self._file.write(header(spec))
        except BaseException:
            self._file.close()
            raise

    def write(self, rows: Texels) -> None:
        if len(self._waiting):
            rows = np.concatenate([self._waiting, rows])
        whole = len(rows) // SIDE * SIDE
        if whole:
            self._file.write(self._encoded(rows[:whole]))
        self._waiting = rows[whole:].copy()

    def close(self) -> None:
        if len(self._waiting):
            missing = SIDE - len(self._waiting)
            self._file.write(self._encoded(np.pad(self._waiting, ((0, missing), (0, 0), (0, 0)), mode="edge")))
        self._file.close()

    def abort(self) -> None:
        with contextlib.suppress(OSError):  # what was still to be written does not fit the disk
            self._file.close()

    def _encoded(self, rows: Texels) -> bytes:
        """Return the blocks of whole stripes. The encoder takes other widths too, and gives the wrong length."""
        height, width, channels = rows.shape
        texels = np.full((height, -(-width // SIDE) * SIDE, 4), 255, np.uint8)
        texels[:, :width, :channels] = rows
        texels[:, width:] = texels[:, width - 1 : width]
        surface = self._encoder.RGBASurface(texels.tobytes(), texels.shape[1], height, texels.shape[1] * 4)
        blocks: bytes = self._encoder.compress_blocks_bc7(surface, self._settings)
        return opaque(blocks) if self._opaque else blocks


def opaque(blocks: bytes) -> bytes:
    """Return blocks, encoded without alpha, in which no texel's alpha is 254.

    In mode 6 all four numbers of an endpoint share their lowest bit, which the encoder chooses for the colour alone.
    Where it is set here, the three go up by one level if their next bit is clear, and else down by one, so that the
    mean stays. The bits: 7 for the mode, 7 each for R0 R1 G0 G1 B0 B1 A0 A1, then the lowest bits of both.
    """
    words = np.frombuffer(blocks, "<u8").reshape(-1, 2).copy()
    found = words[:, 0] & 0x7F == 0x40
    low, high = words[found, 0], words[found, 1]
    for endpoint, clear in enumerate((~low >> np.uint64(63), ~high & np.uint64(1))):
        for channel in range(3):
            at = np.uint64(7 + 14 * channel + 7 * endpoint)
            low -= (low >> at & clear) << at
    words[found, 0], words[found, 1] = low | np.uint64(1 << 63), high | np.uint64(1)
    return words.tobytes()


def header(spec: ImageSpec) -> bytes:
    """Return the 148 bytes before the blocks: the header of DirectX 9, and behind it that of DirectX 10."""
    size = spec.size
    head = struct.pack("<4s7I44x", b"DDS ", 124, _FLAGS, size.height, size.width, length(size), 1, 1)
    head += struct.pack("<2I4s20x", 32, _FOUR_CC, b"DX10")
    head += struct.pack("<I16x", _TEXTURE)
    code = _UNORM_SRGB if spec.color_space is ColorSpace.SRGB else _UNORM
    # No flags on alpha: old loaders refuse a file that has any.
    return head + struct.pack("<5I", code, _FLAT, 0, 1, 0)


def length(size: Size) -> int:
    """Return how many bytes the blocks of a level take."""
    return -(-size.width // SIDE) * -(-size.height // SIDE) * 16
