"""This package's own engine, taken the way a run takes it: from the pool, with the canonical cut."""

from __future__ import annotations

import numpy as np
import torch

from cg_upscaler.bench.peer import Loaded, Setting
from cg_upscaler.cut import bands
from cg_upscaler.generate.pool import Pool
from cg_upscaler.geometry import Bands, Edge, Edges, Size
from cg_upscaler.pixels.rows import Pixels
from cg_upscaler.pixels.views import Array


def load(setting: Setting, edge: Edge) -> Loaded:
    """Load the engine, for pictures that go on beyond their borders as `edge` says.

    Every peer has zeros there, and so has the engine where it is compared with them; a run mirrors, as long as nothing
    wraps, and that costs some texels more.
    """
    torch.set_num_threads(setting.threads)
    generator = Pool(setting.device).get(setting.model.name, setting.model.scale)
    edges = Edges.both(edge)

    def run(picture: Pixels) -> Pixels:
        source = Array(picture)
        rows = generator.run(source, cut_for(source.size, edges, setting), edges, setting.precision, lambda share: None)
        return np.concatenate(list(rows))

    return Loaded(run, setting.precision.value)


def cut_for(size: Size, edges: Edges, setting: Setting) -> Bands:
    """Return how a picture is divided, as a plan would have it."""
    return bands(size, setting.model, edges)
