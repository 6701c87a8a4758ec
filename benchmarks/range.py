"""Measures what becomes of light beyond 1: `python benchmarks/range.py LIBRARY [--model NAME]`.

Of each float picture of a library the 64² around its brightest texel are enlarged four times. Printed are, for the
spots among its brightest texels (above the 99.9th percentile, four or more texels apart), the largest and the mean
error of the result's box-filtered mean against the source, then how far the mean moved, and the darkest texel of the
result over the darkest of the source. `docs/decisions/0008-normals.md` holds its figures.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cg_upscaler import codecs
from cg_upscaler.api import Upscaler
from cg_upscaler.maps import BICUBIC, MapKind
from cg_upscaler.models import catalog
from cg_upscaler.pixels.resample import shrink
from cg_upscaler.pixels.rows import Pixels, to_float

SIDE = 64
APART = 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library", type=Path)
    parser.add_argument("--model", default=catalog.REFERENCE)
    options = parser.parse_args()

    print(f"{'64² about the brightest texel':40} {'model':18}    peak  spots  worst%   mean%  moved%  darkest")
    for path in sorted(options.library.rglob("*")):
        if not codecs.is_texture(path) or not codecs.probe(path).depth.is_float:
            continue
        source = brightest(codecs.read(path).pixels[:, :, :3])
        for model in (BICUBIC, options.model):
            result = to_float(Upscaler(model).array(source, MapKind.ENVIRONMENT))
            before = to_float(source)
            small = shrink(result, 4)
            errors = [abs(float(small[y, x].sum() / before[y, x].sum()) - 1) for y, x in spots(before)]
            moved = result.mean(dtype=np.float64) / before.mean(dtype=np.float64) - 1
            print(
                f"{path.as_posix()[-40:]:40} {model:18} {before.max():7.1f} {len(errors):6d} {max(errors):7.2%}"
                f" {np.mean(errors):7.2%} {moved:7.3%} {result.min() / max(float(before.min()), 1e-9):8.2f}"
            )


def brightest(pixels: NDArray[np.generic]) -> NDArray[np.generic]:
    light = to_float(pixels).max(axis=2)
    height, width = light.shape
    y, x = divmod(int(light.argmax()), width)
    top, left = min(max(0, y - SIDE // 2), height - SIDE), min(max(0, x - SIDE // 2), width - SIDE)
    return np.ascontiguousarray(pixels[max(0, top) : max(0, top) + SIDE, max(0, left) : max(0, left) + SIDE])


def spots(source: Pixels) -> list[tuple[int, int]]:
    """Return where the brightest texels are, of each bright area the brightest."""
    light = source.max(axis=2)
    bright = np.percentile(light, 99.9)
    found: list[tuple[int, int]] = []
    for index in np.argsort(light, axis=None)[::-1]:
        y, x = divmod(int(index), light.shape[1])
        if light[y, x] < bright:
            break
        if all(max(abs(y - other[0]), abs(x - other[1])) >= APART for other in found):
            found.append((y, x))
    return found


if __name__ == "__main__":
    main()
