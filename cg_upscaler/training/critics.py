"""The critics of the second stage, which learn to tell drawn texels from true ones, and what both sides lose."""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import spectral_norm

from cg_upscaler.library.config.training import Adversary, Critic


def _layer(inputs: int, outputs: int, side: int = 3, stride: int = 1) -> nn.Module:
    """Return a convolution that can stretch no difference: its critic judges smoothly."""
    made = nn.Conv2d(inputs, outputs, side, stride, 1, bias=False)
    return cast(nn.Module, spectral_norm(made))


class UNetCritic(nn.Module):
    """Judges each texel in the light of all around it (Schönfeld 2020, as Real-ESRGAN has it)."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, width, 3, 1, 1)
        self.down = nn.ModuleList(_layer(width << k, width << (k + 1), 4, 2) for k in range(3))
        self.up = nn.ModuleList(_layer(width << (k + 1), width << k) for k in reversed(range(3)))
        self.last = nn.Sequential(_layer(width, width), nn.LeakyReLU(0.2), nn.Conv2d(width, 1, 3, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        height, width = x.shape[2:]
        x = F.pad(x, (0, -width % 8, 0, -height % 8), mode="replicate")
        levels = [F.leaky_relu(self.first(x), 0.2)]
        for layer in self.down:
            levels.append(F.leaky_relu(layer(levels[-1]), 0.2))
        judged = levels.pop()
        for layer in self.up:
            judged = F.interpolate(judged, scale_factor=2.0, mode="bilinear", align_corners=False)
            judged = F.leaky_relu(layer(judged), 0.2) + levels.pop()
        result: torch.Tensor = self.last(judged)[:, :, :height, :width]
        return result


class PatchCritic(nn.Module):
    """Judges patches that overlap (Isola 2017)."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(channels, width, 3, 1, 1), nn.LeakyReLU(0.2)]
        for k in range(3):
            layers += [_layer(width << k, width << (k + 1), 4, 2), nn.LeakyReLU(0.2)]
        self.body = nn.Sequential(*layers, nn.Conv2d(width << 3, 1, 3, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.body(x)
        return result


def critic_of(asked: Adversary, channels: int, seed: int) -> nn.Module:
    """Return a critic that has learnt nothing."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return (UNetCritic if asked.critic is Critic.UNET else PatchCritic)(channels, asked.width)


def drawn_loss(critic: nn.Module, drawn: torch.Tensor, truth: torch.Tensor, kind: Critic) -> torch.Tensor:
    """Return what the network loses: less, the truer what it drew is taken for."""
    judged = critic(drawn)
    if kind is Critic.UNET:
        return F.binary_cross_entropy_with_logits(judged, torch.ones_like(judged))
    with torch.no_grad():
        true = critic(truth)
    return _relative(judged, true)


def critic_loss(critic: nn.Module, drawn: torch.Tensor, truth: torch.Tensor, kind: Critic) -> torch.Tensor:
    """Return what the critic loses: less, the better it tells them apart."""
    true, judged = critic(truth), critic(drawn.detach())
    if kind is Critic.PATCH:
        return _relative(true, judged)
    both = (
        F.binary_cross_entropy_with_logits(true, torch.ones_like(true)),
        F.binary_cross_entropy_with_logits(judged, torch.zeros_like(judged)),
    )
    return (both[0] + both[1]) / 2


def _relative(truer: torch.Tensor, less: torch.Tensor) -> torch.Tensor:
    """Return the loss of taking the first for truer than the mean of the second, and the other way round."""
    up, down = truer - less.mean(), less - truer.mean()
    return (
        F.binary_cross_entropy_with_logits(up, torch.ones_like(up))
        + F.binary_cross_entropy_with_logits(down, torch.zeros_like(down))
    ) / 2
