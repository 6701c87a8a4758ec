"""Drawn surfaces to learn from: panels with bevels, rivets and scratches, as heights, and their maps."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cg_upscaler.library.config.training import Training, load_training
from cg_upscaler.training.course import Lessons, gather

Heights = NDArray[np.float32]


def heights(side: int, seed: int) -> Heights:
    """Return a height field, in texels: sharp where things meet, as hard surfaces of games are."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side].astype(np.float32)
    grid, width = int(rng.integers(24, 64)), rng.uniform(1.5, 4)
    left, top = rng.integers(0, grid, 2)
    near = np.minimum(
        *(np.minimum((axis - at) % grid, grid - (axis - at) % grid) for axis, at in ((x, left), (y, top)))
    )
    result = np.clip((near - 1.5) / width, 0, 1) * width * rng.uniform(0.4, 1)
    for _ in range(int(rng.integers(10, 30))):  # rivets
        at, radius = rng.uniform(0, side, 2), rng.uniform(3, 9)
        result += 0.6 * np.sqrt(np.clip(radius**2 - (x - at[0]) ** 2 - (y - at[1]) ** 2, 0, None))
    for _ in range(int(rng.integers(3, 10))):  # scratches
        turn, where = rng.uniform(0, np.pi), rng.uniform(-side, side)
        away = np.abs(x * np.cos(turn) + y * np.sin(turn) - where)
        result -= np.clip(3 - away, 0, None) * rng.uniform(0.3, 0.8)
    return np.asarray(result, np.float32)


def normals_of(field: Heights) -> NDArray[np.float32]:
    """Return the normals of a height field, 0 … 1, green up."""
    down, across = np.gradient(field)
    vectors = np.dstack([-across, down, np.ones_like(across)])
    return np.asarray(vectors / np.linalg.norm(vectors, axis=2, keepdims=True) * 0.5 + 0.5, np.float32)


def colours_of(field: Heights, seed: int) -> NDArray[np.float32]:
    """Return paint that is worn where the surface rises."""
    rng = np.random.default_rng(seed)
    paint, metal = rng.uniform(0.1, 0.9, (2, 3))
    worn = np.clip(field - field.mean(), 0, 1)[..., None]
    return np.asarray(paint * (1 - worn) + metal * worn, np.float32)


def write(path: Path, pixels: NDArray[np.float32]) -> Path:
    """Write a picture (h, w) or (h, w, 3) in 0 … 1 as 8 bits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    levels = np.round(np.clip(pixels, 0, 1) * 255).astype(np.uint8)
    assert cv2.imwrite(str(path), levels[..., ::-1] if levels.ndim == 3 else levels)
    return path


def library(folder: Path, count: int = 8, side: int = 96) -> Path:
    """Write a library of so many materials, each with a normal map."""
    for seed in range(count):
        write(folder / f"panel{seed:02}_normal.png", normals_of(heights(side, seed)))
    return folder


def asked(folder: Path, **settings: object) -> Training:
    """Return settings under which a step takes next to nothing."""
    usual: dict[str, object] = {
        "teach": "normal",
        "crop": 32,
        "batch": 2,
        "steps": 6,
        "save_every": 2,
        "validate_every": 3,
        "most": 1,
        "measured": 32,
        "device": "cpu",
        "network": {"width": 24, "hidden": 2},
    }
    return load_training(None, **{**usual, "library": folder / "library", "output": folder / "out", **settings})


def lessons(training: Training) -> Lessons:
    return gather(training)
