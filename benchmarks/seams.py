"""Measures how far blended tiles are from the whole image, for several paddings: `python benchmarks/seams.py TEXTURE`.

Prints, for each padding and overlap, the largest and the mean difference in levels of 255, and the work against the
whole image's. With `--roll`, for a tileable texture filtered down to at most `--side` texels: how far the result of the
rolled source is from the rolled result, by how much of the other side is read. `docs/decisions/0003-tiles.md` holds
these figures.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from cg_upscaler import codecs
from cg_upscaler.backends.torch_ import TorchNetwork
from cg_upscaler.generate.tiles import Tiles, pieces
from cg_upscaler.geometry import Cut, Edge, Edges, Span, Tiled, Wraps
from cg_upscaler.models import catalog
from cg_upscaler.pixels.edges import take
from cg_upscaler.pixels.resample import shrink
from cg_upscaler.pixels.scratch import hold
from cg_upscaler.pixels.views import Array
from cg_upscaler.spec import Precision

CHOICES = ((10, 0), (32, 0), (32, 16), (48, 16), (64, 0), (64, 16), (64, 32), (80, 16))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("texture", type=Path)
    parser.add_argument("--model", default=catalog.REFERENCE)
    parser.add_argument("--side", type=int, default=320, help="of the square taken from the texture's middle")
    parser.add_argument("--tile", type=int, default=160)
    parser.add_argument("--roll", action="store_true", help="measure what wrapping leaves of a roll")
    options = parser.parse_args()
    if options.roll:
        rolls(options.texture, options.model, options.side)
    else:
        seams(options)


def rolls(texture: Path, model: str, side: int) -> None:
    image = codecs.read(texture)
    pixels = image.rows(0, image.size.height)[:, :, :3]
    factor = max(1, -(-max(pixels.shape) // side))
    small = shrink(pixels[: len(pixels) // factor * factor, : pixels.shape[1] // factor * factor], factor)
    network = TorchNetwork(catalog.find(model), "auto")
    scale, (height, width) = network.info.scale, small.shape[:2]

    def run(source: np.ndarray, context: int) -> np.ndarray:
        if not context:
            return network.run_wrapped(source, Precision.FLOAT32, Wraps(x=True, y=True))
        wrap = Edges.both(Edge.WRAP)
        window = take(Array(source), Span(-context, height + context), Span(-context, width + context), wrap)
        result = network.run(window, Precision.FLOAT32)
        return result[scale * context : -scale * context, scale * context : -scale * context]

    print(f"{texture.name}, {width}×{height}, {model}, float32, rolled by 16 texels down and 7 to the right")
    print("context  worst   mean   work")
    for context in (64, 80, 96, 0):
        rolled = run(np.roll(small, (16, 7), (0, 1)), context)
        error = np.abs(rolled - np.roll(run(small, context), (16 * scale, 7 * scale), (0, 1))) * 255
        work = (height + 2 * context) * (width + 2 * context) / (height * width)
        print(f"{context or 'none':>7} {error.max():6.2f} {error.mean():6.3f} {work:6.2f}", flush=True)


def seams(options: argparse.Namespace) -> None:
    pixels = codecs.read(options.texture).pixels[:, :, :3]
    top, left = (max(0, (length - options.side) // 2) for length in pixels.shape[:2])
    source = Array(np.ascontiguousarray(pixels[top : top + options.side, left : left + options.side]))
    generator = Tiles(TorchNetwork(catalog.find(options.model), "auto"))

    def run(cut: Cut) -> np.ndarray:
        rows = generator.run(source, cut, Edges(), Precision.FLOAT32, lambda share: None)
        return hold(rows).rows(0, rows.size.height)

    whole = run(Tiled(options.side, 0, 0, 8))
    print(f"{options.texture.name}, {source.size}, tiles of {options.tile}, {options.model}, float32")
    print("padding overlap  worst  mean of seams   work")
    for padding, overlap in CHOICES:
        cut = Tiled(options.tile, padding, overlap, 8)
        error = np.abs(run(cut) - whole).max(axis=2) * 255
        scale = generator.info.scale
        seams = [piece.gives.start + overlap for piece in pieces(source.size.width, cut, Edges().x, scale)[1:]]
        near = np.concatenate([error[:, seam * scale - 8 : seam * scale + 8] for seam in seams], axis=1)
        work = sum(len(p.reads) for p in pieces(source.size.width, cut, Edges().x, scale)) / (source.size.width + 16)
        print(f"{padding:7d} {overlap:7d} {error.max():6.2f} {near.mean():14.3f} {work * work:6.2f}", flush=True)


if __name__ == "__main__":
    main()
