"""Keeps all that a training needs to go on, in one file that appears whole or not at all."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import torch

from cg_upscaler.codecs.atomic import write_bytes
from cg_upscaler.errors import ModelError
from cg_upscaler.models.shape import Shape
from cg_upscaler.wire import to_plain

NAME = "training.ckpt"

_FORM = 1


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A training at the end of a step."""

    step: int
    network: dict[str, Any]
    average: dict[str, Any]
    optimiser: dict[str, Any]
    critic: dict[str, Any]
    """Empty before the second stage, as is the next."""
    critic_optimiser: dict[str, Any]
    best: dict[str, Any]
    """The averaged weights that did best in the validation so far; empty before the first."""
    history: dict[str, Any]
    """What `history.History` holds, in plain values."""
    told: str
    """What was trained: the lesson, the library, the seed; another one is not gone on with."""


def save(path: Path, checkpoint: Checkpoint, shape: Shape) -> None:
    """Write a checkpoint in the place of the one before. Raises `OutputError`, and the one before stays."""
    content = {"form": _FORM, "architecture": shape.architecture, "shape": to_plain(shape)}
    content |= {name: getattr(checkpoint, name) for name in Checkpoint.__dataclass_fields__}
    whole = BytesIO()
    torch.save(content, whole)
    write_bytes(path, whole.getvalue())


def read(path: Path, shape: Shape, told: str) -> Checkpoint | None:
    """Return the checkpoint at a path, None where there is none.

    Raises `ModelError` where it is damaged, of another network, or of another training.
    """
    afresh = "begin afresh with --fresh, or choose another output folder"
    if not path.is_file():
        return None
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise ModelError("the checkpoint is damaged", where=path, fix=afresh) from error
    if not isinstance(content, dict) or content.get("form") != _FORM:
        raise ModelError("is no checkpoint of this version of cg-upscale", where=path, fix=afresh)
    mine, theirs = _named(shape.architecture, to_plain(shape)), _named(content["architecture"], content["shape"])
    if mine != theirs:
        what = f"the checkpoint is of another network, {theirs}, and the configuration asks for {mine}"
        raise ModelError(what, where=path, fix=f"set 'network' back, or {afresh}")
    if content["told"] != told:
        what = f"the checkpoint is of another training: {content['told']}, and this is {told}"
        raise ModelError(what, where=path, fix=afresh)
    return Checkpoint(**{name: content[name] for name in Checkpoint.__dataclass_fields__})


def _named(architecture: str, shape: dict[str, Any]) -> str:
    return f"{architecture} ({', '.join(f'{name} {value}' for name, value in shape.items())})"
