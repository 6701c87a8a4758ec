"""Measures what a texture costs between its generator and its encoder, in milliseconds of a processor.

    python benchmarks/between.py               each kind of texture, 128 × 128, and one of 1024 × 1024
    python benchmarks/between.py --steps       and which module of the package takes how much of it

The generator is a stand-in that repeats texels. A texture is upscaled, judged and brought into its file's type, in one
thread, several times; what other work on the machine takes does not count, and the best time does. With `--steps` the
time of a module is that of its own functions and of what they call outside of the package.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock
from types import FrameType

import cv2
import numpy as np
from numpy.typing import NDArray
from pipeline import DEVICE, Nowhere, StandIns

import cg_upscaler
from cg_upscaler import codecs
from cg_upscaler.codecs.codec import DTYPES
from cg_upscaler.flight.reading import read
from cg_upscaler.gates import Judge
from cg_upscaler.geometry import Size
from cg_upscaler.job import Job
from cg_upscaler.library.config import load
from cg_upscaler.library.plan import make_plan
from cg_upscaler.pixels.rows import Pixels, Source, from_float, pour
from cg_upscaler.pixels.views import Array
from cg_upscaler.spec import Depth, ImageSpec
from cg_upscaler.upscale import upscale

PACKAGE = str(Path(cg_upscaler.__file__).parent)


@dataclass(frozen=True)
class Kind:
    """A texture to be made and upscaled."""

    title: str
    file: str
    pixels: NDArray[np.generic]
    edges: str = "mirror"
    scale: int = 4


def kinds() -> list[Kind]:
    colour, alpha = detail(128, 3), np.clip(4 * detail(128, 1) - 1.5, 0, 1)
    normal = np.concatenate([detail(128, 2), np.full((128, 128, 1), 0.95)], 2)
    return [
        Kind("colour", "rock_color.png", levels(colour)),
        Kind("colour, to 2x", "rock_color.png", levels(colour), scale=2),
        Kind("colour, wrapped", "rock_color.png", levels(colour), "wrap"),
        Kind("blended alpha", "smoke_color.png", levels(np.concatenate([colour, alpha], 2))),
        Kind("cut-out alpha", "leaf_color.png", levels(np.concatenate([colour, alpha > 0.5], 2))),
        Kind("gray", "rock_roughness.png", levels(detail(128, 1))),
        Kind("gray, 16 bits", "rock_height.png", levels(detail(128, 1), np.uint16)),
        Kind("normal map", "rock_normal.png", levels(normal)),
        Kind("light", "sky_color.exr", (8 * detail(128, 3) ** 4).astype(np.float32)),
        Kind("colour, 1024", "rock_color.png", levels(detail(1024, 3))),
    ]


def detail(side: int, channels: int) -> NDArray[np.float64]:
    """Return numbers 0 … 1 that have detail at every scale."""
    rng = np.random.default_rng(7)
    total = np.zeros((side, side, channels))
    for level in range(6):
        small = rng.normal(0, 5 + 4 * level, (-(-side // 2**level), -(-side // 2**level), channels))
        total += small.repeat(2**level, 0).repeat(2**level, 1)[:side, :side]
    return np.clip(total / 255 + 0.5, 0, 1)


def levels(numbers: NDArray[np.generic], dtype: type[np.unsignedinteger] = np.uint8) -> NDArray[np.generic]:
    return from_float(numbers.astype(np.float32), dtype)


def planned(kind: Kind, folder: Path) -> Job:
    library = folder / "library"
    library.mkdir()
    height, width, channels = kind.pixels.shape
    depth = next(depth for depth, dtype in DTYPES.items() if dtype == kind.pixels.dtype)
    container = Path(kind.file).suffix[1:]
    spec = ImageSpec(Size(width, height), channels, depth, container, alpha=3 if channels == 4 else None)
    with codecs.create(library / kind.file, spec) as sink:
        pour(Array(kind.pixels), sink)
        sink.commit()
    config = load(None, source=library, output=folder / "out", edges=kind.edges, scale=kind.scale)
    (job,) = make_plan(config, device=DEVICE).jobs
    return job


class Levels(Nowhere):
    """A sink that brings rows into their file's type, as each does, and forgets them."""

    def __init__(self, depth: Depth) -> None:
        self._dtype = DTYPES[depth]
        self.seconds = 0.0

    def put(self, rows: Pixels) -> None:
        start = time.thread_time()
        from_float(rows, self._dtype)
        self.seconds += time.thread_time() - start


@dataclass(frozen=True)
class Took:
    """Milliseconds of each part."""

    before: float
    """Until the first row can be asked for: split, generated and held, measured as a whole."""
    rows: float
    judge: float
    levels: float

    @property
    def total(self) -> float:
        return self.before + self.rows + self.judge + self.levels


def once(source: Source, job: Job, scratch: Path) -> Took:
    assert job.output_spec is not None
    generators = StandIns(0, Lock())
    marks = [time.thread_time()]
    result = upscale(source, job, generators, scratch=scratch, tick=lambda share: None)
    marks.append(time.thread_time())
    pulled = Pulled(result)
    sink = Levels(job.output_spec.depth)
    judge = Judge(sink, source, job)
    pour(pulled, judge)
    judge.figures()
    marks.append(time.thread_time())
    before, rest = np.diff(marks)
    judging = rest - pulled.seconds - sink.seconds
    return Took(*(1000 * float(part) for part in (before, pulled.seconds, judging, sink.seconds)))


class Pulled:
    """A source that knows how long its rows took."""

    def __init__(self, source: Source) -> None:
        self._source, self.size, self.channels = source, source.size, source.channels
        self.seconds = 0.0

    def rows(self, start: int, stop: int) -> Pixels:
        begun = time.thread_time()
        rows = self._source.rows(start, stop)
        self.seconds += time.thread_time() - begun
        return rows


def by_module(work: Callable[[], object]) -> Counter[str]:
    """Return the milliseconds that passed in each module of the package while it worked for nobody below it."""
    spent: Counter[str] = Counter()
    stack, last = ["outside"], time.thread_time()

    def watch(frame: FrameType, event: str, _: object) -> None:
        nonlocal last
        if event not in ("call", "return") or not frame.f_code.co_filename.startswith(PACKAGE):
            return
        now = time.thread_time()
        spent[stack[-1]] += 1000 * (now - last)  # type: ignore[assignment]
        if event == "call":
            stack.append(frame.f_code.co_filename[len(PACKAGE) + 1 :])
        else:
            stack.pop()
        last = time.thread_time()

    sys.setprofile(watch)
    try:
        work()
    finally:
        sys.setprofile(None)
    return spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", action="store_true", help="say which module takes how much")
    parser.add_argument("--only", help="the kinds whose title has this in it")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    print(f"{'milliseconds':<18}{'before':>9}{'rows':>9}{'judge':>9}{'levels':>9}{'total':>9}")
    for kind in kinds():
        if options.only and options.only not in kind.title:
            continue
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            job = planned(kind, folder)
            source = read(job)
            times = [once(source, job, folder) for _ in range(5 if kind.pixels.shape[0] > 512 else 20)]
            best = min(times, key=lambda took: took.total)
            parts = best.before, best.rows, best.judge, best.levels, best.total
            print(f"{kind.title:<18}" + "".join(f"{part:9.1f}" for part in parts))
            if options.steps:
                work = partial(once, source, job, folder)
                for module, taken in by_module(work).most_common(8):
                    print(f"    {module:<40}{taken:8.1f}")


if __name__ == "__main__":
    main()
