"""Shows what large libraries ask of the machine that runs them: `python benchmarks/scale.py PART [--textures N]`.

    plan      textures planned per second: never seen, remembered, and unchanged; with what took the time by --profile
    driver    jobs per second that are decided, placed and recorded, where making a result takes no time at all
    workers   efficiency of 1, 8 and 64 workers that sleep for as long as a job costs: their busy time by what they had
    memory    bytes of the driver for each texture of a plan and a run, and for a million of them

The library is made up: small pictures, no two the same, in materials of five maps, in folders of a hundred. Sizes that
`workers` pretends are log-normal around 1024 texels, and one of two hundred is 8192.
"""

from __future__ import annotations

import argparse
import contextlib
import cProfile
import gc
import os
import pstats
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from cg_upscaler import codecs
from cg_upscaler.engine import Engine
from cg_upscaler.flight.crew import Flight
from cg_upscaler.flight.making import Made
from cg_upscaler.geometry import Size
from cg_upscaler.job import Event, Job, Outcome, Plan
from cg_upscaler.library import look
from cg_upscaler.library.config import Config, load
from cg_upscaler.library.cost import cost
from cg_upscaler.library.outputs import hash_bytes
from cg_upscaler.library.plan import make_plan, survey_library
from cg_upscaler.library.receipts import Receipts
from cg_upscaler.library.unchanged import settle
from cg_upscaler.spec import DeviceInfo, Precision

CPU = DeviceInfo("cpu", "a processor", Precision.FLOAT32, (Precision.FLOAT32, Precision.MIXED))
MAPS = ("basecolor", "normal", "roughness", "metallic", "ao")
FOLDER = 100
MILLION = 1_000_000


def main() -> None:
    parts = {"plan": plan, "driver": driver, "workers": workers, "memory": memory}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=parts)
    parser.add_argument("--textures", type=int, default=10_000)
    parser.add_argument("--profile", action="store_true", help="of `plan`: what took the time when all was remembered")
    parser.add_argument("--mean", type=float, default=0.5, help="of `workers`: seconds of a job on average")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 8, 64])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        parts[options.part](Library(Path(folder), options.textures), options)


@dataclass(frozen=True, slots=True)
class Library:
    """A made-up library and where its results go."""

    folder: Path
    textures: int

    @property
    def config(self) -> Config:
        return load(None, source=self.folder / "textures", output=self.folder / "out")

    def make(self) -> None:
        """Write all textures, as old ones: what is a few seconds old is not known by its time."""
        rng = np.random.default_rng(0)
        pictures = {name: [_picture(rng, name) for _ in range(20)] for name in MAPS}
        old = time.time() - 3600
        for number in range(self.textures):
            material, name = divmod(number, len(MAPS))
            path = self.folder / "textures" / f"set{number // FOLDER:05}" / f"rock{material:06}_{MAPS[name]}.png"
            if number % FOLDER == 0:
                path.parent.mkdir(parents=True)
            pixels = pictures[MAPS[name]][material % 20].copy()
            pixels.flat[:3] = number % 200, number // 200 % 200, number // 40_000  # no two are the same
            path.write_bytes(_encoded(pixels))
            os.utime(path, (old, old))


def _picture(rng: np.random.Generator, name: str) -> np.ndarray:
    channels = 3 if name in ("basecolor", "normal") else 1
    smooth = cv2.resize(rng.random((8, 8, channels), np.float32), (32, 32), interpolation=cv2.INTER_CUBIC)
    pixels = np.clip(smooth + rng.normal(0, 0.05, smooth.shape), 0, 1).reshape(32, 32, channels)
    if name == "normal":
        vectors = np.concatenate([np.full_like(pixels[:, :, :1], 1.0), 0.6 * (pixels[:, :, :2] - 0.5)], axis=2)  # BGR
        pixels = vectors / np.linalg.norm(vectors, axis=2, keepdims=True) / 2 + 0.5
    return (pixels * 255).round().astype(np.uint8)


def _encoded(pixels: np.ndarray) -> bytes:
    return bytes(cv2.imencode(".png", pixels)[1])


# Planning


