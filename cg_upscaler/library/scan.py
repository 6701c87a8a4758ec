"""Walks a library: which files are textures, in an order that is the same on every system."""

from __future__ import annotations

import os
import stat
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from cg_upscaler import codecs
from cg_upscaler.errors import UsageError
from cg_upscaler.job import Problem
from cg_upscaler.library import sidecars
from cg_upscaler.library.globs import matches
from cg_upscaler.library.sidecars import texels

EXAMPLES = 5

Stamp = tuple[int, int]
"""A file's size in bytes, and the time of its last change in nanoseconds."""


@dataclass(frozen=True, slots=True)
class Found:
    """A texture of the library."""

    name: str
    """Its path within the library, with forward slashes."""
    at: str
    """The path of its file."""
    stamp: Stamp = (0, 0)

    @property
    def path(self) -> Path:
        return Path(self.at)


@dataclass(frozen=True, slots=True)
class Scan:
    """What a library holds."""

    found: tuple[Found, ...]
    problems: tuple[Problem, ...]
    """What was there and cannot be worked on."""
    other: int = 0
    """How many files are no textures, by their suffix."""
    examples: tuple[str, ...] = ()
    """Names of some of the others."""
    names: tuple[str, ...] = ()
    """All textures by their suffix, whether asked for or not: what one is may depend on those beside it."""
    sidecars: tuple[str, ...] = ()
    """The files that may say what textures are. Like `names` relative to `root`, or to the folder of a single file."""
    results: int = 0
    """How many textures there are that this tool wrote, and that are passed over."""
    descriptions: tuple[str, ...] = ()
    """The files that may describe textures in texels, by their suffix; some are sidecars too."""
    stamps: Mapping[str, Stamp] = field(default_factory=dict)
    """Of all files that a plan may read, by their names."""
    complete: bool = True
    """Whether every folder could be read, and nothing was left out by `only`."""


def scan(
    root: Path,
    *,
    only: Sequence[str] = (),
    deep: bool = True,
    ours: Callable[[str], bool] = lambda path: False,
    suffixes: Collection[str] = codecs.SUFFIXES.keys(),
) -> Scan:
    """List the textures under `root`, which may also be a single file.

    Hidden files and folders are passed over, and every file of which `ours` says that this tool wrote it. `only`
    keeps names that one of its globs matches; unless it is `deep`, folders below are left alone. Names that differ in
    nothing but case are problems, for their results would be one file on Windows and macOS. Raises `UsageError` where
    there is no such file or folder.
    """
    alone = os.path.isfile(root)
    if not alone and not os.path.isdir(root):
        raise UsageError("no such file or folder", where=root, fix="check the path of the library")
    walk = _Walk(root.parent if alone else root)
    there = sorted(walk.files(deep=deep and not alone), key=lambda item: _order(item.name))
    here = [item for item in there if item.name == root.name] if alone else there
    asked = [item for item in here if not only or matches(item.name, only)]
    own = {item.name for item in there if ours(item.path)}
    beside = [item for item in there if item.name not in own and _readable(item.name) == item.name]
    found, other, problems = [], [], [] if alone else list(walk.problems)
    for item in asked:
        suffix = item.suffix
        if item.name in own or suffix in sidecars.SUFFIXES:
            continue
        if suffix not in suffixes:
            other.append(_readable(item.name))
        elif _readable(item.name) != item.name:
            what = "its name is no valid Unicode, which records need; rename it"
            problems.append(Problem(_readable(item.name), what))
        elif item.stamp is None:
            problems.append(Problem(item.name, "no regular file, or a link to a file that is not there"))
        else:
            found.append(Found(item.name, item.path, item.stamp))
    clashes = _clashes(found)
    problems += clashes
    clashing = {problem.name for problem in clashes}
    reading = {*suffixes, *sidecars.SUFFIXES, *texels.SUFFIXES}
    return Scan(
        tuple(item for item in found if item.name not in clashing),
        tuple(problems),
        len(other),
        tuple(other[:EXAMPLES]),
        results=sum(item.name in own and item.suffix in suffixes for item in asked),
        names=tuple(item.name for item in beside if item.suffix in suffixes),
        sidecars=tuple(item.name for item in beside if item.suffix in sidecars.SUFFIXES),
        descriptions=tuple(item.name for item in beside if item.suffix in texels.SUFFIXES),
        stamps={item.name: item.stamp or (-1, -1) for item in beside if item.suffix in reading},
        complete=deep and not only and not alone and not walk.problems,
    )


class _File(NamedTuple):
    """What lies in a library, whatever it is."""

    name: str
    path: str
    stamp: Stamp | None
    """None for what is no regular file."""
    suffix: str
    """In lower case, with its dot."""


class _Walk:
    """One way through a folder and all that lie below, each real folder entered once however many links lead there."""

    def __init__(self, root: Path) -> None:
        self.problems: list[Problem] = []
        self._root = str(root)
        self._real_root = os.path.realpath(root)
        self._entered: set[str] = set()

    def files(self, folder: str = "", *, deep: bool = True) -> Iterator[_File]:
        here = os.path.join(self._root, folder)
        real = os.path.realpath(here)
        if real in self._entered:
            return
        self._entered.add(real)
        try:
            with os.scandir(here) as listing:
                entries = sorted(listing, key=lambda entry: _order(entry.name))
        except OSError as error:
            self.problems.append(Problem(folder or here, f"the folder cannot be read: {error.strerror}"))
            return
        for entry in entries:
            name = f"{folder}/{entry.name}" if folder else entry.name
            if entry.name.startswith("."):
                continue
            if not _is_folder(entry):
                yield _File(name, f"{self._root}{os.sep}{name}", _stamp(entry), _suffix(entry.name))
            elif deep and not (entry.is_symlink() and self._leads_back(entry.path)):
                yield from self.files(name)

    def _leads_back(self, link: str) -> bool:
        """A link into the library shows what is seen under its own name; one to a folder above it would show all."""
        real = Path(os.path.realpath(link))
        return real.is_relative_to(self._real_root) or Path(self._real_root).is_relative_to(real)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _stamp(entry: os.DirEntry[str]) -> Stamp | None:
    try:
        found = entry.stat()
    except OSError:
        return None
    return (found.st_size, found.st_mtime_ns) if stat.S_ISREG(found.st_mode) else None


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1].lower()


def _readable(name: str) -> str:
    """Return a name with the bytes that are no text spelled out; Linux allows any."""
    return name if name.isascii() else name.encode("utf-8", "backslashreplace").decode("utf-8")


def _order(name: str) -> tuple[str, str]:
    return name.casefold(), name


def _clashes(found: Sequence[Found]) -> list[Problem]:
    alike: dict[str, list[str]] = defaultdict(list)
    for item in found:
        if item.name.isascii():
            alike[item.name.lower()].append(item.name)
            continue
        # macOS takes composed and decomposed accents for one name as well.
        alike[unicodedata.normalize("NFC", item.name).casefold()].append(item.name)
    problems = []
    for names in alike.values():
        for name in names if len(names) > 1 else ():
            others = ", ".join(other for other in names if other != name)
            problems.append(Problem(name, f"differs from {others} in case only; rename one of them"))
    return problems
