"""Measures how much of a mirrored border a generator needs: `python benchmarks/borders.py TEXTURE …`.

A crop that is continued by its own mirror image is held against the same crop amid its true surroundings, in the
outermost texels and in all, for several widths of the border. Prints root mean squares in levels of 255, and the work
against the crop's own texels. `docs/decisions/0015-exact-engine.md` holds these figures.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from cg_upscaler import codecs
from cg_upscaler.backends.torch_ import TorchNetwork
from cg_upscaler.generate.stream import Stream
from cg_upscaler.geometry import Bands, Edge, Edges
from cg_upscaler.models import catalog
from cg_upscaler.pixels.rows import Pixels
from cg_upscaler.pixels.scratch import hold
from cg_upscaler.pixels.views import Array
from cg_upscaler.spec import Precision

WIDTHS = (0, 1, 2, 4, 8, 16)
CONTEXT = 48
RING = 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("textures", type=Path, nargs="+")
    parser.add_argument("--side", type=int, default=64)
    options = parser.parse_args()
    stream = Stream(TorchNetwork(catalog.find(catalog.REFERENCE), "auto"))
    scale, side = stream.info.scale, options.side

    def run(pixels: Pixels, border: int, edge: Edge) -> Pixels:
        cut = Bands(0, border, 0)
        rows = stream.run(Array(pixels), cut, Edges.both(edge), Precision.FLOAT32, lambda share: None)
        return hold(rows).rows(0, rows.size.height)

    sums = {(edge, width): np.zeros(2) for edge in (Edge.MIRROR, Edge.CLAMP) for width in WIDTHS}
    inner = np.ones((side * scale, side * scale), bool)
    inner[RING * scale : -RING * scale, RING * scale : -RING * scale] = False
    for texture in options.textures:
        image = codecs.read(texture)
        pixels = image.rows(0, image.size.height)[:, :, :3]
        top, left = ((length - side) // 2 for length in pixels.shape[:2])
        around = pixels[top - CONTEXT : top + side + CONTEXT, left - CONTEXT : left + side + CONTEXT]
        own = slice(CONTEXT * scale, (CONTEXT + side) * scale)
        truth = run(np.ascontiguousarray(around), 0, Edge.ZERO)[own, own]
        crop = np.ascontiguousarray(pixels[top : top + side, left : left + side])
        for edge, width in sums:
            error = np.square((run(crop, width, edge) - truth) * 255).mean(axis=2)
            sums[edge, width] += (error[inner].mean(), error.mean())
    print(f"{len(options.textures)} crops of {side}, {catalog.REFERENCE}, float32; zeros are a border of 0")
    print("edge    border  outer 4 texels     all   work")
    for (edge, width), total in sums.items():
        ring, whole = np.sqrt(total / len(options.textures))
        work = ((side + 2 * width) / side) ** 2
        print(f"{edge.value:7} {width:6d} {ring:15.2f} {whole:7.2f} {work:6.2f}", flush=True)


if __name__ == "__main__":
    main()
