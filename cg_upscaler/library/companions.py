"""Decides which descriptions go with which jobs: where to, under which names inside, and which of them cannot."""

from __future__ import annotations

import os
import posixpath
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path, PurePosixPath

from cg_upscaler.errors import SourceChanged, SourceError, UnreadableImage
from cg_upscaler.geometry import Size
from cg_upscaler.job import Action, Companion, Job
from cg_upscaler.library.outputs import hash_bytes
from cg_upscaler.library.sidecars.texels import COPY, LIMIT, UNITY, Change, scaled
from cg_upscaler.library.sidecars.texels.find import Description
from cg_upscaler.library.sidecars.texels.unity import LARGEST

_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class _Going:
    """A description that goes with a job."""

    description: Description
    job: Job
    target: Path
    renamed: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Carried:
    """Jobs with what goes with them."""

    jobs: tuple[Job, ...]
    notes: tuple[str, ...]
    """In words, which descriptions go with none, and why."""
    unread: tuple[str, ...]
    """Those of them that the system did not give, or that were written to just then."""


def with_companions(jobs: Sequence[Job], descriptions: Sequence[Description], root: Path, output: Path) -> Carried:
    """Return the jobs with the descriptions that go with them, and those that do not.

    One of several textures goes with the first, and only where all of them grow alike. `root` is the library, `output`
    where results go.
    """
    by_name = {job.name: job for job in jobs if job.action is not Action.SKIP}
    inside = Path(os.path.realpath(output)).is_relative_to(os.path.realpath(root))
    notes, twice, going, unread = [], [], [], []
    for description in descriptions:
        found = _going(description, by_name, root, output)
        if isinstance(found, str):
            notes.append(f"{description.name} is not carried over: {found}")
        elif found is not None and description.form == UNITY and inside and found.target != root / description.name:
            twice.append(description.name)
        elif found is not None:
            going.append(found)
    if twice:
        more = ", …" if len(twice) > _EXAMPLES else ""
        notes.append(
            f"{len(twice)} settings of Unity's importer ({', '.join(twice[:_EXAMPLES])}{more}) are not carried over: "
            "results lie within the library, where their guid would be there twice"
        )
    companions: dict[str, list[Companion]] = defaultdict(list)
    remarks: dict[str, list[str]] = defaultdict(list)
    packs = _packs(going)
    for item in going:
        companion = _companion(item, root, packs.get(_pack(item), {}))
        name, job = item.description.name, item.job
        try:
            content(companion, job)
        except SourceError as error:
            notes.append(f"{name} is not carried over: {error.what}")
            unread += [name] if isinstance(error, SourceChanged) else []
            continue
        companions[job.name].append(companion)
        remarks[job.name] += _remarks(name, companion, job)
    made = [
        replace(job, companions=tuple(companions[job.name]), notes=(*job.notes, *remarks[job.name]))
        if job.name in companions
        else job
        for job in jobs
    ]
    return Carried(tuple(made), tuple(notes), tuple(unread))


def content(companion: Companion, job: Job) -> bytes:
    """Return what a companion of a job is to hold. Raises `SourceChanged` where its source is another now, or
    cannot be read, and `UnreadableImage` where it makes no sense.
    """
    source = Path(companion.source)
    try:
        with open(source, "rb") as file:
            data = file.read(LIMIT + 1)
    except OSError as error:
        what = f"cannot be read ({error.strerror})"
        raise SourceChanged(what, where=source, fix="bring it back, or plan again") from error
    if hash_bytes(data) != companion.hash:
        raise SourceChanged("was changed after the run was planned", where=source, fix="run again")
    before, after = _sizes(job)
    try:
        return scaled(companion.form, data, Change(before, after, {pair[0]: pair[1] for pair in companion.renamed}))
    except (ValueError, RecursionError, MemoryError) as error:
        fix = "correct it, or take it out of the library"
        raise UnreadableImage(f"cannot be scaled: {error}", where=source, fix=fix) from error


