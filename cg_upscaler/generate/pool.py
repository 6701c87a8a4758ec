"""Holds the generators of a run, each loaded once, when it is first asked for."""

from __future__ import annotations

import threading

from cg_upscaler.backends.opening import open_network
from cg_upscaler.backends.resize import ResizeNetwork
from cg_upscaler.backends.torch_ import TorchNetwork
from cg_upscaler.generate import Generator
from cg_upscaler.generate.chain import Chain
from cg_upscaler.generate.stream import Stream
from cg_upscaler.generate.tiles import Tiles
from cg_upscaler.generate.together import Together
from cg_upscaler.maps import PLAIN
from cg_upscaler.models import catalog
from cg_upscaler.spec import DeviceInfo


class Pool:
    """`Generators` on one device. Shared by threads, which must not load one twice: weights are large."""

    def __init__(self, device: DeviceInfo) -> None:
        self._device = device
        self._loaded: dict[tuple[str, int], Generator] = {}
        self._loading = threading.Lock()

    def get(self, model: str, scale: int) -> Generator:
        with self._loading:
            return self._get(model, scale)

    def _get(self, model: str, scale: int) -> Generator:
        key = (model, scale if model in PLAIN else 0)
        if key not in self._loaded:
            self._loaded[key] = self._load(model, scale)
        return self._loaded[key]

    def _load(self, model: str, scale: int) -> Generator:
        if model in PLAIN:
            return Tiles(ResizeNetwork(scale, model))
        info = catalog.find(model)
        if info.steps:
            return Chain(info, tuple(self._get(step.name, step.scale) for step in info.steps))
        network = open_network(info, self._device)
        return Together(Stream(network)) if info.held and isinstance(network, TorchNetwork) else Tiles(network)
