"""Appends to a file what happens in a run, a line of JSON an event, for machines that read along or afterwards."""

from __future__ import annotations

import errno
import os
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from secrets import token_hex
from types import TracebackType
from typing import Any, BinaryIO

from cg_upscaler.errors import OutputError
from cg_upscaler.job import Action, Event, Plan, Problem
from cg_upscaler.moments import as_text
from cg_upscaler.report.plain import json_of
from cg_upscaler.standing import Stand
from cg_upscaler.summary import Summary

FORMAT = 1
"""Goes up when a line means something else than before; new fields leave it."""

_MOMENT = 0.02
"""Seconds within which a run that is writing has finished its line."""

_STEP = 10
"""Percent of a texture between two lines of its progress."""


class EventLog:
    """A listener for `Engine.run`, and the file that it writes to while it is entered.

    Every line goes to the system in one piece as it happens, so that what a killed run did is there. A file that cannot
    be opened or written never ends a run: `error` says why from then on, and `lost` counts the lines that are missing.
    """

    def __init__(self, path: Path, *, progress: bool = False, now: Callable[[], datetime] | None = None) -> None:
        """`progress` adds a line at every tenth of a texture. `now` gives the time, in UTC."""
        self.error: OutputError | None = None
        self.lost = 0
        self._path, self._progress = path, progress
        self._now = now or (lambda: datetime.now(timezone.utc))
        self._run = token_hex(4)
        self._number = 0
        self._file: BinaryIO | None = None
        self._torn = False  # the file ends within a line
        self._shown: dict[str, int] = {}  # percent of each texture on its way
        self._ended = False

    def __enter__(self) -> EventLog:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("ab", buffering=0)
            self._torn = _ends_within_a_line(self._path)
        except OSError as error:
            self._fail(error)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None and not self._ended:
            self._write("run_stopped", why=str(value) or kind.__name__, kind=kind.__name__)
        if self._file is not None:
            self._file.close()
            self._file = None

    def begin(self, plan: Plan, version: str, *, shard: str = "") -> None:
        """Say what is about to be done; and the plan's notes and problems."""
        counts = {action.value: sum(job.action is action for job in plan.jobs) for action in Action}
        self._write(
            "run_started",
            format=FORMAT,
            version=version,
            source=plan.source,
            output=plan.output,
            shard=shard,
            device=plan.device.name,
            device_label=plan.device.label,
            planned={**counts, "problems": len(plan.problems)},
            standing=_standing(plan),
            megapixels=round(sum(job.megapixels for job in plan.jobs), 6),
        )
        for note in plan.notes:
            self.note(note)
        for problem in plan.problems:
            self.problem(problem)

    def __call__(self, event: Event) -> None:
        name, receipt = event.job.name, event.receipt
        if receipt is not None:
            self._shown.pop(name, None)
            self._write("texture_ended", name=name, kind=event.job.kind, receipt=receipt)
        elif event.job.action is not Action.UPSCALE:
            return
        elif name not in self._shown:
            self._shown[name] = 0
            self._write("texture_started", name=name, kind=event.job.kind, megapixels=event.job.megapixels)
        elif self._progress and (percent := int(event.progress * 100) // _STEP * _STEP) > self._shown[name]:
            self._shown[name] = percent
            self._write("texture_progress", name=name, percent=percent)

    def note(self, text: str) -> None:
        """Say what is worth knowing of the run."""
        self._write("note", text=text)

    def problem(self, problem: Problem) -> None:
        """Say which file cannot be worked on, and why."""
        self._write("problem", name=problem.name, message=problem.message)

    def end(self, summary: Summary) -> None:
        """Say what the run came to."""
        self._ended = True
        self._write("run_ended", summary=summary, lost=self.lost)

    def _write(self, event: str, **fields: Any) -> None:
        number, self._number = self._number, self._number + 1
        at = as_text(self._now())
        line = json_of({"at": at, "run": self._run, "seq": number, "event": event, **fields})
        if self._file is None:
            self.lost += 1
            return
        data = (b"\n" if self._torn else b"") + line.encode("ascii") + b"\n"
        try:
            written = self._file.write(data) or 0
            if written:
                self._torn = data[written - 1 : written] != b"\n"
            if written < len(data) - 1:  # a disk takes what still fits; the end of a line can come later
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            self.lost += 1
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        if self.error is None:
            what = f"the log cannot be written ({error.strerror or error})"
            self.error = OutputError(
                what, where=self._path, fix="the run goes on without it; check the disk and the path"
            )


def _standing(plan: Plan) -> dict[str, int]:
    """Count how textures stand, those among them that have no job because all of their folder is up to date."""
    counts = Counter(standing.stand.name.lower() for standing in plan.standings)
    counts["skipped"] += sum(settled.skipped for settled in plan.settled)
    counts["current"] += sum(settled.textures - settled.skipped for settled in plan.settled)
    return {stand.name.lower(): counts[stand.name.lower()] for stand in Stand}


def _ends_within_a_line(path: Path) -> bool:
    """Whether the last line of a file was never finished, as a killed run or a full disk leaves it.

    One that another run is writing just now looks so, too, for less than a moment.
    """
    if not path.is_file():  # a pipe, a terminal
        return False
    size, finished = _end_of(path)
    while not finished:
        time.sleep(_MOMENT)
        before, (size, finished) = size, _end_of(path)
        if size == before:
            break
    return not finished


def _end_of(path: Path) -> tuple[int, bool]:
    """Return a file's size, and whether it ends where a line does."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        if size == 0:
            return 0, True
        file.seek(size - 1)  # and not from the end, which moves where another run writes
        return size, file.read(1) == b"\n"
