"""Encodes blocks with Intel's encoder (`ispc-texcomp`), and does what that does not: transparency in BC1 and BC2."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cg_upscaler.codecs.blocks import punchthrough
from cg_upscaler.codecs.blocks.table import SIDE, length
from cg_upscaler.codecs.codec import Texels
from cg_upscaler.errors import OutputError
from cg_upscaler.geometry import Size
from cg_upscaler.spec import Effort

PROFILES = {
    "bc7": {Effort.FAST: "ultrafast", Effort.NORMAL: "veryfast", Effort.BEST: "basic"},
    "bc6h": {Effort.FAST: "veryfast", Effort.NORMAL: "fast", Effort.BEST: "slow"},
}
"""The encoder's own names for how long it looks. Other formats have one way only. docs/formats.md has the figures."""

_LARGEST = np.float16(65504)


class Encoder:
    """Encodes whole stripes of four rows of one picture. Blocks know nothing of each other, so stripes may come anyhow.

    May be called from several threads at once: the encoder leaves the interpreter. Raises `OutputError` where
    `ispc-texcomp` is not installed.
    """

    def __init__(self, name: str, effort: Effort = Effort.FAST) -> None:
        """`name` is one of `BLOCKS`."""
        try:
            import ispc_texcomp
        except ImportError as error:
            fix = 'pip install "cg-upscaler[dds]"'
            raise OutputError("blocks are written with ispc-texcomp, which is not installed", fix=fix) from error
        self._library: Any = ispc_texcomp
        self._effort = effort
        ways: dict[str, Callable[[Texels], bytes]] = {
            "bc1": self._bc1,
            "bc2": self._bc2,
            "bc3": lambda texels: self._plain("bc3", _rgba(texels)),
            "bc4": lambda texels: self._plain("bc4", texels),
            "bc5": lambda texels: self._plain("bc5", texels),
            "bc6h": self._bc6h,
            "bc7": self._bc7,
        }
        self._way = ways[name]

    def encode(self, texels: Texels) -> bytes:
        """Return the blocks of (h, w, c) texels in the block's own type, from left to right and top to bottom.

        What is missing to whole blocks repeats the texels at the border. Channels are as `Block.channels` says.
        """
        height, width = -texels.shape[0] % SIDE, -texels.shape[1] % SIDE
        if height or width:  # the encoder takes other sizes too, and gives the wrong length
            texels = np.pad(texels, ((0, height), (0, width), (0, 0)), mode="edge")
        return self._way(np.ascontiguousarray(texels))

    def _plain(self, name: str, texels: Texels, *settings: Any) -> bytes:
        height, width = texels.shape[:2]
        # Of fewer than four channels the surface is tightly packed, though its own comments say otherwise.
        surface = self._library.RGBASurface(texels.tobytes(), width, height, texels.strides[0])
        blocks: bytes = getattr(self._library, f"compress_blocks_{name}")(surface, *settings)
        return blocks[: length(name, Size(width, height))]  # of BC1 it gives as many bytes again

    def _bc1(self, texels: Texels) -> bytes:
        blocks = self._plain("bc1", _rgba(texels))
        if texels.shape[2] < 4:
            return blocks
        return punchthrough.with_holes(blocks, np.asarray(texels, np.uint8))

    def _bc2(self, texels: Texels) -> bytes:
        """BC3's colours, which are BC2's too, behind four bits of alpha for each texel."""
        blocks = np.frombuffer(self._plain("bc3", texels), "<u8").reshape(-1, 2).copy()
        alpha = _in_blocks(np.asarray(texels[:, :, 3], np.uint64))
        levels = (alpha * np.uint64(15) + np.uint64(127)) // np.uint64(255)
        blocks[:, 0] = (levels << (np.arange(16, dtype=np.uint64) * np.uint64(4))).sum(axis=1, dtype=np.uint64)
        return blocks.tobytes()

    def _bc6h(self, texels: Texels) -> bytes:
        """Unsigned: what is below 0 becomes 0, as is what no number is; infinity the largest number."""
        whole = np.zeros((*texels.shape[:2], 4), np.float16)
        light = np.nan_to_num(np.asarray(texels, np.float16), nan=0.0, posinf=float(_LARGEST), neginf=0.0)
        whole[:, :, :3] = np.clip(light, 0, _LARGEST)
        settings = self._library.BC6HEncSettings.from_profile(PROFILES["bc6h"][self._effort])
        return self._plain("bc6h", whole, settings)

    def _bc7(self, texels: Texels) -> bytes:
        """Stripes without transparency are encoded without alpha, which is better and takes half the time."""
        profile = PROFILES["bc7"][self._effort]
        opaque, transparent = (
            self._library.BC7EncSettings.from_profile(name) for name in (profile, f"alpha_{profile}")
        )
        if texels.shape[2] < 4:
            return _without_alpha(self._plain("bc7", _rgba(texels), opaque))
        least = np.asarray(texels[:, :, 3]).reshape(len(texels) // SIDE, -1).min(axis=1)
        stripes = [bool(alpha < 255) for alpha in least]
        parts, start = [], 0
        while start < len(stripes):
            stop = start
            while stop < len(stripes) and stripes[stop] == stripes[start]:
                stop += 1
            part = texels[start * SIDE : stop * SIDE]
            if stripes[start]:
                parts.append(self._plain("bc7", part, transparent))
            else:
                parts.append(_without_alpha(self._plain("bc7", part, opaque)))
            start = stop
        return b"".join(parts)


def _rgba(texels: Texels) -> Texels:
    if texels.shape[2] == 4:
        return texels
    return np.concatenate([texels, np.full((*texels.shape[:2], 1), 255, np.uint8)], axis=2)


def _in_blocks(plane: NDArray[Any]) -> NDArray[Any]:
    """Return (blocks, 16) for a plane of whole blocks."""
    height, width = plane.shape
    return plane.reshape(height // SIDE, SIDE, width // SIDE, SIDE).swapaxes(1, 2).reshape(-1, SIDE * SIDE)


def _without_alpha(blocks: bytes) -> bytes:
    """Return BC7 blocks, encoded without alpha, in which no texel's alpha is 254.

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
