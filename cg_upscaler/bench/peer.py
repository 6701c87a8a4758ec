"""What can be measured: a runtime that runs a network over a window, and a peer that covers a picture with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

from cg_upscaler.bench.crops import tiled
from cg_upscaler.errors import UsageError
from cg_upscaler.pixels.rows import Pixels
from cg_upscaler.spec import DeviceInfo, ModelInfo, Precision

INSTALL = "pip install cg-upscaler[bench]"

Run = Callable[[Pixels], Pixels]
"""Takes float32 (h, w, channels) in 0 … 1, gives float32 (h·scale, w·scale, channels), not clamped."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What all that is measured in one run have in common. It travels to child processes as JSON."""

    model: ModelInfo
    device: DeviceInfo
    precision: Precision
    threads: int
    tile: int
    folder: str
    """For what runtimes need converted: it is made once and belongs to the caller."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A network that is ready to run."""

    run: Run
    precision: str
    """What it computes in, which is not what was asked for where it has no such arithmetic."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """Something that runs the network."""

    name: str
    label: str
    load: Callable[[Setting], Loaded]
    """Raises whatever the runtime does; UsageError where it cannot run this model or on this device."""
    modules: tuple[str, ...] = ()
    """What must be installed for it beyond what this package needs."""
    convert: Callable[[Setting], object] | None = None
    """Makes the file that it reads, in the setting's folder. Apart from loading, since it takes torch's memory too."""
    whole: str = ""
    """The runtime whose result for the whole picture shows this one's seams; its own where empty."""
    mirrors: bool = False
    """It sees mirrored surroundings where the others see zeros."""

    @property
    def missing(self) -> tuple[str, ...]:
        """Which of its modules are not installed."""
        return tuple(module for module in self.modules if find_spec(module) is None)

    def require(self) -> None:
        """Raise UsageError, saying how to install it, where it is not."""
        if missing := self.missing:
            raise UsageError(f"{' and '.join(missing)} not installed", fix=INSTALL)


@dataclass(frozen=True, slots=True)
class Peer:
    """A way to cover a picture: whole, or with tiles that are cropped hard."""

    name: str
    runtime: Runtime
    padding: int | None = None
    """Texels that a tile reads beyond its own; None where the runtime is given the whole picture."""

    @property
    def label(self) -> str:
        return self.runtime.label if self.padding is None else f"{self.runtime.label}, tiles, pad {self.padding}"

    def over(self, run: Run, setting: Setting) -> Run:
        """Return what covers a whole picture with `run`, which takes windows."""
        if self.padding is None:
            return run
        padding = -(-self.padding // setting.model.multiple) * setting.model.multiple
        return lambda picture: tiled(run, picture, setting.tile, padding, setting.model.scale)
