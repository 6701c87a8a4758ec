"""Remembers the runs of this machine's user, a small file for each, and says what work costs here.

A file is written whole and never changed, so that runs that end at once lose nothing of each other. What cannot be
read, or was written by another version, is passed over. They lie in the user's cache, and may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path

import platformdirs

from cg_upscaler.flight import threads
from cg_upscaler.flight.estimate.clock import Measuring
from cg_upscaler.flight.estimate.disk import written
from cg_upscaler.flight.estimate.fit import Costs, fitted
from cg_upscaler.flight.estimate.record import Record, from_text
from cg_upscaler.flight.estimate.stages import UNCHANGED
from cg_upscaler.job import Job, Outcome, Receipt
from cg_upscaler.library.workload import Workload, together, workload
from cg_upscaler.moments import as_text
from cg_upscaler.spec import DeviceInfo

FOLDER = "CG_UPSCALER_SPEEDS"
"""The environment variable that names another folder than the user's cache; empty: nothing is remembered."""

KEPT = 40
"""Runs that are remembered of each device."""

_SUFFIX = ".json"
_DONE = (Outcome.DONE, Outcome.REJECTED)
_SHORTEST = 0.2
"""Seconds below which a run says nothing."""


@dataclass(frozen=True, slots=True)
class Speeds:
    """What is remembered of this machine."""

    records: tuple[Record, ...] = ()
    """The oldest first."""
    costs: dict[tuple[str, int], Costs] = field(default_factory=dict, compare=False, repr=False)
    """Found so far, by device and processors."""

    def of(self, device: DeviceInfo) -> Costs:
        """Return what work costs on a device with the processors that there are now."""
        key = device.label, threads.cores()
        if key not in self.costs:
            self.costs[key] = fitted(self.on(device))
        return self.costs[key]

    def on(self, device: DeviceInfo) -> list[Record]:
        """Return the runs on a device with the processors that there are now."""
        return [run for run in self.records if (run.device, run.cores) == (device.label, threads.cores())]

    def knows(self, device: DeviceInfo, network: str) -> bool:
        return any(run.shown.get(network) for run in self.on(device))

    def with_(self, records: Iterable[Record]) -> Speeds:
        """Return these and more, which are the latest."""
        return Speeds((*self.records, *records))


def folder() -> Path | None:
    """Return where runs are remembered; None where they are not to be."""
    said = os.environ.get(FOLDER)
    if said is not None:
        return Path(said) if said else None
    return platformdirs.user_cache_path("cg-upscaler", appauthor=False) / "speeds"


def load(where: Path | None = None) -> Speeds:
    """Return what is remembered: nothing where nothing can be read."""
    where = where or folder()
    if where is None:
        return Speeds()
    records = []
    for path in _files(where):
        with suppress(OSError):
            record = from_text(path.read_bytes().decode("utf-8", "replace"))
            records += [record] if record is not None else []
    return Speeds(tuple(sorted(records, key=lambda record: record.at)))


def learn(
    measured: Measuring | None,
    jobs: Iterable[Job],
    receipts: Iterable[Receipt],
    seconds: float,
    device: DeviceInfo,
    where: Path | None = None,
) -> Record | None:
    """Remember a run: its generators, its jobs with the receipts of those that ended, its seconds by the clock.

    `measured` is None where generators ran out of reach, in other processes. Returns what was remembered, and None
    where nothing was done. A folder that cannot be written to is no error.
    """
    receipts = list(receipts)
    ended = {receipt.name for receipt in receipts if _was_worked_on(receipt)}
    done = [job for job in jobs if job.name in ended]
    if not done or seconds < _SHORTEST:
        return None
    said, wrote = written(done)
    loads = [*map(workload, done), unchanged(sum(receipt.outcome is Outcome.CURRENT for receipt in receipts))]
    run = replace(record_of(loads, seconds, device), said=said, wrote=wrote)
    if measured is not None and measured.shown:
        shown = {network.key: texels for network, texels in measured.shown.items()}
        busy = {network.key: spent for network, spent in measured.busy.items() if network.key in shown}
        run = replace(run, shown=shown, busy=busy)
    save([run], where)
    return run


def unchanged(count: int) -> Workload:
    """Return what textures ask for that are up to date."""
    return Workload(beside={UNCHANGED: float(count)} if count else {})


def record_of(loads: Sequence[Workload], seconds: float, device: DeviceInfo, *, calibrated: bool = False) -> Record:
    """Return what jobs ask for as a run that took, or is to take, so long."""
    total = together(loads)
    largest = max((load.beside for load in loads if "textures" in load.beside), key=_amount, default={})
    shown: dict[str, float] = {}
    for network, texels in total.shown.items():
        shown[network.key] = shown.get(network.key, 0.0) + texels
    return Record(
        device=device.label,
        cores=threads.cores(),
        seconds=seconds,
        at=_now(),
        shared=device.name == "cpu",
        shown=shown,
        busy=dict.fromkeys(shown, seconds) if calibrated else {},
        beside=total.beside,
        largest=largest,
        calibrated=calibrated,
    )


def _amount(beside: Mapping[str, float]) -> float:
    return sum(beside.values())


def save(records: Iterable[Record], where: Path | None = None) -> None:
    """Remember records, each in a file of its own, and forget the oldest where there are many. Never fails."""
    where = where or folder()
    if where is None:
        return
    with suppress(OSError):
        where.mkdir(parents=True, exist_ok=True)
        for record in records:
            stem = f"{_digest(record)}-{record.at.replace(':', '')}-{uuid.uuid4().hex[:8]}"
            temporary = where / f".{stem}.tmp"
            temporary.write_text(record.as_text(), encoding="utf-8")
            temporary.replace(where / (stem + _SUFFIX))
            _forget(where, _digest(record))


def _forget(where: Path, device: str) -> None:
    for path in _files(where, device)[:-KEPT]:
        with suppress(OSError):
            path.unlink()


def _files(where: Path, device: str = "") -> list[Path]:
    """Return the files of a device, or of all, by name: the oldest first."""
    with suppress(OSError):
        return sorted(path for path in where.iterdir() if path.suffix == _SUFFIX and path.name.startswith(device))
    return []


def _digest(record: Record) -> str:
    return hashlib.sha256(f"{record.device}\n{record.cores}".encode()).hexdigest()[:12]


def _was_worked_on(receipt: Receipt) -> bool:
    # What is the same as another texture of the run was copied from it.
    return receipt.outcome in _DONE and not any(note.startswith("the same as ") for note in receipt.notes)


def _now(clock: Callable[[], float] = time.time) -> str:
    return as_text(datetime.fromtimestamp(clock(), timezone.utc))
