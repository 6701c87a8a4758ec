"""Counts what a job asks of a machine, from the job alone: texels shown to networks, and those worked on beside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar

from cg_upscaler.cut import stages
from cg_upscaler.demand import plane
from cg_upscaler.geometry import Bands, Chained, Cut, Edge, Edges, Size, Tiled
from cg_upscaler.job import Action, Group, Job, Pass, Via
from cg_upscaler.maps import PLAIN, ColorSpace
from cg_upscaler.models import catalog
from cg_upscaler.pixels.match import is_matched
from cg_upscaler.spec import Effort, ImageSpec, ModelInfo, Precision

K = TypeVar("K")

FILTERED = "filtered"
"""The model that a group is counted under which is only brought to size."""

_BLOCKS = ("bc1", "bc2", "bc3", "bc4", "bc5", "bc6h", "bc7", "uastc", "etc1s")


@dataclass(frozen=True, slots=True)
class Network:
    """A network in one precision, as speeds are known of it."""

    name: str
    weights: str
    precision: Precision

    @property
    def key(self) -> str:
        """What is the same wherever the same arithmetic is done, under whatever name."""
        return f"{self.weights[:16] or self.name} {self.precision.value}"


@dataclass(frozen=True, slots=True)
class Workload:
    """What one job, or several together, ask of a machine."""

    shown: dict[Network, float] = field(default_factory=dict)
    """Texels that each network is shown, with what lies beyond borders and between tiles."""
    beside: dict[str, float] = field(default_factory=dict)
    """Texels that processors work on beside networks, by the stage: ``color``, ``match``, ``write png`` …; and
    ``textures``, how many there are."""

    def __add__(self, other: Workload) -> Workload:
        return together([self, other])


def together(loads: Iterable[Workload]) -> Workload:
    """Return what several jobs ask of a machine."""
    total = Workload()
    for load in loads:
        _add(total.shown, load.shown)
        _add(total.beside, load.beside)
    return total


def workload(job: Job) -> Workload:
    """Return what a job asks for; nothing but ``textures`` where it is not upscaled."""
    total = Workload(beside={"textures": 1.0 if job.action is not Action.SKIP else 0.0})
    if job.action is not Action.UPSCALE or job.source_spec is None or job.output_spec is None:
        return total
    count, stack = pictures(job), float(job.output_spec.stack.pixels)
    for group in job.groups:
        if group.constant:
            continue
        for step, size in passes(job, group):
            if group.model not in PLAIN:
                for model, cut, seen in stages(model_of(group), step.cut, size):
                    network = Network(model.name, model.weights, group.precision)
                    _add(total.shown, {network: texels_shown(seen, cut, model, job.edges) * count})
            _add(total.beside, _stages(group, step, size, count))
        if not group.passes:
            _add(total.beside, {FILTERED: stack})
    _add(total.beside, {stage_of(job.output_spec): _written(job.output_spec)})
    if job.output_spec.storage.levels > 1:
        _add(total.beside, {"mips": stack})
    return total


def model_of(group: Group) -> ModelInfo:
    """Return what is known of a group's network. Raises ModelNotFound where its file is gone."""
    return _known(group.model, group.weights)


@lru_cache(maxsize=64)
def _known(name: str, weights: str) -> ModelInfo:
    """`weights` are there for the cache alone."""
    return catalog.known(name) or catalog.find(name)


def stage_of(spec: ImageSpec) -> str:
    """Return what writing a file is counted under: by its container, or by block format and the effort for it."""
    encoding, effort = spec.storage.encoding, spec.storage.effort
    if encoding not in _BLOCKS:
        return f"write {spec.container}"
    return f"write {encoding}" + ("" if effort is Effort.FAST else f" {effort.value}")


def _written(spec: ImageSpec) -> float:
    """Return the texels of a file: blocks as they are, others by their bytes, in texels of three."""
    texels = float(sum(size.pixels for size in spec.pictures))
    return texels if spec.storage.encoding in _BLOCKS else texels * spec.channels * spec.depth.bits / 24


def pictures(job: Job) -> int:
    """Return how many pictures of a source go through its passes one after another: slices, or the cells of a sheet."""
    slices = 1 if job.source_spec is None else job.source_spec.storage.slices
    return slices * (1 if job.cells is None else job.cells.columns * job.cells.rows)


def passes(job: Job, group: Group) -> Iterator[tuple[Pass, Size]]:
    """Yield each pass of a group with the size of what its generator is shown, of one of its pictures."""
    size = _shown(job)
    for step in group.passes:
        half = Size(-(-size.width // 2), -(-size.height // 2))
        yield step, half if step.via is Via.SHRINK else size
        size = size * step.factor


def texels_shown(size: Size, cut: Cut, model: ModelInfo, edges: Edges) -> float:
    """Return the texels that a network computes for a picture, also those that are shown twice or lie beyond it."""
    if isinstance(cut, Chained):
        return sum(texels_shown(seen, own, step, edges) for step, own, seen in stages(model, cut, size))
    if isinstance(cut, Bands):
        width, height = plane(size, cut, model, edges)
        return float(width * height * model.multiple**2)
    return float(_read(size.width, cut, edges.x) * _read(size.height, cut, edges.y))


def _read(length: int, cut: Tiled, edge: Edge) -> int:
    """Return how many texels all tiles along an axis read together."""
    count = len(list(cut.spans(length)))
    outside = {Edge.WRAP: cut.padding + cut.overlap, Edge.ZERO: 0}.get(edge, cut.border)
    return length + 2 * outside + 2 * cut.padding * (count - 1)


def _shown(job: Job) -> Size:
    assert job.source_spec is not None  # an upscaling job has one
    size = job.source_spec.size
    if job.cells is not None:
        return job.cells.content(size) or size
    margin = 0 if job.frame is None else job.frame.margin
    return Size(size.width + 2 * margin, size.height + 2 * margin)


def _stages(group: Group, step: Pass, size: Size, count: int) -> dict[str, float]:
    """Return the texels that a pass of a group gives, under all that is done with them."""
    given = float(size.pixels * (step.factor * (2 if step.via is Via.SHRINK else 1)) ** 2 * count)
    stages = {group.role.value: given}
    if is_matched(group):
        stages["light" if group.color_space is ColorSpace.LINEAR else "match"] = given
    if group.grain > 0:
        stages["grain"] = given
    if group.model in PLAIN:
        stages[group.model] = given
    return stages


def _add(to: dict[K, float], more: Mapping[K, float]) -> None:
    for key, amount in more.items():
        to[key] = to.get(key, 0.0) + amount
