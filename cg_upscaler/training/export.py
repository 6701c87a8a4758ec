"""Writes trained weights as a `.safetensors` file that says of itself what it is for and what it learnt from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save

from cg_upscaler.codecs.atomic import write_bytes


def export(path: Path, state: Mapping[str, torch.Tensor], metadata: Mapping[str, str]) -> None:
    """Write weights, under the names that Real-ESRGAN gives them, so that other tools read them too.

    Raises `OutputError`, and what was there before stays.
    """
    tensors = {name: tensor.detach().to("cpu", torch.float32).contiguous() for name, tensor in state.items()}
    write_bytes(path, save(tensors, {name: value for name, value in metadata.items() if value}))
