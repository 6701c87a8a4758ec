"""Packs texels that are not in blocks, and unpacks them: channels within the bits of one number, or one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cg_upscaler.codecs.codec import DTYPES, Texels
from cg_upscaler.codecs.layouts import Format, Masks
from cg_upscaler.geometry import Size

_BYTE = 255


def unpack(data: bytes, format: Format, size: Size) -> Texels:
    """Return the texels, (h, w, c) in the format's own type, of `format.length(size)` bytes."""
    shape = size.height, size.width
    masks = _within(format)
    if masks is None:
        plain = np.frombuffer(data, np.dtype(DTYPES[format.depth]).newbyteorder("<"))
        return plain.reshape(*shape, -1).astype(DTYPES[format.depth])
    if format.bits == 24:
        triples = np.frombuffer(data, np.uint8).reshape(*shape, 3).astype(np.uint32)
        numbers = triples[:, :, 0] | triples[:, :, 1] << 8 | triples[:, :, 2] << 16
    else:
        numbers = np.frombuffer(data, f"<u{format.bits // 8}").reshape(shape).astype(np.uint32)
    result = np.empty((*shape, len(masks)), np.uint8)
    for channel, mask in enumerate(masks):
        low, most = _place(mask)
        levels = numbers >> np.uint32(low) & np.uint32(most)
        result[:, :, channel] = (levels * _BYTE + most // 2) // most
    return result


def pack(texels: Texels, format: Format) -> bytes:
    """Return the bytes of (h, w, c) texels, the inverse of `unpack`; what has fewer bits is rounded to the nearest."""
    masks = _within(format)
    if masks is None:
        return texels.astype(np.dtype(DTYPES[format.depth]).newbyteorder("<")).tobytes()
    numbers: NDArray[Any] = np.zeros(texels.shape[:2], np.uint32)
    for channel, mask in enumerate(masks):
        low, most = _place(mask)
        levels = (texels[:, :, channel].astype(np.uint32) * np.uint32(most) + np.uint32(_BYTE // 2)) // np.uint32(_BYTE)
        numbers |= levels << np.uint32(low)
    if not format.masks or not format.masks[3]:
        numbers |= np.uint32(_unused(format))
    if format.bits == 24:
        return numbers.astype("<u4").view(np.uint8).reshape(*texels.shape[:2], 4)[:, :, :3].tobytes()
    return numbers.astype(f"<u{format.bits // 8}").tobytes()


def _within(format: Format) -> tuple[int, ...] | None:
    """Return the masks of the channels that are there; None where channels lie one after another."""
    if format.masks is None or format.depth.bits > 8:
        return None
    return tuple(mask for mask in format.masks if mask)


def _place(mask: int) -> tuple[int, int]:
    """Return the lowest bit of a mask, and the greatest number that it holds."""
    low = (mask & -mask).bit_length() - 1
    return low, mask >> low


def _unused(format: Format) -> int:
    """Return the bits that no channel uses, which are set, as what reads them for alpha expects."""
    masks: Masks = format.masks or (0, 0, 0, 0)
    used = masks[0] | masks[1] | masks[2]
    return ((1 << format.bits) - 1) & ~used
