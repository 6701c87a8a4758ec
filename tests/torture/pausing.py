"""Stops a run at a call, does something to what it works on, and lets it go on: what else would be a matter of luck."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from tests.torture.bench import Bench, Way
from tests.torture.runs import Ended, Running, stopped
from tests.torture.shim import Fault


def disturbed(
    bench: Bench,
    way: Way,
    out: Path,
    under: Path,
    calls: str,
    deeds: Mapping[int, Callable[[Running], None]],
    *options: str,
    source: Path | None = None,
) -> tuple[Ended, int]:
    """Run, and do something at some of the calls below a folder, or on a file: numbered from 1.

    The run stands still meanwhile. Returns how it ended, and at how many of the calls something was done.
    """
    assert bench.shim is not None
    waiting = sorted(deeds)
    fault = Fault(calls, at=min(deeds), kill="pause", on=len(deeds) > 1)
    with bench.shim.telling(under, fault) as armed:
        running = Running(source or bench.source(way, out), out, *options, env=armed.env, warm=bench.warm)
        try:
            while running.lives:
                process = stopped(running.number)
                if process is None:
                    time.sleep(0.001)
                    continue
                reached = armed.told().chosen  # and no further than one call of each thread beyond the one that stopped
                while waiting and waiting[0] <= reached:
                    deeds[waiting.pop(0)](running)
                with suppress(ProcessLookupError):  # that may have been the deed
                    os.kill(process, signal.SIGCONT)
        finally:
            ended = running.wait()
    return ended, len(deeds) - len(waiting)
