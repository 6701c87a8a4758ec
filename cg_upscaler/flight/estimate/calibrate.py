"""Measures what no run has measured yet: each network by itself, for a second or two, and what is done beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from time import monotonic

import numpy as np

from cg_upscaler.cut import canonical_cut
from cg_upscaler.errors import UpscaleError
from cg_upscaler.flight.estimate.record import Record
from cg_upscaler.flight.estimate.speeds import Speeds, record_of, save
from cg_upscaler.flight.estimate.stages import NOISE
from cg_upscaler.geometry import Edges, Size
from cg_upscaler.job import Action, Band, Group, Job, Pass, Via
from cg_upscaler.library.workload import Network, Workload, texels_shown, workload
from cg_upscaler.maps import BICUBIC, ColorSpace, MapKind, Role
from cg_upscaler.models import catalog
from cg_upscaler.pixels.rows import blocks
from cg_upscaler.pixels.views import Array
from cg_upscaler.spec import Depth, DeviceInfo, ImageSpec, Precision
from cg_upscaler.upscale import Generators, upscale

Clock = Callable[[], float]
"""Gives seconds since some moment."""

_SIDES = (64, 64, 128, 128, 256, 256, 512, 512, 1024)
_ENOUGH = 1.0
"""Seconds that pictures have to take together to tell a speed."""
_WARMING = 32
_PICTURE = 256


def calibrate(
    jobs: Iterable[Job],
    generators: Generators,
    speeds: Speeds,
    device: DeviceInfo,
    *,
    remember: bool = True,
    clock: Clock = monotonic,
) -> Speeds:
    """Return speeds that know each network of the jobs, and the processors. What cannot run here stays unknown.

    With `remember` they are known from now on, until many runs have told more.
    """
    jobs = list(jobs)
    records: list[Record] = []
    if jobs and not any(run.beside for run in speeds.on(device)):
        records.append(processors(generators, device, clock))
    for network in networks(jobs):
        if not speeds.knows(device, network.key):
            records += _measured(network, generators, device, clock)
    if remember:
        save(records)
    return speeds.with_(records)


def networks(jobs: Iterable[Job]) -> tuple[Network, ...]:
    """Return the networks that jobs are shown to, each once."""
    return tuple(dict.fromkeys(network for job in jobs for network in workload(job).shown))


def _measured(network: Network, generators: Generators, device: DeviceInfo, clock: Clock) -> Iterator[Record]:
    """Yield one record of a network, of the picture that went fastest: others may be at work here. None if it fails."""
    tried: list[tuple[float, float]] = []
    try:
        _seconds(network, generators, _WARMING, clock)  # loads its weights, and what compiles itself does so
        for side in _SIDES:
            tried.append(_seconds(network, generators, side, clock))
            if sum(seconds for _, seconds in tried) > _ENOUGH:
                break
    except UpscaleError:
        return
    texels, seconds = min(tried, key=lambda one: one[1] / one[0])
    yield record_of([Workload({network: texels})], seconds, device, calibrated=True)


def processors(generators: Generators, device: DeviceInfo, clock: Clock = monotonic) -> Record:
    """Return a record of how fast processors are: of a picture of noise that is resampled, and matched."""
    size = Size(_PICTURE, _PICTURE)
    spec = ImageSpec(size, 3, Depth.UINT8, "png")
    cut = canonical_cut(size, catalog.find(BICUBIC))
    colour = Group(
        role=Role.COLOR,
        channels=(0, 1, 2),
        targets=(0, 1, 2),
        color_space=ColorSpace.SRGB,
        model=BICUBIC,
        passes=(Pass(4, Via.DIRECT, cut),),
        fidelity=1.0,
        band=Band.ALL,
        precision=Precision.FLOAT32,
    )
    job = Job(
        name="noise",
        source="",
        output="",
        action=Action.UPSCALE,
        kind=MapKind.BASE_COLOR,
        why="",
        confidence=1.0,
        scale=4,
        source_spec=spec,
        output_spec=replace(spec, size=size * 4),
        groups=(colour,),
    )
    _upscaled(job, generators)  # what is loaded at first use is there then
    start = clock()
    _upscaled(job, generators)
    load = Workload(beside={NOISE: float((size * 4).pixels)})
    return record_of([load], clock() - start, device, calibrated=True)


def _upscaled(job: Job, generators: Generators) -> None:
    for _ in blocks(upscale(_noise(_PICTURE, 3), job, generators, scratch=None, tick=lambda share: None)):
        pass


def _noise(side: int, channels: int) -> Array:
    return Array(np.random.default_rng(0).random((side, side, channels), np.float32))


def _seconds(network: Network, generators: Generators, side: int, clock: Clock) -> tuple[float, float]:
    """Return the texels that a square of noise shows to a network, and the seconds that it takes."""
    generator = generators.get(network.name, 0)
    size, edges = Size(side, side), Edges()
    source = _noise(side, generator.info.channels)
    cut = canonical_cut(size, generator.info, edges)
    start = clock()
    for _ in generator.run(source, cut, edges, network.precision, lambda share: None):
        pass
    return texels_shown(size, cut, generator.info, edges), clock() - start
