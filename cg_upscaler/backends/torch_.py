"""Runs a generator with torch: on the CPU, with CUDA or with Apple's MPS."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

import numpy as np
import torch

from cg_upscaler.backends import winograd
from cg_upscaler.backends.convolver import Convolvers
from cg_upscaler.backends.devices import describe, require
from cg_upscaler.errors import DeviceLost, OutOfMemory
from cg_upscaler.geometry import Wraps
from cg_upscaler.models.load import Architecture
from cg_upscaler.models.load import load_any as load
from cg_upscaler.models.others import Other
from cg_upscaler.models.precision import set_precision
from cg_upscaler.pixels.rows import Pixels
from cg_upscaler.spec import DeviceInfo, ModelInfo, Precision

T = TypeVar("T")

_OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "DefaultCPUAllocator", "bad_alloc")
"""How torch's several allocators say it, which on the CPU have no exception of their own."""

_DEVICE_LOST = (
    "CUDA error",
    "CUDA driver error",
    "HIP error",
    "CUDNN_STATUS_EXECUTION_FAILED",
    "CUDNN_STATUS_INTERNAL_ERROR",
    "CUBLAS_STATUS_EXECUTION_FAILED",
    "command buffer exited with error status",
)
"""How drivers say that a device broke off, the last one Apple's. Most of them leave it unusable for this process."""


class TorchNetwork:
    """A generator on one device. Weights are read at first use, once for each precision that is asked for.

    Safe to call from several threads; they take turns, since one window fills a device.
    """

    def __init__(self, info: ModelInfo, device: DeviceInfo | str = "auto") -> None:
        self.info = info
        self.device = describe(device) if isinstance(device, str) else device
        self._networks: dict[Precision, tuple[Architecture | Other, Convolvers]] = {}
        self._turn = threading.Lock()

    def run(self, window: Pixels, precision: Precision) -> Pixels:
        """Return (h·scale, w·scale, channels), not clamped, for (h, w, channels) in 0 … 1. Raises as `run_wrapped`."""
        return self.run_wrapped(window, precision, Wraps())

    def run_wrapped(self, window: Pixels, precision: Precision, wraps: Wraps) -> Pixels:
        """Return the same for a window that goes on at its other side along the axes that wrap.

        Raises OutOfMemory with the device's memory freed, DeviceLost where that broke off, UsageError for a precision
        that the device has not, and ModelError where the weights cannot be had.
        """
        height, width, channels = window.shape
        if channels != self.info.channels:
            raise ValueError(f"{self.info.name} takes {self.info.channels} channels, not {channels}")
        what = f"a window of {width}×{height} texels"
        return self.turn(what, lambda: self._forward(window, precision, wraps))

    def turn(self, what: str, work: Callable[[], T]) -> T:
        """Return what `work` gives, which has the device to itself, for inference. `what` it does is for messages.

        Raises OutOfMemory with the device's memory freed, and DeviceLost where that broke off.
        """
        with self._turn, torch.inference_mode(), _exact(self.device):
            try:
                return work()
            except (RuntimeError, MemoryError) as error:
                if is_device_lost(error):
                    raise _lost(error, self.device) from error
                if not is_out_of_memory(error):
                    raise
        # Raised only here, because the caught exception holds every tensor of the failed run.
        if self.device.name.startswith("cuda"):
            torch.cuda.empty_cache()
        elif self.device.name == "mps":
            torch.mps.empty_cache()
        raise OutOfMemory(
            f"{what} does not fit the memory of {self.device.label}", where=self.info.name, fix="use a smaller cut"
        )

    def independent(self, precision: Precision) -> bool:
        """Whether a picture's result is the same to the bit whatever goes through beside it.

        So it is with Winograd's tiles. Libraries choose their algorithms by how much comes at once.
        """
        return self.device.name == "cpu" and precision is Precision.FLOAT32 and winograd.available()

    def loaded(self, precision: Precision) -> tuple[Architecture | Other, Convolvers]:
        """Return the network in a precision, on its device, and the arithmetic of its layers.

        Raises UsageError for a precision that the device has not, ModelError where the weights cannot be had.
        """
        require(self.device, precision)
        if precision not in self._networks:
            network = load(self.info)
            set_precision(network, precision)
            # In mixed precision what our arithmetic rounds otherwise would flip bits of bfloat16, level after level.
            convolvers = Convolvers(own=precision is Precision.FLOAT32)
            self._networks[precision] = network.to(self.device.name), convolvers
        return self._networks[precision]

    def _forward(self, window: Pixels, precision: Precision, wraps: Wraps) -> Pixels:
        network, _ = self.loaded(precision)
        network.wrap(wraps)
        scale, multiple = self.info.scale, self.info.multiple
        height, width, _ = window.shape
        missing = ((0, -height % multiple), (0, -width % multiple), (0, 0))
        padded = np.pad(window, missing, mode="edge") if multiple > 1 else window
        # (h, w, c) is already what torch calls channels_last.
        batch = torch.from_numpy(np.ascontiguousarray(padded, np.float32)).permute(2, 0, 1)[None]
        result = network(batch.to(self.device.name))[0]
        picture = result.permute(1, 2, 0).float().cpu().numpy()
        return np.ascontiguousarray(picture[: height * scale, : width * scale])


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether torch or numpy failed for want of memory."""
    if isinstance(error, MemoryError | torch.cuda.OutOfMemoryError):
        return True
    return any(words in str(error) for words in _OUT_OF_MEMORY)


def is_device_lost(error: BaseException) -> bool:
    """Tell whether torch failed because the device is gone, or because something on it went wrong for good."""
    return any(words in str(error) for words in _DEVICE_LOST)


def _lost(error: BaseException, device: DeviceInfo) -> DeviceLost:
    said = str(error).strip().partition("\n")[0]  # what follows is advice for those who write kernels
    fix = "run again; if that fails too, see `cg-upscale doctor`, or use --device cpu"
    return DeviceLost(f"broke off ({said})", where=f"{device.label} ({device.name})", fix=fix)


def _exact(device: DeviceInfo) -> AbstractContextManager[None]:
    """Make float32 mean float32 and equal inputs give equal outputs: cuDNN otherwise rounds to 10 bits (TF32) and may
    choose its algorithms by how fast they happen to be."""
    if not device.name.startswith("cuda"):
        return nullcontext()
    return torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
