"""The arithmetic of one layer: a 3×3 convolution with its activation, from rows that are there into rows that wait."""

from __future__ import annotations

from typing import Protocol

import torch
import torch.nn.functional as F
from torch import nn

from cg_upscaler.backends import winograd
from cg_upscaler.models.convolution import Convolution

LEAK = 0.2
"""The slope of ESRGAN's activation below zero."""


class Convolver(Protocol):
    """A layer on one device, in the type of its weights."""

    @property
    def inputs(self) -> int:
        """Channels that are read. What a picture has fewer of must be zero."""
        ...

    @property
    def outputs(self) -> int:
        """Channels that are written, of which those beyond the layer's own mean nothing."""
        ...

    @property
    def dtype(self) -> torch.dtype: ...

    def __call__(
        self, source: torch.Tensor, top: int, result: torch.Tensor, row: int, column: int, channel: int, height: int
    ) -> None:
        """Read rows top ≤ i < top + height + 2 of `source`, write rows row ≤ i < row + height of `result`.

        Both are contiguous (n, rows, width, channels). `source` has a column more than the result on both sides, and
        its first `inputs` channels are read. What is computed is written from `column` and `channel` on.
        """
        ...


class Convolvers:
    """The arithmetic of a network's layers, each made when it is first asked for, and kept."""

    def __init__(self, *, own: bool = True) -> None:
        """Without our `own` arithmetic all is torch's."""
        self._own = own
        self._made: dict[nn.Module, Convolver] = {}

    def __call__(
        self, layer: nn.Module, slope: torch.Tensor | float = 1.0, *, first: bool = False, last: bool = False
    ) -> Convolver:
        """Return that of a layer, with what is negative times `slope`: one number, or one a channel; 1 is linear.

        A network's `first` layer may take more channels than it has, and its `last` give more.
        """
        assert isinstance(layer, Convolution)
        if layer not in self._made:
            slopes = slope if isinstance(slope, torch.Tensor) else torch.full((layer.out_channels,), slope)
            suits = self._own and winograd.suits(layer, more_inputs=first, more_outputs=last)
            self._made[layer] = (winograd.Winograd if suits else Plain)(layer, slopes)
        return self._made[layer]


class Plain:
    """A convolution by torch, on any device and in any type."""

    def __init__(self, layer: Convolution, slopes: torch.Tensor) -> None:
        self.inputs, self.outputs = layer.in_channels, layer.out_channels
        self.dtype = layer.weight.dtype
        self._weight, self._bias = layer.weight, layer.bias
        self._slopes = slopes.to(layer.weight)
        first = float(slopes[0])
        self._leak = first if bool((slopes == first).all()) else None

    def __call__(
        self, source: torch.Tensor, top: int, result: torch.Tensor, row: int, column: int, channel: int, height: int
    ) -> None:
        # (n, rows, width, channels) is what torch calls channels_last, seen from the other side.
        x = source[:, top : top + height + 2, :, : self.inputs].permute(0, 3, 1, 2)
        y = F.conv2d(x, self._weight, self._bias)
        if self._leak is None:
            y = F.prelu(y, self._slopes)
        elif self._leak != 1:
            F.leaky_relu_(y, self._leak)
        columns = slice(column, column + source.shape[2] - 2)
        result[:, row : row + height, columns, channel : channel + self.outputs] = y.permute(0, 2, 3, 1)
