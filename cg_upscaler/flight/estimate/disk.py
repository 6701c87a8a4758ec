"""Estimates the bytes of results on the disk: exact where texels are bare or in blocks, else by what sources take.

`python benchmarks/estimate.py LIBRARY --costs` measures the tables.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

from cg_upscaler.flight.estimate.record import Record
from cg_upscaler.job import Action, Job
from cg_upscaler.library.texture_memory import layout_of
from cg_upscaler.spec import ImageSpec

_HEADER = {"dds": 148, "vtf": 96, "ktx2": 256, "tga": 18, "bmp": 54}
_COMPRESSED = ("uastc", "etc1s")

GROWTH: dict[tuple[str, str], float] = {
    ("png", "png"): 0.86,
    ("png", "jpg"): 0.24,
    ("png", "webp"): 0.47,
    ("png", "tif"): 0.76,
    ("png", "tga"): 1.69,
    ("jpg", "jpg"): 0.62,
    ("jpg", "png"): 1.32,
    ("jpg", "webp"): 0.81,
    ("jpg", "tif"): 1.31,
    ("exr", "exr"): 1.6,
    ("webp", "webp"): 0.86,
    ("tif", "tif"): 0.86,
    ("tif", "png"): 0.97,
}
"""Bytes of a result's texel against those of its source's, by the containers of both: results are smoother."""

DENSITY: dict[str, float] = {"png": 0.44, "jpg": 0.10, "webp": 0.19, "tif": 0.36, "tga": 0.81, "exr": 0.7}
"""Bytes of a result against its bare texels, where what its source takes tells nothing."""

_BARE = 0.95
"""Share of its bare texels from which on a source counts as not compressed."""


_BELIEVED = 1e6
"""Bytes that a run must have been said to write before what it wrote counts for as much as the tables."""


@dataclass(frozen=True, slots=True)
class Reckoned:
    """What a job's result is thought to take on the disk."""

    bytes: int
    by: str = ""
    """From and to which container it was guessed: ``png jpg``. Empty where it is known."""


def disk_bytes(jobs: Iterable[Job], runs: Iterable[Record] = ()) -> int:
    """Return about how many bytes the results of jobs take, by the tables and by what runs wrote so far."""
    said: dict[str, float] = {}
    for job in jobs:
        result = reckoned(job)
        said[result.by] = said.get(result.by, 0.0) + result.bytes
    grown = growths(runs)
    return round(sum(amount * grown.get(by, 1.0) for by, amount in said.items()))


def growths(runs: Iterable[Record]) -> dict[str, float]:
    """Return, by containers, how many times what was said runs wrote. What is little is not believed much."""
    said: dict[str, float] = {}
    wrote: dict[str, float] = {}
    for run in runs:
        for by, amount in run.said.items():
            said[by] = said.get(by, 0.0) + amount
            wrote[by] = wrote.get(by, 0.0) + run.wrote.get(by, 0.0)
    return {by: (wrote[by] + _BELIEVED) / (amount + _BELIEVED) for by, amount in said.items()}


def written(jobs: Iterable[Job]) -> tuple[dict[str, float], dict[str, float]]:
    """Return what results were guessed to take and what they take, by containers, of jobs that are done."""
    said: dict[str, float] = {}
    wrote: dict[str, float] = {}
    for job in jobs:
        guess, took = reckoned(job), _length(job.output)
        if guess.by and took and job.output != job.source:
            said[guess.by] = said.get(guess.by, 0.0) + guess.bytes
            wrote[guess.by] = wrote.get(guess.by, 0.0) + took
    return said, wrote


def reckoned(job: Job) -> Reckoned:
    """Return what a job's result is thought to take: exactly, or by tables; of a copy what its source takes."""
    if job.action is Action.SKIP:
        return Reckoned(0)
    stored = _length(job.source)
    if job.action is Action.COPY or job.source_spec is None or job.output_spec is None:
        return Reckoned(stored)
    return _of(stored, job.source_spec, job.output_spec)


def _length(path: str) -> int:
    """Return the bytes of a file; 0 where it is gone."""
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _of(stored: int, source: ImageSpec, result: ImageSpec) -> Reckoned:
    header = _HEADER.get(result.container, 0)
    if (layout := layout_of(result)) is not None and result.storage.encoding not in _COMPRESSED:
        return Reckoned(header + sum(map(layout.length, result.pictures)))
    if result.container == "bmp" or (result.container == "tga" and result.storage.encoding != "rle"):
        return Reckoned(header + result.bytes)
    growth = GROWTH.get((source.container, result.container))
    if growth is None or not 0 < stored < _BARE * source.bytes:
        return Reckoned(round(result.bytes * DENSITY.get(result.container, 1.0)), f"bare {result.container}")
    grown = round(result.stack.pixels * stored / source.stack.pixels * growth)
    return Reckoned(grown, f"{source.container} {result.container}")
