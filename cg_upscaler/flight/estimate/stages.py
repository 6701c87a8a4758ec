"""What texels cost at each stage beside networks, before anything was measured on a machine: one table.

`python benchmarks/estimate.py --costs LIBRARY` measures it.
"""

from __future__ import annotations

STAGES: dict[str, float] = {
    "color": 0.40,
    "scalar": 0.30,
    "alpha": 0.30,
    "normal": 0.30,
    "nearest": 0.03,
    "linear": 0.05,
    "bicubic": 0.05,
    "filtered": 0.10,
    "mips": 0.20,
    "textures": 0.02,
}
"""Seconds of one processor for a million texels; ``textures`` are seconds for each."""

WRITING: dict[str, float] = {"png": 0.1, "bc7": 0.2}
"""The same of writing files, by container or block format."""

OTHER = 0.1
"""Of what is not in these tables."""


def seconds_of(stage: str) -> float:
    """Return seconds of one processor for a million texels at a stage, or for a texture."""
    if stage.startswith("write "):
        return WRITING.get(stage.removeprefix("write "), OTHER)
    return STAGES.get(stage, OTHER)


def unit_of(stage: str) -> float:
    """Return how many texels, or textures, a stage's seconds are for."""
    return 1.0 if stage == "textures" else 1e6
