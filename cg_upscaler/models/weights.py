"""Reads weights files of any of torch's formats, and never runs what they may contain."""

from __future__ import annotations

import pickle
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file

from cg_upscaler.errors import ModelError, UnsafeWeights
from cg_upscaler.models.integrity import opening

_WRAPPERS = ("params_ema", "params", "state_dict", "model_state_dict", "generator", "model")
"""Where training tools put the tensors, the better first."""

_DAMAGED = "download or export it again"


def load_state(path: Path) -> dict[str, torch.Tensor]:
    """Return the tensors of a ``.safetensors`` or a torch file, by their names in the file.

    The format is told by content, not by suffix. Raises UnsafeWeights where reading would run code, and ModelError
    where the file is damaged or holds no tensors.
    """
    start = opening(path)
    content = _read_safetensors(path) if start[8:9] == b"{" else _read_torch(path)
    while isinstance(content, Mapping):
        inner = next((content[key] for key in _WRAPPERS if isinstance(content.get(key), Mapping)), None)
        if inner is None:
            break
        content = inner
    tensors = dict(content) if isinstance(content, Mapping) else {}
    state = {name: value for name, value in tensors.items() if isinstance(value, torch.Tensor)}
    if not state:
        raise ModelError("holds no named weights", where=path, fix="export the network's state_dict")
    return state


def said_within(path: Path) -> dict[str, str]:
    """Return the text that a ``.safetensors`` holds beside its tensors; nothing for other files."""
    if opening(path)[8:9] != b"{":
        return {}
    try:
        with safe_open(path, framework="pt") as file:
            return dict(file.metadata() or {})
    except (SafetensorError, OSError) as error:
        raise ModelError(f"damaged: {error}", where=path, fix=_DAMAGED) from error


def _read_safetensors(path: Path) -> Any:
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise ModelError(f"damaged: {error}", where=path, fix=_DAMAGED) from error


def _read_torch(path: Path) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's own remarks on formats that it still reads
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if unsafe := re.search(r"GLOBAL (\S+)|Unsupported class (\S+)", str(error)):
            raise UnsafeWeights(
                f"reading it would run code ({unsafe[1] or unsafe[2]}), which was not done",
                where=path,
                fix="have its author export the tensors alone, best as .safetensors",
            ) from None
        raise ModelError("damaged, or no weights file", where=path, fix=_DAMAGED) from error
    except Exception as error:
        # A damaged file fails in whichever part of the reader meets the damage: zip, pickle, tensor, text.
        if "TorchScript" in str(error):
            raise UnsafeWeights(
                "a TorchScript program, which would run code",
                where=path,
                fix="export its state_dict, best as .safetensors",
            ) from None
        raise ModelError("damaged, or no weights file", where=path, fix=_DAMAGED) from error