def _going(description: Description, jobs: Mapping[str, Job], root: Path, output: Path) -> _Going | str | None:
    """Return where a description goes; None where none of its textures does, and else in words why it does not."""
    names = dict.fromkeys(description.textures.values())
    there = [jobs[name] for name in names if name in jobs]
    if not there:
        return None
    missing = [name for name in names if name not in jobs]
    if missing:
        return f"it describes {', '.join(missing)} as well, of which nothing is made in this run"
    factors = {job.name: _factors(job) for job in there}
    if len(set(factors.values())) > 1:
        said = ", ".join(f"{name} {float(x):g}×{float(y):g}" for name, (x, y) in factors.items())
        return f"its textures do not grow alike ({said})"
    first = there[0]
    target = _target(description.name, first, output)
    if target == root / description.name and Path(first.output) != Path(first.source):
        target = _affixed(target, first)
        if target == root / description.name:
            return "its result would overwrite it"
    renamed = {}
    for said, name in description.textures.items():
        now = posixpath.basename(Path(jobs[name].output).as_posix())
        if said and now != posixpath.basename(name):
            renamed[said] = said[: max(said.rfind("/"), said.rfind("\\")) + 1] + now
    if target == root / description.name and not renamed and not _grows(first):
        return None  # it is where and what it should be
    return _Going(description, first, target, renamed)


def _companion(item: _Going, root: Path, packs: Mapping[str, str]) -> Companion:
    renamed = {**item.renamed, **packs}
    same = not renamed and not _grows(item.job)
    form = COPY if same else item.description.form
    source = root / item.description.name
    return Companion(str(source), str(item.target), form, item.description.hash, tuple(renamed.items()))


def _packs(going: Sequence[_Going]) -> dict[tuple[str, str, str], dict[str, str]]:
    """Return the new names of the parts of each set of descriptions, which may name each other."""
    packs: dict[tuple[str, str, str], dict[str, str]] = defaultdict(dict)
    for item in going:
        own = posixpath.basename(item.description.name)
        if item.description.form != UNITY and own != item.target.name:
            packs[_pack(item)][own] = item.target.name
    return packs


def _pack(item: _Going) -> tuple[str, str, str]:
    """Return what parts of a set have in common: ``hero-0.json`` and ``hero-1.json``."""
    stem, suffix = posixpath.splitext(item.description.name)
    return stem.rstrip("0123456789").rstrip("-_. "), suffix, item.description.form


def _target(name: str, job: Job, output: Path) -> Path:
    """Return where a description goes: as it lies to its texture, and named as it is where it is named by that."""
    texture = posixpath.basename(job.name)
    file = posixpath.basename(name)
    if file.startswith(f"{texture}."):
        file = Path(job.output).name + file[len(texture) :]
    return output / posixpath.dirname(name) / file


def _affixed(target: Path, job: Job) -> Path:
    """Return a path with the prefix and suffix that a job's result was given."""
    prefix, _, rest = Path(job.output).name.partition(PurePosixPath(job.name).stem)
    return target.with_name(f"{prefix}{target.stem}{rest.partition('.')[0]}{target.suffix}")


def _sizes(job: Job) -> tuple[Size, Size]:
    """Return the size of a job's texture and of its result, which for a copy are the same."""
    before = job.source_spec.size if job.source_spec is not None else Size(1, 1)
    return before, before if job.output_spec is None else job.output_spec.size


def _factors(job: Job) -> tuple[Fraction, Fraction]:
    before, after = _sizes(job)
    return Fraction(after.width, before.width), Fraction(after.height, before.height)


def _grows(job: Job) -> bool:
    before, after = _sizes(job)
    return before != after


def _remarks(name: str, companion: Companion, job: Job) -> Iterator[str]:
    change = Change(*_sizes(job))
    if companion.form != COPY and change.rounds:
        yield f"{name} grows by {float(change.x):g}×{float(change.y):g}: whole numbers of texels are rounded"
    if companion.form == UNITY and max(change.after.width, change.after.height) > LARGEST:
        yield f"{name}: Unity takes {LARGEST} texels a side at most, and will shrink it"
