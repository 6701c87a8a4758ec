"""Shows on which textures a model may be trusted: `python benchmarks/smooth.py train.yaml MODEL`.

Of the textures that a training keeps back, and of made-up ones whose hills are so many texels wide: what halving the
small texture costs (which is what a run goes by), how the model's error on the texture itself compares with bicubic's
(below 1 it is nearer to the truth), and how it compares on the small texture's own small version (which one might go by
instead, as nothing else is at hand in a run). Errors are degrees, or root mean squares.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from held_out import kept_back

from cg_upscaler.backends.devices import describe
from cg_upscaler.cli.tables import table
from cg_upscaler.generate.pool import Pool
from cg_upscaler.geometry import Edges
from cg_upscaler.library.config.training import Lesson, Training, load_training
from cg_upscaler.measure.angular import angles
from cg_upscaler.pixels import normals
from cg_upscaler.pixels.rows import Pixels, from_float, to_float
from cg_upscaler.pixels.smoothness import lost_by_halving
from cg_upscaler.pixels.views import Array
from cg_upscaler.training.measuring import middle, plainly, upscaled
from cg_upscaler.training.smaller import smaller

SIDE = 512
WIDTHS = (32.0, 16.0, 8.0, 4.0, 2.0)
SLOPES = (0.1, 0.5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path)
    parser.add_argument("model")
    asked = parser.parse_args()
    training = load_training(asked.config).model_copy(update={"measured": SIDE})
    device = describe(training.device)
    pool = Pool(device)

    def against_bicubic(truth: Pixels) -> float:
        """Return the model's error over bicubic's, both made of the truth's small version."""
        levels = made_small(truth, training)
        ways = upscaled(levels, asked.model, training, device, pool), plainly(levels, training)
        ours, plain = (error(truth, way, training.teach) for way in ways)
        return ours / max(plain, 1e-9)

    rows = []
    for name, truth in (*kept(training), *made_up(training.teach)):
        small = to_float(made_small(truth, training))
        side = min(small.shape[:2]) // training.scale
        tried = against_bicubic(multiple(small, training.scale)) if side >= 16 else None
        rows.append((lost(small, training.teach), against_bicubic(truth), tried, name))
    lines = [
        (f"{halved:.2f}", f"{against:.3f}", "–" if tried is None else f"{tried:.3f}", Path(name).name)
        for halved, against, tried, name in sorted(rows, key=first)
    ]
    print(table(("lost by halving", "model / bicubic", "the same one size down", "texture"), lines))


def first(row: tuple[float, float, float | None, str]) -> float:
    return row[0]


def kept(training: Training) -> Iterator[tuple[str, Pixels]]:
    for validation in (False, True):
        for held in kept_back(training, validation=validation):
            yield held.texture.name, middle(held, training)


def made_up(lesson: Lesson) -> Iterator[tuple[str, Pixels]]:
    """Yield smooth pictures, by how wide their hills are and how steep."""
    for width in WIDTHS:
        for slope in SLOPES:
            rng = np.random.default_rng(0)
            channels = 3 if lesson is Lesson.COLOR else 1
            hills = cv2.GaussianBlur(rng.standard_normal((SIDE, SIDE, channels)).astype(np.float32), (0, 0), width)
            hills = hills.reshape(SIDE, SIDE, channels)
            name = f"made up, {width:g} texels wide, slope {slope}"
            if lesson is Lesson.NORMAL:
                down, across = np.gradient(hills[:, :, 0])
                gain = slope / float(np.hypot(down, across).mean())
                vectors = np.stack([-across * gain, down * gain, np.ones_like(down)], axis=2).astype(np.float32)
                yield name, normals.encode(normals.normalise(vectors), 3)
            else:
                yield name, np.clip(0.5 + 0.25 * slope * hills / hills.std(), 0, 1).astype(np.float32)


def made_small(truth: Pixels, training: Training) -> np.ndarray:
    kind = np.uint16 if training.teach is Lesson.HEIGHT else np.uint8
    return from_float(smaller(truth, training.scale, "box", training.teach), np.dtype(kind))


def multiple(picture: Pixels, of: int) -> Pixels:
    height, width = (side // of * of for side in picture.shape[:2])
    return np.ascontiguousarray(picture[:height, :width])


def lost(small: Pixels, lesson: Lesson) -> float:
    """Return what halving costs: in degrees, or in levels of 255."""
    vectors = lesson is Lesson.NORMAL
    working = normals.normalise(normals.decode(small)) if vectors else small
    return (lost_by_halving(Array(working), Edges(), vectors=vectors) or 0.0) * (1 if vectors else 255)


def error(truth: Pixels, result: Pixels, lesson: Lesson) -> float:
    if lesson is Lesson.NORMAL:
        return angles(normals.decode(truth), normals.decode(result)).mean
    return float(np.sqrt(np.square(truth - result).mean()))


if __name__ == "__main__":
    main()
