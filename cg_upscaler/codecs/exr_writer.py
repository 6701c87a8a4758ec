"""Writes OpenEXR: the channels, layers, parts, windows and attributes of the source, around texels of another size."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import IO

import numpy as np
import OpenImageIO as oiio

from cg_upscaler.codecs import exr
from cg_upscaler.codecs.codec import DTYPES, Texels
from cg_upscaler.codecs.metadata import NOTHING, Layer, Metadata, Part
from cg_upscaler.codecs.output import Output, plain
from cg_upscaler.geometry import Size
from cg_upscaler.pixels.rows import BLOCK
from cg_upscaler.spec import ImageSpec


class ExrWriter:
    """Takes one slice after another. Those that share a part wait in a file that has no name."""

    def __init__(self, path: Path, container: str, spec: ImageSpec, metadata: Metadata = NOTHING) -> None:
        self._path, self._spec = path, spec
        layers = _layers(spec, metadata)
        numbers = list(dict.fromkeys(layer.part for layer in layers))
        known = metadata.parts if layers == metadata.layers else metadata.parts[:1]
        if metadata.container != "exr" and metadata.text:
            known = (Part(attributes=exr.said(metadata.text)),)
        parts = [_scaled(known[number] if number < len(known) else Part(), spec.size) for number in numbers]
        self._parts = tuple(parts)
        self._layers = [[layer for layer in layers if layer.part == number] for number in numbers]
        headers = [_header(spec, part, held, metadata.tile) for part, held in zip(parts, self._layers, strict=True)]
        self._headers = headers
        self._output = Output(path, headers)
        self._part, self._slice, self._row = 0, 0, 0
        self._waiting: IO[bytes] | None = None

    def write(self, rows: Texels) -> None:
        held = self._layers[self._part]
        if len(held) == 1:
            self._output.write(rows)
        else:
            if self._waiting is None:
                self._waiting = tempfile.TemporaryFile(dir=self._path.parent)
            self._waiting.write(np.ascontiguousarray(rows).data)
        self._row += len(rows)
        if self._row < self._spec.size.height:
            return
        self._row, self._slice = 0, self._slice + 1
        if self._slice == len(held):
            if self._waiting is not None:
                self._merge(self._waiting, len(held))
            self._part, self._slice = self._part + 1, 0
            if self._part < len(self._layers):
                self._output.next()

    def _merge(self, waiting: IO[bytes], count: int) -> None:
        waiting.flush()
        size, channels = self._spec.size, self._spec.channels
        shape = (count, size.height, size.width, channels)
        slices = np.memmap(waiting, DTYPES[self._spec.depth], "r", shape=shape)
        step = max(1, BLOCK // (size.width * count))
        for start in range(0, size.height, step):
            block = slices[:, start : start + step]
            self._output.write(np.concatenate(list(block), axis=2))
        waiting.close()
        self._waiting = None

    def close(self) -> None:
        self._output.close()
        exr.complete(self._path, self._parts)

    def abort(self) -> None:
        self._output.abort()
        if self._waiting is not None:
            self._waiting.close()


def _layers(spec: ImageSpec, metadata: Metadata) -> tuple[Layer, ...]:
    """Return what each slice is called: as in the source, where it has as many of as many channels."""
    slices = spec.storage.slices
    if len(metadata.layers) == slices and all(len(layer.names) == spec.channels for layer in metadata.layers):
        return metadata.layers
    names = plain(spec)
    if slices == 1:
        return (Layer(0, names),)
    return tuple(Layer(0, tuple(f"slice{number:04}.{name}" for name in names)) for number in range(slices))


def _scaled(part: Part, size: Size) -> Part:
    """Return a part with windows of a size that its data window is to have."""
    if part.size is None:
        return replace(part, size=size)
    across, down = size.width / part.size.width, size.height / part.size.height
    data = round(part.data[0] * across), round(part.data[1] * down)
    if part.display is None:
        return replace(part, data=data, size=size)
    x, y, width, height = part.display
    left, top = round(x * across), round(y * down)
    display = left, top, round((x + width) * across) - left, round((y + height) * down) - top
    return replace(part, data=data, display=display, size=size)


def _header(spec: ImageSpec, part: Part, layers: list[Layer], tile: tuple[int, int] | None) -> oiio.ImageSpec:
    header = oiio.ImageSpec(spec.size.width, spec.size.height, spec.channels * len(layers), spec.depth.value)
    header.channelnames = tuple(name for layer in layers for name in layer.names)
    header.alpha_channel = spec.alpha if len(layers) == 1 and spec.alpha is not None else -1
    header.x, header.y = part.data
    window = part.display or (*part.data, spec.size.width, spec.size.height)
    header.full_x, header.full_y, header.full_width, header.full_height = window
    if tile is not None:
        header.tile_width, header.tile_height = tile
    header.attribute("DateTime", "")  # equal jobs give equal bytes
    encoding = spec.storage.encoding or "zip"
    if part.level is not None and encoding.startswith("dwa"):
        encoding += f":{part.level:g}"
    header.attribute("compression", encoding)
    if part.name:
        header.attribute("oiio:subimagename", part.name)
    name, value = exr.filler(part)
    if name:
        header.attribute(name, value)
    return header
