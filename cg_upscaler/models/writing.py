"""Writes weights into files of other kinds (torch, safetensors, a pair for ncnn), with what is said of them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from cg_upscaler import model_names
from cg_upscaler.errors import ForeignOutput, ModelError, OutputError
from cg_upscaler.models import licences
from cg_upscaler.models.load import weights_of
from cg_upscaler.models.ncnn_pair import bytes_of, param_of
from cg_upscaler.models.shape import Shape
from cg_upscaler.models.weights import said_within
from cg_upscaler.spec import ModelInfo

KINDS = (".pth", ".safetensors", ".bin", ".param")


def write(info: ModelInfo, path: Path, *, force: bool = False) -> tuple[Path, ...]:
    """Write a model of the ESRGAN family, a blend among them, and return the files that came of it.

    The suffix says which kind; ``.bin`` and ``.param`` go together. Licence and metadata go along, within a
    ``.safetensors`` and else as a card beside. Raises `ModelError`, and `ForeignOutput` for what is there already,
    unless it is forced.
    """
    if info.architecture not in ("rrdb", "compact"):
        what = f"{model_names.short(info.name)} is no single network of the ESRGAN family"
        raise ModelError(what, fix="name weights of one, or a blend")
    suffix = path.suffix.lower()
    if suffix not in KINDS:
        raise ModelError(f"no weights are written as '{path.suffix}'", where=path, fix=f"use one of {', '.join(KINDS)}")
    card = path.with_suffix(".json")
    said = _said(info)
    files = [path.with_suffix(".bin"), path.with_suffix(".param")] if suffix in (".bin", ".param") else [path]
    if said and suffix != ".safetensors":
        files.append(card)
    for file in files:
        if file.exists() and not force:
            raise ForeignOutput("is there already", where=file, fix="choose another name, or replace it with --force")
    shape, state = weights_of(info)
    made = {name: tensor.contiguous() for name, tensor in state.items()}
    for file in files:
        _write(file, shape, made, said)
    return tuple(files)


def _write(path: Path, shape: Shape, state: Mapping[str, torch.Tensor], said: Mapping[str, Any]) -> None:
    """Write one file, and put it in its place when it is whole."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".json":
            temporary.write_text(json.dumps(dict(said), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        elif path.suffix.lower() == ".safetensors":
            texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in said.items()}
            save_file(dict(state), temporary, texts or None)
        elif path.suffix.lower() == ".param":
            temporary.write_text(param_of(shape), encoding="ascii")
        elif path.suffix.lower() == ".bin":
            temporary.write_bytes(bytes_of(shape, {name: tensor.float().numpy() for name, tensor in state.items()}))
        else:
            torch.save({"params": dict(state)}, temporary)
        os.replace(temporary, path)
    except (OSError, RuntimeError) as error:
        raise OutputError(f"cannot be written: {error}", where=path, fix="check the path and the disk") from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def _said(info: ModelInfo) -> dict[str, Any]:
    """Return what is said of a model: within its file, on its card, or at least its licence and what it was made of."""
    said: dict[str, Any] = {}
    path = Path(info.source)
    if not info.parts and path.is_file():
        said |= said_within(path)
        for card in licences.cards(path):
            if card.suffix == ".json":
                with suppress(OSError, ValueError):
                    found = json.loads(card.read_text(encoding="utf-8-sig"))
                    said |= found if isinstance(found, dict) else {}
    if info.parts:
        said["blend"] = {model_names.short(part.model.name): part.share for part in info.parts}
    if licences.of_metadata(said) == licences.UNKNOWN and info.licence not in ("", licences.UNKNOWN):
        said["license"] = info.licence
    return said
