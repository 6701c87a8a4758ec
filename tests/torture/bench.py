"""Holds what all torture needs: a library, ways to run it, and the trees that undisturbed runs make."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from tests.torture import library
from tests.torture.runs import Ended, Running, Tree, differences, identity, left_over, tree
from tests.torture.shim import WHY_NOT, Shim, build
from tests.torture.warm import Warm


class Finding(AssertionError):
    """Something that no disturbance may bring about."""


class Way(str, Enum):
    """What a run finds, and does with it."""

    AFRESH = "into an empty folder"
    UPDATE = "over results of an older version of the library"
    IN_PLACE = "in place of the sources"


@dataclass(frozen=True, slots=True)
class Bench:
    """Made once, and shared by the tests of a module."""

    folder: Path
    shim: Shim | None
    """None where this machine cannot have calls fail."""
    sources: tuple[Path, Path]
    """A library, and the same with some textures edited."""
    wanted: dict[Way, Tree]
    """What an undisturbed run leaves."""
    old: dict[Way, Tree]
    """What stands before it."""
    warm: Warm | None = None
    """Starts runs faster, where it is there."""

    def close(self) -> None:
        if self.warm:
            self.warm.close()

    def prepare(self, way: Way, out: Path) -> Path:
        """Bring a folder to what a run is to find there."""
        shutil.rmtree(out, ignore_errors=True)
        if way is Way.UPDATE:
            self.run(Way.AFRESH, out)
        elif way is Way.IN_PLACE:
            # Without the tiles: what lies beside one is part of its result, and is replaced itself.
            shutil.copytree(self.sources[0], out, ignore=shutil.ignore_patterns("cliff.*"))
        return out

    def source(self, way: Way, out: Path) -> Path:
        """Return the library that a run works on."""
        return {Way.AFRESH: self.sources[0], Way.UPDATE: self.sources[1], Way.IN_PLACE: out}[way]

    def start(self, way: Way, out: Path, *options: str, env: Mapping[str, str] | None = None) -> Running:
        options = ("--overwrite", *options) if way is Way.IN_PLACE else options
        return Running(self.source(way, out), out, *options, env=env, warm=self.warm)

    def run(self, way: Way, out: Path, *options: str, env: Mapping[str, str] | None = None) -> Ended:
        return self.start(way, out, *options, env=env).wait()

    def check_whole(self, way: Way, out: Path, *, when: str, but: tuple[str, ...] = ()) -> None:
        """Require that each file is a whole one, old or new, and in place of sources that each is still there.

        Temporaries may lie about, and files whose names begin with one of `but` may be anything.
        """
        found = tree(out) if out.is_dir() else {}
        for name, bytes_ in found.items():
            passed_over = ".cgtmp" in name or name.startswith(but)
            if not passed_over and bytes_ not in (self.old[way].get(name), self.wanted[way].get(name)):
                raise Finding(f"{when}: {name} is neither old nor new ({(out / name).stat().st_size} bytes)")
        lost = [name for name in self.old[way] if name not in found]
        if lost:
            raise Finding(f"{when}: {', '.join(lost)} is lost")

    def finish(self, way: Way, out: Path, *, when: str, env: Mapping[str, str] | None = None, failed: str = "") -> None:
        """Require that one more run brings the folder to what it is to be, and redoes nothing.

        `failed`: lines in which the run before said what failed, which may be redone.
        """
        wanted = self.wanted[way]
        there = [name for name, bytes_ in tree(out).items() if bytes_ == wanted.get(name)] if out.is_dir() else []
        before = identity(out, there)
        ended = self.run(way, out, env=env)
        if ended.broken or ended.code != 1 or "1 FAILED" not in ended.err:
            raise Finding(f"{when}: the next run {ended.broken or ended.err}")
        self.check_ended(way, out, when=when)
        again = [name for name in there if identity(out, [name])[name] != before[name] and name not in failed]
        again = [name for name in again if self.old[way].get(name) != wanted[name]]  # not even begun, as it looks
        if again:
            raise Finding(f"{when}: the next run wrote anew what was there already: {', '.join(again)}")

    def check_ended(self, way: Way, out: Path, *, when: str) -> None:
        """Require that the folder is what an undisturbed run makes of it, and that nothing lies about."""
        found = differences(tree(out), self.wanted[way]) + [f"{name} was left" for name in left_over(out)]
        if found:
            raise Finding(f"{when}, and after the next run: {'; '.join(found)}")


def set_up(folder: Path, *, warm: bool = False) -> Bench:
    """Make the library and run it undisturbed. With `warm`, runs begin faster, and not as processes of their own."""
    folder = folder.resolve()
    sources = library.make(folder / "old", 0), library.make(folder / "new", 1)
    shim = None if WHY_NOT else build(folder)
    bench = Bench(folder, shim, sources, {}, {}, started_warm(shim) if warm else None)
    for way in Way:
        out = bench.prepare(way, folder / f"wanted-{way.name.lower()}")
        bench.old[way] = tree(out) if out.is_dir() else {}
        ended = bench.run(way, out)
        bench.wanted[way] = tree(out)
        if ended.code != 1 or len(differences(bench.wanted[way], bench.old[way])) < len(library.EDITED):
            raise Finding(f"undisturbed, {way.value}: {ended.err}")
    return bench


def started_warm(shim: Shim | None) -> Warm:
    return Warm({"LD_PRELOAD": str(shim.library)} if shim else {})
