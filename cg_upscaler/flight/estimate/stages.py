"""What texels cost at each stage beside networks, before anything was measured on a machine: one table.

`python benchmarks/estimate.py --costs LIBRARY` measures it.
"""

from __future__ import annotations

NOISE = "noise"
"""What processors are measured by before any run: resampling, and matching, without a file."""

UNCHANGED = "unchanged"
"""Textures that are looked at and found up to date."""

STAGES: dict[str, float] = {
    "color": 0.16,
    "scalar": 0.04,
    "alpha": 0.06,
    "normal": 0.15,
    "match": 0.13,
    "light": 0.30,
    "grain": 0.10,
    "nearest": 0.01,
    "linear": 0.01,
    "bicubic": 0.01,
    "filtered": 0.05,
    "mips": 0.02,
    "textures": 0.03,
    UNCHANGED: 0.001,
    NOISE: 0.15,
}
"""Seconds of one processor for a million texels; of ``textures`` and ``unchanged`` seconds for each."""

WRITING: dict[str, float] = {
    "png": 0.08,
    "jpg": 0.07,
    "webp": 0.27,
    "tif": 0.13,
    "tga": 0.01,
    "bmp": 0.01,
    "exr": 0.05,
    "dds": 0.01,
    "ktx2": 0.01,
    "vtf": 0.01,
    "bc1": 0.07,
    "bc2": 0.07,
    "bc3": 0.07,
    "bc4": 0.03,
    "bc5": 0.04,
    "bc6h": 0.20,
    "bc7": 0.15,
    "bc7 normal": 1.0,
    "bc7 best": 4.0,
    "bc6h normal": 1.0,
    "bc6h best": 4.0,
    "uastc": 1.0,
    "etc1s": 1.0,
}
"""The same of writing files, by container or block format."""

OTHER = 0.1
"""Of what is not in these tables."""


def seconds_of(stage: str) -> float:
    """Return seconds of one processor for a million texels at a stage, or for a texture."""
    if stage.startswith("write "):
        what = stage.removeprefix("write ")
        return WRITING.get(what) or WRITING.get(what.partition(" ")[0], OTHER)
    return STAGES.get(stage, OTHER)


def unit_of(stage: str) -> float:
    """Return how many texels, or textures, a stage's seconds are for."""
    return 1.0 if stage in ("textures", UNCHANGED) else 1e6
