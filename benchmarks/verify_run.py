"""Holds the results of a run against their sources: `python benchmarks/verify_run.py LIBRARY RESULTS`.

For each texture: is the result as many times as large, with the same channels and depth; how far its mean visible
colour moved, in levels of 255; and of normal maps, how far their vectors are from unit length. Exits with 1 where a
bound is broken: 0.1 of 255 for the mean, and for lengths what rounding to the file's depth can do: at every texel of a
lossless file, on average of a JPEG, whose own loss is larger.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tabulate import tabulate

from cg_upscaler import codecs
from cg_upscaler.backends import devices
from cg_upscaler.job import Action, Job
from cg_upscaler.library.config import load
from cg_upscaler.library.plan import make_plan
from cg_upscaler.library.receipts import Receipts
from cg_upscaler.measure.angular import off_unit
from cg_upscaler.measure.drift import drift
from cg_upscaler.measure.subject import Subject, subject_of_job
from cg_upscaler.pixels.rows import Pixels, to_float

MOST_DRIFT = 0.1

ROUNDING = 1.01 * 3**0.5
"""Levels by which rounding each component to half a level can change a vector's length, which spans two."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library", type=Path)
    parser.add_argument("results", type=Path)
    parser.add_argument("--config", type=Path)
    options = parser.parse_args()
    config = load(options.config, source=options.library, output=options.results)
    with Receipts(options.results, read_only=True) as receipts:
        plan = make_plan(config, device=devices.describe("cpu"), receipts=receipts)
    jobs = [job for job in plan.jobs if job.action is Action.UPSCALE]
    rows = [check(job) if Path(job.output).is_file() else missing(job) for job in jobs]
    print(tabulate(rows, headers="keys", floatfmt=".3f"))
    copied = [job for job in plan.jobs if job.action is Action.COPY]
    same = sum(Path(job.source).read_bytes() == Path(job.output).read_bytes() for job in copied)
    bad = [row["texture"] for row in rows if row["verdict"] != "ok"]
    print(f"\n{len(rows)} upscaled, {len(bad)} out of bounds; {same} of {len(copied)} copied byte for byte", end="; ")
    print(f"{len(plan.problems)} problems")
    return 1 if bad or same < len(copied) or plan.problems else 0


def missing(job: Job) -> dict[str, object]:
    return {"texture": job.name, "map": job.kind.value, "verdict": "missing"}


def check(job: Job) -> dict[str, object]:
    before, after = codecs.read(Path(job.source)), codecs.read(Path(job.output))
    subject = subject_of_job(job)
    wrong = []
    if job.output_spec is None or after.size != job.output_spec.size:
        wrong.append("size")
    if after.spec.channels != before.spec.channels:
        wrong.append("channels")
    if after.spec.depth is not before.spec.depth:
        wrong.append("depth")
    moved = moved_by(to_float(before.pixels), to_float(after.pixels), subject)
    if moved is not None and moved > MOST_DRIFT:
        wrong.append("drift")
    mean = worst = None
    if len(subject.vectors) == 3:
        mean, worst = off_unit(subject.field(to_float(after.pixels)))
        if not after.spec.depth.is_float and (mean if after.spec.lossy else worst) > ROUNDING / after.spec.depth.levels:
            wrong.append("length")
    return {
        "texture": job.name,
        "map": job.kind.value,
        "factor": after.size.width / before.size.width,
        "channels": after.spec.channels,
        "depth": after.spec.depth.value,
        "drift": moved,
        "off unit, worst": worst,
        "mean": mean,
        "verdict": ", ".join(wrong) or "ok",
    }


def moved_by(before: Pixels, after: Pixels, subject: Subject) -> float | None:
    """How far the mean moved, of whatever is no vector; of colour under transparency as much of it as is visible."""
    numbers = [*subject.colour, *subject.data]
    if not numbers:
        return None
    alphas = None if subject.alpha is None else (before[:, :, [subject.alpha]], after[:, :, [subject.alpha]])
    return drift(before[:, :, numbers], after[:, :, numbers], alphas)


if __name__ == "__main__":
    sys.exit(main())
