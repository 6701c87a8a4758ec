"""Reads weights of architectures other than ESRGAN's, with spandrel, which is imported only then.

Tensors are read by our own reader, which runs no code that a file holds. Of spandrel come the architectures alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from cg_upscaler.errors import ModelError, UnknownArchitecture
from cg_upscaler.geometry import Wraps
from cg_upscaler.models.integrity import sha256
from cg_upscaler.models.weights import load_state
from cg_upscaler.spec import ModelInfo, Precision

INSTALL = "pip install 'cg-upscaler[models]'"


class Other(nn.Module):
    """A network of any architecture, as spandrel describes it. What it gives is not clamped."""

    def __init__(self, descriptor: Any) -> None:
        super().__init__()
        self.network: nn.Module = descriptor.model
        # Spandrel's own way of calling it would clamp to 0 … 1.
        self._call = getattr(descriptor, "_call_fn", None) or (lambda network, x: network(x))
        self._sizes = descriptor.size_requirements
        self._dtype = torch.float32

    @property
    def ends(self) -> tuple[nn.Module, nn.Module]:
        """It has none that are known: in mixed precision all of it would be float32."""
        return self.network, self.network

    def wrap(self, wraps: Wraps) -> None:
        """Networks of other families cannot go on at their other side: tiles show it to them."""
        if any(wraps):
            raise ValueError("this network does not wrap")

    def to(self, *args: Any, dtype: torch.dtype | None = None, memory_format: Any = None, **kwargs: Any) -> Other:
        """Keep weights in float32: layers that are safe in another type compute in it, as torch's autocast has it.

        And do without `memory_format`: not all of them take tensors in any but the usual one.
        """
        self._dtype = dtype or self._dtype
        return super().to(*args, **kwargs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (n, channels, h·scale, w·scale) for (n, channels, h, w), which is continued where it is too small."""
        height, width = x.shape[2:]
        x = x.float().contiguous()
        down, across = _missing(height, width, self._sizes)
        padded = F.pad(x, (0, across, 0, down), mode="replicate") if down or across else x
        with torch.autocast(x.device.type, self._dtype, enabled=self._dtype is not torch.float32):
            result: torch.Tensor = self._call(self.network, padded)
        scale = result.shape[2] // padded.shape[2]
        return result[:, :, : height * scale, : width * scale]


def _missing(height: int, width: int, sizes: Any) -> tuple[int, int]:
    """Return by how much a picture is smaller than a network asks for: rows and columns."""
    multiple, least = max(1, int(sizes.multiple_of)), int(sizes.minimum)
    sides = [-(-max(side, least) // multiple) * multiple for side in (height, width)]
    if sizes.square:
        sides = [max(sides)] * 2
    return sides[0] - height, sides[1] - width


def describe(path: Path, unknown: UnknownArchitecture) -> ModelInfo:
    """Return what is known of a file of another family. Raises `unknown`, with how to get more, or `ModelError`."""
    found = _descriptor(path, unknown)
    channels = int(found.input_channels)
    if getattr(found, "purpose", "") not in ("SR", "Restoration") or channels != int(found.output_channels):
        raise ModelError(
            f"a network of {_name(found)} that makes no larger picture of a picture", where=path,
            fix="give one for super-resolution or restoration",
        )  # fmt: skip
    supported = [Precision.FLOAT32]
    supported += [Precision.FLOAT16] if found.supports_half else []
    supported += [Precision.BFLOAT16] if found.supports_bfloat16 else []
    return ModelInfo(
        name=path.as_posix(),
        architecture=_name(found),
        scale=int(found.scale),
        channels=channels,
        reach=None,
        multiple=max(1, int(found.size_requirements.multiple_of)),
        weights=sha256(path),
        parameters=sum(tensor.numel() for tensor in found.model.parameters()),
        precisions=tuple(supported),
        source=str(path),
    )


def load_other(path: Path) -> Other:
    """Return the network of a file of another family, for inference. Raises ModelError."""
    return Other(_descriptor(path, None)).eval().requires_grad_(False)


def _name(descriptor: Any) -> str:
    return str(descriptor.architecture.id).lower()


def _descriptor(path: Path, unknown: UnknownArchitecture | None) -> Any:
    state = load_state(path)
    try:
        return recognised(canonical(state))
    except ImportError as error:
        if unknown is None:
            raise ModelError(f"spandrel cannot be imported: {error}", where=path, fix=f"run: {INSTALL}") from error
        missing = "for others" if getattr(error, "name", "") == "spandrel" else f"it cannot be imported ({error}):"
        fix = f"{unknown.fix}; {missing} run: {INSTALL}"
        raise UnknownArchitecture(unknown.what, where=unknown.where, fix=fix) from None
    except Exception as error:  # whatever an architecture makes of tensors that are not its own
        if unknown is None or type(error).__name__ != "UnsupportedModelError":
            what = f"spandrel does not load it: {type(error).__name__}: {error}".partition("\n")[0][:300]
            raise ModelError(what, where=path, fix="export it again, or give another model") from error
        fix = f"{unknown.fix}, or of an architecture that spandrel knows"
        raise UnknownArchitecture(unknown.what, where=unknown.where, fix=fix) from None


# The two things that are taken from spandrel


def canonical(state: Mapping[str, torch.Tensor]) -> Any:
    """Return tensors without the prefixes that training tools put before their names."""
    return import_module("spandrel").canonicalize_state_dict(dict(state))


def recognised(state: Any) -> Any:
    """Return spandrel's descriptor of the network that tensors belong to."""
    return import_module("spandrel").MAIN_REGISTRY.load(state)
