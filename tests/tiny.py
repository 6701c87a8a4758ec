"""Generators of a few weights, to test with in place of the published ones."""

from __future__ import annotations

import torch

from cg_upscaler.models.load import Architecture, build
from cg_upscaler.models.shape import CompactShape, RRDBShape, Shape

RRDB = RRDBShape(width=8, growth=4, blocks=2)
RRDB_2X = RRDBShape(width=8, growth=4, blocks=1, unshuffle=2)
RRDB_1X = RRDBShape(width=8, growth=4, blocks=1, unshuffle=4)
COMPACT = CompactShape(width=8, hidden=3)

State = dict[str, torch.Tensor]


def random_state(shape: Shape, seed: int = 0) -> State:
    """Return weights whose network neither dies out nor blows up."""
    generator = torch.Generator().manual_seed(seed)
    return {
        name: torch.randn(dimensions, generator=generator) * (0.3 / max(1, dimensions[-1] * len(dimensions)) ** 0.5)
        for name, dimensions in shape.tensors().items()
    }


def network(shape: Shape, seed: int = 0) -> Architecture:
    return build(shape, random_state(shape, seed))


def gray_state(shape: RRDBShape, seed: int = 0) -> State:
    """Return weights whose results lie about a middle gray, so that they are no black picture."""
    state = random_state(shape, seed)
    state["conv_last.bias"] = state["conv_last.bias"] * 0 + 0.5
    return state