def plan(library: Library, options: argparse.Namespace) -> None:
    """Print how fast plans are made."""
    library.make()
    _row("plan, nothing seen before", library.textures, lambda: _planned(library))
    _row("plan, all remembered", library.textures, lambda: _planned(library))
    if options.profile:
        _profiled(library)
    _all_done(library)
    _row("unchanged, within a process", library.textures, lambda: _settled(library))
    command = [sys.executable, "-m", "cg_upscaler.cli", "run", str(library.config.source), "--out"]
    command += [str(library.config.output), "--device", "cpu", "--quiet"]
    subprocess.run(command, check=True)  # by its own settings, nothing is left to do from here on
    _row("unchanged, `cg-upscale run`", library.textures, lambda: subprocess.run(command, check=True))


def _planned(library: Library) -> Plan:
    with Receipts(library.config.output) as receipts:
        return make_plan(library.config, device=CPU, receipts=receipts)


def _settled(library: Library) -> None:
    with Receipts(library.config.output) as receipts:
        assert survey_library(library.config, receipts).is_settled


def _all_done(library: Library) -> None:
    """Run all textures, with results that take no time, and remember that nothing is left to do."""
    with Receipts(library.config.output) as receipts:
        survey = survey_library(library.config, receipts)
        planned = make_plan(library.config, device=CPU, receipts=receipts, survey=survey)
        done = Engine(maker=Instant(), jobs=8, memory=1 << 40).run(planned, receipts)
        names = [item.name for item in survey.seen.found]
        settle(survey.folders, receipts, (), {receipt.name: True for receipt in done}, names)
    assert {receipt.outcome for receipt in done} == {Outcome.DONE}


def _profiled(library: Library) -> None:
    """Print what a plan spent its time on; on one thread, so that all of it is seen."""
    profile = cProfile.Profile()
    with _one_thread():
        _row("the same, on one thread", library.textures, lambda: _planned(library))
        profile.runcall(_planned, library)
    print("shares of the time, by what is called:")
    rows = sorted(pstats.Stats(profile).stats.items(), key=lambda row: -row[1][3])  # type: ignore[attr-defined]
    total = rows[0][1][3]
    for (file, line, name), (_, calls, own, together, _) in rows[:90]:
        where = f"{Path(file).parent.name}/{Path(file).name}:{line}" if line else file
        print(f"  {together / total:6.1%}  own {own / total:6.1%}  {calls:9,} calls  {where} {name}")


