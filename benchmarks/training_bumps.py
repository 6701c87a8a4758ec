"""Makes normal maps of the colour maps of training data: `python benchmarks/training_bumps.py DATA`.

Free packages hold few normal maps of scanned stone, soil and wood, and many colour maps. Brightness is taken for
height, as tools do that make bump maps of photographs, and the slopes of that for vectors. They go to DATA/bumps, by
the names of their colour maps, and only ever to the part that is learnt from: what chooses weights, and what these are
measured by at the end, are normal maps that somebody made.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import cv2
import numpy as np

from cg_upscaler import codecs
from cg_upscaler.library.config.training import load_training
from cg_upscaler.maps import MapKind
from cg_upscaler.pixels import normals
from cg_upscaler.pixels.rows import Pixels, from_float, to_float
from cg_upscaler.training.split import place
from cg_upscaler.training.textures import find_textures

FOLDER = "bumps"
TILTS = (0.12, 0.5)
"""The mean slope of a map: the least and the most."""
SIGMA = 0.7
"""Of the blur before, in texels: grain of a sensor is no relief."""
SMALLEST = 128
"""Texels a side."""
LEARNT = (0.1, 0.9)
"""Where the names of materials stand that are learnt from, by a training's usual shares."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--exclude", nargs="*", default=[])
    asked = parser.parse_args()
    training = load_training(None, library=asked.data, teach="color", exclude=[f"{FOLDER}/**", *asked.exclude])
    for texture in find_textures(training).textures:
        if texture.kind is not MapKind.BASE_COLOR:
            continue
        colour = to_float(codecs.read(texture.path).pixels)
        if colour.shape[2] < 3 or min(colour.shape[:2]) < SMALLEST:
            continue
        target = asked.data / FOLDER / f"{texture.name}_normal.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        vectors = from_float(normals.encode(bumps(colour, target.name), 3), np.dtype(np.uint8))
        cv2.imwrite(str(target), vectors[:, :, ::-1])
    print(f"{pruned(asked.data)} normal maps in {asked.data / FOLDER}")


def pruned(data: Path) -> int:
    """Remove bump maps that would be measured by, or are taken for something else, and return how many are left."""
    found = find_textures(load_training(None, library=data, teach="normal", only=[f"{FOLDER}/**"])).textures
    kept = {data / texture.name for texture in found if LEARNT[0] <= place(texture.material) < LEARNT[1]}
    for file in (data / FOLDER).rglob("*_normal.png"):
        if file not in kept:
            file.unlink()
    return len(kept)


def bumps(colour: Pixels, seed: str) -> Pixels:
    """Return unit vectors (h, w, 3), green up, for which brightness is height, as strong as follows from the seed."""
    gray = cv2.GaussianBlur(colour[:, :, :3].mean(axis=2), (0, 0), SIGMA, borderType=cv2.BORDER_REFLECT)
    down, across = np.gradient(gray)
    share = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4], "big") / 2**32
    wanted = TILTS[0] + share * (TILTS[1] - TILTS[0])
    gain = wanted / max(1e-4, float(np.hypot(down, across).mean()))
    return normals.normalise(np.stack([-across * gain, down * gain, np.ones_like(gray)], axis=2).astype(np.float32))


if __name__ == "__main__":
    main()
