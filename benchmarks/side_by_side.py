"""Draws sources beside their results, at 1:1: `python benchmarks/side_by_side.py LIBRARY RESULTS OUT NAME:LEFT:TOP …`.

Each panel is a square of a texture, from LEFT and TOP in texels of the source: in its left half the source enlarged by
bicubic resampling, in its right half the result. OUT is a PNG.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from cg_upscaler import codecs
from cg_upscaler.maps import AlphaMode, MapKind
from cg_upscaler.measure import panels
from cg_upscaler.measure.subject import subject_of
from cg_upscaler.pixels.resample import CUBIC_REACH, enlarge
from cg_upscaler.pixels.rows import Pixels

SIDE = 80
"""Texels of the source that a panel shows each way."""

COLUMNS = 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library", type=Path)
    parser.add_argument("results", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("crops", nargs="+", metavar="NAME:LEFT:TOP")
    options = parser.parse_args()
    drawings = []
    for crop in options.crops:
        name, left, top = crop.rsplit(":", 2)
        drawings.append(panel(options.library / name, options.results / name, int(left), int(top)))
    rows = [panels.beside(drawings[i : i + COLUMNS]) for i in range(0, len(drawings), COLUMNS)]
    options.out.write_bytes(panels.png(panels.below(rows)))


def panel(source: Path, result: Path, left: int, top: int) -> panels.Drawing:
    before, after = codecs.read(source), codecs.read(result)
    factor = after.size.width // before.size.width
    near = visible(before, top - CUBIC_REACH, left - CUBIC_REACH, SIDE + 2 * CUBIC_REACH)
    cut = CUBIC_REACH * factor
    enlarged = enlarge(near, factor)[cut:-cut, cut:-cut]
    ours = visible(after, top * factor, left * factor, SIDE * factor)
    return panels.drawn(np.hstack([enlarged, np.ones((SIDE * factor, 2, 3), np.float32), ours]))


def visible(image: codecs.Image, top: int, left: int, side: int) -> Pixels:
    """A square of an image as a viewer shows it: gray as RGB, light encoded, transparency over mid-gray."""
    pixels = image.rows(top, top + side)[:, left : left + side]
    mode = AlphaMode.NONE if image.spec.alpha is None else AlphaMode.BLEND
    return panels.view(pixels, np.ones_like(pixels), subject_of(image.spec, MapKind.BASE_COLOR, mode))


if __name__ == "__main__":
    main()
