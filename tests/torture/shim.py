"""Builds the library that makes a process's calls fail (`faults.c`), and tells it which."""

from __future__ import annotations

import errno
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

CALLS = (
    *("open", "create", "read", "write", "fsync", "rename", "mkdir", "unlink", "close", "truncate", "mmap"),
    *("stat", "list", "lock"),
)
"""As in `faults.c`, and in its order."""

ANY = "any"
"""All that change files."""

STATE = struct.Struct("16Q4Q960s")
CHOSEN = 16
"""Where among its numbers the calls of the chosen kinds are counted."""

WHY_NOT = (
    "needs Linux, where libraries can be put before the C library"
    if sys.platform != "linux"
    else "needs a C compiler"
    if shutil.which("cc") is None
    else ""
)
"""Why this machine cannot do it; empty where it can."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Which calls fail, and how."""

    calls: str = ANY
    """Names of `CALLS`, with commas."""
    at: int = 0
    """The first that fails, from 1; 0: none, they are counted."""
    number: int = errno.EIO
    """What it fails with."""
    on: bool = False
    """All that follow fail too."""
    kill: str = ""
    """Instead of failing, `self` and `group` kill the process, or it and all that it started; `pause` stops it."""
    clock: int = 0
    """Seconds added to the time of day."""
    clock_at: int = 0
    """After so many calls of `ANY`."""

    def __str__(self) -> str:
        what = f"SIGKILL ({self.kill})" if self.kill else errno.errorcode[self.number]
        return f"{what} at call {self.at} of {self.calls}{' and all after it' if self.on else ''}"


@dataclass(frozen=True, slots=True)
class Told:
    """What happened below the folder."""

    counts: dict[str, int]
    chosen: int
    """Calls of the kinds that were asked for."""
    any: int
    fired: int
    """How many failed."""
    kind: str
    """Of the first that did, and where."""
    path: str

    def __str__(self) -> str:
        return f"{self.kind} of {self.path}" if self.fired else "it did not come to that"


@dataclass(frozen=True, slots=True)
class Shim:
    """The built library, and a place for what it counts."""

    library: Path
    folder: Path

    @contextmanager
    def telling(self, under: Path, fault: Fault) -> Iterator[Armed]:
        """Give what a process is to be started with. `under`: the folder whose files count."""
        state = self.folder / f"{uuid4().hex}.state"
        state.write_bytes(bytes(STATE.size))
        try:
            yield Armed(self, under, fault, state)
        finally:
            state.unlink()


@dataclass(frozen=True, slots=True)
class Armed:
    """One fault, ready."""

    shim: Shim
    under: Path
    fault: Fault
    state: Path

    @property
    def env(self) -> dict[str, str]:
        """The environment to start a process with."""
        fault = self.fault
        return {
            "LD_PRELOAD": str(self.shim.library),
            "TORTURE_UNDER": str(self.under.resolve()),
            "TORTURE_CALLS": fault.calls,
            "TORTURE_AT": str(fault.at),
            "TORTURE_ERRNO": str(fault.number),
            "TORTURE_ON": str(int(fault.on)),
            "TORTURE_KILL": fault.kill,
            "TORTURE_STATE": str(self.state),
            "TORTURE_CLOCK": str(fault.clock),
            "TORTURE_CLOCK_AT": str(fault.clock_at),
        }

    def told(self) -> Told:
        *counts, chosen, any_, fired, kind, path = STATE.unpack(self.state.read_bytes())
        by_name = dict(zip(CALLS, counts, strict=False))
        return Told(by_name, chosen, any_, fired, CALLS[kind], path.rstrip(b"\0").decode("utf-8", "replace"))


def build(folder: Path) -> Shim:
    """Compile the library into a folder."""
    library = folder / "faults.so"
    source = Path(__file__).with_name("faults.c")
    command = ["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl"]
    subprocess.run(command, check=True, capture_output=True)
    return Shim(library, folder)
