"""Opens ONNX files with ONNX Runtime, which is imported only then, and finds out by running them what they do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cg_upscaler.errors import ModelError, ModelNotFound
from cg_upscaler.models.integrity import opening, sha256
from cg_upscaler.pixels.rows import Pixels
from cg_upscaler.spec import ModelInfo, Precision

INSTALL = "pip install 'cg-upscaler[onnx]'"

_TYPES: dict[str, type[np.floating[Any]]] = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
_MULTIPLES = (1, 2, 4, 8, 16, 32, 64)
_LEAST = 16
"""Texels a side of the picture that a network is tried with at least."""
_ELSEWHERE = b"\x0a\x08location\x12"
"""How a file says that tensors lie in another one: the key of an entry of `TensorProto.external_data`."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that is ready to run."""

    session: Any
    input: str
    dtype: type[np.floating[Any]]
    sides: tuple[int, int] | None
    """Height and width of the only input that it takes; None where it takes others too."""
    channels: int | None

    def run(self, window: Pixels) -> NDArray[np.float32]:
        """Return what it gives for (h, w, c), as (h', w', c'). Raises what ONNX Runtime raises."""
        planes = np.ascontiguousarray(window.transpose(2, 0, 1)[None], self.dtype)
        result = np.asarray(self.session.run(None, {self.input: planes})[0], np.float32)
        if result.ndim != 4 or result.shape[0] != 1:
            raise ValueError(f"a result of shape {result.shape} is no picture")
        return np.ascontiguousarray(result[0].transpose(1, 2, 0))


def open_file(path: Path, device: str = "cpu", threads: int = 0) -> Opened:
    """Open a file on a device, by torch's name for it. Raises ModelError."""
    opening(path)
    try:
        import onnxruntime
    except ImportError as error:
        what = "is an ONNX file, and ONNX Runtime is not installed"
        raise ModelNotFound(what, where=path, fix=f"run: {INSTALL}") from error
    if _ELSEWHERE in path.read_bytes():
        raise ModelError("keeps its weights in another file", where=path, fix="save it as one file")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what is wrong is said here
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.force_spinning_stop", "1")
    there = onnxruntime.get_available_providers()
    wanted = ["CUDAExecutionProvider"] if device.startswith("cuda") else []
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=[*(each for each in wanted if each in there), "CPUExecutionProvider"]
        )
    except Exception as error:  # of a kind of its own for each thing that can be wrong
        raise ModelError(f"damaged, or no ONNX file that can be run: {_first_line(error)}", where=path) from error
    return _opened(session, path)


def describe(path: Path) -> ModelInfo:
    """Return what is known of an ONNX file, of which scale and channels are found by a run. Raises ModelError."""
    opened = open_file(path)
    channels, multiple, scale = _tried(opened, path)
    sides = opened.sides
    return ModelInfo(
        name=path.as_posix(),
        architecture="onnx",
        scale=scale,
        channels=channels,
        # Of a network that takes one size alone it cannot be measured.
        reach=None if sides is None else min(sides) // 8,
        multiple=multiple,
        most=0 if sides is None else min(sides),
        weights=sha256(path),
        precisions=(Precision.FLOAT32,),
        source=str(path),
    )


def _opened(session: Any, path: Path) -> Opened:
    inputs = session.get_inputs()
    shape = inputs[0].shape if inputs else []
    if len(inputs) != 1 or len(shape) != 4 or inputs[0].type not in _TYPES:
        said = ", ".join(f"{each.type} of {each.shape}" for each in inputs)
        what = f"takes {said or 'nothing'}, and not one picture as n × channels × h × w of floats"
        raise ModelError(what, where=path)
    count, channels, *sides = (side if isinstance(side, int) and side > 0 else None for side in shape)
    if count not in (None, 1) or channels not in (None, 1, 3):
        raise ModelError(f"takes {shape}, and not one picture of 1 or 3 channels", where=path)
    height, width = sides
    if (height is None) != (width is None):
        raise ModelError(f"takes {shape}, of which one side is fixed", where=path, fix="export it with both free")
    fixed = None if height is None or width is None else (height, width)
    return Opened(session, inputs[0].name, _TYPES[inputs[0].type], fixed, channels)


def _tried(opened: Opened, path: Path) -> tuple[int, int, int]:
    """Return channels, the multiple that sides must be of, and the scale."""
    error: Exception | None = None
    for channels in (3, 1) if opened.channels is None else (opened.channels,):
        for multiple in _MULTIPLES if opened.sides is None else (1,):
            times = -(-_LEAST // multiple) | 1  # an odd number, so that the sides are of no higher multiple
            height, width = opened.sides or (multiple * times, multiple * (times + 2))
            try:
                result = opened.run(np.full((height, width, channels), 0.5, np.float32))
            except Exception as found:  # the size does not suit it
                error = found
                continue
            scale, odd = divmod(result.shape[0], height)
            if scale >= 1 and not odd and result.shape == (height * scale, width * scale, channels):
                return channels, multiple, scale
            made = "×".join(map(str, result.shape))
            error = ValueError(f"it makes {made} of {height}×{width}×{channels}")
    raise ModelError(
        f"makes no larger picture of a picture: {_first_line(error)}", where=path, fix="give a network that does"
    )


def _first_line(error: object) -> str:
    return str(error).strip().partition("\n")[0][:300]
