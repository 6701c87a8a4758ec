"""Tells what was saved in a library, once it has been left alone."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import click
import watchfiles

from cg_upscaler import codecs
from cg_upscaler.cli.looking import Asked, look_through
from cg_upscaler.library import sidecars
from cg_upscaler.library.config import Config
from cg_upscaler.library.receipts import REJECTED, REPORT, Receipts
from cg_upscaler.library.record.place import on_network
from cg_upscaler.library.sidecars import texels

_READ = {*codecs.SUFFIXES, *sidecars.SUFFIXES, *texels.SUFFIXES}
_LOOK = 0.1
"""Seconds between looks at what was saved."""
_AT_MOST = 10
"""How many times as long as files are to be left alone the first one waits for the others."""
_BACK = 1.0
"""Seconds between looks for a library that is not there."""
_POLL = 1.0
"""Seconds between looks through a library where the system does not tell of changes."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What was saved."""

    names: frozenset[str] = frozenset()
    """Within the library; also of what is gone."""
    gone: tuple[str, ...] = ()


@dataclass(slots=True)
class _Waiting:
    """What was saved and not told of yet."""

    times: dict[str, float] = field(default_factory=dict)
    """When each was saved last."""
    since: float = 0.0
    """When the first was."""

    def add(self, name: str) -> None:
        now = time.monotonic()
        self.since = self.since if self.times else now
        self.times[name] = now

    def is_ripe(self, settle: float) -> bool:
        """Whether all have been left alone for so many seconds, or the first has waited for the others for long."""
        now = time.monotonic()
        if not self.times:
            return False
        return now - max(self.times.values()) >= settle or now - self.since >= _AT_MOST * settle

    def take(self) -> set[str]:
        names = set(self.times)
        self.times.clear()
        return names


class Saves:
    """Watches a library's folder from when it is entered, and tells in batches what was saved there.

    What runs write is not told: the output folder, temporaries, and outputs that are on record.
    """

    def __init__(self, config: Config, settle: float, stop: Asked) -> None:
        """`settle` is for how many seconds a file must have been left alone."""
        self._config, self._settle, self._stop = config, settle, stop
        self._alone = os.path.isfile(config.source)
        self._root = os.path.realpath(config.source.parent if self._alone else config.source)
        output = os.path.realpath(config.output)
        apart = (REJECTED, REPORT) if output == self._root else ("",)
        self._apart = tuple(os.path.join(output, name).rstrip(os.sep) + os.sep for name in apart)
        self._polls = on_network(Path(self._root))
        self._waiting = _Waiting()
        self._changes: Iterator[set[tuple[watchfiles.Change, str]]] = iter(())
        self._identity: tuple[int, int] | None = None
        self._looked = 0.0

    def __enter__(self) -> Saves:
        self._open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def next(self, *, again: float | None = None) -> Batch:
        """Wait for a batch. An empty one comes after `again` seconds in which nothing was saved, and upon `stop`."""
        start = time.monotonic()
        while not self._stop.is_set():
            self._look()
            if self._waiting.is_ripe(self._settle):
                batch = self._batch(self._waiting.take())
                if batch.names:
                    return batch
            if again is not None and not self._waiting.times and time.monotonic() - start >= again:
                break
        return Batch()

    def _look(self) -> None:
        """Take in what happened, for a moment."""
        for change, path in next(self._changes, ()):
            name = self._name(change, path)
            if name is not None:
                self._waiting.add(name)
        if time.monotonic() - self._looked >= _BACK:
            self._looked = time.monotonic()
            if _identity(self._root) != self._identity:
                self._come_back()

    def _name(self, change: watchfiles.Change, path: str) -> str | None:
        """Return the name within the library of what changed; None where that is no matter for a run."""
        if not path.startswith(self._root + os.sep) or path.startswith(self._apart):
            return None
        name = path[len(self._root) + 1 :].replace(os.sep, "/")
        if any(part.startswith(".") for part in name.split("/")):
            return None
        if self._alone:
            return name if name == self._config.source.name else None
        if os.path.splitext(name)[1].lower() in _READ:
            return name
        # A folder that came or went, with all that is in it.
        came = change is watchfiles.Change.added and os.path.isdir(path)
        went = change is watchfiles.Change.deleted and not os.path.splitext(name)[1]
        return name if came or went else None

    def _batch(self, names: set[str]) -> Batch:
        output = Path(os.path.realpath(self._config.output))
        with Receipts(output, state=self._config.state, read_only=True) as receipts:
            written = {os.path.join(receipts.folder, *each.path.split("/")): each for each in receipts.outputs()}
        told = set()
        for name in names:
            path = os.path.join(self._root, *name.split("/"))
            known = written.get(path)
            if known is None or known.is_source_again(Path(path)):
                told.add(name)
        gone = (name for name in told if not os.path.lexists(os.path.join(self._root, name)))
        return Batch(frozenset(told), tuple(sorted(gone)))

    def _open(self) -> None:
        self._identity, self._looked = _identity(self._root), time.monotonic()
        try:
            self._begin()
        except (OSError, RuntimeError) as error:  # as where too many folders are watched already
            if self._polls:
                raise
            click.echo(f"note: the system does not tell of changes ({error}); looking for them instead", err=True)
            self._polls = True
            self._begin()

    def _begin(self) -> None:
        if self._polls:
            self._settle = max(self._settle, 2 * _POLL)
            self._changes = look_through(self._root, deep=not self._alone, pause=_POLL, stop=self._stop)
        else:
            self._changes = watchfiles.watch(
                self._root,
                watch_filter=None,
                debounce=round(_LOOK * 1000),
                step=round(_LOOK * 500),
                stop_event=self._stop,
                rust_timeout=round(_LOOK * 1000),
                yield_on_timeout=True,
                recursive=not self._alone,
                ignore_permission_denied=True,
            )
        self._look()  # only now does it begin

    def _close(self) -> None:
        close = getattr(self._changes, "close", None)
        if close is not None:
            close()
        self._changes = iter(())

    def _come_back(self) -> None:
        """Wait for a library that went away, with its drive or by another name, and begin anew."""
        self._close()
        if _identity(self._root) is None:
            click.echo(f"gone: {self._root}; waiting for it to come back", err=True)
        while _identity(self._root) is None:
            if self._stop.is_set():
                return
            time.sleep(_BACK)
        self._open()
        self._waiting.add("")  # whatever it may be


def _identity(folder: str) -> tuple[int, int] | None:
    try:
        found = os.stat(folder)
    except OSError:
        return None
    return found.st_dev, found.st_ino
