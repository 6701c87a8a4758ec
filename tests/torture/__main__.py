"""Torture: the long form of what the tests beside this do in short.

    python -m tests.torture --kills 200       kill runs at so many moments, and resume each
    python -m tests.torture --faults 20       have calls fail: of each kind and error so many, spread over a run
    python -m tests.torture --faults all      every single one; takes hours
    python -m tests.torture --edits 8         edit sources as they are read, at so many calls of each file, or: all

A small library with one of everything (`library.py`) is upscaled by the command line, disturbed, and run again. Each
time

- the run that was disturbed says what is wrong, in words, or was killed; it does not hang or break off with a
  traceback;
- what stands under a final name is whole: the old result or the new one;
- the run after it ends with the tree of an undisturbed run, byte for byte, nothing beside it;
- and does not write again what stood there finished.

Kills come at random times and, where there is a C compiler, at the N-th call that changes a file: `faults.c` goes
between the program and the C library. Calls fail by the same means. The exit code is 1 where something was found;
`--seed` repeats a series of kills, and each finding names its moment.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue

from tests.torture.bench import Bench, Finding, set_up, started_warm
from tests.torture.edits import edit_and_resume, edits, prepare
from tests.torture.faults import cases, fail_and_resume
from tests.torture.kill import kill_and_resume, moments


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.torture", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=0, metavar="N", help="how many runs to kill")
    parser.add_argument("--faults", metavar="N", help="how many calls of a kind fail, or: all")
    parser.add_argument("--edits", metavar="N", help="at how many calls for each file it is edited, or: all")
    parser.add_argument("--only", default="", help="only faults that have this in their description")
    parser.add_argument("--seed", type=int, default=6, help="of the moments")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="how many runs at once")
    parser.add_argument("--cold", action="store_true", help="start each run as a process of its own")
    asked = parser.parse_args()
    if not (asked.kills or asked.faults or asked.edits):
        asked.kills, asked.faults, asked.edits = 200, "4", "8"
    with tempfile.TemporaryDirectory(prefix="torture-") as folder:
        benches = _benches(Path(folder), asked.jobs, warm=not asked.cold)
        found = 0
        if asked.kills:
            found += _all("kills", benches, list(moments(benches[0], asked.kills, asked.seed)), kill_and_resume)
        if (asked.faults or asked.edits) and benches[0].shim is None:
            parser.error("faults and edits need Linux and a C compiler")
        if asked.faults:
            chosen = [case for case in cases(benches[0], _number(asked.faults)) if asked.only in str(case)]
            found += _all("faults", benches, chosen, fail_and_resume)
        if asked.edits:
            versions = prepare(benches[0])
            series = list(edits(versions, _number(asked.edits)))
            found += _all(
                "edits", benches, series, lambda bench, edit, out: edit_and_resume(bench, versions, edit, out)
            )
        for bench in benches:
            bench.close()
    return 1 if found else 0


def _number(text: str) -> int | None:
    return None if text == "all" else int(text)


def _benches(folder: Path, count: int, *, warm: bool) -> list[Bench]:
    """Return one bench for each run that is on its way at once, all with the same library."""
    first = set_up(folder, warm=warm)
    return [first, *(replace(first, warm=started_warm(first.shim) if warm else None) for _ in range(count - 1))]


def _all(what: str, benches: list[Bench], series: Iterable[object], does: Callable[..., str]) -> int:
    """Do a series, say what was found, and return how much."""
    free: SimpleQueue[Bench] = SimpleQueue()
    for bench in benches:
        free.put(bench)
    start, findings, hits = time.monotonic(), 0, 0

    def one(numbered: tuple[int, object]) -> str | Finding:
        bench = free.get()
        out = bench.folder / f"{what}-{numbered[0]}"
        try:
            return does(bench, numbered[1], out)
        except Finding as finding:
            return finding
        finally:
            shutil.rmtree(out, ignore_errors=True)
            free.put(bench)

    with ThreadPoolExecutor(len(benches)) as pool:
        for done, told in enumerate(pool.map(one, enumerate(series)), 1):
            if isinstance(told, Finding):
                findings += 1
                _say(f"FOUND {told}")
            else:
                hits += "did not come to that" not in told
            if done % 20 == 0:
                _say(f"{done} {what}, {findings} findings, {time.monotonic() - start:.0f} s")
    _say(f"{what}: {done}, of which {hits + findings} hit a run, {findings} findings, {time.monotonic() - start:.0f} s")
    return findings


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
