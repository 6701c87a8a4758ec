"""Synthetic textures that no generator should meet: data in the guise of pictures, and drawings of single texels."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.pictures import Picture, as_bytes, disc, height_field, stone, with_alpha


def flow(side: int = 128) -> Picture:
    """A river that turns: directions around one half in red and green, nothing in blue."""
    y, x = np.mgrid[:side, :side] / (side / 2) - 1
    strength = 0.8 * np.exp(-(x * x + y * y))
    return as_bytes(np.stack([0.5 - y * strength / 2, 0.5 + x * strength / 2, np.zeros_like(x)], axis=2))


def rgbm(side: int = 128) -> Picture:
    """Light of 0 … 8, its brightest channel always at the top and its brightness in alpha."""
    light = height_field(side)[..., None] ** 3 * [8.0, 6.0, 4.0] + 0.1 + height_field(side, 3)[..., None] * [0, 0.5, 2]
    factor = np.ceil(light.max(axis=2) / 8.6 * 255) / 255
    return with_alpha(as_bytes(light / 8.6 / factor[..., None]), factor)


def ycocg(side: int = 128) -> Picture:
    """Colour differences in red and green, brightness in alpha, as they lie in DXT5."""
    red, green, blue = np.moveaxis(stone(side) / 255.0, 2, 0)
    orange, greenish, luma = red - blue, green - (red + blue) / 2, (red + 2 * green + blue) / 4
    return with_alpha(as_bytes(np.stack([orange / 2 + 0.5, greenish / 2 + 0.5, luma * 0], axis=2)), luma)


def msdf(side: int = 128) -> Picture:
    """A dot, and a square with sharp corners: red measures to upright sides, blue to level ones, green to both."""
    y, x = np.mgrid[:side, :side] - side * 0.32
    across, down = side * 0.2 - np.abs(x), side * 0.2 - np.abs(y)
    beyond = np.hypot(np.minimum(across, 0), np.minimum(down, 0))
    both = np.where(beyond > 0, -beyond, np.minimum(across, down))
    dot = side * 0.16 - np.hypot(x - side * 0.42, y - side * 0.4)
    return as_bytes(np.maximum(np.stack([across, both, down], axis=2), dot[..., None]) / 40 + 0.5)


def vertices(frames: int = 90, count: int = 300) -> NDArray[np.uint16]:
    """Positions of vertices side by side, frame below frame, in 16 bits."""
    rest = np.random.default_rng(4).random((1, count, 3))
    swing = np.sin(np.arange(frames) / 15)[:, None, None] * 0.02
    return ((rest * 0.9 + 0.05 + swing) * 65535).astype(np.uint16)


def multiplied(side: int = 64) -> Picture:
    """A glowing disc with soft edges whose colour was multiplied by its alpha."""
    soft = np.clip(disc(side) * height_field(side) * 1.4, 0, 1)
    return with_alpha(as_bytes(soft[..., None] * [1.0, 0.8, 0.3]), soft)


HERO = """
....3333....
...322223...
..32211223..
..32144123..
..32111123..
...322223...
..35555553..
.3555665553.
.3.355553.3.
...355553...
...37..73...
..377..773..
"""


def hero(times: int = 1) -> Picture:
    """A figure of 12 × 12 texels in seven colours with a dark outline, on nothing."""
    colors = {".": (0, 0, 0, 0), "1": (250, 205, 160, 255), "2": (120, 60, 20, 255), "3": (20, 12, 28, 255)}
    colors |= {"4": (255, 255, 255, 255), "5": (40, 90, 200, 255), "6": (250, 220, 60, 255), "7": (90, 50, 30, 255)}
    rows = np.array([[colors[letter] for letter in line] for line in HERO.split()], np.uint8)
    return rows.repeat(times, axis=0).repeat(times, axis=1)


def tile_set(times: int = 1) -> Picture:
    """Bricks, grass and figures side by side: 48 × 24 texels, opaque."""
    sheet = np.full((24, 48, 3), (92, 140, 70), np.uint8)
    sheet[::6], sheet[:, ::8] = (60, 30, 24), (60, 30, 24)
    for row in range(4):
        for column in range(6):
            sheet[row * 6 + 1 : row * 6 + 6, column * 8 + 1 : column * 8 + 8] = (170, 80 + 20 * (column % 3), 60)
            sheet[row * 6 + 1, column * 8 + 1 : column * 8 + 7] = (220, 150, 110)
    figure = hero()
    for at in (0, 16, 34):
        part = sheet[8:20, at : at + 12]
        part[figure[:, :, 3] > 0] = figure[:, :, :3][figure[:, :, 3] > 0]
    return sheet.repeat(times, axis=0).repeat(times, axis=1)


def few_colors(picture: Picture, count: int = 16) -> Picture:
    """The picture in a palette of its own, as a painting program reduces it."""
    texels = picture[:, :, :3].reshape(-1, 3).astype(np.float32)
    cv2.setRNGSeed(1)
    _, labels, centres = cv2.kmeans(texels, count, None, (cv2.TERM_CRITERIA_MAX_ITER, 8, 1.0), 1, cv2.KMEANS_PP_CENTERS)
    return centres.astype(np.uint8)[labels.ravel()].reshape(picture[:, :, :3].shape)
