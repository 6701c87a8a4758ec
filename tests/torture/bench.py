"""Holds what all torture needs: two versions of the library, and the trees that undisturbed runs make of them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.torture import library
from tests.torture.runs import Ended, Running, Tree, differences, identity, left_over, names, run, tree
from tests.torture.shim import WHY_NOT, Shim, build
from tests.torture.warm import Warm


class Finding(AssertionError):
    """Something that no disturbance may bring about."""


@dataclass(frozen=True, slots=True)
class Bench:
    """Made once, and shared by the tests of a session."""

    folder: Path
    shim: Shim | None
    """None where this machine cannot have calls fail."""
    sources: tuple[Path, Path]
    """A library, and the same with some textures edited."""
    wanted: tuple[Tree, Tree]
    """What becomes of each."""
    warm: Warm | None = None
    """Starts runs faster, where it is there."""

    def close(self) -> None:
        if self.warm:
            self.warm.close()

    def start(self, source: Path, out: Path, *options: str, env: Mapping[str, str] | None = None) -> Running:
        return Running(source, out, *options, env=env, warm=self.warm)

    def run(self, source: Path, out: Path, *options: str, env: Mapping[str, str] | None = None) -> Ended:
        return self.start(source, out, *options, env=env).wait()

    def check_whole(self, out: Path, *, when: str, versions: tuple[int, ...] = (0,)) -> None:
        """Require that each result that stands is a whole one, of one of the versions. Temporaries may lie about."""
        for name, found in tree(out).items() if out.is_dir() else ():
            if ".cgtmp" not in name and all(found != self.wanted[version].get(name) for version in versions):
                raise Finding(f"{when}: {name} is neither old nor new ({(out / name).stat().st_size} bytes)")

    def finish(self, out: Path, *options: str, when: str, version: int = 0, redo: int = 0) -> None:
        """Require that one more run, undisturbed, brings the folder to what it is to be, and redoes nothing.

        `redo`: how many results may be written anew that were there already.
        """
        wanted = self.wanted[version]
        there = [name for name, found in tree(out).items() if found == wanted.get(name)] if out.is_dir() else []
        before = identity(out, there)
        ended = self.run(self.sources[version], out, *options)
        if ended.broken or ended.code != 1 or "1 FAILED" not in ended.err:
            raise Finding(f"{when}: the next run {ended.broken or ended.err}")
        self.check_ended(out, when=when, version=version)
        again = [name for name in there if identity(out, [name])[name] != before[name]]
        if len(again) > redo:
            raise Finding(f"{when}: the next run wrote anew what was there already: {', '.join(again)}")

    def check_ended(self, out: Path, *, when: str, version: int = 0) -> None:
        """Require that the folder is what an undisturbed run makes of it, and that nothing lies about."""
        found = differences(tree(out), self.wanted[version]) + [f"{name} was left" for name in left_over(out)]
        if found:
            raise Finding(f"{when}, and after the next run: {'; '.join(found)}")


def set_up(folder: Path, *, warm: bool = False) -> Bench:
    """Make the library and run it undisturbed. With `warm`, runs begin faster, and not as processes of their own."""
    folder = folder.resolve()
    sources = library.make(folder / "old", 0), library.make(folder / "new", 1)
    wanted = []
    for source in sources:
        out = folder / f"wanted-{source.name}"
        ended = run(source, out)
        if ended.code != 1 or len(names(out)) < 20:
            raise Finding(f"undisturbed: {ended.err}")
        wanted.append(tree(out))
    shim = None if WHY_NOT else build(folder)
    server = started_warm(shim) if warm else None
    return Bench(folder, shim, (sources[0], sources[1]), (wanted[0], wanted[1]), server)


def started_warm(shim: Shim | None) -> Warm:
    return Warm({"LD_PRELOAD": str(shim.library)} if shim else {})


def empty(out: Path) -> Path:
    """Return a folder's path with nothing there."""
    shutil.rmtree(out, ignore_errors=True)
    return out
