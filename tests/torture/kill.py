"""Kills runs with SIGKILL, at moments of time and at calls that change files, and looks at what is left each time."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.torture.bench import Bench, Way
from tests.torture.faults import count
from tests.torture.shim import ANY, Fault

CALLS = (ANY, "rename", "fsync", "write", "unlink", "create")
"""Kinds of calls at which runs are killed: what matters most is near renames and the record's fsyncs."""

DAYS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Kill:
    """One moment to kill a run at."""

    way: Way = Way.AFRESH
    seconds: float = 0.0
    fault: Fault | None = None
    """A call instead of a time."""

    def __str__(self) -> str:
        moment = f"killed after {self.seconds:.3f} s" if self.fault is None else str(self.fault)
        return f"{moment}, {self.way.value}"


def moments(bench: Bench, number: int, seed: int) -> Iterator[Kill]:
    """Yield moments that are spread over a whole run: with a compiler three of four are calls, else all are times."""
    chance = random.Random(seed)
    ways = (Way.AFRESH, Way.UPDATE, Way.IN_PLACE)
    counts = {way: count(bench, way) for way in ways} if bench.shim else {}
    out = bench.prepare(Way.AFRESH, bench.folder / "timed")
    start = time.monotonic()
    bench.run(Way.AFRESH, out)
    seconds = time.monotonic() - start
    for at in range(number):
        way = ways[at % 3]
        if not counts or at % 4 == 0:
            yield Kill(way, seconds=chance.uniform(0.0, 1.05) * seconds)
            continue
        calls, kill = chance.choice(CALLS), chance.choice(("self", "group"))
        clock = chance.choice((0, 0, 0, 2 * DAYS, -2 * DAYS))
        yield Kill(way, fault=Fault(calls, at=chance.randint(1, counts[way][calls]), kill=kill, clock=clock))


def kill_and_resume(bench: Bench, kill: Kill, out: Path) -> str:
    """Kill a run into `out`, look at what it left, and bring it to its end. Raises `Finding`.

    Returns what the kill hit, in words.
    """
    bench.prepare(kill.way, out)
    hit = str(kill)
    if kill.fault is None or bench.shim is None:
        running = bench.start(kill.way, out)
        time.sleep(kill.seconds)
        running.kill()
        running.wait()
    else:
        with bench.shim.telling(out, kill.fault) as armed:
            bench.run(kill.way, out, env=armed.env)
            hit = f"{kill}: {armed.told()}"
    bench.check_whole(kill.way, out, when=hit)
    bench.finish(kill.way, out, when=hit)
    return hit
