"""Has single calls of runs fail, below the output folder or below the library, and looks at what is left each time."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.torture.bench import Bench, Finding, empty
from tests.torture.runs import differences, left_over, tree
from tests.torture.shim import ANY, CALLS, Fault

OUTPUT = {
    "open": (errno.ENOSPC, errno.EIO, errno.EACCES, errno.EMFILE),
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
    ("open,write,mkdir,truncate,fsync", errno.ENOSPC),  # a full disk
    ("write,fsync,close,truncate", errno.EIO),  # a dying one
    ("open,mkdir,rename,unlink", errno.EACCES),  # permissions that somebody took away
    ("open,list", errno.EMFILE),  # a leak elsewhere in the process
    (",".join(CALLS), errno.EIO),  # a share that went away
)
"""What goes on failing once it has begun to."""


@dataclass(frozen=True, slots=True)
class Case:
    """One fault, and where."""

    fault: Fault
    in_library: bool = False
    update: bool = False
    """The run finds results of an older version of the library, and replaces them."""

    def __str__(self) -> str:
        return f"{self.fault}{' in the library' if self.in_library else ''}{', updating' if self.update else ''}"


def cases(bench: Bench, each: int | None = None) -> Iterator[Case]:
    """Yield one case for every call that a run makes and every error it can fail with.

    With `each`, only so many calls of a kind and error, spread evenly over a run.
    """
    for in_library, table in ((False, OUTPUT), (True, SOURCE)):
        counts = count(bench, in_library=in_library)
        for calls, numbers in table.items():
            for order, number in enumerate(numbers):
                for at in spread(counts[calls], each, order / len(numbers)):
                    yield Case(Fault(calls, at, number), in_library, update=not in_library and at % 4 == 3)
        for calls, number in LASTING:
            chosen = sum(counts[name] for name in calls.split(","))
            for at in spread(chosen, each or 40, 0.3):
                yield Case(Fault(calls, at, number, on=True), in_library)


def spread(total: int, each: int | None, phase: float = 0.0) -> list[int]:
    """Return `each` of the numbers 1 … `total`, evenly; all where that is None. `phase`, 0 to 1, moves them."""
    if each is None or total <= each:
        return list(range(1, total + 1))
    return sorted({1 + int((at + phase) * total / each) for at in range(each)})


def count(bench: Bench, *, in_library: bool = False) -> dict[str, int]:
    """Return how many calls of each kind an undisturbed run makes below its output folder, or below its library."""
    assert bench.shim is not None
    out = empty(bench.folder / "counted")
    with bench.shim.telling(bench.sources[0] if in_library else out, Fault()) as armed:
        bench.run(bench.sources[0], out, env=armed.env)
        told = armed.told()
    return {**told.counts, ANY: told.any}


def fail_and_resume(bench: Bench, case: Case, out: Path, *, redo: int = 0) -> str:
    """Run into a fault, look at what that left, and run again. Raises `Finding`. Returns what failed, in words."""
    assert bench.shim is not None
    if case.update:
        bench.run(bench.sources[0], out)
    version = int(case.update)
    source = bench.sources[version]
    with bench.shim.telling(source if case.in_library else out, case.fault) as armed:
        ended = bench.run(source, out, env=armed.env)
        told = armed.told()
    hit = f"{case}: {told}"
    if ended.broken:
        raise Finding(f"{hit}: {ended.broken}")
    bench.check_whole(out, when=hit, versions=(0, version))
    missing = differences(tree(out) if out.is_dir() else {}, bench.wanted[version])
    missing = [words for words in missing if ".cgtmp" not in words]
    if missing and not _says_why(ended.err):
        raise Finding(f"{hit}: {'; '.join(missing)}, and nothing says so: {ended.err}")
    if ended.code == 0:
        raise Finding(f"{hit}: exit code 0, though a texture failed")
    left = left_over(out) if out.is_dir() else []
    if left and "unlink" not in case.fault.calls:
        raise Finding(f"{hit}: {', '.join(left)} was left, though nothing was killed")
    bench.finish(out, when=hit, version=version, redo=redo)
    return hit


def _says_why(err: str) -> bool:
    """Whether a run says of more than the broken texture that it failed."""
    lines = [line for line in err.splitlines() if "broken.png" not in line]
    return any(line.startswith("cg-upscale: ") or "failed: " in line for line in lines)
