"""float32 convolutions on the CPU in a quarter of the multiplications, by code that numba compiles on first use."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from torch import nn


def available() -> bool:
    """Return whether numba is there, which compiles for the processor at hand."""
    return find_spec("numba") is not None


def suits(layer: nn.Conv2d) -> bool:
    """Return whether a layer can be had this way: float32, on the CPU, of channels that fill vectors."""
    weight = layer.weight
    whole = layer.in_channels % 8 == 0 and layer.out_channels % 16 == 0
    return weight.device.type == "cpu" and weight.dtype == torch.float32 and whole and available()


class Winograd:
    """A convolution with its activation; a `Convolver`. Each result depends on its tile of 6×6 inputs alone."""

    dtype = torch.float32

    def __init__(self, layer: nn.Conv2d, slopes: torch.Tensor) -> None:
        from cg_upscaler.backends.winograd import kernel

        self._kernel: Any = kernel
        self.inputs, self.outputs = layer.in_channels, layer.out_channels
        self._weights = kernel.transformed(layer.weight.numpy())
        assert layer.bias is not None  # ours have one
        self._bias = np.ascontiguousarray(layer.bias.numpy())
        self._slopes = np.ascontiguousarray(slopes.numpy(), np.float32)

    def __call__(
        self, source: torch.Tensor, top: int, result: torch.Tensor, row: int, column: int, channel: int, height: int
    ) -> None:
        kernel = self._kernel
        tiles = len(source) * -(-(source.shape[2] - 2) // kernel.TILE) * -(-height // kernel.TILE)
        chunks = -(-tiles // kernel.CHUNK)
        threads = min(torch.get_num_threads(), chunks)

        def part(number: int) -> None:
            first, last = (min(tiles, chunks * (number + i) // threads * kernel.CHUNK) for i in (0, 1))
            kernel.convolve(
                source.numpy(), top, self.inputs, self._weights, self._bias, self._slopes,
                result.numpy(), row, column, channel, self.outputs, height,
                first, last, _work(number, kernel.scratch_size(self.inputs, self.outputs)),
            )  # fmt: skip

        waiting = [_pool(threads - 1).submit(part, number) for number in range(1, threads)]
        part(0)
        for future in waiting:
            future.result()


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="winograd")


_works: dict[int, np.ndarray] = {}


def _work(number: int, size: int) -> np.ndarray:
    """Return the memory of one of the threads, as large as any layer has asked for. Layers run one at a time."""
    if number not in _works or _works[number].size < size:
        _works[number] = np.empty(size, np.float32)
    return _works[number]
