"""Reads a weights file of one's own: what network it holds, and its tensors under our names."""

from __future__ import annotations

from pathlib import Path

import torch

from cg_upscaler.models.detect import detect
from cg_upscaler.models.integrity import opening
from cg_upscaler.models.keys import translate
from cg_upscaler.models.ncnn_pair import is_pair, read_pair
from cg_upscaler.models.shape import Shape
from cg_upscaler.models.weights import load_state


def read_file(path: Path) -> tuple[Shape, dict[str, torch.Tensor]]:
    """Return what network a weights file holds, and its tensors under our names."""
    opening(path)
    if is_pair(path):
        shape, arrays = read_pair(path)
        return shape, {name: torch.from_numpy(array) for name, array in arrays.items()}
    state = load_state(path)
    state = {ours: state[theirs] for theirs, ours in translate(state).items()}
    return detect({name: tuple(tensor.shape) for name, tensor in state.items()}, where=str(path)), state
