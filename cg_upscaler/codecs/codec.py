"""What a codec is: how one container is probed, read and written, and what it can hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cg_upscaler.codecs.image import Image
from cg_upscaler.codecs.metadata import Metadata
from cg_upscaler.errors import TooManyPixels, UnsupportedImage
from cg_upscaler.geometry import Size
from cg_upscaler.spec import Depth, ImageSpec, Storage

DTYPES: dict[Depth, type[np.generic]] = {
    Depth.UINT8: np.uint8,
    Depth.UINT16: np.uint16,
    Depth.HALF: np.float16,
    Depth.FLOAT: np.float32,
}
"""Which array type holds each depth."""

LABELS = {"jpg": "JPEG", "tif": "TIFF", "webp": "WebP", "exr": "OpenEXR", "hdr": "Radiance HDR", "tx": ".tx"}
"""How people call a container, where that is not its name in capitals."""

SLICES = 2048
"""Slices of a file that are taken at most: those of the largest array that graphics cards take (Direct3D 11,
``D3D11_REQ_TEXTURE2D_ARRAY_AXIS_DIMENSION``). Each costs time of its own, however few texels it has."""

Texels = NDArray[np.generic]


def label(container: str) -> str:
    return LABELS.get(container, container.upper())


class Writer(Protocol):
    """Writes one file, each of `ImageSpec.pictures` from top to bottom.

    `close` raises where the file is not whole; both raise `OSError`.
    """

    def write(self, rows: Texels) -> None: ...

    def close(self) -> None: ...

    def abort(self) -> None:
        """Let go of the file, half written as it is. Never raises."""
        ...


@dataclass(frozen=True, slots=True)
class Codec:
    """One container: a row of the table."""

    container: str
    suffixes: tuple[str, ...]
    """Lower case, with the dot; the usual one first."""
    probe: Callable[[Path, str, int], ImageSpec]
    read: Callable[[Path, str, int], Image]
    write: Callable[[Path, str, ImageSpec, Metadata], Writer] | None = None
    """None where files of this kind are only read."""
    depths: tuple[Depth, ...] = ()
    """What can be written, as are the next three."""
    channels: tuple[int, ...] = ()
    pairs: bool = False
    """Two channels need not be gray and alpha."""
    longest: int = (1 << 31) - 1
    """The largest side."""
    level: Callable[[Path, str, ImageSpec, int], Texels] | None = None
    """Decodes one mip level of all slices, (slices·height, width, channels); None where files have the first alone."""
    encodings: tuple[str, ...] = ()
    """Block formats, packings of bits and compressions that can be written; the usual one first."""
    holds: Callable[[ImageSpec], str] | None = None
    """Returns why an encoding cannot hold a picture; empty where it can. None: any holds what the container does."""
    many: bool = False
    """Holds mip levels and slices."""
    layered: bool = False
    """Holds slices, and no mip levels."""
    large: Callable[[Path, str, int, Path], Image] | None = None
    """Decodes what is large into a file in a folder; None where everything is decoded into memory."""

    def refusal(self, spec: ImageSpec) -> str:
        """Return why a picture cannot be written in this container, and what can; empty where it can be."""
        name = label(self.container)
        if self.write is None:
            return f"{name} cannot be written yet"
        if spec.depth not in self.depths:
            depths = " or ".join(depth.value for depth in self.depths)
            return f"{name} cannot hold {spec.depth.value} samples, only {depths}"
        if spec.channels not in self.channels:
            counts = ", ".join(map(str, self.channels))
            return f"{name} cannot hold {spec.channels} channels, only {counts}"
        if spec.channels == 2 and spec.alpha != 1 and not self.pairs:
            return f"{name} cannot hold two channels unless the second is alpha"
        if len(spec.pictures) > 1 and not self.many and not (self.layered and spec.storage.levels == 1):
            return f"{name} holds a single picture, and not {_said(spec.storage)}"
        reason = "" if self.holds is None else self.holds(spec)
        if reason:
            return reason
        if max(spec.size.width, spec.size.height) > self.longest:
            return f"{name} cannot hold {spec.size}, only up to {self.longest} texels a side"
        return ""


def _said(storage: Storage) -> str:
    levels = f"{storage.levels} mip levels" if storage.levels > 1 else ""
    slices = f"{storage.slices} slices" if storage.slices > 1 else ""
    return " of ".join(filter(None, [levels, slices]))


def within(size: Size, limit: int, path: Path) -> Size:
    """Return `size` if it has at most `limit` texels. Raises `TooManyPixels`."""
    if size.pixels > limit:
        raise TooManyPixels(
            f"claims {size} texels, more than the limit of {limit}",
            where=path,
            fix="export it smaller, or skip it by a rule; if the header is wrong, the file is damaged",
        )
    return size


def stack_within(size: Size, slices: int, limit: int, path: Path) -> None:
    """Hold all slices together to the limit, and their number to `SLICES`. Raises a `SourceError`."""
    if slices > SLICES:
        what = f"claims {slices} slices, more than the {SLICES} that graphics cards take"
        raise UnsupportedImage(what, where=path, fix="split it, or skip it by a rule")
    within(Size(size.width, size.height * slices), limit, path)
