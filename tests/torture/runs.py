"""Runs `cg-upscale` as a process of its own that may be killed with all its children, and says what it left."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Timer
from typing import Any, BinaryIO

import cg_upscaler
from cg_upscaler.library.receipts import FOLDER
from tests.torture import library
from tests.torture.warm import Warm

ROOT = Path(cg_upscaler.__file__).parents[1]

LIMIT = 120.0
"""Seconds after which a run of the small library hangs."""

_BUG = re.compile(r"please report it with (\S+\.log)")

Tree = dict[str, str]
"""The files of a folder, but for the records of runs: from a path with forward slashes to the hash of its bytes."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended."""

    code: int
    """Its exit code; negative: the signal that killed it."""
    out: str
    err: str
    hung: bool = False

    @property
    def broken(self) -> str:
        """What no run may do, in words: hang, crash, or say that there is a bug. Empty where it did none."""
        if self.hung:
            return f"hung for {LIMIT:g} s"
        if self.code < 0:
            return f"died of {signal.Signals(-self.code).name}"
        if self.code not in (0, 1, 2) or "Traceback" in self.err:
            return f"ended with exit code {self.code}: {self._bug() or self.err.strip()[-800:]}"
        return ""

    def _bug(self) -> str:
        """Return the end of the log of a bug."""
        found = _BUG.search(self.err)
        if not found:
            return ""
        try:
            return Path(found[1]).read_text(encoding="utf-8").strip()[-1500:]
        except OSError:
            return ""


class Running:
    """A run on its way, in a session of its own, so that nothing else is killed with it."""

    def __init__(
        self, source: Path, out: Path, *options: str, env: Mapping[str, str] | None = None, warm: Warm | None = None
    ) -> None:
        """With `--overwrite` or `--out` among the options, `out` only says where its messages go: beside it."""
        temp = out.parent
        self._said = [(temp / f"{out.name}.{name}").open("wb+") for name in ("stdout", "stderr")]
        where = () if {"--overwrite", "--out"} & set(options) else ("--out", str(out))
        arguments = ["run", str(source), *where, *options, *library.OPTIONS]
        paths = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        own = {"OMP_NUM_THREADS": "1", "TMPDIR": str(temp), "PYTHONPATH": paths, "PYTHONUNBUFFERED": "1"}
        own |= {"CG_UPSCALER_SPEEDS": "", **(env or {})}  # clocks jump here: nothing is learned of them
        self._warm, self._process = warm, None
        if warm is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "cg_upscaler.cli", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=self._said[0],
                stderr=self._said[1],
                env={**os.environ, **own},
                cwd=temp,
                start_new_session=True,
            )
            self.number = self._process.pid
        else:
            self.number = warm.start(arguments, own, temp, self._said)
        self._code: int | None = None

    def wait(self, limit: float = LIMIT) -> Ended:
        """Wait for its end, and end what it left behind."""
        late = Event()
        timer = Timer(limit, lambda: (late.set(), self._signal()))
        timer.start()
        self._reap()
        timer.cancel()
        self.kill()
        out, err = (self._text(file) for file in self._said)
        assert self._code is not None
        return Ended(self._code, out, err, late.is_set())

    def kill(self) -> None:
        """`kill -9`, all of it, and wait until it is gone."""
        self._signal()
        self._reap()
        while _of_session(self.number):
            time.sleep(0.005)

    def kill_child(self) -> bool:
        """`kill -9` the process that does the work, if it is not the one that was started. Returns whether there is."""
        children = [process for process in _of_session(self.number) if process != self.number]
        for process in children[-1:]:
            os.kill(process, signal.SIGKILL)
        return bool(children)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process that was started, as the system does when it shuts down."""
        os.kill(self.number, number)

    @property
    def lives(self) -> bool:
        return self.number in _of_session(self.number)

    def said(self) -> str:
        """Return what it has said so far on stderr."""
        return (Path(self._said[1].name)).read_text(encoding="utf-8", errors="replace")

    def _signal(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.number, signal.SIGKILL)

    def _reap(self) -> None:
        if self._code is None:
            self._code = self._warm.wait(self.number) if self._warm else self._process.wait()  # type: ignore[union-attr]

    def _text(self, file: BinaryIO) -> str:
        with file:
            file.seek(0)
            return file.read().decode("utf-8", "replace")


def stopped(session: int) -> int | None:
    """Return the process of a session that stands still, if one does."""
    return next((process for process, state in _states(session).items() if state == "T"), None)


def _of_session(session: int) -> list[int]:
    """Return the processes of a session that are not yet gone."""
    return [process for process, state in _states(session).items() if state != "Z"]


def _states(session: int) -> dict[int, str]:
    found = {}
    for entry in Path("/proc").iterdir() if sys.platform == "linux" else ():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == session:
                found[int(entry.name)] = fields[0]
    return found


def run(
    source: Path, out: Path, *options: str, env: Mapping[str, str] | None = None, warm: Warm | None = None
) -> Ended:
    """Run to the end."""
    return Running(source, out, *options, env=env, warm=warm).wait()


def receipts(ended: Ended) -> dict[str, dict[str, Any]]:
    """Return the receipts that a run with `--json` printed, by name."""
    return {receipt["name"]: receipt for receipt in json.loads(ended.out)["receipts"]}


def tree(folder: Path) -> Tree:
    """Return the files of a folder, but for the records of runs."""
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names(folder)}


def names(folder: Path) -> list[str]:
    """Return the paths of all files in a folder, but for the records of runs."""
    found = []
    for parent, folders, files in os.walk(folder):
        if FOLDER in folders:
            folders.remove(FOLDER)
        found += [(Path(parent) / file).relative_to(folder).as_posix() for file in files]
    return sorted(found)


def left_over(folder: Path) -> list[str]:
    """Return the temporaries and scratch files that lie in a folder, its records' own folder included."""
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if ".cgtmp" in path.name or path.name.startswith("scratch-")
    )


def identity(folder: Path, which: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Return what changes when a file is written anew: its inode and its time."""
    stats = {name: (folder / name).stat() for name in which}
    return {name: (stat.st_ino, stat.st_mtime_ns) for name, stat in stats.items()}


def differences(found: Tree, wanted: Tree) -> list[str]:
    """Return in words how one tree differs from another."""
    words = [f"{name} is missing" for name in wanted if name not in found]
    words += [f"{name} is too much" for name in found if name not in wanted]
    return words + [f"{name} differs" for name in found if name in wanted and found[name] != wanted[name]]
