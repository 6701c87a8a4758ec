"""Measures how well a run keeps everything busy: its wall time against that of its slowest stage alone.

    python benchmarks/pipeline.py                  a library of 1000 textures, written as PNG and as BC7
    python benchmarks/pipeline.py --count 200 --jobs 8

The generator is a stand-in that enlarges for next to nothing and then sleeps, one texture at a time, as long as a fast
GPU would take. Each stage alone has as many threads as the run. All of them share the processors, so no run can be
faster than the sum of their processor time divided by these; that bound is printed too. Other work on the machine
counts in wall time and not in processor time.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from cg_upscaler import codecs
from cg_upscaler.backends.resize import ResizeNetwork
from cg_upscaler.codecs import Image
from cg_upscaler.engine import Engine
from cg_upscaler.flight import threads
from cg_upscaler.flight.reading import read
from cg_upscaler.gates import Judge
from cg_upscaler.generate import Generator, Tick
from cg_upscaler.generate.tiles import Tiles
from cg_upscaler.geometry import Cut, Edges, Size
from cg_upscaler.job import Job, Outcome, Plan
from cg_upscaler.library.config import load
from cg_upscaler.library.plan import make_plan
from cg_upscaler.library.receipts import Receipts, hash_file
from cg_upscaler.maps import PLAIN, ColorSpace
from cg_upscaler.models import catalog
from cg_upscaler.pixels.rows import Pixels, Source, pour
from cg_upscaler.pixels.views import Array
from cg_upscaler.spec import Depth, DeviceInfo, ImageSpec, ModelInfo, Precision
from cg_upscaler.upscale import upscale

DEVICE = DeviceInfo("cpu", "a stand-in", Precision.FLOAT32, (Precision.FLOAT32,))
SIDES = (64, 96, 128, 192, 256)


@dataclass(frozen=True)
class StandIn:
    """Repeats texels, and keeps a device busy for so many seconds a megapixel of its input."""

    info: ModelInfo
    pace: float
    device: threading.Lock

    def run(self, source: Source, cut: Cut, edges: Edges, precision: Precision, tick: Tick) -> Rows:
        return Rows(source, self, tick)


@dataclass(frozen=True)
class Rows:
    source: Source
    by: StandIn
    tick: Tick

    @property
    def size(self) -> Size:
        return self.source.size * self.by.info.scale

    @property
    def channels(self) -> int:
        return self.source.channels

    def __iter__(self) -> Iterator[Pixels]:
        scale = self.by.info.scale
        larger = self.source.rows(0, self.source.size.height).repeat(scale, 0).repeat(scale, 1)
        if self.by.pace:
            with self.by.device:
                time.sleep(self.by.pace * self.source.size.pixels / 1e6)
        self.tick(1.0)
        yield larger


@cache
def known(model: str) -> ModelInfo:
    return catalog.find(model)


@dataclass(frozen=True)
class StandIns:
    """`Generators` of stand-ins, on one device."""

    pace: float
    device: threading.Lock

    def get(self, model: str, scale: int) -> Generator:
        if model in PLAIN:
            return Tiles(ResizeNetwork(scale, model))
        return StandIn(known(model), self.pace, self.device)


class Nowhere:
    """A `Sink` that forgets."""

    def put(self, rows: Pixels) -> None:
        pass

    def commit(self) -> None:
        pass

    def discard(self) -> None:
        pass


def make_library(folder: Path, count: int) -> None:
    """Write textures with detail at every scale; each fourth has one channel."""
    rng = np.random.default_rng(7)
    for i in range(count):
        height, width = rng.choice(SIDES, 2)
        channels, name = (1, f"{i:04}_roughness.png") if i % 4 == 3 else (3, f"{i:04}_color.png")
        total = np.zeros((height, width, channels), np.float32)
        for level in range(6):
            small = rng.normal(0, 5 + 4 * level, (-(-height // 2**level), -(-width // 2**level), channels))
            total += small.repeat(2**level, 0).repeat(2**level, 1)[:height, :width]
        spec = ImageSpec(Size(int(width), int(height)), channels, Depth.UINT8, "png", ColorSpace.SRGB)
        with codecs.create(folder / name, spec) as sink:
            sink.put(np.clip(total / 255 + 0.5, 0, 1).astype(np.float32))
            sink.commit()


def planned(library: Path, output: Path, container: str) -> Plan:
    config = load(None, source=library, output=output, edges="mirror")
    plan = make_plan(config, device=DEVICE)
    if container == "dds":
        plan = replace(plan, jobs=tuple(as_dds(job) for job in plan.jobs if has_colour(job)))
    return plan


def has_colour(job: Job) -> bool:
    return job.output_spec is not None and job.output_spec.channels >= 3


def as_dds(job: Job) -> Job:
    assert job.output_spec is not None
    spec = replace(job.output_spec, container="dds", lossy=True)
    return replace(job, output=str(Path(job.output).with_suffix(".dds")), output_spec=spec)


@dataclass(frozen=True)
class Took:
    wall: float
    cpu: float


def timed(work: Callable[[], object]) -> Took:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Took(time.perf_counter() - wall, time.process_time() - cpu)


def each(jobs: tuple[Job, ...], at_once: int, do: Callable[[Job], object]) -> Took:
    """Do something for each job, on threads."""

    def work() -> None:
        with ThreadPoolExecutor(at_once) as pool, threads.divided(among=at_once):
            list(pool.map(do, jobs))

    return timed(work)


def stages(plan: Plan, at_once: int, pace: float, folder: Path) -> dict[str, Took]:
    """Measure each stage of a run by itself."""
    images: dict[str, Image] = {}
    free, paced = StandIns(0, threading.Lock()), StandIns(pace, threading.Lock())

    def decode(job: Job) -> None:
        hash_file(Path(job.source))
        images[job.name] = read(job)

    def generate(job: Job) -> None:
        for group in job.groups:
            if not group.constant and group.model not in PLAIN:
                with paced.device:
                    time.sleep(pace * images[job.name].spec.size.pixels / 1e6)

    def between(job: Job) -> None:
        result = upscale(images[job.name], job, free, scratch=folder, tick=lambda share: None)
        pour(result, Judge(Nowhere(), images[job.name], job))

    def encode(job: Job) -> None:
        assert job.output_spec is not None
        factor = job.output_spec.size.width // images[job.name].spec.size.width
        pixels = images[job.name].pixels.repeat(factor, 0).repeat(factor, 1)
        with codecs.create(folder / Path(job.output).name, job.output_spec) as sink:
            pour(Array(pixels), sink)
            sink.commit()

    return {
        "decode": each(plan.jobs, at_once, decode),
        "generate": each(plan.jobs, at_once, generate),
        "between": each(plan.jobs, at_once, between),
        "encode": each(plan.jobs, at_once, encode),
    }


def whole(plan: Plan, at_once: int | None, pace: float) -> Took:
    with Receipts(Path(plan.output)) as receipts:
        engine = Engine(StandIns(pace, threading.Lock()), jobs=at_once)
        done: list[Outcome] = []
        took = timed(lambda: done.extend(receipt.outcome for receipt in engine.run(plan, receipts)))
    assert set(done) == {Outcome.DONE}, set(done)
    return took


def report(container: str, plan: Plan, alone: dict[str, Took], run: Took, one: Took) -> None:
    name, slowest = max(alone.items(), key=lambda stage: stage[1].wall)
    megapixels = sum(job.megapixels for job in plan.jobs)
    shared = {name: took.cpu / threads.cores() for name, took in alone.items()}
    bound = max(sum(shared.values()), alone["generate"].wall)
    least = bound / max(alone["generate"].wall, *shared.values())
    print(f"\n{container}: {len(plan.jobs)} textures, {megapixels:.2f} megapixels")
    print(f"  {'stage':<22}{'wall s':>8}{'cpu s':>8}")
    for title, took in [*alone.items(), ("the run", run), ("one after another", one)]:
        print(f"  {title:<22}{took.wall:8.2f}{took.cpu:8.2f}")
    print(
        f"  run / slowest stage alone ({name}): {run.wall / slowest.wall:.2f}; with {threads.cores()} processors ",
        end="",
    )
    print(f"to share, at least {least:.2f}")
    overhead = run.cpu / sum(took.cpu for took in alone.values())
    print(
        f"  run / bound of {bound:.2f} s: {run.wall / bound:.2f}; its processor time is {overhead:.2f} of its stages'"
    )
    print(f"  {one.wall / run.wall:.2f} times as fast as one after another")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000, help="textures in the library")
    parser.add_argument("--jobs", type=int, default=threads.at_once(), help="textures at once")
    parser.add_argument("--pace", type=float, default=50.0, help="milliseconds a megapixel on the stand-in device")
    parser.add_argument("--only", choices=["png", "dds"], help="one container only")
    options = parser.parse_args()
    pace = options.pace / 1000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "library").mkdir()
        make_library(folder / "library", options.count)
        print(f"{threads.cores()} processors, {options.jobs} textures at once, {options.pace:g} ms a megapixel")
        for container in [options.only] if options.only else ["png", "dds"]:
            alone = folder / f"alone-{container}"
            alone.mkdir()
            plan = planned(folder / "library", folder / f"run-{container}", container)
            by_stage = stages(plan, options.jobs, pace, alone)
            run = whole(plan, options.jobs, pace)
            one = whole(planned(folder / "library", folder / f"one-{container}", container), 1, pace)
            report({"png": "PNG", "dds": "BC7"}[container], plan, by_stage, run, one)


if __name__ == "__main__":
    main()
