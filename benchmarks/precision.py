"""Measures what smaller types cost: `python benchmarks/precision.py TEXTURE …`, on the middles of textures.

Prints for each precision that this device has, against float32 by the same engine, decibels and the largest difference
in levels of 255, and how far bands are from the whole picture in that precision. `docs/performance.md` holds these
figures.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np

from cg_upscaler import codecs
from cg_upscaler.backends.devices import describe
from cg_upscaler.backends.torch_ import TorchNetwork
from cg_upscaler.generate.stream import Stream
from cg_upscaler.geometry import Bands, Edge, Edges
from cg_upscaler.models import catalog
from cg_upscaler.pixels.rows import Pixels
from cg_upscaler.pixels.scratch import hold
from cg_upscaler.pixels.views import Array
from cg_upscaler.spec import Precision


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("textures", type=Path, nargs="+")
    parser.add_argument("--model", default=catalog.REFERENCE)
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--band", type=int, default=16, help="rows of a band, against the whole picture")
    options = parser.parse_args()
    device = describe()
    network = TorchNetwork(catalog.find(options.model), device)
    stream, zero = Stream(network), Edges.both(Edge.ZERO)

    def run(pixels: Pixels, rows: int, precision: Precision) -> Pixels:
        result = hold(stream.run(Array(pixels), Bands(rows, 0, 0), zero, precision, lambda share: None))
        return result.rows(0, result.size.height)

    print(f"{options.model} on {device.name}, middles of {options.side}² of {len(options.textures)} textures")
    print("precision   dB to float32   worst   bands to whole, worst")
    crops = [middle(texture, options.side) for texture in options.textures]
    truths = [run(crop, 0, Precision.FLOAT32) for crop in crops]
    for precision in device.supported:
        squares, worst, seam = [], 0.0, 0.0
        for crop, truth in zip(crops, truths, strict=True):
            # As the network stands in `models`, by torch's own convolutions
            whole = network.run(crop, precision)
            banded = run(crop, options.band, precision)
            squares.append(float(np.square(banded - truth).mean()))
            worst = max(worst, float(np.abs(banded - truth).max()) * 255)
            seam = max(seam, float(np.abs(banded - whole).max()) * 255)
        decibels = -10 * math.log10(max(1e-20, float(np.mean(squares))))
        print(f"{precision.value:10} {decibels:14.1f} {worst:8.3f} {seam:12.4f}", flush=True)


def middle(texture: Path, side: int) -> Pixels:
    image = codecs.read(texture)
    pixels = image.rows(0, image.size.height)[:, :, :3]
    top, left = ((length - side) // 2 for length in pixels.shape[:2])
    return np.ascontiguousarray(pixels[top : top + side, left : left + side])


if __name__ == "__main__":
    main()
