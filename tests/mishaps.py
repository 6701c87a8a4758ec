"""Has textures do to a process what broken files and drivers do, as the environment variable MISHAPS says.

It is JSON: for `making` and for `looking` what befalls textures by their names, and for `ending` what befalls the end
of a run. `host` gives a process that starts runs to which this happens.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.torture.warm import Warm

_BEGIN = """
import os, traceback
try:
    from tests import mishaps
    mishaps.arrange()
except BaseException:  # which Python would pass over
    traceback.print_exc()
    os._exit(1)
"""

PATIENCE = 1.0
"""Seconds beyond the limit for which a process waits here for a texture that does not react."""


def host(folder: Path) -> Warm:
    """Return a process that starts runs; what it needs for that lies in a folder."""
    (folder / "sitecustomize.py").write_text(_BEGIN)
    root = Path(__file__).parents[1]
    return Warm({"PYTHONPATH": os.pathsep.join([str(folder), str(root)]), "OMP_NUM_THREADS": "1"})


def arrange() -> None:
    """Have this process, and those forked from it, do as MISHAPS says."""
    from cg_upscaler.cli import going, supervision
    from cg_upscaler.flight.making import Here
    from cg_upscaler.job import Event
    from cg_upscaler.library import look

    for heavy in ("cg_upscaler.generate.pool", "cg_upscaler.flight.estimate"):
        importlib.import_module(heavy)  # once for all: it takes seconds
    make, look_at, end, watch = Here.make, look._look, going.end, supervision.watch

    def making(self: Here, job: Any, flight: Any, scratch: Path) -> Any:
        _befall("making", job.name, lambda: flight.tell(Event(job, 0.5)))
        return make(self, job, flight, scratch)

    def looking(item: Any, *more: Any) -> Any:
        _befall("looking", item.name)
        return look_at(item, *more)

    def ending(*args: Any, **more: Any) -> Any:
        _befall("ending", "")
        return end(*args, **more)

    def watching(*args: Any) -> None:
        supervision._PATIENCE = PATIENCE
        watch(*args)

    Here.make, look._look, going.end, supervision.watch = making, looking, ending, watching  # type: ignore[assignment,method-assign]


def _befall(where: str, name: str, tell: Callable[[], None] = lambda: None) -> None:
    said = json.loads(os.environ.get("MISHAPS", "{}")).get(where, {})
    what = said if isinstance(said, str) else said.get(name, "")
    there = Path(f"{where}-{name.replace('/', '-')}")  # in the folder where the run was started
    if what.startswith("once "):
        if there.exists():
            return
        what = what.removeprefix("once ")
    if what:
        there.touch()
    if what in ("SIGKILL", "SIGSEGV"):
        os.kill(os.getpid(), getattr(signal, what))
    elif what == "bug":
        raise RuntimeError("a bug")
    elif what == "slow":
        while True:
            tell()
            time.sleep(0.02)
    elif what == "stuck":
        while True:
            time.sleep(1.0)
    elif what == "waits":
        while not Path("go").exists():
            time.sleep(0.02)
    elif what == "fails":
        raise OSError(5, "broken on purpose")
