"""Measures what grain adds and what it costs: `python benchmarks/grain.py TEXTURE…`.

From the middle of each texture a square is box-filtered down by 4, upscaled again by x4plus, and held against itself.
Prints the detail (`measure/spectrum.py`: 1 is what the source's spectrum lets expect), PSNR, SSIM and FLIP of the
truth, of bicubic, of the generator as it is, and of the matched result with several amounts of grain.
`docs/decisions/0010-fidelity-and-grain.md` holds its figures.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from cg_upscaler import codecs
from cg_upscaler.backends.resize import ResizeNetwork
from cg_upscaler.backends.torch_ import TorchNetwork
from cg_upscaler.cut import canonical_cut
from cg_upscaler.generate.tiles import Tiles
from cg_upscaler.geometry import Edges, Size
from cg_upscaler.job import Band
from cg_upscaler.measure.flip import flip
from cg_upscaler.measure.psnr import psnr
from cg_upscaler.measure.spectrum import detail_ratio
from cg_upscaler.measure.ssim import ssim
from cg_upscaler.models import catalog
from cg_upscaler.pixels.grain import grained
from cg_upscaler.pixels.match import matched
from cg_upscaler.pixels.resample import shrink
from cg_upscaler.pixels.rows import Pixels, from_float, to_float
from cg_upscaler.pixels.scratch import hold
from cg_upscaler.pixels.views import Array
from cg_upscaler.pixels.windows import windowed
from cg_upscaler.spec import Precision

AMOUNTS = (0.0, 0.2, 0.5, 1.0)


def middle(texture: Path, side: int) -> Pixels:
    """Return the middle of a texture's colour, up to (side, side, 3), sides multiples of 4."""
    pixels = codecs.read(texture).pixels[:, :, :3]
    height, width = (min(side, length) // 4 * 4 for length in pixels.shape[:2])
    top, left = (pixels.shape[0] - height) // 2, (pixels.shape[1] - width) // 2
    crop = to_float(pixels[top : top + height, left : left + width])
    return crop if crop.shape[2] == 3 else crop[:, :, :1].repeat(3, axis=2)


def as_file(pixels: Pixels) -> Pixels:
    return to_float(from_float(pixels, np.uint8))


def enlarged(generator: Tiles, source: Pixels) -> Pixels:
    cut = canonical_cut(Size(source.shape[1], source.shape[0]), generator.info)
    assert cut is not None
    rows = generator.run(Array(source), cut, Edges(), Precision.FLOAT32, lambda share: None)
    return np.clip(hold(rows).rows(0, rows.size.height), 0, 1)


def finished(source: Pixels, drawn: Pixels, grain: float) -> Pixels:
    result = windowed(grained(4, grain, Band.ALL), Edges(), Array(drawn), Array(source)) if grain else Array(drawn)
    held = windowed(matched(4, 1.0, Band.ALL, low=0, high=1), Edges(), result, Array(source))
    return held.rows(0, held.size.height)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("textures", type=Path, nargs="+")
    parser.add_argument("--side", type=int, default=384, help="of the square taken from a texture's middle")
    options = parser.parse_args()
    generator, plain = Tiles(TorchNetwork(catalog.find(catalog.REFERENCE), "auto")), Tiles(ResizeNetwork(4))
    print(f"{'':28s} {'':11s} detail   PSNR   SSIM   FLIP")
    for texture in options.textures:
        truth = middle(texture, options.side)
        source = as_file(shrink(truth, 4))
        drawn = enlarged(generator, source)
        pictures = {"truth": truth, "bicubic": enlarged(plain, source), "raw": drawn}
        pictures.update({f"grain {grain:.1f}": finished(source, drawn, grain) for grain in AMOUNTS})
        for name, picture in pictures.items():
            result = as_file(picture)
            print(f"{texture.name[:28]:28s} {name:11s} {detail_ratio(source, result) or 0:6.2f}", end="")
            print(
                ""
                if name == "truth"
                else f" {psnr(truth, result):6.2f} {ssim(truth, result):6.3f} {flip(truth, result):6.3f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
