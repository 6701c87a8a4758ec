"""torch without an engine around it: the network as its authors wrote it, run over a window at once."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch

from cg_upscaler.bench.peer import Loaded, Setting
from cg_upscaler.models.load import Architecture
from cg_upscaler.models.load import load as load_network
from cg_upscaler.models.precision import set_precision
from cg_upscaler.models.rrdb import RRDBNet
from cg_upscaler.pixels.rows import Pixels


class Plain(torch.nn.Module):
    """A network without what this package adds to it: no strips in the head."""

    def __init__(self, network: Architecture) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (n, channels, h·scale, w·scale) for (n, channels, h, w), sides multiples of the unshuffle."""
        if isinstance(self.network, RRDBNet):
            return self.network.head(self.network.trunk(x))
        result: torch.Tensor = self.network(x)
        return result


def load(setting: Setting, *, channels_last: bool) -> Loaded:
    """Load the network, with its pictures and weights in either of torch's layouts."""
    torch.set_num_threads(setting.threads)
    network = load_network(setting.model)
    set_precision(network, setting.precision)
    layout = torch.channels_last if channels_last else torch.contiguous_format
    plain: Any = Plain(network)
    plain.to(device=setting.device.name, memory_format=layout)

    def run(window: Pixels) -> Pixels:
        with torch.inference_mode(), exact(setting.device.name):
            batch = torch.from_numpy(window).permute(2, 0, 1)[None].contiguous(memory_format=layout)
            result = plain(batch.to(setting.device.name))[0].permute(1, 2, 0)
            return np.ascontiguousarray(result.float().cpu().numpy())

    return Loaded(run, setting.precision.value)


def exact(device: str) -> AbstractContextManager[None]:
    """Make float32 mean float32 on a card, for all that are compared."""
    if not device.startswith("cuda"):
        return nullcontext()
    return torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=False, allow_tf32=False)
