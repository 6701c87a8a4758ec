"""Weighs jobs against each other, the same on every machine: for dividing a library, and for what goes first."""

from __future__ import annotations

from cg_upscaler.job import Job
from cg_upscaler.library.workload import model_of, workload
from cg_upscaler.maps import PLAIN
from cg_upscaler.spec import ImageSpec, ModelInfo

BESIDE = 0.03
"""What a megapixel costs at each stage beside networks, in megapixels through a network of a million parameters. On a
processor it is a third of that, and beside a graphics card many times as much."""

TEXTURE = 0.02
"""What a texture costs for being there, in the same: its files are found, opened, hashed, recorded."""

_PARAMETERS = 16.7
"""Millions, of the default model."""
_STAGES = 2
"""Stages that a texture passes at least: matched, and written."""


def cost(job: Job) -> float:
    """Return what a job costs, in megapixels through a network of a million parameters. Never 0."""
    load = workload(job)
    weights = {
        group.model: _weight(model_of(group)) for group in job.groups if not group.constant and group.model not in PLAIN
    }
    networks = sum(texels / 1e6 * weights[network.name] for network, texels in load.shown.items())
    beside = sum(texels / 1e6 for stage, texels in load.beside.items() if stage != "textures")
    return networks + BESIDE * beside + TEXTURE


def cost_of_header(spec: ImageSpec, *, scale: int = 4) -> float:
    """Return about what a texture costs of which only the header is known: as a picture, by the default model."""
    megapixels = spec.stack.pixels / 1e6
    return megapixels * (_PARAMETERS + _STAGES * BESIDE * scale**2) + TEXTURE


def _weight(model: ModelInfo) -> float:
    """Return millions of parameters, as far as they meet each texel of the input."""
    return max(model.parameters, 1) / 1e6 / model.multiple**2
