"""Times runs over a library in which nothing is to be done: `python benchmarks/unchanged.py [TEXTURES [FOLDER]]`.

The library is made up: small PNGs, a hundred in a folder, four maps to a material. They are upscaled once, by plain
resampling; then the command is run again and again as anybody would, its start included, and the seconds of each are
printed, with those of processors. In a FOLDER that is named all of it stays, and is there the next time.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import cv2
import numpy as np

MAPS = ("color", "normal", "roughness", "height")
FOLDER = 100
TIMES = 7
RESTLESS = 3.0
"""Seconds that files are left alone before: what was written just now is not known by its time."""


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory(prefix="unchanged-") as temporary:
        place = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(temporary)
        if not (place / "library").exists():
            make(place / "library", count)
            time.sleep(RESTLESS)
        run(place)
        taken = [run(place) for _ in range(TIMES)]
    print(f"{count} textures, {os.cpu_count()} processors, {TIMES} runs in which nothing is to be done:")
    print(f"seconds: median {median(wall for wall, _ in taken):.2f}, " + " ".join(f"{wall:.2f}" for wall, _ in taken))
    print(f"of processors: median {median(busy for _, busy in taken):.2f}")


def make(folder: Path, count: int) -> None:
    """Write so many textures, each another."""
    random = np.random.default_rng(1)
    for number in range(count):
        within = number % FOLDER
        place = folder / f"f{number // FOLDER:04}"
        place.mkdir(parents=True, exist_ok=True)
        pixels = random.integers(0, 255, (8, 8, 3), np.uint8)
        cv2.imwrite(str(place / f"mat{within // len(MAPS):03}_{MAPS[number % len(MAPS)]}.png"), pixels)


def run(place: Path) -> tuple[float, float]:
    """Run the command and return its seconds, and those of processors."""
    command = [sys.executable, "-m", "cg_upscaler.cli", "run", str(place / "library"), "--out", str(place / "out")]
    before, start = os.times(), time.monotonic()
    subprocess.run([*command, "--model", "bicubic", "--scale", "2", "--quiet"], check=True, stderr=subprocess.DEVNULL)
    wall, after = time.monotonic() - start, os.times()
    return wall, after.children_user + after.children_system - before.children_user - before.children_system


if __name__ == "__main__":
    main()
