"""Looks at damaged files, each in a child process that is held to its time and its memory.

Run as a module it is that child: it takes a folder of cases, the first of them, and a function that looks at one.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from cg_upscaler import codecs
from cg_upscaler.codecs import decode
from cg_upscaler.errors import SourceError
from cg_upscaler.spec import ImageSpec

LIMIT = 1 << 22
"""Texels of a picture."""
MEMORY = 4 * 16 * LIMIT
"""Bytes that a file may take: those of the most texels, four floats each, four times: as they lie in the file,
unpacked, decoded, and in the order that is asked for."""
SECONDS = 5
PATIENCE = 60
"""Seconds by the clock, for what waits instead of computing; machines of tests are slow at times."""
LINUX = sys.platform == "linux" and os.access("/proc/self/clear_refs", os.W_OK)


class Verdict(NamedTuple):
    """What came of a case: ``read``, ``refused``, or in words what must not be."""

    case: int
    outcome: str
    seconds: float = 0.0
    memory: int = 0
    """Bytes beyond what the process had before."""
    noise: str = ""
    """What a library wrote to the standard error."""

    @property
    def sound(self) -> bool:
        return self.outcome in ("read", "refused")


def look(path: Path) -> str:
    """Probe and read a file with all its levels, whole and by rows; return what came of it.

    One picture is held at a time.
    """
    try:
        spec = codecs.probe(path, limit=LIMIT)
        found, said = _picture(codecs.read(path, limit=LIMIT), spec)
    except SourceError as error:
        if "\n" in str(error):
            return f"an error of lines: {error}"
        return _by_rows(path, None) or "refused"
    if said:
        return said
    try:
        for level in range(spec.storage.levels if codecs.SUFFIXES[path.suffix].level is not None else 0):
            size, pixels = spec.size.level(level), codecs.read_level(path, spec, level)
            shape = (size.height * spec.storage.slices, size.width, spec.channels)
            if pixels.shape != shape or pixels.dtype.itemsize * 8 != spec.depth.bits:
                return f"level {level} is {pixels.dtype} {pixels.shape}, not {shape}"
            del pixels
    except SourceError:
        return "refused"
    return _by_rows(path, found) or "read"


def _picture(image: codecs.Image, spec: ImageSpec) -> tuple[int, str]:
    """Return a checksum of a picture's texels, and how it is not what was announced; empty where it is."""
    shape = (spec.stack.height, spec.stack.width, spec.channels)
    pixels = image.pixels
    if image.spec != spec:
        return 0, f"is {image.spec}, not {spec}"
    if pixels.shape != shape or pixels.dtype.itemsize * 8 != spec.depth.bits:
        return 0, f"is {pixels.dtype} {pixels.shape}, not {spec.depth.value} {shape}"
    if spec.stack.pixels > LIMIT:
        return 0, f"is beyond the limit: {spec.stack}"
    return zlib.crc32(np.ascontiguousarray(pixels).data), ""


def _by_rows(path: Path, whole: int | None) -> str:
    """Read a file the other way, if there is one; return how that differs from the checksum, or from an error."""
    codec = codecs.SUFFIXES[path.suffix]
    if codec.large is None:
        return ""
    try:
        image = codecs.read(path, limit=LIMIT, scratch=path.parent / "scratch")
    except SourceError as error:
        return "" if whole is None else f"is read whole and not by rows: {error}"
    if whole is None:
        return "is read by rows and not whole"
    found, said = _picture(image, image.spec)
    return said or ("" if found == whole else "is another when read by rows")


def run(folder: Path, count: int, function: str = "tests.fuzzing:look", children: int = 2) -> list[Verdict]:
    """Have files ``0`` to ``count - 1`` of a folder looked at by child processes, each a share of them."""
    with ThreadPoolExecutor(children) as pool:
        shares = pool.map(lambda share: _supervised(folder, range(share, count, children), function), range(children))
        return sorted(verdict for share in shares for verdict in share)


def _supervised(folder: Path, numbers: Sequence[int], function: str) -> list[Verdict]:
    """Go on with another child after each that ends before its time; what it was at has then done that."""
    verdicts: list[Verdict] = []
    root = Path(__file__).parent.parent
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENCV_NUM_THREADS": "1", "PYTHONPATH": str(root)}
    while len(verdicts) < len(numbers):
        left = numbers[len(verdicts) :]
        command = [sys.executable, "-m", "tests.fuzzing", str(folder), f"{left[0]}:{left[-1] + 1}", function]
        step = left[1] - left[0] if len(left) > 1 else 1
        child = subprocess.run([*command, str(step)], stdout=subprocess.PIPE, text=True, env=environment, cwd=root)
        lines = [line for line in child.stdout.splitlines() if line.startswith("[")]
        verdicts += [Verdict(*json.loads(line)) for line in lines]
        if len(lines) < len(left):
            if "ready" not in child.stdout:
                raise AssertionError(f"the child did not begin: {child.returncode}")
            verdicts.append(Verdict(left[len(lines)], _ended(child.returncode)))
    return verdicts


def _ended(code: int) -> str:
    reasons = {-signal.SIGPROF: f"computes more than {SECONDS} s", -signal.SIGALRM: f"hangs for {PATIENCE} s"}
    return reasons.get(code) or (f"ends by {signal.Signals(-code).name}" if code < 0 else f"exits with {code}")


def _child(folder: Path, numbers: Sequence[int], function: Callable[[Path], str]) -> None:
    import resource

    decode.IN_MEMORY = 0  # or nothing that small is read by rows
    paths = {int(path.stem): path for path in folder.iterdir() if path.stem.isdigit()}
    report = os.fdopen(os.dup(1), "w", buffering=1)
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        for path in folder.glob("warm*"):  # what a library takes once, it takes now
            function(path)
        most = _status("VmSize") + MEMORY * 3  # addresses; stacks and arenas of threads are reserved there, not taken
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        report.write("ready\n")
        for number in numbers:
            Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
            before, begun, heard = _status("VmRSS"), os.times(), said.tell()
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
            signal.setitimer(signal.ITIMER_REAL, PATIENCE)
            try:
                outcome = function(paths[number])
            except BaseException as error:
                outcome = f"{type(error).__name__}: {error}"
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.setitimer(signal.ITIMER_REAL, 0)
            now = os.times()
            memory = _status("VmHWM") - before
            if memory > MEMORY:
                outcome = f"takes {memory >> 20} MiB ({outcome})"
            noise = os.pread(said.fileno(), 300, heard).decode("utf-8", "replace")
            os.lseek(said.fileno(), 0, os.SEEK_END)
            seconds = now.user + now.system - begun.user - begun.system
            report.write(json.dumps(Verdict(number, outcome, round(seconds, 3), memory, noise)) + "\n")


def _status(name: str) -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name + ":"))
    return int(line.split()[1]) << 10


def _main(folder: str, numbers: str, function: str, step: str) -> None:
    start, stop = map(int, numbers.split(":"))
    module, _, name = function.partition(":")
    chosen: Any = getattr(importlib.import_module(module), name)
    _child(Path(folder), range(start, stop, int(step)), chosen)


if __name__ == "__main__":
    _main(*sys.argv[1:])
