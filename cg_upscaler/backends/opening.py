"""Opens a model on a device, with whichever backend runs its kind."""

from __future__ import annotations

from dataclasses import dataclass

from cg_upscaler.backends import Network
from cg_upscaler.backends.onnx_ import OnnxNetwork
from cg_upscaler.backends.torch_ import TorchNetwork
from cg_upscaler.pixels.rows import Pixels
from cg_upscaler.spec import DeviceInfo, ModelInfo, Precision


@dataclass(frozen=True, slots=True)
class _Bounded:
    """A network that cannot go on at its other side, and so is no `WrappingNetwork`."""

    network: TorchNetwork

    @property
    def info(self) -> ModelInfo:
        return self.network.info

    def run(self, window: Pixels, precision: Precision) -> Pixels:
        return self.network.run(window, precision)


def open_network(info: ModelInfo, device: DeviceInfo) -> Network:
    """Return a single model's network. Nothing is loaded before it is run."""
    if info.architecture == "onnx":
        return OnnxNetwork(info, device)
    network = TorchNetwork(info, device)
    return network if info.held else _Bounded(network)
