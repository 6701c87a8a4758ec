"""Damages sound files, and looks at each in a child process that is held to its time and its memory.

Run as a module it is that child: it takes a folder of cases, the first of them, and a function that looks at one.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import struct
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
from tests.fuzz_seeds import Seed

LIMIT = 1 << 22
"""Texels of a picture."""
MEMORY = 4 * 16 * LIMIT
"""Bytes that a file may take: those of the most texels, four floats each, four times: as they lie in the file,
unpacked, decoded, and in the order that is asked for."""
SECONDS = 5
PATIENCE = 60
"""Seconds by the clock, for what waits instead of computing; machines of tests are slow at times."""
LINUX = sys.platform == "linux" and os.access("/proc/self/clear_refs", os.W_OK)

_WORDS = (0, 1, 2, 0x7F, 0xFF, 2048, 0xFFFF, 0x10000, 1 << 18, 1 << 20, 1 << 24, (1 << 31) - 1, 1 << 31, (1 << 32) - 1)
_TAGS = (b"IHDR", b"PLTE", b"tRNS", b"iCCP", b"tEXt", b"zTXt", b"iTXt", b"IDAT", b"IEND", b"VP8 ", b"VP8L", b"VP8X")
_TAGS += (b"ICCP", b"8BIM", b"channels\0", b"dataWindow\0", b"compression\0", b"tiles\0", b"DX10", b"KTXorientation")
_TAGS += (b"FORMAT=", b"-Y ", b"+X ", b"\xff\xc0", b"\xff\xc2", b"\xff\xc4", b"\xff\xda", b"\xff\xdb", b"TRUEVISION")

Bytes = bytearray
Random = np.random.Generator


class Case(NamedTuple):
    """A damaged file, and how it came to be."""

    suffix: str
    story: str
    data: bytes


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


def cases(seeds: Sequence[Seed], count: int) -> list[Case]:
    """Return `count` damaged files, as many of each suffix as of any other, the same ones each time."""
    by_suffix = {suffix: [seed for seed in seeds if seed.suffix == suffix] for suffix in codecs.SUFFIXES}
    made = []
    for number in range(count):
        rng = np.random.default_rng([5, number])
        suffix = list(by_suffix)[number % len(by_suffix)]
        own = by_suffix[suffix]
        seed = own[number // len(by_suffix) % len(own)]
        other = own[int(rng.integers(len(own)))] if rng.random() < 0.8 else seeds[int(rng.integers(len(seeds)))]
        data, story = bytearray(seed.data), []
        for _ in range(int(rng.choice([1, 1, 1, 2, 3]))):
            damage = _DAMAGES[int(rng.integers(len(_DAMAGES)))]
            story.append(f"{damage.__name__.strip('_')} {damage(data, rng, other.data)}")
        if suffix == ".png" and rng.random() < 0.7:
            _mend(data)
        made.append(Case(suffix, f"{seed.name}: {', '.join(story)}", bytes(data)))
    return made


def _place(data: Bytes, rng: Random) -> int:
    """Choose a byte: mostly in the header, often beside a tag, sometimes at the end, where TIFF has its tags."""
    tags = [at for tag in _TAGS if (at := data.find(tag)) >= 0]
    way = rng.random()
    if tags and way < 0.3:
        at = tags[int(rng.integers(len(tags)))] + int(rng.integers(-8, 24))
    elif way < 0.6:
        at = int(rng.integers(64))
    elif way < 0.75:
        at = int(rng.integers(400))
    elif way < 0.9:
        at = len(data) - 1 - int(rng.integers(300))
    else:
        at = int(rng.integers(1 << 30))
    return at % max(1, len(data))


def _cut(data: Bytes, rng: Random, other: bytes) -> str:
    at = _place(data, rng)
    del data[at:]
    return f"at {at}"


def _bytes(data: Bytes, rng: Random, other: bytes) -> str:
    places = []
    for _ in range(int(rng.integers(1, 5))):
        if data:
            at = _place(data, rng)
            random = int(rng.integers(256))
            data[at] = (0, 0xFF, 0x7F, random, data[at] ^ 1 << random % 8)[int(rng.integers(5))]
            places.append(f"{at}={data[at]}")
    return " ".join(places)


def _word(data: Bytes, rng: Random, other: bytes) -> str:
    layout = ("<I", ">I", "<I", ">I", "<H", ">H", "<Q")[int(rng.integers(7))]
    size = struct.calcsize(layout)
    if len(data) < size:
        return "nowhere"
    at = min(_place(data, rng), len(data) - size)
    if rng.random() < 0.6:
        at -= at % min(size, 4)
    value = _WORDS[int(rng.integers(len(_WORDS)))] & (1 << 8 * size) - 1
    struct.pack_into(layout, data, at, value)
    return f"{at}={value:#x} {layout}"


def _digits(data: Bytes, rng: Random, other: bytes) -> str:
    """Sizes that stand there as text; a header without any has its words changed."""
    places = [at for at, byte in enumerate(data[:200]) if 0x30 <= byte <= 0x39]
    if not places:
        return _word(data, rng, other)
    at = places[int(rng.integers(len(places)))]
    number = (b"0", b"-1", b"65536", b"2147483647", b"99999999999999999999", b"x")[int(rng.integers(6))]
    data[at : at + 1] = number
    return f"{at}={number!r}"


def _zeros(data: Bytes, rng: Random, other: bytes) -> str:
    at, count = _place(data, rng), int(rng.choice([4, 16, 64, 1000]))
    stop = min(at + count, len(data))
    data[at:stop] = bytes(stop - at)
    return f"{at}:{stop}"


def _drop(data: Bytes, rng: Random, other: bytes) -> str:
    at, count = _place(data, rng), int(rng.choice([1, 2, 4, 50]))
    del data[at : at + count]
    return f"{count} at {at}"


def _repeat(data: Bytes, rng: Random, other: bytes) -> str:
    at, count = _place(data, rng), int(rng.choice([1, 4, 12, 50]))
    data[at:at] = data[at : at + count]
    return f"{count} at {at}"


def _tail(data: Bytes, rng: Random, other: bytes) -> str:
    at = _place(data, rng)
    data[at:] = other[at:]
    return f"of another from {at}"


def _append(data: Bytes, rng: Random, other: bytes) -> str:
    data += other
    return "another"


def _replace(data: Bytes, rng: Random, other: bytes) -> str:
    data[:] = other
    return "by another"


Damage = Callable[[Bytes, Random, bytes], str]
_DAMAGES: tuple[Damage, ...] = (
    *(_cut, _cut, _cut, _bytes, _bytes, _bytes, _bytes, _word, _word, _word, _word),
    *(_digits, _zeros, _drop, _repeat, _tail, _append, _replace),
)
"""Each changes a file in place and says where; the more often one stands here the more often it is chosen."""


def _mend(data: Bytes) -> None:
    """Make the checksums of a PNG right again, or its decoder looks no further than them."""
    at = 8
    while at + 12 <= len(data):
        length = struct.unpack_from(">I", data, at)[0]
        end = at + 8 + length
        if end + 4 > len(data):
            return
        struct.pack_into(">I", data, end, zlib.crc32(data[at + 4 : end]))
        at = end + 4


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
