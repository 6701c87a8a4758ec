"""RRDBNet over bands of rows: the network of `models/rrdb.py`, each convolution going on where it left off.

A band is convolved together with the two rows that came before it, as though the picture had never been cut: nothing
is computed twice and nothing is blended. `window.py` says which rows are where. A step takes its rows through all
blocks in one tensor, called `flow` here, which lags five rows further behind after each dense block.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import torch
import torch.nn.functional as F

from cg_upscaler.backends.convolver import LEAK, Convolvers
from cg_upscaler.demand import HEAD_STRIP as STRIP
from cg_upscaler.generate import Tick
from cg_upscaler.generate.layers import Chain, onto, out_of
from cg_upscaler.generate.window import Space, Window, memory
from cg_upscaler.geometry import Size, Wraps
from cg_upscaler.models import rrdb

CONVOLUTIONS = 5  # of a dense block
DENSE = 3  # blocks of a basic block

RESIDUAL = 0.2

CONTEXT = 2
"""Feature rows that the head can see beyond its own: one for the first convolution, at most one for all that follow."""


@dataclass(frozen=True, slots=True)
class Run:
    """What all blocks of one run share."""

    flow: torch.Tensor
    """The rows that go from block to block."""
    dense: torch.Tensor
    basic: torch.Tensor
    sums: torch.Tensor | None
    """The memory of the windows of dense and of basic blocks, which take turns; and of what is added up in the former,
    where that is of another type."""
    layers: Convolvers


class DenseBlock:
    """Five convolutions, each over all that came before it, which lie side by side in one window."""

    def __init__(self, block: rrdb.DenseBlock, space: Space, lag: int, run: Run):
        self.first = [run.layers(layer, LEAK) for layer in (block.conv1, block.conv2, block.conv3, block.conv4)]
        self.last = run.layers(block.conv5)
        starts = [0, *(self.first[0].inputs + i * self.first[0].outputs for i in range(CONVOLUTIONS))]
        self.maps = [slice(start, stop) for start, stop in pairwise(starts)]
        width, dtype = starts[-1], self.last.dtype
        self.window = Window(
            space, width, lag, dtype, keep=CONVOLUTIONS + 1, border=True, shared=run.dense, maps=self.maps
        )
        # Mixed precision adds in float32, and so has to keep the input a second time.
        self.skip = self.window
        if run.sums is not None:
            self.skip = Window(space, starts[1], lag, run.flow.dtype, keep=CONVOLUTIONS, shared=run.sums)
        self.came, self.goes = lag, lag + CONVOLUTIONS

    def step(self, step: int, flow: torch.Tensor) -> None:
        """Take the block's input, the first rows of `flow`, and put its output there."""
        window, space = self.window.begin(step), self.window.space
        came, goes = space.rows(step, self.came), space.rows(step, self.goes)
        window.put(came, flow[:, : len(came)])
        if self.skip is not window:
            self.skip.begin(step).put(came, flow[:, : len(came)])
        for i, layer in enumerate(self.first, 1):
            onto(layer, window, window, step, self.maps[i].start, lag=i)
        out = out_of(self.last, window, flow, step, lag=CONVOLUTIONS)
        torch.add(self.skip.rows(goes, out.shape[3]), out, alpha=RESIDUAL, out=out)
        window.end(step)
        if self.skip is not window:
            self.skip.end(step)


class BasicBlock:
    """Three dense blocks, added to the input."""

    def __init__(self, block: rrdb.BasicBlock, space: Space, lag: int, run: Run):
        self.came, self.goes = lag, lag + DENSE * CONVOLUTIONS
        width, dtype = run.flow.shape[3], run.flow.dtype
        self.skip = Window(space, width, lag, dtype, keep=DENSE * CONVOLUTIONS, shared=run.basic)
        self.dense = [
            DenseBlock(dense, space, lag + i * CONVOLUTIONS, run)
            for i, dense in enumerate((block.rdb1, block.rdb2, block.rdb3))
        ]

    def step(self, step: int, flow: torch.Tensor) -> None:
        """Take the block's input, the first rows of `flow`, and put its output there."""
        space = self.skip.space
        came, goes = space.rows(step, self.came), space.rows(step, self.goes)
        self.skip.begin(step).put(came, flow[:, : len(came)])
        for block in self.dense:
            block.step(step, flow)
        out = flow[:, : len(goes)]
        torch.add(self.skip.rows(goes), out, alpha=RESIDUAL, out=out)
        self.skip.end(step)


