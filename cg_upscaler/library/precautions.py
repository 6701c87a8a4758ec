"""Keeps track of which textures are on their way, so that it is known on which of them a process ended."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType


class Flying:
    """A file that names the textures on their way, for who looks after this process. May be shared by threads.

    Written without waiting for the disk: it is to outlive the process, not the machine.
    """

    def __init__(self, path: Path) -> None:
        """Begins anew. Raises OSError."""
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o666)
        self._lock = threading.Lock()
        self._since: dict[str, float] = {}

    @contextmanager
    def at(self, name: str) -> Iterator[None]:
        """Name a texture as being on its way within."""
        with self._lock:
            self._since[name] = time.monotonic()
        self._say("+", name)
        try:
            yield
        finally:
            with self._lock:
                self._since.pop(name, None)
            self._say("-", name)

    def longest(self) -> tuple[str, float]:
        """Return the texture that is on its way the longest, and for how many seconds; none is an empty name."""
        with self._lock:
            name, since = min(self._since.items(), key=lambda item: item[1], default=("", time.monotonic()))
        return name, time.monotonic() - since

    def stuck(self, name: str) -> None:
        """Say that a texture does not end, and that the process is to end on it."""
        self._say("!", name)

    def _say(self, mark: str, name: str) -> None:
        os.write(self._file, f"{mark}{json.dumps(name)}\n".encode())


@dataclass(frozen=True, slots=True)
class LeftFlying:
    """What was on its way when a process ended."""

    names: tuple[str, ...]
    stuck: str = ""
    """The one of them that did not end."""


def left_flying(path: Path) -> LeftFlying:
    """Return what the file of a `Flying` says was on its way last."""
    try:
        lines = path.read_text(encoding="ascii").split("\n")
    except OSError:
        return LeftFlying(())
    names: dict[str, None] = {}
    stuck = ""
    for line in lines[:-1]:  # what follows the last line break was not written to its end
        name = json.loads(line[1:])
        if line.startswith("+"):
            names[name] = None
        elif line.startswith("!"):
            stuck = name
        else:
            names.pop(name, None)
    return LeftFlying(tuple(names), stuck)


@dataclass(frozen=True, slots=True)
class Precautions:
    """What is known of textures on which a process has ended before."""

    alone: frozenset[str] = frozenset()
    """They come last, each with no other beside it."""
    set_aside: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """They are not tried, for the reason given by their names."""
    flying: Flying | None = None

    @contextmanager
    def at(self, name: str) -> Iterator[None]:
        """Work on a texture."""
        if self.flying is None:
            yield
            return
        with self.flying.at(name):
            yield
