"""Kills runs with SIGKILL, at moments of time and at calls that change files, and looks at what is left each time."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.torture.bench import Bench, empty
from tests.torture.faults import count
from tests.torture.shim import ANY, Fault

CALLS = (ANY, "rename", "fsync", "write", "unlink", "open")
"""Kinds of calls at which runs are killed: what matters most is near renames and the record's fsyncs."""


@dataclass(frozen=True, slots=True)
class Kill:
    """One moment to kill a run at."""

    seconds: float = 0.0
    fault: Fault | None = None
    """A call instead of a time."""
    update: bool = False
    """The run finds results of an older version of the library, and replaces them."""

    def __str__(self) -> str:
        moment = f"killed after {self.seconds:.3f} s" if self.fault is None else str(self.fault)
        return f"{moment}{', updating' if self.update else ''}"


def moments(bench: Bench, number: int, seed: int) -> Iterator[Kill]:
    """Yield moments that are spread over a whole run: with a compiler four of five are calls, else all are times."""
    chance = random.Random(seed)
    counts = count(bench) if bench.shim else {}
    start = time.monotonic()
    bench.run(bench.sources[0], empty(bench.folder / "timed"))
    seconds = time.monotonic() - start
    for at in range(number):
        update = chance.random() < 0.3
        if not counts or at % 4 == 0:
            yield Kill(seconds=chance.uniform(0.0, 1.05) * seconds, update=update)
            continue
        calls = CALLS[at % len(CALLS)]
        total = counts[calls]
        kill = "self" if at % 3 == 0 else "group"
        yield Kill(fault=Fault(calls, at=chance.randint(1, total), kill=kill), update=update)


def kill_and_resume(bench: Bench, kill: Kill, out: Path, *, resume: bool = True, redo: int = 0) -> str:
    """Kill a run into `out`, look at what it left, and with `resume` bring it to its end. Raises `Finding`.

    Returns what the kill hit, in words.
    """
    when = str(kill)
    if kill.update and not out.exists():
        bench.run(bench.sources[0], out)
    version = int(kill.update)
    hit = when
    if kill.fault is None or bench.shim is None:
        running = bench.start(bench.sources[version], out)
        time.sleep(kill.seconds)
        running.kill()
        running.wait()
    else:
        with bench.shim.telling(out, kill.fault) as armed:
            bench.run(bench.sources[version], out, env=armed.env)
            hit = f"{when}: {armed.told()}"
    bench.check_whole(out, when=hit, versions=(0, version))
    if resume:
        bench.finish(out, when=hit, version=version, redo=redo)
    return hit
