"""SRVGGNetCompact, Real-ESRGAN's small network: plain convolutions whose result is added to the enlarged input.

Wang et al., Real-ESRGAN (2021), arXiv:2107.10833.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from cg_upscaler.geometry import Wraps
from cg_upscaler.models.convolution import Convolution
from cg_upscaler.models.precision import apply
from cg_upscaler.models.shape import CompactShape


class SRVGGNetCompact(nn.Module):
    """Convolutions with learnt activations at the input's size, unfolded to the output's at the very end."""

    def __init__(self, shape: CompactShape) -> None:
        super().__init__()
        self.shape = shape
        layers: list[nn.Module] = []
        for inputs in (shape.channels, *[shape.width] * shape.hidden):
            layers += [Convolution(inputs, shape.width), nn.PReLU(shape.width)]
        layers.append(Convolution(shape.width, shape.channels * shape.scale**2))
        self.body = nn.ModuleList(layers)

    @property
    def ends(self) -> tuple[nn.Module, nn.Module]:
        return self.body[0], self.body[-1]

    def wrap(self, wraps: Wraps) -> None:
        """Let the pictures that follow go on at their other sides."""
        for layer in self.modules():
            if isinstance(layer, Convolution):
                layer.wraps = wraps

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (n, channels, h·scale, w·scale) for (n, channels, h, w)."""
        features = x
        for layer in self.body:
            features = apply(layer, features)
        detail = F.pixel_shuffle(features, self.shape.scale)
        return detail + F.interpolate(x, scale_factor=float(self.shape.scale), mode="nearest")
