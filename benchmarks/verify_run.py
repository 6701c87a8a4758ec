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

import numpy as np
from tabulate import tabulate

from cg_upscaler import codecs
from cg_upscaler.backends import devices
from cg_upscaler.job import Action, Job
from cg_upscaler.library.config import load
from cg_upscaler.library.plan import make_plan
from cg_upscaler.library.receipts import Receipts
from cg_upscaler.maps import AlphaMode, Role

MOST_DRIFT = 0.1

ROUNDING = 1.01 * np.sqrt(3)
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
    factor = after.size.width / before.size.width
    wrong = []
    if after.size != before.size * job.scale:
        wrong.append("size")
    if after.spec.channels != before.spec.channels:
        wrong.append("channels")
    if after.spec.depth is not before.spec.depth:
        wrong.append("depth")
    drift = max((abs(a - b) for a, b in zip(means(before, job), means(after, job), strict=True)), default=0.0)
    if drift > MOST_DRIFT:
        wrong.append("drift")
    worst, mean = off_unit_length(after, job)
    judged = mean if after.spec.lossy else worst
    if judged is not None and judged > ROUNDING / after.spec.depth.levels:
        wrong.append("length")
    return {
        "texture": job.name,
        "map": job.kind.value,
        "factor": factor,
        "channels": after.spec.channels,
        "depth": after.spec.depth.value,
        "drift": drift,
        "off unit, worst": worst,
        "mean": mean,
        "verdict": ", ".join(wrong) or "ok",
    }


def means(image: codecs.Image, job: Job) -> list[float]:
    """Mean of each channel in levels of 255; of colour under transparency, weighted by what is visible."""
    total = np.zeros(image.channels)
    weight = np.zeros(image.channels)
    alpha = next((group.channels[0] for group in job.groups if group.role is Role.ALPHA), None)
    visible = job.alpha in (AlphaMode.CUTOUT, AlphaMode.BLEND)
    for start in range(0, image.size.height, 64):
        rows = image.rows(start, min(start + 64, image.size.height)).astype(np.float64)
        weights = np.ones_like(rows)
        if visible and alpha is not None:
            weights[:, :, [c for c in range(image.channels) if c != alpha]] = rows[:, :, alpha : alpha + 1]
        total += (rows * weights).sum((0, 1))
        weight += weights.sum((0, 1))
    skipped = {c for group in job.groups if group.role in (Role.NORMAL, Role.ALPHA) for c in group.channels}
    return [
        float(255 * t / max(w, 1e-9)) for c, (t, w) in enumerate(zip(total, weight, strict=True)) if c not in skipped
    ]


def off_unit_length(image: codecs.Image, job: Job) -> tuple[float | None, float | None]:
    """The largest and the mean | |v| - 1 | of a normal map."""
    if not any(group.role is Role.NORMAL and len(group.channels) == 3 for group in job.groups):
        return None, None
    vectors = image.rows(0, image.size.height)[:, :, :3] * 2 - 1
    off = np.abs(np.linalg.norm(vectors, axis=2) - 1)
    return float(off.max()), float(off.mean())


if __name__ == "__main__":
    sys.exit(main())
