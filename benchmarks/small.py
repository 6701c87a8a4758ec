"""Measures small pictures against a large one: `python benchmarks/small.py`.

Icons of 64 × 64 are asked for by several threads, as textures on their way do, one by one and together; each other size
within an eighth of that too. Prints texels of the source a second, beside a large picture's in the same rounds, as
medians. `docs/performance.md` holds these figures.
"""

from __future__ import annotations

import argparse
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from cg_upscaler.backends.devices import describe
from cg_upscaler.cut import canonical_cut
from cg_upscaler.generate import Generator
from cg_upscaler.generate.pool import Pool
from cg_upscaler.geometry import Edges, Size
from cg_upscaler.models import catalog
from cg_upscaler.pixels.rows import Pixels
from cg_upscaler.pixels.scratch import hold
from cg_upscaler.pixels.views import Array
from cg_upscaler.spec import Precision


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=catalog.REFERENCE)
    parser.add_argument("--count", type=int, default=48, help="icons of a round")
    parser.add_argument("--large", type=int, default=512, help="texels of the large picture's side")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=8)
    options = parser.parse_args()
    numbers = np.random.default_rng(0)

    def icon(height: int, width: int) -> Pixels:
        return numbers.random((height, width, 3), np.float32)

    generator = Pool(describe()).get(options.model, 4)
    same = [icon(64, 64) for _ in range(options.count)]
    sides = numbers.integers(57, 65, (options.count, 2))
    ragged = [icon(int(height), int(width)) for height, width in sides]
    kinds = {
        f"one of {options.large}²": ([icon(options.large, options.large)], 1),
        "icons one by one": (same[: options.count // 4], 1),
        "icons together": (same, options.threads),
        "ragged icons together": (ragged, options.threads),
    }
    run(generator, same[:1], 1)  # loads and compiles
    speeds: dict[str, list[float]] = {kind: [] for kind in kinds}
    for _ in range(options.rounds):
        for kind, (pictures, threads) in kinds.items():
            start = time.perf_counter()
            run(generator, pictures, threads)
            texels = sum(pixels.shape[0] * pixels.shape[1] for pixels in pictures)
            speeds[kind].append(texels / (time.perf_counter() - start))
    large = speeds[f"one of {options.large}²"]
    print(f"{options.model}, float32, {options.count} icons, {options.threads} threads, {options.rounds} rounds")
    print(f"{'':24} texels/s  of the large")
    for kind, values in speeds.items():
        ratio = statistics.median(value / whole for value, whole in zip(values, large, strict=True))
        print(f"{kind:24} {statistics.median(values):8.0f} {ratio:11.0%}", flush=True)


def run(generator: Generator, pictures: list[Pixels], threads: int) -> None:
    def one(pixels: Pixels) -> None:
        cut = canonical_cut(Size(pixels.shape[1], pixels.shape[0]), generator.info)
        hold(generator.run(Array(pixels), cut, Edges(), Precision.FLOAT32, lambda share: None))

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(one, pictures))


if __name__ == "__main__":
    main()
