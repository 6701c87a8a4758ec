"""Edits a source at a call that reads it: the result belongs to one of its versions, and to the last in the end."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np

from tests.image_files import write
from tests.pictures import stone
from tests.torture.bench import Bench, Finding, Way
from tests.torture.faults import spread
from tests.torture.pausing import disturbed
from tests.torture.runs import Running, left_over, run, tree
from tests.torture.shim import Fault

NAMES = ("raw.tga", "old.bmp", "packed.png", "rows.tif", "light.exr", "photo.jpg")

CALLS = "open,read,close,stat"
"""What a run does with a source; between them lie all moments at which an edit can make a difference."""


class How(str, Enum):
    """The ways in which programs save."""

    REPLACED = "replaced"  # a new file takes the name
    WRITTEN = "written over"  # the same file holds something else; as long as before where the format packs nothing


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit, or two: there and back."""

    name: str
    how: How
    at: int
    """The call at which it happens."""
    back: int = 0
    """The call at which it is taken back; 0: never."""

    def __str__(self) -> str:
        return f"{self.name} {self.how.value} at call {self.at}{f' and back at {self.back}' if self.back else ''}"


@dataclass(frozen=True, slots=True)
class Versions:
    """A file in two versions, and what becomes of each."""

    sources: tuple[bytes, bytes]
    wanted: tuple[dict[str, str], dict[str, str]]
    calls: int
    """How often a run calls the system for the file."""


def edits(versions: dict[str, Versions], each: int | None = None) -> Iterator[Edit]:
    """Yield edits at each call for each file, or at so many of a file's."""
    for name, known in versions.items():
        for how in How:
            for at in spread(known.calls, each, 0.4):
                yield Edit(name, how, at)
            for at in spread(known.calls - 1, each, 0.7):
                yield Edit(name, how, at, back=at + 1 + (at * 7) % max(1, (known.calls - at) // 2))


def prepare(bench: Bench, names: tuple[str, ...] = NAMES) -> dict[str, Versions]:
    """Make files in two versions of equal size, and run each undisturbed."""
    assert bench.shim is not None
    found = {}
    for name in names:
        sources, wanted, calls = [], [], 0
        for seed in (1, 2):
            folder = bench.folder / f"{Path(name).stem}-{seed}"
            folder.mkdir()
            path = _written(folder / name, seed)
            out = bench.folder / f"{folder.name}-out"
            with bench.shim.telling(path, Fault(CALLS)) as armed:
                run(folder, out, env=armed.env, warm=bench.warm)
                calls = armed.told().chosen
            sources.append(path.read_bytes())
            wanted.append(tree(out))
        found[name] = Versions((sources[0], sources[1]), (wanted[0], wanted[1]), calls)
    return found


def _written(path: Path, seed: int) -> Path:
    pixels = stone(72, seed)
    if path.suffix == ".exr":
        return write(path, (pixels / 64).astype(np.float16), block=80)
    return write(path, pixels, block=80)


def edit_and_resume(bench: Bench, versions: dict[str, Versions], edit: Edit, out: Path) -> str:
    """Edit a source as it is read, look at what became of it, and run again. Raises `Finding`."""
    known = versions[edit.name]
    folder = out.with_name(f"{out.name}-library")
    folder.mkdir()
    path = folder / edit.name
    path.write_bytes(known.sources[0])
    deeds = {edit.at: _edited(path, known.sources[1], edit.how)}
    if edit.back:
        deeds[edit.back] = _edited(path, known.sources[0], edit.how)
    ended, done = disturbed(bench, Way.AFRESH, out, path, CALLS, deeds, source=folder)
    if ended.broken:
        raise Finding(f"{edit}: {ended.broken}")
    if tree(out) not in known.wanted and not (ended.code in (1, 2) and edit.name in ended.err and not tree(out)):
        raise Finding(f"{edit}: the result is of neither version: {ended.err}")
    last = known.wanted[int(bool(done % 2))]
    again = run(folder, out, warm=bench.warm)
    if again.broken or again.code or tree(out) != last or left_over(out):
        stale = " but of the version before" if tree(out) in known.wanted else ""
        raise Finding(f"{edit}: the run after it did not bring the last version's result{stale}: {again.err}")
    return str(edit) if done else f"{edit}: it did not come to that"


def _edited(path: Path, data: bytes, how: How) -> Callable[[Running], None]:
    def do(running: Running) -> None:
        if how is How.REPLACED:
            path.with_suffix(".new").write_bytes(data)
            os.replace(path.with_suffix(".new"), path)
        else:
            path.write_bytes(data)

    return do
