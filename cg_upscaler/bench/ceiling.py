"""The ceiling: what a network would run at if it were its convolutions and nothing else, measured with torch.

Each distinct convolution runs by itself over a band of rows, and counts as often as the network has it. It is what
torch's own convolutions can do on this machine; a runtime with better ones can be above it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from time import perf_counter

import torch
import torch.nn.functional as F

from cg_upscaler.bench.flops import Layer, layers
from cg_upscaler.bench.torch_ import exact
from cg_upscaler.models.shape import Shape
from cg_upscaler.spec import Precision

ROWS = {"cpu": 32, "cuda": 256}
"""Rows of a band. Small enough on a CPU for its caches, large enough on a card to fill it."""
WIDEST = {"cpu": 512, "cuda": 1024}


@dataclass(frozen=True, slots=True)
class _Work:
    layer: Layer
    x: torch.Tensor
    weight: torch.Tensor
    bias: torch.Tensor


class Ceiling:
    """The convolutions of a network at band shapes, ready to be timed."""

    def __init__(self, shape: Shape, width: int, precision: Precision, device: str) -> None:
        """`width` is that of the picture, a multiple of the network's; what is wider than need be is cut."""
        kind = device.partition(":")[0]
        multiple = shape.multiple
        rows, width = ROWS.get(kind, 128), min(width, WIDEST.get(kind, 512)) // multiple * multiple
        self._texels, self._device = rows * width, device
        self._works = tuple(
            _work(layer, int(rows * layer.zoom), int(width * layer.zoom), precision, device) for layer in layers(shape)
        )
        self._run()  # the first of each is slower

    def seconds_per_texel(self, runs: int = 1, patience_s: float = inf) -> float:
        """Return what all convolutions take, for a texel of the network's input.

        Each counts at its fastest of several runs, since whatever else the machine does only ever takes time; no
        further run is begun where all took longer than one's patience.
        """
        begun = perf_counter()
        fastest = self._run()
        for _ in range(runs - 1):
            if perf_counter() - begun > patience_s:
                break
            fastest = [min(pair) for pair in zip(fastest, self._run(), strict=True)]
        total = sum(seconds * work.layer.count for seconds, work in zip(fastest, self._works, strict=True))
        return total / self._texels

    def _run(self) -> list[float]:
        """Run each convolution once, and return the seconds that each took."""
        found = []
        with torch.inference_mode(), exact(self._device):
            for work in self._works:
                synchronize(self._device)
                start = perf_counter()
                F.conv2d(work.x, work.weight, work.bias, padding=1)
                synchronize(self._device)
                found.append(perf_counter() - start)
        return found


def _work(layer: Layer, rows: int, width: int, precision: Precision, device: str) -> _Work:
    kind = torch.float16 if precision is Precision.FLOAT16 else torch.bfloat16
    if precision is Precision.FLOAT32 or (precision is Precision.MIXED and layer.end):
        kind = torch.float32
    random = torch.Generator().manual_seed(0)

    def numbers(*dimensions: int) -> torch.Tensor:
        values = torch.randn(dimensions, generator=random).to(device=device, dtype=kind)
        return values.contiguous(memory_format=torch.channels_last) if len(dimensions) == 4 else values

    return _Work(
        layer,
        numbers(1, layer.inputs, rows, width),
        numbers(layer.outputs, layer.inputs, 3, 3),
        numbers(layer.outputs),
    )


def synchronize(device: str) -> None:
    """Wait until a device has done what it was given."""
    if device.startswith("cuda"):
        torch.cuda.synchronize(torch.device(device))
    elif device == "mps":
        torch.mps.synchronize()
