"""Draws sources beside their results, at 1:1: `python benchmarks/side_by_side.py LIBRARY RESULTS OUT NAME:LEFT:TOP …`.

Each panel is a square of a texture, from LEFT and TOP in texels of the source: in its left half the source enlarged by
bicubic resampling, in its right half the result. OUT is a PNG or a JPEG.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from cg_upscaler import codecs
from cg_upscaler.pixels.resample import CUBIC_REACH, enlarge
from cg_upscaler.pixels.transfer import linear_to_srgb
from cg_upscaler.spec import Depth

SIDE = 80
"""Texels of the source that a panel shows each way."""

COLUMNS = 2
GAP = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library", type=Path)
    parser.add_argument("results", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("crops", nargs="+", metavar="NAME:LEFT:TOP")
    options = parser.parse_args()
    panels = []
    for crop in options.crops:
        name, left, top = crop.rsplit(":", 2)
        panels.append(panel(options.library / name, options.results / name, int(left), int(top)))
    rows = [np.hstack(panels[i : i + COLUMNS]) for i in range(0, len(panels), COLUMNS)]
    picture = np.vstack(rows)[:-GAP, :-GAP]
    options.out.write_bytes(cv2.imencode(options.out.suffix, picture[:, :, ::-1])[1].tobytes())


def panel(source: Path, result: Path, left: int, top: int) -> np.ndarray:
    before, after = codecs.read(source), codecs.read(result)
    factor = after.size.width // before.size.width
    near = visible(before, top - CUBIC_REACH, left - CUBIC_REACH, SIDE + 2 * CUBIC_REACH)
    cut = CUBIC_REACH * factor
    enlarged = enlarge(near, factor)[cut:-cut, cut:-cut]
    ours = visible(after, top * factor, left * factor, SIDE * factor)
    both = np.hstack([enlarged, np.ones((SIDE * factor, 2, 3), np.float32), ours])
    framed = cv2.copyMakeBorder(both, 0, GAP, 0, GAP, cv2.BORDER_CONSTANT, value=(1, 1, 1))
    return np.round(framed.clip(0, 1) * 255).astype(np.uint8)


def visible(image: codecs.Image, top: int, left: int, side: int) -> np.ndarray:
    """A square of an image as a viewer shows it: gray as RGB, light encoded, transparency over mid-gray."""
    pixels = image.rows(top, top + side)[:, left : left + side]
    if image.spec.depth in (Depth.HALF, Depth.FLOAT):
        pixels = linear_to_srgb(pixels.clip(0))
    colour = pixels[:, :, :3] if image.channels >= 3 else pixels[:, :, :1].repeat(3, 2)
    if image.spec.alpha is not None and image.channels in (2, 4):
        alpha = pixels[:, :, -1:]
        colour = colour * alpha + 0.5 * (1 - alpha)
    return np.ascontiguousarray(colour, np.float32)


if __name__ == "__main__":
    main()
