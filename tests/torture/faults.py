"""Has single calls of runs fail, below the output folder or below the library, and looks at what is left each time."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.torture.bench import Bench, Finding, Way
from tests.torture.runs import differences, left_over, tree
from tests.torture.shim import ANY, CALLS, Fault

OUTPUT = {
    "open": (errno.EIO, errno.EACCES, errno.EMFILE),
    "create": (errno.ENOSPC, errno.EIO, errno.EACCES, errno.EMFILE),
    "read": (errno.EIO,),
    "write": (errno.ENOSPC, errno.EIO),
    "fsync": (errno.ENOSPC, errno.EIO),
    "rename": (errno.ENOSPC, errno.EIO, errno.EACCES),
    "mkdir": (errno.ENOSPC, errno.EIO, errno.EACCES),
    "unlink": (errno.EIO, errno.EACCES),
    "close": (errno.ENOSPC, errno.EIO),
    "truncate": (errno.ENOSPC, errno.EIO),
    "mmap": (errno.EIO, errno.EACCES),
    "stat": (errno.EIO, errno.EACCES),
    "list": (errno.EIO, errno.EACCES, errno.EMFILE),
    "lock": (errno.EIO, errno.EACCES),
}
"""What each call can fail with in an output folder."""

SOURCE = {
    "open": (errno.EIO, errno.EACCES, errno.EMFILE),
    "read": (errno.EIO,),
    "mmap": (errno.EIO,),
    "stat": (errno.EIO, errno.EACCES),
    "list": (errno.EIO, errno.EACCES, errno.EMFILE),
}
"""And in a library, which is only read."""

LASTING = (
    ("create,write,mkdir,truncate,fsync", errno.ENOSPC),  # a full disk
    ("write,fsync,close,truncate", errno.EIO),  # a dying one
    ("create,mkdir,rename,unlink", errno.EACCES),  # permissions that somebody took away
    ("open,create,list", errno.EMFILE),  # a leak elsewhere in the process
    (",".join(CALLS), errno.EIO),  # a share that went away
)
"""What goes on failing once it has begun to."""


_TIED = ("cliff.", "wall_")
"""What the textures' names begin with that others of their set, or of their material, decide about."""


@dataclass(frozen=True, slots=True)
class Case:
    """One fault, and where."""

    fault: Fault
    in_library: bool = False
    way: Way = Way.AFRESH

    def __str__(self) -> str:
        return f"{self.fault}{' in the library' if self.in_library else ''}, {self.way.value}"


def cases(bench: Bench, each: int | None = None) -> Iterator[Case]:
    """Yield one case for every call that a run makes and every error it can fail with.

    With `each`, only so many calls of a kind and error, spread evenly over a run.
    """
    for way, in_library in ((Way.AFRESH, False), (Way.AFRESH, True), (Way.UPDATE, False), (Way.IN_PLACE, False)):
        counts = count(bench, way, in_library=in_library)
        for calls, numbers in (SOURCE if in_library else OUTPUT).items():
            for order, number in enumerate(numbers):
                for at in spread(counts[calls], each, order / len(numbers)):
                    yield Case(Fault(calls, at, number), in_library, way)
        for calls, number in LASTING:
            chosen = sum(counts[name] for name in calls.split(","))
            for at in spread(chosen, each or 40, 0.3):
                yield Case(Fault(calls, at, number, on=True), in_library, way)


def spread(total: int, each: int | None, phase: float = 0.0) -> list[int]:
    """Return `each` of the numbers 1 … `total`, evenly; all where that is None. `phase`, 0 to 1, moves them."""
    if each is None or total <= each:
        return list(range(1, total + 1))
    return sorted({1 + int((at + phase) * total / each) for at in range(each)})


def count(bench: Bench, way: Way, *, in_library: bool = False) -> dict[str, int]:
    """Return how many calls of each kind an undisturbed run makes below its output folder, or below its library."""
    assert bench.shim is not None
    out = bench.prepare(way, bench.folder / "counted")
    with bench.shim.telling(bench.source(way, out) if in_library else out, Fault()) as armed:
        bench.run(way, out, env=armed.env)
        told = armed.told()
    return {**told.counts, ANY: told.any}


def fail_and_resume(bench: Bench, case: Case, out: Path) -> str:
    """Run into a fault, look at what that left, and run again. Raises `Finding`. Returns what failed, in words."""
    assert bench.shim is not None
    way = case.way
    bench.prepare(way, out)
    with bench.shim.telling(bench.source(way, out) if case.in_library else out, case.fault) as armed:
        ended = bench.run(way, out, env=armed.env)
        told = armed.told()
    hit = f"{case}: {told}"
    if ended.broken:
        raise Finding(f"{hit}: {ended.broken}")
    if told.kind == "write" and told.path.endswith(".cgtmp.tif"):
        return hit  # its strips may lie elsewhere for it: `test_writers.py` looks at what it says
    # What lies beside a texture may decide what becomes of it. Where that cannot be read the next run does it again.
    tied = tuple(start for start in _TIED if Path(told.path).name.startswith(start)) if case.in_library else ()
    bench.check_whole(way, out, when=hit, but=tied)
    missing = differences(tree(out) if out.is_dir() else {}, bench.wanted[way])
    missing = [words for words in missing if ".cgtmp" not in words]
    if missing and not _failures(ended.err):
        raise Finding(f"{hit}: {'; '.join(missing)}, and nothing says so: {ended.err}")
    if ended.code == 0:
        raise Finding(f"{hit}: exit code 0, though a texture failed")
    left = left_over(out) if out.is_dir() else []
    if left and "unlink" not in case.fault.calls:
        raise Finding(f"{hit}: {', '.join(left)} was left, though nothing was killed")
    bench.finish(way, out, when=hit, failed="\n".join(_failures(ended.err)))
    return hit


def _failures(err: str) -> list[str]:
    """Return the lines in which a run says that something failed, besides the texture that always does."""
    lines = [line for line in err.splitlines() if "broken.png" not in line]
    said = ("failed: ", "is not carried over: ")
    return [line for line in lines if line.startswith("cg-upscale: ") or any(words in line for words in said)]
