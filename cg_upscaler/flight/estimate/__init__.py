"""Says before a run what it takes: time, by what was measured on this machine; disk; and texture memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cg_upscaler.flight.estimate import speeds as speeds
from cg_upscaler.flight.estimate.calibrate import calibrate as calibrate
from cg_upscaler.flight.estimate.clock import Measuring as Measuring
from cg_upscaler.flight.estimate.disk import disk_bytes
from cg_upscaler.flight.estimate.speeds import Speeds, record_of, unchanged
from cg_upscaler.job import Job
from cg_upscaler.library.texture_memory import TextureMemory, texture_memory
from cg_upscaler.library.workload import workload
from cg_upscaler.spec import DeviceInfo


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run takes, before it is begun."""

    seconds: float | None
    """By the clock; None where the speed of a network is not known."""
    device: str
    """As its maker calls it."""
    measured: str
    """The day of the latest run that was measured there; empty where there was none."""
    unknown: tuple[str, ...]
    """The networks whose speed is not known, with their precisions."""
    disk: int
    """Bytes of the results."""
    memory: TextureMemory
    """On the graphics card of who uses them."""
    budget: dict[str, int] = field(default_factory=dict)
    """Bytes that each kind, or ``total``, may take there."""


def estimate(
    jobs: Sequence[Job],
    known: Speeds,
    device: DeviceInfo,
    *,
    library: Sequence[Job] | None = None,
    budget: Mapping[str, int] | None = None,
) -> Estimate:
    """Return what a run of jobs takes. `library` are all jobs, where only some are to run and the others up to date."""
    loads = [workload(job) for job in jobs]
    others = 0 if library is None else max(0, len(library) - len(jobs))
    run = record_of([*loads, unchanged(others)], 1.0, device)
    networks = dict.fromkeys(network for load in loads for network in load.shown)
    unknown = tuple(
        f"{network.name} ({network.precision.value})" for network in networks if not known.knows(device, network.key)
    )
    before = known.on(device)
    return Estimate(
        seconds=None if unknown else known.of(device).seconds(run),
        device=device.label,
        measured=before[-1].at[:10] if before else "",
        unknown=unknown,
        disk=disk_bytes(jobs, known.records),
        memory=texture_memory(jobs if library is None else library),
        budget=dict(budget or {}),
    )
