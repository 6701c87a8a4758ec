"""Makes a small library with one of everything: containers, blocks with mips, twins, a set of UDIM, a broken file.

It needs no weights: `OPTIONS` have it enlarged by plain resampling.
"""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np

from cg_upscaler import codecs
from cg_upscaler.geometry import Size
from cg_upscaler.spec import Depth, ImageSpec, Storage
from tests.image_files import write
from tests.libraries import age
from tests.pictures import as_bytes, disc, height_field, ids, normals, stone, with_alpha

OPTIONS = ("--model", "bicubic", "--jobs", "3")

BROKEN = "broken.png"
"""The texture that can never be read; a run of the library ends with exit code 1 for it."""

EDITED = ("stone_1.png", "twins/a.png", "twins/b.png", "crate.tga", "deep/er/still/moss.png", "ui/hero.png")
"""What differs between versions of the library."""

_SHEET = {
    "frames": {
        "walk.png": {
            "frame": {"x": 2, "y": 3, "w": 10, "h": 12},
            "rotated": False,
            "trimmed": False,
            "spriteSourceSize": {"x": 0, "y": 0, "w": 10, "h": 12},
            "sourceSize": {"w": 10, "h": 12},
        }
    },
    "meta": {"image": "hero.png", "size": {"w": 32, "h": 16}, "scale": "1"},
}


def make(folder: Path, version: int = 0) -> Path:
    """Write the library into a folder that is not there, and return it. Versions differ in the files of `EDITED`."""
    for place in ("deep/er/still", "ui", "twins", "film"):
        (folder / place).mkdir(parents=True)
    for at in range(6):
        edit(folder, f"stone_{at}.png", version if at == 1 else 0, seed=at)
    for name in ("twins/a.png", "crate.tga", "deep/er/still/moss.png"):
        edit(folder, name, version)
    heights = height_field(24, 3)
    write(folder / "stone_0_normal.png", normals(heights), block=64)
    write(folder / "stone_0_roughness.png", as_bytes(heights)[..., None], block=64)
    write(folder / "leaf.png", with_alpha(stone(24, 8), disc(24, smooth=False)), block=64)
    write(folder / "sign.tga", with_alpha(stone(20, 9), disc(20)), block=64)
    write(folder / "film/paper.tif", (stone(20, 10).astype(np.uint16) * 257), block=64)
    write(folder / "film/light.exr", (stone(20, 11) / 64).astype(np.float16), block=64)
    write(folder / "film/photo.jpg", stone(24, 12), block=64)
    write(folder / "old.bmp", stone(16, 13), block=64)
    _blocks(folder / "wall_bc1.dds", "bc1", 3)
    _blocks(folder / "wall_bc7.dds", "bc7", 4)
    (folder / "twins/b.png").write_bytes((folder / "twins/a.png").read_bytes())
    for at in range(2):
        write(folder / f"cliff.{1001 + at}.png", stone(24, 14 + at), block=64)
    (folder / "stone_ids.png").write_bytes(cv2.imencode(".png", ids(64))[1].tobytes())
    hero = cv2.resize(stone(32, 20 + version), (32, 16), interpolation=cv2.INTER_AREA)
    write(folder / "ui/hero.png", hero, block=64)
    (folder / "ui/hero.json").write_text(json.dumps(_SHEET, indent=1), encoding="utf-8")
    whole = (folder / "stone_2.png").read_bytes()
    (folder / BROKEN).write_bytes(whole[: len(whole) // 2])
    (folder / "notes.txt").write_text("of no interest\n", encoding="utf-8")
    for path in folder.rglob("*"):
        age(path)  # what was written just now is hashed at every look, and runs would differ in their calls
    return folder


def edit(folder: Path, name: str, version: int, seed: int = 7) -> None:
    """Write one of the coloured textures, as it is in a version."""
    write(folder / name, stone(20, seed + 100 * version), block=64)


def _blocks(path: Path, encoding: str, channels: int) -> None:
    size = Size(16, 16)
    storage = Storage(encoding, levels=5)
    alpha = 3 if channels == 4 else None
    spec = ImageSpec(size, channels, Depth.UINT8, "dds", alpha=alpha, storage=storage, lossy=True)
    with codecs.create(path, spec) as sink:
        for each in spec.pictures:
            sink.put(np.random.default_rng(each.width).random((each.height, each.width, channels), np.float32))
        sink.commit()
