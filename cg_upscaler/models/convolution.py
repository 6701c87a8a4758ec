"""The 3×3 convolution of all networks here: beyond its input lie zeros, or the other side where that wraps."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from cg_upscaler.geometry import Wraps


class Convolution(nn.Conv2d):
    """Keeps the size of its input, (n, inputs, h, w)."""

    wraps = Wraps()
    """Set by the network that it belongs to, before a picture that wraps. Then it sees the picture go on for ever."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, kernel_size=3, padding=1)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        x, wraps = input, self.wraps
        if not any(wraps):
            return super().forward(x)
        # By joining rather than by `pad`, whose result is not channels_last.
        if wraps.y:
            x = torch.cat((x[:, :, -1:], x, x[:, :, :1]), 2)
        if wraps.x:
            x = torch.cat((x[:, :, :, -1:], x, x[:, :, :, :1]), 3)
        return F.conv2d(x, self.weight, self.bias, padding=(0 if wraps.y else 1, 0 if wraps.x else 1))
