"""RRDBNet, the generator of ESRGAN and Real-ESRGAN.

Wang et al., ESRGAN (2018), arXiv:1809.00219; with pixel-unshuffle, Wang et al., Real-ESRGAN (2021), arXiv:2107.10833.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from cg_upscaler.geometry import Wraps
from cg_upscaler.models.convolution import Convolution
from cg_upscaler.models.precision import apply
from cg_upscaler.models.shape import RRDBShape

STRIP = 1 << 18
"""Texels of the result that the head computes at a time. A strip's height follows from the width alone, so that equal
pictures get equal strips."""

HALO = 2
"""Feature rows beyond a strip that the head can see: one for the first convolution, at most one for all that follow."""

_RESIDUAL = 0.2


def _activate(x: torch.Tensor) -> torch.Tensor:
    return F.leaky_relu(x, 0.2, inplace=True)


class DenseBlock(nn.Module):
    """Five convolutions, each over all that came before it, added to the input."""

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        self.conv1 = Convolution(width, growth)
        self.conv2 = Convolution(width + growth, growth)
        self.conv3 = Convolution(width + 2 * growth, growth)
        self.conv4 = Convolution(width + 3 * growth, growth)
        self.conv5 = Convolution(width + 4 * growth, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # Joining anew each time is faster than one buffer of all channels that each convolution reads a part of
        # (0.20 s against 0.23 s at 256×256, float32, channels_last): the latter's rows are not contiguous.
        features = x.to(self.conv1.weight.dtype)
        for layer in (self.conv1, self.conv2, self.conv3, self.conv4):
            features = torch.cat((features, _activate(layer(features))), 1)
        return torch.add(x, self.conv5(features), alpha=_RESIDUAL)


class BasicBlock(nn.Module):
    """Three dense blocks, added to the input."""

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        self.rdb1 = DenseBlock(width, growth)
        self.rdb2 = DenseBlock(width, growth)
        self.rdb3 = DenseBlock(width, growth)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.add(x, self.rdb3(self.rdb2(self.rdb1(x))), alpha=_RESIDUAL)


class RRDBNet(nn.Module):
    """A trunk of basic blocks at the input's size, and a head that doubles it."""

    def __init__(self, shape: RRDBShape) -> None:
        super().__init__()
        self.shape = shape
        width = shape.width
        self.conv_first = Convolution(shape.channels * shape.unshuffle**2, width)
        self.body = nn.Sequential(*(BasicBlock(width, shape.growth) for _ in range(shape.blocks)))
        self.conv_body = Convolution(width, width)
        for i in range(shape.upsamplings):
            self.add_module(f"conv_up{i + 1}", Convolution(width, width))
        self.conv_hr = Convolution(width, width)
        self.conv_last = Convolution(width, shape.channels)
        self._rows_wrap = False

    @property
    def ends(self) -> tuple[nn.Module, nn.Module]:
        return self.conv_first, self.conv_last

    def wrap(self, wraps: Wraps) -> None:
        """Let the pictures that follow go on at their other sides; their sides are multiples of the unshuffle."""
        self._rows_wrap = wraps.y
        trunk = {self.conv_first, self.conv_body, *self.body.modules()}
        for layer in self.modules():
            if isinstance(layer, Convolution):
                # The head runs in strips, and what lies beyond those it is given.
                layer.wraps = wraps if layer in trunk else Wraps(x=wraps.x)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (n, channels, h·scale, w·scale) for (n, channels, h, w); h and w multiples of the unshuffle."""
        return self.head_in_strips(self.trunk(x))

    def trunk(self, x: torch.Tensor) -> torch.Tensor:
        """Return (n, width, h / unshuffle, w / unshuffle): all that is computed before the size is doubled."""
        first = apply(self.conv_first, F.pixel_unshuffle(x, self.shape.unshuffle))
        return first + apply(self.conv_body, self.body(first))

    def head(self, features: torch.Tensor) -> torch.Tensor:
        """Return the picture of all the trunk's features at once."""
        x = features
        for i in range(self.shape.upsamplings):
            layer = self.get_submodule(f"conv_up{i + 1}")
            x = _activate(apply(layer, F.interpolate(x, scale_factor=2.0, mode="nearest")))
        return apply(self.conv_last, _activate(apply(self.conv_hr, x)))

    def head_in_strips(self, features: torch.Tensor, texels: int = STRIP) -> torch.Tensor:
        """Return what `head` does, in memory that does not grow with the height: at 4x the head holds 16 times the
        texels of the trunk."""
        factor = 2**self.shape.upsamplings
        count, _, height, width = features.shape
        rows = max(1, texels // (width * factor**2))
        if rows >= height and not self._rows_wrap:
            return self.head(features)
        halo = HALO if self._rows_wrap else 0
        if halo:
            features = features[:, :, torch.arange(-halo, height + halo, device=features.device) % height]
        result = torch.empty(
            (count, self.shape.channels, height * factor, width * factor),
            dtype=self.conv_last.weight.dtype,
            device=features.device,
            memory_format=torch.channels_last,
        )
        for start in range(0, height, rows):
            stop, above = min(start + rows, height), halo or min(start, HALO)
            strip = self.head(features[:, :, halo + start - above : halo + stop + HALO])[:, :, above * factor :]
            result[:, :, start * factor : stop * factor] = strip[:, :, : (stop - start) * factor]
        return result
