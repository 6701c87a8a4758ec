"""Measures networks by themselves for a second or two each, where no run has measured them yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from time import monotonic

import numpy as np

from cg_upscaler.cut import canonical_cut
from cg_upscaler.errors import UpscaleError
from cg_upscaler.flight.estimate.record import Record
from cg_upscaler.flight.estimate.speeds import Speeds, record_of, save
from cg_upscaler.geometry import Edges, Size
from cg_upscaler.job import Job
from cg_upscaler.library.workload import Network, Workload, texels_shown, workload
from cg_upscaler.pixels.views import Array
from cg_upscaler.spec import DeviceInfo
from cg_upscaler.upscale import Generators

Clock = Callable[[], float]
"""Gives seconds since some moment."""

_SIDES = (64, 128, 256, 512, 1024)
_ENOUGH = 0.5
"""Seconds that a picture has to take to tell a speed."""
_WARMING = 32


def calibrate(
    jobs: Iterable[Job],
    generators: Generators,
    speeds: Speeds,
    device: DeviceInfo,
    *,
    remember: bool = True,
    clock: Clock = monotonic,
) -> Speeds:
    """Return speeds that know each network of the jobs. What cannot run here stays unknown.

    With `remember` they are known from now on, until many runs have told more.
    """
    records: list[Record] = []
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
    """Yield one record of a network, of the first picture that takes long enough; none where it fails."""
    try:
        _seconds(network, generators, _WARMING, clock)  # loads its weights, and what compiles itself does so
        for side in _SIDES:
            texels, seconds = _seconds(network, generators, side, clock)
            if seconds > _ENOUGH:
                break
    except UpscaleError:
        return
    yield record_of([Workload({network: texels})], seconds, device, calibrated=True)


def _seconds(network: Network, generators: Generators, side: int, clock: Clock) -> tuple[float, float]:
    """Return the texels that a square of noise shows to a network, and the seconds that it takes."""
    generator = generators.get(network.name, 0)
    size, edges = Size(side, side), Edges()
    pixels = np.random.default_rng(0).random((side, side, generator.info.channels), np.float32)
    cut = canonical_cut(size, generator.info, edges)
    start = clock()
    for _ in generator.run(Array(pixels), cut, edges, network.precision, lambda share: None):
        pass
    return texels_shown(size, cut, generator.info, edges), clock() - start
