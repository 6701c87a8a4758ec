"""Holds estimates of time, disk and texture memory against what a run really takes.

    python benchmarks/estimate.py LIBRARY                  learn from half of it, and estimate the other half
    python benchmarks/estimate.py LIBRARY --calibrated     estimate all, as on a machine where nothing ever ran
    python benchmarks/estimate.py LIBRARY --costs          measure the tables of `flight/estimate/`

With `--alone` everything has one processor, one texture after another, and its seconds are counted and not those of
the clock: the same however much others do on the machine meanwhile.

What is learned goes into a folder of its own, and not among the user's. Halves are every other texture by cost, so that
they are alike. `--costs` runs one texture after another, in each format of `--formats`, and prints the seconds of
processors that its stages take, which other work on the machine does not change, and how many bytes results have.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from tabulate import tabulate

from cg_upscaler import codecs
from cg_upscaler.backends import devices
from cg_upscaler.engine import Engine
from cg_upscaler.flight.estimate import Estimate, Measuring, calibrate, estimate, speeds
from cg_upscaler.flight.estimate.calibrate import processors
from cg_upscaler.flight.estimate.stages import NOISE, unit_of
from cg_upscaler.flight.estimate.words import in_words
from cg_upscaler.generate.known_reach import reach_on
from cg_upscaler.generate.pool import Pool
from cg_upscaler.job import Job, Outcome, Plan
from cg_upscaler.library.config import load
from cg_upscaler.library.cost import cost
from cg_upscaler.library.plan import make_plan
from cg_upscaler.library.receipts import Receipts
from cg_upscaler.library.texture_memory import bytes_on_card
from cg_upscaler.library.workload import workload
from cg_upscaler.spec import DeviceInfo

FORMATS = ("png", "jpg", "webp", "tif", "tga", "bmp", "exr", "dds bc1", "dds bc3", "dds bc5", "dds bc7", "ktx2")


@dataclass(frozen=True)
class Taken:
    """What a run really took."""

    seconds: float
    processor: float
    disk: int
    memory: int


def planned(library: Path, output: Path, model: str | None, device: DeviceInfo, format: str = "") -> Plan:
    container, _, encoding = format.partition(" ")
    asked = {"container": container, **({"encoding": encoding} if encoding else {})} if container else None
    config = load(None, source=library, output=output, model=model, format=asked)
    with Receipts(config.output, read_only=True) as receipts:
        return make_plan(config, device=device, receipts=receipts, measure=reach_on(device))


def run(plan: Plan, where: Path, jobs: int | None, *, alone: bool) -> Taken:
    """Run a plan for real in a process of its own, as a user would, remember it, and return what it took."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as child:
        return child.submit(run_here, plan, where, jobs, alone).result()


def run_here(plan: Plan, where: Path, jobs: int | None, alone: bool) -> Taken:
    clock = time.process_time if alone else time.monotonic
    measuring = Measuring(Pool(plan.device), clock)
    start, processor = clock(), time.process_time()
    with Receipts(Path(plan.output)) as receipts:
        done = Engine(measuring, force=True, jobs=1 if alone else jobs).run(plan, receipts)
    seconds, processor = clock() - start, time.process_time() - processor
    failed = [receipt.error for receipt in done if receipt.outcome not in (Outcome.DONE, Outcome.COPIED)]
    if failed:
        print("not done:", *failed, sep="\n  ")
    speeds.learn(measuring, plan.jobs, done, seconds, plan.device, where)
    written = [Path(receipt.output) for receipt in done if receipt.outcome is Outcome.DONE]
    return Taken(
        seconds,
        processor,
        sum(path.stat().st_size for path in written),
        sum(bytes_on_card(codecs.probe(path)) for path in written),
    )


def validate(args: argparse.Namespace, folder: Path) -> None:
    if args.alone:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    device = devices.describe(args.device)
    plan = planned(args.library, folder / "out", args.model, device, args.format)
    where = folder / "speeds"
    ordered = sorted(plan.jobs, key=cost)
    learned, asked = (replace(plan, jobs=tuple(half)) for half in (ordered[::2], ordered[1::2]))
    if args.calibrated:
        clock = time.process_time if args.alone else time.monotonic
        known = calibrate(plan.jobs, Pool(device), speeds.Speeds(), device, remember=False, clock=clock)
        asked = plan
    else:
        run(learned, where, args.jobs, alone=args.alone)
        known = speeds.load(where)
    said = estimate(asked.jobs, known, device)
    print("\n".join(in_words(said, folder)), end="\n\n")
    before = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    took = run(asked, where, args.jobs, alone=args.alone)
    print(compared(said, took))
    busy = f"{took.processor:.0f} s of processors, {before:.1f} at work before"
    print(f"\n{len(asked.jobs)} textures on {device.label}, {busy}")


