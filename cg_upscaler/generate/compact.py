"""SRVGGNetCompact over bands of rows: the network of `models/compact.py`."""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import nn

from cg_upscaler.backends.convolver import Convolvers
from cg_upscaler.generate import Tick
from cg_upscaler.generate.layers import Chain
from cg_upscaler.generate.window import Space, Window
from cg_upscaler.models.compact import SRVGGNetCompact


class BandedCompact:
    """A compact network for pictures of given sizes. `step` takes bands of them and gives rows of their results."""

    def __init__(self, network: SRVGGNetCompact, space: Space, layers: Convolvers) -> None:
        body = list(network.body)
        chain = [
            (layers(layer, activation.weight if isinstance(activation, nn.PReLU) else 1.0, first=i == 0), False)
            for i, (layer, activation) in enumerate(zip(body[::2], [*body[1::2], None], strict=True))
        ]
        self.scale, self.space, self.chain = network.shape.scale, space, Chain(chain, space)
        self.lag, self.steps = len(chain), self.chain.steps
        self.picture = Window(space, network.shape.channels, 0, torch.float32, keep=self.lag)

    def step(self, step: int, picture: torch.Tensor, tick: Tick) -> Iterator[tuple[int, torch.Tensor]]:
        """Take rows of the pictures, (n, rows, width, channels), and yield rows of their results, each with the number
        of its picture: (rows, width, channels), in order and without a gap. `tick` is told the share done."""
        scale, goes = self.scale, self.space.rows(step, self.lag)
        self.picture.begin(step).put(self.space.rows(step, 0), picture)
        folded = self.chain.step(step, picture)
        detail = F.pixel_shuffle(folded.permute(0, 3, 1, 2), scale).permute(0, 2, 3, 1)
        seen = self.picture.rows(goes).repeat_interleave(scale, 1).repeat_interleave(scale, 2)
        result = detail + seen.to(detail.dtype)
        for i, size in enumerate(self.space.sizes):
            last = max(0, size.height - goes.start) * scale
            yield i, result[i, :last, : size.width * scale]
        tick((step + 1) / self.steps)
