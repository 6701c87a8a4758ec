"""Synthetic textures of every kind, seeded, for the tests of what a texture is."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cg_upscaler.geometry import Size
from cg_upscaler.spec import Depth, ImageSpec

Picture = NDArray[np.uint8]


_DEPTHS = {"uint8": Depth.UINT8, "uint16": Depth.UINT16, "float16": Depth.HALF, "float32": Depth.FLOAT}


def spec_of(pixels: NDArray[np.generic]) -> ImageSpec:
    """What a codec would say of such pixels: the last of two or four channels is alpha."""
    height, width, channels = pixels.shape
    alpha = channels - 1 if channels in (2, 4) else None
    return ImageSpec(Size(width, height), channels, _DEPTHS[str(pixels.dtype)], "png", alpha=alpha)


def as_bytes(values: NDArray[np.floating]) -> Picture:
    return (np.clip(values, 0, 1) * 255 + 0.5).astype(np.uint8)


def height_field(side: int = 128, seed: int = 0) -> NDArray[np.float64]:
    """Tileable hills of a few sizes, 0 … 1."""
    noise = np.random.default_rng(seed).normal(size=(side, side))
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side)[None])
    hills = np.fft.ifft2(np.fft.fft2(noise) / (0.02 + frequency) ** 1.5).real
    return (hills - hills.min()) / np.ptp(hills)


def stone(side: int = 128, seed: int = 0) -> Picture:
    """A warm, shaded, grainy picture, as photographs are."""
    rng = np.random.default_rng(seed)
    light = height_field(side, seed)[..., None] + rng.normal(0, 0.03, (side, side, 1))
    return as_bytes(light * [0.85, 0.65, 0.45] + 0.1 + rng.normal(0, 0.01, (side, side, 3)))


def painted(side: int = 128) -> Picture:
    """Broad strokes with smooth edges in a few colours, as hand-painted textures are."""
    canvas = np.full((side, side, 3), (120, 90, 60), np.uint8)
    rng = np.random.default_rng(5)
    for _ in range(40):
        a, b = (tuple(int(value) for value in rng.integers(0, side, 2)) for _ in range(2))
        tint = int(rng.integers(-40, 60))
        cv2.line(canvas, a, b, (140 + tint, 100 + tint, 50 + tint // 2), int(rng.integers(3, 9)), cv2.LINE_AA)
    return canvas


def normals(heights: NDArray[np.float64], strength: float = 6.0) -> Picture:
    """The tangent-space normal map of a tileable height field, Y+."""
    dx = (np.roll(heights, -1, 1) - np.roll(heights, 1, 1)) * strength
    dy = (np.roll(heights, -1, 0) - np.roll(heights, 1, 0)) * strength
    vectors = np.stack([-dx, dy, np.ones_like(dx)], axis=2)
    return as_bytes(vectors / np.linalg.norm(vectors, axis=2, keepdims=True) / 2 + 0.5)


def tiles_heights(side: int = 128) -> NDArray[np.float64]:
    """Flat tiles between narrow grooves: nearly all of its normal map is one colour."""
    line = np.clip(np.abs((np.arange(side) % 32) - 16) - 12, 0, 3) / 3
    return -np.maximum(line[:, None], line[None]) * 0.2


def disc(side: int = 128, *, smooth: bool = True) -> NDArray[np.float64]:
    """1 inside of a circle, 0 outside."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    inside = side * 0.35 - np.hypot(x, y)
    return np.clip(inside + 0.5, 0, 1) if smooth else (inside > 0).astype(np.float64)


def with_alpha(colors: Picture, alpha: NDArray[np.floating]) -> Picture:
    return np.dstack([colors, as_bytes(alpha)])


def lookup_strip(side: int, *, grade: float = 1.0) -> Picture:
    """N tiles of N×N beside each other; `grade` bends the colours, as artists do."""
    step = np.linspace(0, 1, side)
    blue, green, red = np.meshgrid(step, step, step, indexing="ij")
    cube = np.stack([red**grade, green ** (1 / grade), blue * 0.8 + 0.1 * red], axis=3)
    return as_bytes(cube.transpose(1, 0, 2, 3).reshape(side, side * side, 3))


def splat(side: int = 128, channels: int = 3) -> Picture:
    """Weights of materials that sum to one."""
    layers = np.stack([height_field(side, seed) ** 8 for seed in range(channels)], axis=2)
    return as_bytes(layers / layers.sum(axis=2, keepdims=True))


def ids(side: int = 128) -> Picture:
    """Areas of hard colours."""
    colors = np.array([(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (200, 30, 120)], np.uint8)
    points = np.random.default_rng(3).uniform(0, side, (5, 2))
    grid = np.stack(np.mgrid[:side, :side], axis=2)
    return colors[np.linalg.norm(grid[:, :, None] - points, axis=3).argmin(axis=2)]


def distance_field(side: int = 128, spread: float = 24.0) -> NDArray[np.float64]:
    """0.5 on the border of a shape of two discs, 1 deep inside, 0 far outside."""
    y, x = np.mgrid[:side, :side].astype(float)
    first = side * 0.22 - np.hypot(x - side * 0.35, y - side * 0.4)
    second = side * 0.16 - np.hypot(x - side * 0.68, y - side * 0.62)
    return np.clip(np.maximum(first, second) / (2 * spread) + 0.5, 0, 1)


def sky(height: int = 256, width: int = 256) -> Picture:
    """A gradient from blue to haze, every column alike."""
    down = np.linspace(0, 1, height)[:, None]
    column = (1 - down) * [0.25, 0.45, 0.85] + down * [0.85, 0.9, 0.95]
    return as_bytes(np.repeat(column[:, None], width, axis=1))