class Trunk:
    """All that is computed before the size is doubled."""

    def __init__(self, network: rrdb.RRDBNet, space: Space, layers: Convolvers) -> None:
        self.first, self.body = layers(network.conv_first, first=True), layers(network.conv_body)
        self.unshuffle = network.shape.unshuffle
        width, growth, blocks = network.shape.width, network.shape.growth, network.shape.blocks
        self.space, self.lag = space, DENSE * CONVOLUTIONS * blocks + 2
        self.picture = Window(space, self.first.inputs, 0, self.first.dtype, keep=2, border=True)
        self.flow = memory(space, width, self.first.dtype)
        self.skip = Window(space, width, 1, self.first.dtype, keep=self.lag - 1)
        self.end = Window(space, width, self.lag - 1, self.body.dtype, keep=2, border=True)
        mixed = self.first.dtype != self.body.dtype
        run = Run(
            flow=self.flow,
            dense=memory(space, width + 4 * growth, self.body.dtype, keep=CONVOLUTIONS + 1, border=True),
            basic=memory(space, width, self.first.dtype, keep=DENSE * CONVOLUTIONS),
            sums=memory(space, width, self.first.dtype, keep=CONVOLUTIONS) if mixed else None,
            layers=layers,
        )
        self.blocks = [
            BasicBlock(block, space, 1 + DENSE * CONVOLUTIONS * i, run)  # type: ignore[arg-type]
            for i, block in enumerate(network.body)
        ]

    def step(self, step: int, picture: torch.Tensor, tick: Tick) -> torch.Tensor:
        """Take the rows of a band, (n, rows, width, channels), and return those of the features that are done.

        `tick` is told the share of the blocks that they went through.
        """
        space = self.space
        folded = F.pixel_unshuffle(picture.permute(0, 3, 1, 2), self.unshuffle).permute(0, 2, 3, 1)
        self.picture.begin(step).put(space.rows(step, 0), folded)
        self.skip.begin(step).put(space.rows(step, 1), out_of(self.first, self.picture, self.flow, step))
        for i, block in enumerate(self.blocks):
            block.step(step, self.flow)
            tick((i + 1) / len(self.blocks))
        came, goes = space.rows(step, self.lag - 1), space.rows(step, self.lag)
        self.end.begin(step).put(came, self.flow[:, : len(came)])
        return out_of(self.body, self.end, self.flow, step).add_(self.skip.rows(goes))


class BandedRRDB:
    """An RRDBNet for pictures of given sizes. `step` takes bands of them and gives rows of their results."""

    def __init__(self, network: rrdb.RRDBNet, space: Space, layers: Convolvers) -> None:
        self.space, self.trunk = space, Trunk(network, space, layers)
        self.steps = space.steps(self.trunk.lag)
        self.heads = [_Head(network, size, space, layers) for size in space.sizes]

    def step(self, step: int, picture: torch.Tensor, tick: Tick) -> Iterator[tuple[int, torch.Tensor]]:
        """Take rows of the pictures, (n, rows, width, channels), and yield rows of their results, each with the number
        of its picture: (rows, width, channels), in order and without a gap. `tick` is told the share done."""
        features = self.trunk.step(step, picture, lambda share: tick((step + share) / self.steps))
        for i, size in enumerate(self.space.sizes):
            own = features[i : i + 1, : size.height, : size.width]
            yield from ((i, rows) for rows in self.heads[i].take(own, last=step + 1 == self.steps))


class _Head:
    """Doubles the size, once or more, and makes a picture of the features: in bands of its own, which are smaller."""

    def __init__(self, network: rrdb.RRDBNet, size: Size, space: Space, layers: Convolvers) -> None:
        named = dict(network.named_children())
        ups = [named[f"conv_up{i + 1}"] for i in range(network.shape.upsamplings)]
        chain = [(layers(up, LEAK), True) for up in ups]
        chain += [(layers(network.conv_hr, LEAK), False), (layers(network.conv_last, last=True), False)]
        self._around = CONTEXT if space.wraps.y else 0
        tall = Size(size.width, size.height + 2 * self._around)
        self._band = max(1, STRIP // (size.width * 4 ** len(ups)))
        self._make = partial(Chain, chain, Space((tall,), self._band, Wraps(x=space.wraps.x), space.device))
        self._chain: Chain | None = None  # memory is taken when the first features are there
        self._channels = network.shape.channels
        self._waiting: list[torch.Tensor] = []
        self._steps = self._given = 0
        self._first = self._around << len(ups)
        self._last = self._first + (size.height << len(ups))

    def take(self, features: torch.Tensor, *, last: bool) -> Iterator[torch.Tensor]:
        """Take features, (1, rows, width, channels), whose memory is used again, and yield rows of the picture."""
        if self._around:  # and so all of them come at once
            height = features.shape[1]
            around = torch.arange(-CONTEXT, height + CONTEXT, device=features.device) % height
            features = features[:, around]
        self._waiting.append(features)
        there = torch.cat(self._waiting, 1)
        chain = self._chain = self._chain or self._make()
        while there.shape[1] >= self._band or (last and self._steps < chain.steps):
            rows = chain.step(self._steps, there[:, : self._band])[0, :, :, : self._channels]
            there = there[:, self._band :]
            yield rows[max(0, self._first - self._given) : max(0, self._last - self._given)]
            self._given += len(rows)
            self._steps += 1
        self._waiting = [there]
        if last:
            self._chain = None
