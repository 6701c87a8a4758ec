"""Makes results on a node: a process that holds its models, and prepares one texture while it generates another.

This is what runs as an actor. What loads torch is imported when the actor begins: threads are counted at that moment.
"""

from __future__ import annotations

import socket
import tempfile
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from cg_upscaler.cluster.room import Room
from cg_upscaler.cluster.sight import Sight, unseen
from cg_upscaler.codecs.atomic import NAME, Temporary
from cg_upscaler.errors import Cancelled, OutOfMemory, UpscaleError, WeightsMismatch
from cg_upscaler.flight.crew import Flight
from cg_upscaler.job import ALGORITHM, Event, Job
from cg_upscaler.spec import DeviceInfo

if TYPE_CHECKING:
    from cg_upscaler.flight.making import Here, Made

LANES = 2
"""Textures that are on their way in a worker: one is read or written while the other is generated."""

ALONE = "out of memory beside another texture: done again alone"


@dataclass(frozen=True, slots=True)
class Build:
    """What has to be the same wherever results of one run are made."""

    package: str
    algorithm: int
    torch: str

    def __str__(self) -> str:
        return f"cg-upscaler {self.package}, revision {self.algorithm}, with torch {self.torch}"


@dataclass(frozen=True, slots=True)
class Card:
    """How a worker introduces itself."""

    node: str
    """Its host and process, for people."""
    device: DeviceInfo
    memory: int
    """Bytes that textures may hold on it together."""
    machine: str
    process: str
    """What its temporaries are called by."""


def build() -> Build:
    """Return what runs here."""
    return Build(version("cg-upscaler"), ALGORITHM, version("torch"))


class Worker:
    """An actor. Its methods are called on several threads at once."""

    def __init__(self, device: str, cores: int) -> None:
        """`device` is torch's name for it, or ``auto``; `cores` the processors that it may keep busy."""
        self._device, self._cores = device, cores
        self._made_by: Here | None = None
        self._scratch = Path(tempfile.gettempdir())
        self._shares: dict[int, float] = {}
        self._stopped: set[int] = set()
        self._room = Room()

    def introduce(self, wanted: Build, sight: Sight, share: float) -> Card | str:
        """Get ready. Return who this is, or why it cannot work; `share` of the node's free memory is its own."""
        own = build()
        if own != wanted:
            return f"runs {own}, and this is {wanted}"
        if complaint := unseen(sight):
            return complaint
        import cv2

        from cg_upscaler.backends import devices
        from cg_upscaler.flight.footprint import budget
        from cg_upscaler.flight.making import Here
        from cg_upscaler.generate.pool import Pool

        cv2.setNumThreads(max(1, self._cores // LANES))
        try:
            device = devices.describe(self._device)
        except UpscaleError as error:
            return str(error)
        self._made_by = Here(Pool(device))
        named = NAME.match(Temporary(Path(sight.output) / "node.mark").path.name)
        assert named is not None
        host = socket.gethostname()
        return Card(host, device, int(budget(device.name) * share), named[1], named[2])

    def make(self, ticket: int, job: Job) -> Made | Exception:
        """Return a job's result, or what went wrong with it."""
        flight = Flight[Event](lambda event: self._tell(ticket, event))
        try:
            return self._make(job, flight)
        except (UpscaleError, OSError, MemoryError) as error:
            return error.with_traceback(None)
        finally:
            self._shares.pop(ticket, None)
            self._stopped.discard(ticket)

    def share(self, ticket: int) -> float:
        """Return how far a job is: 0 … 1."""
        return self._shares.get(ticket, 0.0)

    def stop(self, ticket: int) -> None:
        """Have a job end as soon as it looks up."""
        self._stopped.add(ticket)

    def _tell(self, ticket: int, event: Event) -> None:
        if ticket in self._stopped:
            raise Cancelled
        self._shares[ticket] = event.progress

    def _make(self, job: Job, flight: Flight[Event]) -> Made:
        assert self._made_by is not None  # whoever was not introduced gets no job
        _require_weights(job)
        try:
            with self._room.beside(flight):
                return self._made_by.make(job, flight, self._scratch)
        except (OutOfMemory, MemoryError):
            if not flight.accompanied:
                raise
        with self._room.alone(flight):
            made = self._made_by.make(job, flight, self._scratch)
        return replace(made, notes=(*made.notes, ALONE))


def _require_weights(job: Job) -> None:
    """Raise `ModelNotFound` or `WeightsMismatch` where a node has other weights than the plan was made with."""
    from cg_upscaler.models import catalog

    for group in job.groups:
        if not group.constant and group.weights and catalog.find(group.model).weights != group.weights:
            what = f"is another file on {socket.gethostname()} than the plan was made with"
            raise WeightsMismatch(what, where=group.model, fix="bring the same file to every node")
