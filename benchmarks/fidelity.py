"""Measures what a result holds of its source: `python benchmarks/fidelity.py`.

Straight edges and discs of many positions and heights, drawn at four times the size, and pictures with a third of their
texels at 0 or 255, go through x4plus. Prints, for bicubic, the generator as it is, plain back-projection and the match
at several fidelities: the error against what was drawn, how far edges overshoot in levels of 255 per full step,
consistency with the source, the drift of the mean; and how many megapixels a second the match does on one core.
`docs/decisions/0010-fidelity-and-grain.md` holds its figures.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator

import cv2
import numpy as np
from grain import as_file, enlarged

from cg_upscaler.backends.resize import ResizeNetwork
from cg_upscaler.backends.torch_ import TorchNetwork
from cg_upscaler.generate.tiles import Tiles
from cg_upscaler.geometry import Edges
from cg_upscaler.job import Band
from cg_upscaler.measure.consistency import consistency
from cg_upscaler.measure.drift import drift
from cg_upscaler.models import catalog
from cg_upscaler.pixels.match import matched
from cg_upscaler.pixels.projection import projected
from cg_upscaler.pixels.resample import shrink
from cg_upscaler.pixels.rows import Pixels
from cg_upscaler.pixels.views import Array
from cg_upscaler.pixels.windows import Local, windowed

FINE = 4
"""How much finer than the result shapes are drawn."""


def plane(side: int) -> tuple[np.ndarray, np.ndarray]:
    """Return y and x of each fine texel, in source texels from the centre."""
    return tuple((np.mgrid[: side * 4 * FINE, : side * 4 * FINE] + 0.5) / (4 * FINE) - side / 2)


def shape(inside: np.ndarray, low: float, high: float) -> Pixels:
    return (low + (high - low) * shrink(inside.astype(np.float32)[:, :, None], FINE)).repeat(3, axis=2)


def edges() -> Iterator[Pixels]:
    y, x = plane(32)
    for position, angle in ((0, 0), (0.25, 0), (0.5, 0), (0.13, 0.35), (0, 0.785), (0.13, 0.785)):
        for low, high in ((0, 1), (0.25, 0.75), (0.1, 0.4), (0.8, 1)):
            yield shape(x * np.cos(angle) + y * np.sin(angle) > position, low, high)


def discs() -> Iterator[Pixels]:
    y, x = plane(40)
    for radius, off in ((12.3, 0.23), (7.1, 0.4), (4.4, 0.1)):
        for low, high in ((0, 1), (1, 0), (0.2, 0.8)):
            yield shape(np.hypot(x - off, y + off) < radius, low, high)


def hard() -> Iterator[Pixels]:
    rng = np.random.default_rng(0)
    for blur in (1.5, 4, 12):
        noise = cv2.GaussianBlur(rng.normal(0, 1, (160, 160, 3)).astype(np.float32), (0, 0), blur)
        yield np.clip(noise / noise.std() * 0.5 + 0.5, 0, 1)


def projection(source: Pixels, drawn: Pixels) -> Pixels:
    """Plain back-projection, without limits, as vectors are matched."""
    result = windowed(projected(4, 1.0, Band.ALL), Edges(), Array(drawn), Array(source))
    return np.clip(result.rows(0, result.size.height), 0, 1)


def match(fidelity: float) -> Callable[[Pixels, Pixels], Pixels]:
    def run(source: Pixels, drawn: Pixels) -> Pixels:
        op = matched(4, fidelity, Band.ALL, low=0, high=1)
        result = windowed(op, Edges(), Array(drawn), Array(source))
        return result.rows(0, result.size.height)

    return run


def speed(op: Local) -> float:
    """Return megapixels of the result a second, on one core."""
    cv2.setNumThreads(1)
    result = np.random.default_rng(0).random((512, 2048, 3), np.float32)
    source = shrink(result, 4)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        op.fn(result, source)
        times.append(time.perf_counter() - start)
    return result.shape[0] * result.shape[1] / min(times) / 1e6


def main() -> None:
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    generator, plain = Tiles(TorchNetwork(catalog.find(catalog.REFERENCE), "auto")), Tiles(ResizeNetwork(4))
    ways = {"bicubic": lambda source, drawn: enlarged(plain, source), "raw": lambda source, drawn: drawn}
    ways["projected"] = projection
    ways.update({f"fidelity {share}": match(share) for share in (0.0, 0.5, 1.0)})
    for name, family in {"edges": edges, "discs": discs, "hard": hard}.items():
        print(f"{name:14s} rms error  overshoot: mean, worst  consistency: worst   drift: worst")
        cases = [
            (truth, source, enlarged(generator, source)) for truth in family() for source in [as_file(shrink(truth, 4))]
        ]
        for way, run in ways.items():
            rows = []
            for truth, source, drawn in cases:
                result = run(source, drawn)
                over = max(float(result.max() - source.max()), float(source.min() - result.min()), 0)
                rows.append(
                    (
                        np.sqrt(np.square(result - truth).mean()) * 255,
                        over / np.ptp(source) * 255,
                        consistency(source, as_file(result)),
                        drift(source, as_file(result)),
                    )
                )
            error, over, held, moved = np.array(rows).T
            figures = (
                f"{error.mean():9.2f} {over.mean():16.1f} {over.max():6.1f} {held.min():17.1f} {moved.max():17.3f}"
            )
            print(f"{way:14s} {figures}", flush=True)
    ops = {f"fidelity {share}": matched(4, share, Band.ALL, low=0, high=1) for share in (1.0, 0.5, 0.0)}
    ops["projected"] = projected(4, 1.0, Band.ALL)
    print("megapixels a second on one core:", *(f"{name}: {speed(op):.0f};" for name, op in ops.items()))


if __name__ == "__main__":
    main()
