"""What results are held beside: OpenCV's filters, and a generator's raw output. And a network that remembers."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from cg_upscaler.backends import WrappingNetwork
from cg_upscaler.cut import canonical_cut
from cg_upscaler.generate import Generator
from cg_upscaler.generate.pool import Pool
from cg_upscaler.generate.tiles import Tiles
from cg_upscaler.geometry import Edge, Edges, Size, Wraps
from cg_upscaler.maps import ColorSpace
from cg_upscaler.pixels.rows import Pixels
from cg_upscaler.pixels.scratch import hold
from cg_upscaler.pixels.transfer import linear_to_srgb, srgb_to_linear
from cg_upscaler.pixels.views import Array
from cg_upscaler.spec import DeviceInfo, ImageSpec, ModelInfo, Precision

FILTERS = {"bicubic": cv2.INTER_CUBIC, "Lanczos": cv2.INTER_LANCZOS4}


def filtered(pixels: Pixels, factor: int, name: str) -> Pixels:
    """Return stored numbers (h, w, c) enlarged by one of `FILTERS`, all channels alike."""
    height, width, channels = pixels.shape
    larger = cv2.resize(pixels, (width * factor, height * factor), interpolation=FILTERS[name])
    return np.asarray(larger, np.float32).reshape(height * factor, width * factor, channels)


def raw(pixels: Pixels, spec: ImageSpec, generators: Remembering, model: str) -> Pixels:
    """Return stored numbers enlarged by a generator as they are, the way its own script does it, with nothing mended.

    Three channels go through as colour, whatever they hold; one or two, and alpha, each as gray. Light is clipped at 1
    and put under the sRGB curve, which is all that the generator knows.
    """
    colour = [channel for channel in range(spec.channels) if channel != spec.alpha]
    groups = [colour] if len(colour) == 3 else [[channel] for channel in colour]
    groups += [] if spec.alpha is None else [[spec.alpha]]
    parts = {}
    for group in groups:
        light = spec.color_space is ColorSpace.LINEAR and group[0] in colour
        window = np.clip(pixels[:, :, group], 0, 1)
        window = linear_to_srgb(window) if light else window
        result = generators.whole(model, window if len(group) == 3 else window.repeat(3, axis=2), spec)
        result = np.clip(result if len(group) == 3 else result.mean(axis=2, keepdims=True), 0, 1)
        result = srgb_to_linear(result) if light else result
        parts.update({channel: result[:, :, i] for i, channel in enumerate(group)})
    return np.stack([parts[channel] for channel in range(spec.channels)], axis=2)


class Remembering:
    """`Generators` whose networks remember on disk what they gave: what is slow is done once, however often one looks.

    Everything before and after the network runs anew each time.
    """

    def __init__(self, device: DeviceInfo, folder: Path) -> None:
        self._pool, self._device, self._folder = Pool(device), device, folder
        folder.mkdir(parents=True, exist_ok=True)

    def get(self, model: str, scale: int) -> Generator:
        generator = self._pool.get(model, scale)
        if isinstance(generator, Tiles) and isinstance(generator.network, WrappingNetwork):
            return Tiles(Remembered(generator.network, self._folder))
        return generator

    def whole(self, model: str, pixels: Pixels, spec: ImageSpec) -> Pixels:
        """Return (4h, 4w, 3) for (h, w, 3) in 0 … 1, with zeros around the picture as networks have it themselves."""
        generator = self.get(model, 4)
        size = Size(pixels.shape[1], pixels.shape[0])
        precision = self._device.precision_for(Precision.AUTO, spec.depth)
        cut, edges = canonical_cut(size, generator.info), Edges.both(Edge.ZERO)
        rows = hold(generator.run(Array(pixels), cut, edges, precision, lambda share: None))
        return rows.rows(0, rows.size.height)


@dataclass(frozen=True)
class Remembered:
    """A `Network` that keeps each result under the hash of its weights and what it was given."""

    network: WrappingNetwork
    folder: Path

    @property
    def info(self) -> ModelInfo:
        return self.network.info

    def run(self, window: Pixels, precision: Precision) -> Pixels:
        return self.run_wrapped(window, precision, Wraps())

    def run_wrapped(self, window: Pixels, precision: Precision, wraps: Wraps) -> Pixels:
        given = f"{self.info.weights} {precision.value} {window.shape} {tuple(wraps)}".encode()
        name = hashlib.sha256(given + np.ascontiguousarray(window).tobytes()).hexdigest()[:32]
        path = self.folder / f"{name}.npy"
        if path.exists():
            return np.load(path)
        result = self.network.run_wrapped(window, precision, wraps)
        draft = path.with_suffix(".draft")
        with draft.open("wb") as file:
            np.save(file, result)
        os.replace(draft, path)
        return result
