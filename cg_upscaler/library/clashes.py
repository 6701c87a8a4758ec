"""Takes out of a plan the results that must not be written where they would go."""

from __future__ import annotations

import os
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from cg_upscaler.errors import UsageError
from cg_upscaler.job import Action, Companion, Job, Problem
from cg_upscaler.library.receipts import REJECTED

_NONE: Mapping[str, str] = MappingProxyType({})


def check_output(source: Path, output: Path, *, within: bool = False) -> None:
    """Raise `UsageError` for an output folder that is the library itself, unless it is to be, or no folder."""
    library = source if os.path.isdir(source) else source.parent
    if not within and os.path.normcase(os.path.realpath(output)) == os.path.normcase(os.path.realpath(library)):
        raise UsageError(
            "the output folder is the library itself, and sources are never overwritten",
            where=output,
            fix="choose another --out, or say --beside to have results beside their sources",
        )
    there = next((folder for folder in (output, *output.parents) if folder.exists()), output)
    if there.exists() and not there.is_dir():
        what = "is no folder" if there == output else f"cannot be made: {there} is no folder"
        raise UsageError(what, where=output, fix="choose another --out")


def without_clashes(
    jobs: Sequence[Job],
    output: Path,
    *,
    overwrite: bool = False,
    sources: Mapping[str, str] = _NONE,
    taken: Mapping[str, str] = _NONE,
) -> tuple[list[Job], list[Problem]]:
    """Return the jobs that may be written, and the problem of each of the others.

    With `overwrite` a result may take the place of its own source, and of no other. `sources` and `taken` are the
    paths of further sources and results, of textures that have no job here, and their names.
    """
    others = {_folded(path): name for path, name in taken.items()}
    writing = [job for job in jobs if job.action is not Action.SKIP]
    victims = {_folded(path): name for path, name in sources.items()}
    victims |= {_folded(os.path.realpath(each.source)): job.name for job in jobs for each in _files(job)}
    by_output = defaultdict(list)
    for job in writing:
        for each in _files(job):
            by_output[_folded(each.output)].append(job)
    inside = _Inside(output)
    problems: dict[str, Problem] = {}
    for job in writing:
        for each in _files(job):
            what = "its result" if each is job else f"its description {os.path.basename(each.output)}"
            rivals = [other.name for other in by_output[_folded(each.output)] if other is not job]
            rivals += filter(None, [others.get(_folded(each.output))])
            victim = victims.get(_folded(os.path.realpath(each.output)))
            in_place = overwrite and victim == job.name and (each is job or each.source == each.output)
            moved = overwrite and each is job and _folded(job.output) != _folded(job.source)
            if moved and job.action is not Action.COPY:
                message = (
                    f"its result would be {os.path.basename(job.output)}, which does not take its place; "
                    "leave prefix, suffix and other formats out, or say 'beside' instead of 'overwrite'"
                )
            elif rivals:
                message = f"{what} and that of {', '.join(rivals)} would be one file; rename one, or skip it by a rule"
            elif victim is not None and not in_place:
                own = "itself" if victim == job.name else f"the source {victim}"
                message = f"{what} would overwrite {own}; choose another output folder, or give it a 'suffix'"
            elif _folded(each.output).startswith(_folded(os.path.join(output, REJECTED, ""))):
                message = f"{what} would lie among the rejected ones, in {REJECTED}; rename its folder"
            elif not inside(Path(each.output)):
                message = f"{what} would lie outside of the output folder; remove the link that leads there"
            else:
                continue
            problems.setdefault(job.name, Problem(job.name, message))
    return [job for job in jobs if job.name not in problems], list(problems.values())


def _files(job: Job) -> tuple[Job | Companion, ...]:
    """Return what a job writes, and from what: its result, and the descriptions that go with it."""
    return (job, *job.companions)


def _folded(path: str) -> str:
    """One spelling for all names that are one file on Windows or on macOS."""
    return unicodedata.normalize("NFC", path).casefold()


class _Inside:
    """Tells whether a file would lie in a folder, links resolved. Each folder is looked at once."""

    def __init__(self, root: Path) -> None:
        self._root = Path(os.path.realpath(root))
        self._known: dict[Path, bool] = {}

    def __call__(self, path: Path) -> bool:
        if path.parent not in self._known:
            self._known[path.parent] = Path(os.path.realpath(path.parent)).is_relative_to(self._root)
        return self._known[path.parent]
