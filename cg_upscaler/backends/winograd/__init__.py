"""float32 convolutions on the CPU in a quarter of the multiplications, by code that numba compiles on first use."""

from __future__ import annotations

import platform
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib import import_module
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import nn

PARTS = 4
"""Parts of a layer for each thread."""


def available() -> bool:
    """Return whether it can be had here."""
    return missing() is None


@cache
def missing() -> str | None:
    """Return what is amiss where it cannot be had: then torch does all by itself."""
    if platform.machine().lower() in _X86 and torch.backends.cpu.get_cpu_capability() not in ("AVX2", "AVX512"):
        return "the processor multiplies and adds in two steps"
    try:
        import_module("cg_upscaler.backends.winograd.kernel")
    except ImportError as error:
        return f"numba cannot be loaded ({error})"
    return None


_X86 = ("x86_64", "amd64")


def suits(layer: nn.Conv2d, *, more_inputs: bool = False, more_outputs: bool = False) -> bool:
    """Return whether a layer can be had this way: float32, on the CPU, of channels that fill vectors.

    It says which channels may be filled up with zeros: of what is read, and of what is written.
    """
    weight = layer.weight
    fills = (more_inputs or layer.in_channels % INPUTS == 0) and (more_outputs or layer.out_channels % OUTPUTS == 0)
    return weight.device.type == "cpu" and weight.dtype == torch.float32 and fills and available()


INPUTS, OUTPUTS = 8, 16
"""Channels come and go in multiples of these."""


class Winograd:
    """A convolution with its activation; a `Convolver`. Each result depends on its tile of 6×6 inputs alone."""

    dtype = torch.float32

    def __init__(self, layer: nn.Conv2d, slopes: torch.Tensor) -> None:
        from cg_upscaler.backends.winograd import kernel

        self._kernel: Any = kernel
        more = -layer.out_channels % OUTPUTS, -layer.in_channels % INPUTS
        self.outputs, self.inputs = layer.out_channels + more[0], layer.in_channels + more[1]
        weights = np.pad(layer.weight.numpy(), ((0, more[0]), (0, more[1]), (0, 0), (0, 0)))
        self._weights = kernel.transformed(weights)
        assert layer.bias is not None  # ours have one
        self._bias = np.pad(layer.bias.numpy(), (0, more[0]))
        self._slopes = np.pad(slopes.float().numpy(), (0, more[0]))

    def __call__(
        self, source: torch.Tensor, top: int, result: torch.Tensor, row: int, column: int, channel: int, height: int
    ) -> None:
        kernel, width = self._kernel, source.shape[2] - 2
        fits = (
            0 <= top and top + height + 2 <= source.shape[1] and self.inputs <= source.shape[3]
            and 0 <= row and row + height <= result.shape[1] and column + width <= result.shape[2]
            and channel + self.outputs <= result.shape[3] and len(source) == len(result)
            and source.is_contiguous() and result.is_contiguous() and result.dtype == torch.float32
        )  # fmt: skip
        if not fits:  # compiled code would write beyond
            raise ValueError(f"{height} rows from {top} of {source.shape} do not go to {row} of {result.shape}")
        tiles = len(source) * -(-width // kernel.TILE) * -(-height // kernel.TILE)
        chunks = -(-tiles // kernel.CHUNK)
        threads = min(torch.get_num_threads(), chunks)
        # More parts than threads, each taken by whoever is free: others may want a core for a while.
        parts = min(chunks, PARTS * threads) if threads > 1 else 1
        bounds = [min(tiles, chunks * part // parts * kernel.CHUNK) for part in range(parts + 1)]
        left = iter(pairwise(bounds))
        x, y = source.numpy(), result.numpy()

        def work() -> None:
            memory = _scratch(kernel.scratch_size(self.inputs, self.outputs))
            while bound := next(left, None):
                kernel.convolve(
                    x, top, self.inputs, self._weights, self._bias, self._slopes,
                    y, row, column, channel, self.outputs, height, *bound, memory,
                )  # fmt: skip

        waiting = [_pool(threads - 1).submit(work) for _ in range(1, threads)]
        work()
        for future in waiting:
            future.result()


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="winograd")


_own = threading.local()


def _scratch(size: int) -> np.ndarray:
    """Return memory of the calling thread's own, as large as any layer has asked for there.

    Of one network layers run one at a time; of several networks, for maps of several kinds, they do not.
    """
    found: np.ndarray | None = getattr(_own, "scratch", None)
    if found is None or found.size < size:
        found = _own.scratch = np.empty(size, np.float32)
    return found