class _AtOnce:
    """In place of a pool of threads: everything is done where it is asked for."""

    def __init__(self, *_: object) -> None:
        pass

    def __enter__(self) -> _AtOnce:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def submit(self, work: Callable[..., Any], *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(work(*arguments))
        return future


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    before, look.ThreadPoolExecutor = look.ThreadPoolExecutor, _AtOnce  # type: ignore[misc,assignment]
    try:
        yield
    finally:
        look.ThreadPoolExecutor = before  # type: ignore[misc]


def _row(what: str, count: int, work: Callable[[], object]) -> None:
    """Do `work`, and print how long it took, and how long a processor was busy with it: others may want it too."""
    start, before = time.perf_counter(), _busy()
    work()
    seconds, busy = time.perf_counter() - start, _busy() - before
    print(
        f"{what:30} {seconds:7.2f} s {count / seconds:8,.0f} per second; "
        f"processors {busy:7.2f} s {count / busy:8,.0f} per second",
        flush=True,
    )


def _busy() -> float:
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


# Running


@dataclass(frozen=True, slots=True)
class Instant:
    """A `Maker` whose results take no time: they are the name of their texture."""

    def make(self, job: Job, flight: Flight[Event], scratch: Path) -> Made:
        data = job.name.encode()
        path = codecs.atomic.Temporary(Path(job.output)).path
        path.write_bytes(data)
        return Made(str(path), hash_bytes(data), ())


@dataclass(slots=True)
class Sleeping:
    """A `Maker` on so many workers, each of which is at one job at a time and sleeps for as long as it costs."""

    workers: int
    seconds: dict[str, float]
    busy: float = 0.0
    free: threading.Semaphore = field(init=False)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.free = threading.Semaphore(self.workers)

    def make(self, job: Job, flight: Flight[Event], scratch: Path) -> Made:
        with self.free:
            start = time.perf_counter()
            time.sleep(self.seconds[job.name])
            slept = time.perf_counter() - start
        with self.lock:
            self.busy += min(slept, self.seconds[job.name])
        return Instant().make(job, flight, scratch)


def driver(library: Library, options: argparse.Namespace) -> None:
    """Print how many jobs the engine takes per second where results cost nothing."""
    library.make()
    planned = _planned(library)
    for lanes in (1, 8, 128):
        with Receipts(library.folder / f"record{lanes}") as receipts:
            here = replace(planned, output=str(receipts.folder), jobs=_moved(planned, library, receipts.folder))
            engine = Engine(maker=Instant(), jobs=lanes, memory=1 << 50)
            _row(f"run, {lanes} lanes", len(planned.jobs), lambda: engine.run(here, receipts))  # noqa: B023


def _moved(planned: Plan, library: Library, folder: Path) -> tuple[Job, ...]:
    return tuple(
        replace(job, output=str(folder / Path(job.output).relative_to(planned.output))) for job in planned.jobs
    )


def workers(library: Library, options: argparse.Namespace) -> None:
    """Print how well workers are kept busy."""
    library.make()
    planned = _planned(library)
    for count in options.workers:
        for order in ("by name", "long ones first"):
            _kept_busy(library, planned, count, order, options.mean)


def _kept_busy(library: Library, planned: Plan, count: int, order: str, mean: float) -> None:
    few = max(20 * count, 40)
    jobs = _sized(random.Random(1).sample(planned.jobs, min(few, len(planned.jobs))))
    costs = {job.name: cost(job) for job in jobs}
    scale = mean * len(jobs) / sum(costs.values())
    if order == "long ones first":
        jobs.sort(key=lambda job: -costs[job.name])
    else:
        jobs.sort(key=lambda job: job.name)
    maker = Sleeping(count, {name: each * scale for name, each in costs.items()})
    folder = library.folder / f"busy{count}{order[0]}"
    with Receipts(folder) as receipts:
        here = replace(planned, output=str(receipts.folder), jobs=tuple(jobs))
        here = replace(here, jobs=_moved(replace(here, output=planned.output), library, receipts.folder))
        start = time.perf_counter()
        Engine(maker=maker, jobs=2 * count, memory=1 << 50).run(here, receipts)
        wall = time.perf_counter() - start
    longest = max(maker.seconds.values())
    print(
        f"{count:3} workers, {order:16} {len(jobs):5} jobs of {mean:g} s, the longest {longest:5.1f} s: "
        f"{wall:7.1f} s, efficiency {maker.busy / (count * wall):6.1%}",
        flush=True,
    )
    shutil.rmtree(folder)


def _sized(jobs: list[Job]) -> list[Job]:
    """Return jobs with sizes as libraries have them, in powers of two."""
    rng = random.Random(2)
    sized = []
    for job in jobs:
        side = 8192 if rng.random() < 0.005 else 2 ** round(min(12, max(6, rng.gauss(10, 1))))
        assert job.source_spec is not None and job.output_spec is not None
        size = Size(side, side)
        sized.append(
            replace(
                job,
                source_spec=replace(job.source_spec, size=size),
                output_spec=replace(job.output_spec, size=size * job.scale),
            )
        )
    return sized


# Memory


def memory(library: Library, options: argparse.Namespace) -> None:
    """Print what a driver holds for each texture."""
    library.make()
    _planned(library)  # so that evidence is remembered, and not made
    gc.collect()
    tracemalloc.start()
    planned = _planned(library)
    gc.collect()
    held, peak = tracemalloc.get_traced_memory()
    _bytes("a plan holds", held, library.textures)
    _bytes("making it holds at most", peak, library.textures)
    tracemalloc.reset_peak()
    with Receipts(library.config.output) as receipts:
        done = Engine(maker=Instant(), jobs=8, memory=1 << 40).run(planned, receipts)
        gc.collect()
        ended, peak = tracemalloc.get_traced_memory()
    _bytes("its receipts hold", ended - held, library.textures)
    _bytes("running it holds at most", peak, library.textures)
    tracemalloc.stop()
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"resident at most: {resident:,.0f} MiB, {len(done):,} textures")


def _bytes(what: str, count: int, textures: int) -> None:
    each = count / textures
    print(f"{what:26} {each:8,.0f} bytes a texture, {each * MILLION / 2**30:6.2f} GiB for a million", flush=True)


if __name__ == "__main__":
    main()