def compared(said: Estimate, took: Taken) -> str:
    rows = (
        ("seconds", said.seconds or 0.0, took.seconds),
        ("disk, MB", said.disk / 1e6, took.disk / 1e6),
        ("texture memory, MB", said.memory.total.after / 1e6, took.memory / 1e6),
    )
    shown = [(name, f"{a:.1f}", f"{b:.1f}", f"{a / b:.3f}") for name, a, b in rows]
    return str(tabulate(shown, ("", "estimated", "measured", "ratio"), colalign=("left", "right", "right", "right")))


def costs(args: argparse.Namespace, folder: Path) -> None:
    device = devices.describe(args.device)
    engine, done = Engine(Pool(device), force=True, jobs=1), []
    for format in args.formats:
        plan = planned(args.library, folder / "out", args.model, device, format)
        with Receipts(Path(plan.output)) as receipts:
            for job in plan.jobs:
                start = time.process_time()
                receipt = engine.run_job(job, receipts)
                seconds = time.process_time() - start
                if receipt.outcome is Outcome.DONE:
                    done.append((job, seconds, Path(receipt.output).stat().st_size))
    noise = processors(Pool(device), device, time.process_time)
    found = [*stages(done), (NOISE, noise.seconds / noise.beside[NOISE] * unit_of(NOISE))]
    print(tabulate(found, ("stage", "seconds"), floatfmt=".3f"), end="\n\n")
    print(tabulate(growths(done), ("from", "to", "growth", "density", "files"), floatfmt=".2f"))


def stages(done: Sequence[tuple[Job, float, int]]) -> list[tuple[str, float]]:
    """Return seconds of processors for a million texels of each stage and network: least squares of relative errors."""
    amounts = []
    for job, _, _ in done:
        load = workload(job)
        shown = {network.key: texels for network, texels in load.shown.items()}
        amounts.append({**shown, **load.beside})
    names = sorted({name for amount in amounts for name in amount})
    matrix = np.array([[amount.get(name, 0.0) / unit_of(name) for name in names] for amount in amounts])
    taken, found = np.array([seconds for _, seconds, _ in done]), np.full(len(names), 0.1)
    for _ in range(8):  # errors are relative to what is found: else what was slow for once would count for less
        weights = 1 / np.maximum(matrix @ found, 0.05)
        weighted, right = matrix * weights[:, None], taken * weights
        for _ in range(200):  # one after the other, none below nothing
            for at, column in enumerate(weighted.T):
                found[at] = max(0.0, found[at] + column @ (right - weighted @ found) / max(column @ column, 1e-12))
    return list(zip(names, found, strict=True))


def growths(done: Iterable[tuple[Job, float, int]]) -> list[tuple[str, str, float, float, int]]:
    """Return, by containers of source and result, bytes of texels against the source's and against bare ones."""
    sums: dict[tuple[str, str], list[tuple[float, float, float]]] = defaultdict(list)
    for job, _, size in done:
        source, result = job.source_spec, job.output_spec
        if source is not None and result is not None:
            from_source = os.stat(job.source).st_size / source.stack.pixels * result.stack.pixels
            sums[source.container, result.container].append((size, from_source, result.bytes))
    return [
        (*pair, sum(a for a, _, _ in files) / sum(b for _, b, _ in files),
         sum(a for a, _, _ in files) / sum(c for _, _, c in files), len(files))
        for pair, files in sorted(sums.items())
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path)
    parser.add_argument("--model")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--format", default="", help="as `png` or `dds bc7`; the source's own")
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--calibrated", action="store_true")
    parser.add_argument("--alone", action="store_true", help="on one processor, by its seconds (Linux)")
    parser.add_argument("--costs", action="store_true")
    parser.add_argument("--formats", type=json.loads, default=["", *FORMATS], help="of --costs: a list in JSON")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        (costs if args.costs else validate)(args, Path(folder))


if __name__ == "__main__":
    main()
