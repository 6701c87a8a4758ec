"""Stand-ins that tests share: networks with no weights, sources from arrays, jobs without a planner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cg_upscaler.backends import Network
from cg_upscaler.backends.resize import ResizeNetwork
from cg_upscaler.cut import canonical_cut
from cg_upscaler.generate import Generator, Tick
from cg_upscaler.generate.tiles import Tiles
from cg_upscaler.geometry import Bands, Cut, Edges, Size, Tiled
from cg_upscaler.job import Action, Band, Group, Job, Pass, Via
from cg_upscaler.maps import PLAIN, AlphaMode, ColorSpace, MapKind, Role
from cg_upscaler.models import catalog
from cg_upscaler.pixels.rows import Pixels, Rows, Source
from cg_upscaler.spec import Depth, ImageSpec, ModelInfo, Precision

FAKE_INFO = ModelInfo("fake", "fake", scale=4, channels=3, reach=6)


@dataclass
class BlurNetwork:
    """A local network of three channels: cubic enlargement, then `fn`, which sees one tile."""

    fn: Callable[[Pixels], Pixels] = lambda pixels: pixels
    info: ModelInfo = FAKE_INFO
    calls: int = 0

    def run(self, window: Pixels, precision: Precision) -> Pixels:
        self.calls += 1
        return self.fn(ResizeNetwork(self.info.scale).run(window, precision))


@dataclass
class FakeGenerators:
    """`Generators` that hand out one network for every model but plain resampling."""

    network: Network = field(default_factory=BlurNetwork)

    def get(self, model: str, scale: int) -> Generator:
        return Tiles(ResizeNetwork(scale, model)) if model in PLAIN else AnyCut(self.network)


@dataclass
class AnyCut:
    """A `Generator` for a network that stands in for one of the ESRGAN family: bands become tiles of so many texels."""

    network: Network

    @property
    def info(self) -> ModelInfo:
        return self.network.info

    def run(self, source: Source, cut: Cut, edges: Edges, precision: Precision, tick: Tick) -> Rows:
        if isinstance(cut, Bands):
            reach = self.info.reach or 0
            side = cut.rows or max(source.size.width, source.size.height)
            cut = Tiled(side, padding=reach, overlap=0, border=8)
        return Tiles(self.network).run(source, cut, edges, precision, tick)


def spec_of(
    pixels: NDArray[np.generic], color_space: ColorSpace = ColorSpace.SRGB, alpha: int | None = None
) -> ImageSpec:
    depth = {"uint8": Depth.UINT8, "uint16": Depth.UINT16, "float16": Depth.HALF, "float32": Depth.FLOAT}
    size = Size(pixels.shape[1], pixels.shape[0])
    return ImageSpec(size, pixels.shape[2], depth[pixels.dtype.name], "png", color_space, alpha)


def group(
    role: Role,
    channels: tuple[int, ...],
    size: Size,
    *,
    targets: tuple[int, ...] | None = None,
    color_space: ColorSpace = ColorSpace.SRGB,
    model: str = "fake",
    via: Via = Via.DIRECT,
    factor: int = 0,
    fidelity: float = 1.0,
    band: Band = Band.ALL,
    constant: bool = False,
    **more: Any,
) -> Group:
    """A group with one pass: of 4x where it is direct, else of 2x, unless `factor` says otherwise."""
    info = catalog.find(model) if model in catalog.PUBLISHED else FAKE_INFO
    step = Pass(factor or (4 if via is Via.DIRECT else 2), via, canonical_cut(size, info))
    targets = channels if targets is None else targets
    return Group(
        role, channels, targets, color_space, model, (step,), fidelity, band, Precision.FLOAT32, "", constant, **more
    )


def job_of(
    pixels: NDArray[np.generic],
    *groups: Group,
    scale: int = 4,
    edges: Edges = Edges(),
    kind: MapKind = MapKind.BASE_COLOR,
    alpha: AlphaMode = AlphaMode.NONE,
    size: Size | None = None,
    **more: Any,
) -> Job:
    spec = spec_of(pixels)
    return Job(
        name="t.png",
        source="in/t.png",
        output="out/t.png",
        action=Action.UPSCALE,
        kind=kind,
        why="a test",
        confidence=1.0,
        scale=scale,
        source_spec=spec,
        output_spec=replace(spec, size=size or spec.size * scale),
        edges=edges,
        alpha=alpha,
        groups=groups,
        **more,
    )


def noise(height: int, width: int, channels: int, seed: int = 0) -> NDArray[np.uint8]:
    """A picture with detail at every scale, clear of 0 and 255 but for a few texels."""
    rng = np.random.default_rng(seed)
    total = np.zeros((height, width, channels), np.float32)
    for level in range(5):
        small = rng.normal(0, 1, (-(-height // 2**level), -(-width // 2**level), channels)).astype(np.float32)
        total += small.repeat(2**level, 0).repeat(2**level, 1)[:height, :width] * 5 * (level + 1)
    return np.clip(total + 128, 0, 255).astype(np.uint8)
