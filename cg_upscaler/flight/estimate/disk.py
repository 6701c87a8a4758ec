"""Estimates the bytes of results on the disk: exact where texels are bare or in blocks, else by what sources take.

`python benchmarks/estimate.py LIBRARY --costs` measures the tables.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

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


def disk_bytes(jobs: Iterable[Job]) -> int:
    """Return about how many bytes the results of jobs take. A source that is gone counts as none."""
    return sum(map(bytes_of_result, jobs))


def bytes_of_result(job: Job) -> int:
    """Return about how many bytes a job's result takes; of a copy those of its source."""
    if job.action is Action.SKIP:
        return 0
    try:
        stored = os.stat(job.source).st_size
    except OSError:
        stored = 0
    if job.action is Action.COPY or job.source_spec is None or job.output_spec is None:
        return stored
    return _of(stored, job.source_spec, job.output_spec)


def _of(stored: int, source: ImageSpec, result: ImageSpec) -> int:
    header = _HEADER.get(result.container, 0)
    if (layout := layout_of(result)) is not None and result.storage.encoding not in _COMPRESSED:
        return header + sum(map(layout.length, result.pictures))
    if result.container == "bmp" or (result.container == "tga" and result.storage.encoding in ("", "none")):
        return header + result.bytes
    growth = GROWTH.get((source.container, result.container))
    if growth is None or not 0 < stored < _BARE * source.bytes:
        return round(result.bytes * DENSITY.get(result.container, 1.0))
    return round(result.stack.pixels * stored / source.stack.pixels * growth)
