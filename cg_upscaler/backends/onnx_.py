"""Runs ONNX files with ONNX Runtime, window by window."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import torch

from cg_upscaler.errors import GenerateError, OutOfMemory, UsageError
from cg_upscaler.models.integrity import verify
from cg_upscaler.models.onnx_ import Opened, open_file
from cg_upscaler.pixels.rows import Pixels
from cg_upscaler.spec import DeviceInfo, ModelInfo, Precision

_OUT_OF_MEMORY = ("allocate memory", "bad allocation", "bad_alloc", "out of memory")


class OnnxNetwork:
    """A `Network` from an ONNX file, in float32 whatever the precision. Safe to call from several threads."""

    def __init__(self, info: ModelInfo, device: DeviceInfo) -> None:
        self.info = info
        self.device = device
        self._opened: Opened | None = None
        self._turn = threading.Lock()

    def run(self, window: Pixels, precision: Precision) -> Pixels:
        """Return (h·scale, w·scale, channels), not clamped, for (h, w, channels) in 0 … 1.

        A window that is too small for the network, or of sides that it does not take, is continued by its last texels.
        Raises OutOfMemory, and UsageError for one that is larger than all that the network takes.
        """
        height, width, _ = window.shape
        with self._turn:
            if self._opened is None:
                path = Path(self.info.source)
                verify(path, self.info.weights, fix="the file changed since the run was planned: plan it again")
                self._opened = open_file(path, self.device.name, torch.get_num_threads())
            rows, columns = self._missing(height, width, self._opened)
            padded = np.pad(window, ((0, rows), (0, columns), (0, 0)), mode="edge") if rows or columns else window
            try:
                result = self._opened.run(padded)
            except Exception as error:
                if isinstance(error, MemoryError) or any(words in str(error) for words in _OUT_OF_MEMORY):
                    what = f"a window of {width}×{height} texels does not fit the memory of {self.device.label}"
                    raise OutOfMemory(what, where=self.info.name, fix="use a smaller cut") from error
                what = f"ONNX Runtime failed: {str(error).strip().partition(chr(10))[0][:300]}"
                raise GenerateError(what, where=self.info.name, fix="choose another model") from error
        scale = self.info.scale
        return np.ascontiguousarray(result[: height * scale, : width * scale])

    def _missing(self, height: int, width: int, opened: Opened) -> tuple[int, int]:
        if opened.sides is None:
            return -height % self.info.multiple, -width % self.info.multiple
        rows, columns = opened.sides[0] - height, opened.sides[1] - width
        if min(rows, columns) < 0:
            what = f"takes {opened.sides[1]}×{opened.sides[0]} texels at a time, and is to be shown {width}×{height}"
            raise UsageError(what, where=self.info.name, fix="leave 'overlap' out")
        return rows, columns
