"""Keeps a library upscaled while it is worked on: runs for what changed, one after the other, with generators kept."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from cg_upscaler.cli import bug
from cg_upscaler.cli.going import Around, go
from cg_upscaler.cli.how import How
from cg_upscaler.cli.saves import Saves
from cg_upscaler.errors import Cancelled, UpscaleError
from cg_upscaler.flight.turn import turn
from cg_upscaler.library.config import Config
from cg_upscaler.library.plan import survey_library
from cg_upscaler.library.precautions import Precautions
from cg_upscaler.library.receipts import Receipts

if TYPE_CHECKING:
    from cg_upscaler.spec import DeviceInfo
    from cg_upscaler.upscale import Generators

AGAIN = 3.0
"""Seconds after which what could not be read is tried again."""


class Stop:
    """Says that watching is to end. What is set on signals ends a run, too: upon Ctrl-C now, upon SIGTERM in order."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._drain: Callable[[], None] | None = None
        self._running = False

    def is_set(self) -> bool:
        return self._asked.is_set()

    def set(self) -> None:
        """May be called from a signal handler."""
        self._asked.set()
        if self._drain is not None:
            self._drain()

    def drain_by(self, drain: Callable[[], None]) -> None:
        """Take what drains the run of now."""
        self._drain = drain
        if self.is_set():
            drain()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Do a run within."""
        self._running = True
        try:
            yield
        finally:
            self._running, self._drain = False, None

    @contextmanager
    def on_signals(self) -> Iterator[Stop]:
        """Hear signals within. For the main thread."""
        numbers = [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
        before = {
            number: signal.signal(number, self._hear)
            for number in numbers
            if signal.getsignal(number) is not signal.SIG_IGN
        }
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        first = not self.is_set()
        self.set()
        if first and self._running and number == signal.SIGINT:
            raise KeyboardInterrupt


@dataclass(slots=True)
class Complaints:
    """Which failures are told: each once, and of what was saved just now only if it still fails a little later."""

    root: Path
    """The folder of the library."""
    fresh: frozenset[str] = frozenset()
    early: set[str] = field(default_factory=set)
    """Failed, and to be tried again."""
    told: set[str] = field(default_factory=set)

    def begin(self, saved: Iterable[str]) -> None:
        self.fresh = frozenset(saved)
        self.early.clear()
        self.told -= self.fresh

    def tells(self, name: str) -> bool:
        if name in self.fresh or self._is_young(name):
            self.early.add(name)
            return False
        if name in self.told:
            return False
        self.told.add(name)
        return True

    def _is_young(self, name: str) -> bool:
        """Whether a file was saved so lately that its batch may be yet to come."""
        try:
            return 0.0 <= time.time() - (self.root / name).stat().st_mtime < AGAIN
        except OSError:
            return False


class Watching:
    """One library that is watched. `run` returns when it is to stop."""

    def __init__(
        self, config: Config, how: How, settle: float, stop: Stop, precautions: Precautions | None = None
    ) -> None:
        """`settle` is for how many seconds a file must have been left alone."""
        self._config, self._how, self._stop = config, how, stop
        self._saves = Saves(config, settle, stop)
        self._precautions = precautions or Precautions()
        self._complaints = Complaints(config.source.parent if config.source.is_file() else config.source)
        self._generators = lru_cache(maxsize=1)(_pool)  # for as long as this watches

    def run(self) -> None:
        """Raises what a run raises that cannot begin; later on nothing ends this but `stop`."""
        with self._saves as saves:  # before the first run, that nothing is missed meanwhile
            first = True
            while not self._stop.is_set():
                try:
                    self._run(first=first)
                except (KeyboardInterrupt, Cancelled):
                    self._stop.set()
                except (UpscaleError, OSError) as error:
                    if first:
                        raise
                    click.echo(f"failed: {error}", err=True)
                except Exception:
                    if first:
                        raise
                    click.echo(f"failed: {bug.noted()}", err=True)
                if first and not self._stop.is_set():
                    click.echo(f"watching {self._config.source}; Ctrl-C ends it", err=True)
                    self._how = replace(self._how, force=False, verify=False, prune=False)
                first = False
                batch = saves.next(again=AGAIN if self._complaints.early else None)
                self._complaints.begin(batch.names)
                self._forgive(batch.names)
                for name in batch.gone:
                    click.echo(f"gone: {name}", err=True)

    def _run(self, *, first: bool) -> None:
        """Do what there is to do, if anything."""
        config, how = self._config, self._how
        with turn(how.state_of(config), config.output, None, until=self._stop.is_set):
            if self._stop.is_set():
                return
            survey = None
            with Receipts(config.output, state=how.state_of(config), read_only=True) as receipts:
                if not receipts.mended:
                    survey = survey_library(config, receipts, only=how.only, afresh=how.afresh)
            if survey is not None and not (survey.seen.found or survey.seen.problems):
                return  # nothing is there yet
            if survey is not None and survey.is_settled and not first:
                return
            around = Around(
                self._precautions,
                generators=self._generators,
                drain_by=self._stop.drain_by,
                tells=self._complaints.tells,
                brief=not first,
            )
            with self._stop.running():
                go(config, how, around, survey)

    def _forgive(self, names: Iterable[str]) -> None:
        """Try again what a process ended on, now that it is another file."""
        left = {name: why for name, why in self._precautions.set_aside.items() if name not in names}
        if len(left) < len(self._precautions.set_aside):
            self._precautions = replace(self._precautions, set_aside=left)


def _pool(device: DeviceInfo) -> Generators:
    from cg_upscaler.generate.pool import Pool

    return Pool(device)
