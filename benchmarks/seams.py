"""Measures how far blended tiles are from the whole image, for several paddings: `python benchmarks/seams.py TEXTURE`.

Prints, for each padding and overlap, the largest and the mean difference in levels of 255, and the work against the
whole image's. `docs/decisions/0003-tiles.md` holds its figures.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from cg_upscaler import codecs
from cg_upscaler.backends.torch_ import TorchNetwork
from cg_upscaler.generate.tiles import Tiles, pieces
from cg_upscaler.geometry import Cut, Edges
from cg_upscaler.models import catalog
from cg_upscaler.pixels.scratch import hold
from cg_upscaler.pixels.views import Array
from cg_upscaler.spec import Precision

CHOICES = ((10, 0), (32, 0), (32, 16), (48, 16), (64, 0), (64, 16), (64, 32), (80, 16))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("texture", type=Path)
    parser.add_argument("--model", default=catalog.DEFAULT)
    parser.add_argument("--side", type=int, default=320, help="of the square taken from the texture's middle")
    parser.add_argument("--tile", type=int, default=160)
    options = parser.parse_args()

    pixels = codecs.read(options.texture).pixels[:, :, :3]
    top, left = (max(0, (length - options.side) // 2) for length in pixels.shape[:2])
    source = Array(np.ascontiguousarray(pixels[top : top + options.side, left : left + options.side]))
    generator = Tiles(TorchNetwork(catalog.find(options.model), "auto"))

    def run(cut: Cut) -> np.ndarray:
        rows = generator.run(source, cut, Edges(), Precision.FLOAT32, lambda share: None)
        return hold(rows).rows(0, rows.size.height)

    whole = run(Cut(options.side, 0, 0, 8))
    print(f"{options.texture.name}, {source.size}, tiles of {options.tile}, {options.model}, float32")
    print("padding overlap  worst  mean of seams   work")
    for padding, overlap in CHOICES:
        cut = Cut(options.tile, padding, overlap, 8)
        error = np.abs(run(cut) - whole).max(axis=2) * 255
        scale = generator.info.scale
        seams = [piece.gives.start + overlap for piece in pieces(source.size.width, cut, Edges().x, scale)[1:]]
        near = np.concatenate([error[:, seam * scale - 8 : seam * scale + 8] for seam in seams], axis=1)
        work = sum(len(p.reads) for p in pieces(source.size.width, cut, Edges().x, scale)) / (source.size.width + 16)
        print(f"{padding:7d} {overlap:7d} {error.max():6.2f} {near.mean():14.3f} {work * work:6.2f}", flush=True)


if __name__ == "__main__":
    main()
