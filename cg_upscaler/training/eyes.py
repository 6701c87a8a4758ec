"""Sees two pictures as VGG-19 does, a network for photographs, whose weights are a file of one's own."""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from cg_upscaler.errors import ModelError
from cg_upscaler.models.weights import load_state

_PLAN = (64, 64, 0, 128, 128, 0, 256, 256, 256, 256, 0, 512, 512, 512, 512, 0, 512, 512, 512, 512)
"""Channels of its convolutions; 0 halves the size."""

_LOOKED_AT = {2: 0.1, 7: 0.1, 16: 1.0, 25: 1.0, 34: 1.0}
"""Layers whose features, before activation, are compared, and how much each counts, as in Real-ESRGAN."""

_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class VGG(nn.Module):
    """The mean distance of the features that it finds in two pictures."""

    def __init__(self, path: Path) -> None:
        """Raise `ModelError` where the file does not hold VGG-19's features."""
        super().__init__()
        layers: list[nn.Module] = []
        inputs = 3
        for outputs in _PLAN:
            if outputs:
                layers += [nn.Conv2d(inputs, outputs, 3, 1, 1), nn.ReLU()]
                inputs = outputs
            else:
                layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        state = {name: tensor for name, tensor in load_state(path).items() if name.startswith("features.")}
        expected = self.state_dict()
        if {name: state[name].shape for name in expected if name in state} != {
            name: tensor.shape for name, tensor in expected.items()
        }:
            fix = "name the file of torchvision's vgg19, or leave out 'perceptual'"
            raise ModelError("does not hold the features of VGG-19", where=path, fix=fix)
        self.load_state_dict({name: state[name].float() for name in expected})
        self.eval().requires_grad_(False)

    def forward(self, result: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
        """Return the weighed distance of the features of (n, 1 or 3, h, w) in 0 … 1."""
        mean, deviation = (torch.tensor(each, device=result.device).reshape(1, 3, 1, 1) for each in (_MEAN, _DEVIATION))
        a, b = ((each.expand(-1, 3, -1, -1) - mean) / deviation for each in (result, truth))
        found = torch.zeros((), device=result.device)
        for number, layer in enumerate(self.features):
            a, b = layer(a), layer(b)
            if number in _LOOKED_AT:
                found = found + _LOOKED_AT[number] * F.l1_loss(a, b)
        return found
