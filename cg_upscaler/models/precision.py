"""Sets the arithmetic of a network, layer by layer: each computes in the type of its own weights."""

from __future__ import annotations

from typing import Any, Protocol, cast

import torch
from torch import nn

from cg_upscaler.spec import Precision

_TYPES = {
    Precision.FLOAT32: torch.float32,
    Precision.FLOAT16: torch.float16,
    Precision.BFLOAT16: torch.bfloat16,
    Precision.MIXED: torch.bfloat16,
}


class Ended(Protocol):
    """A network that knows its first and its last convolution."""

    @property
    def ends(self) -> tuple[nn.Module, nn.Module]: ...

    def to(self, *args: Any, **kwargs: Any) -> Any: ...


def apply(layer: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Run a layer in the type of its weights."""
    result: torch.Tensor = layer(x.to(cast(torch.Tensor, layer.weight).dtype))
    return result


def set_precision(network: Ended, precision: Precision) -> None:
    """Convert a network's weights in place.

    Mixed keeps float32 in the first layer, hence in all that is summed onto its output, and in the last.
    """
    network.to(dtype=_TYPES[precision], memory_format=torch.channels_last)
    if precision is Precision.MIXED:
        for layer in network.ends:
            layer.float()
