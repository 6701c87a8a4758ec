"""Holds the generators of a run, each loaded once, when it is first asked for."""

from __future__ import annotations

from pathlib import Path

from cg_upscaler.backends.torch_ import TorchNetwork
from cg_upscaler.backends.resize import ResizeNetwork
from cg_upscaler.generate import Generator
from cg_upscaler.generate.tiles import Tiles
from cg_upscaler.maps import BICUBIC
from cg_upscaler.models import catalog
from cg_upscaler.spec import DeviceInfo


class Pool:
    """`Generators` on one device."""

    def __init__(self, device: DeviceInfo, base: Path | None = None) -> None:
        """`base` is the folder that model paths are relative to."""
        self._device, self._base = device, base
        self._loaded: dict[tuple[str, int], Generator] = {}

    def get(self, model: str, scale: int) -> Generator:
        key = (model, scale if model == BICUBIC else 0)
        if key not in self._loaded:
            network = (
                ResizeNetwork(scale)
                if model == BICUBIC
                else TorchNetwork(catalog.find(model, base=self._base), self._device)
            )
            self._loaded[key] = Tiles(network)
        return self._loaded[key]
