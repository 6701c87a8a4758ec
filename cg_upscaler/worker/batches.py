"""Decides how what a host asks for is planned: as the command line would, in whose library the files lie."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from cg_upscaler.client.messages import Task, Texture
from cg_upscaler.errors import UsageError
from cg_upscaler.job import Job, Plan
from cg_upscaler.library.config import Config, Rule, load, rule_of
from cg_upscaler.library.globs import literal
from cg_upscaler.library.naming.materials import find_materials
from cg_upscaler.library.receipts import Receipts
from cg_upscaler.library.record.known import known_outputs_under
from cg_upscaler.library.scan import Scan, scan
from cg_upscaler.library.surveying import Survey
from cg_upscaler.library.unchanged import Folders

_ELSEWHERE = "choose another folder for one of them, or put results beside their sources"

BESIDE = "_upscaled"
"""What is put behind the name of a result beside its source, unless something else keeps the two apart."""

_OURS = ("source", "output", "profile", "path", "rules", "profiles")
"""What a task says in words of its own, or not at all."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Textures of one library, or of one folder, with the settings for them."""

    config: Config
    paths: Mapping[str, str]
    """The path that the host gave, by the texture's name in the library."""
    whole: bool
    """Whether the library is that of a configuration, and not just the folder of the files."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A batch with what is to be done."""

    batch: Batch
    plan: Plan
    """Its jobs are those that were asked for."""
    failures: Mapping[str, str] = field(default_factory=dict)
    """Why something cannot be worked on, by the host's path."""

    def path(self, job: Job) -> str:
        return self.batch.paths[job.name]


def batches(task: Task) -> list[Batch]:
    """Return what a task comes to: one batch for the configuration's library, and one for each other folder.

    Raises `UsageError`.
    """
    if not task.textures:
        raise UsageError("no texture is named", fix="name one at least")
    base = _base(task)
    folders: dict[Path, list[Texture]] = {}
    for texture in task.textures:
        path = Path(texture.path)
        if not path.is_absolute():
            raise UsageError("is no absolute path", where=texture.path, fix="give all of it")
        folder = Path(os.path.abspath(path)).parent
        home = base if base is not None and folder.is_relative_to(base) else folder
        folders.setdefault(home, []).append(texture)
    return [_batch(task, folder, textures, whole=folder == base) for folder, textures in folders.items()]


def planned(batch: Batch, receipts: Receipts, make: Callable[..., Plan], *, force: bool = False) -> Planned:
    """Return what is to be done with a batch. `make` is `make_plan`, with its device and whatever reports progress.

    The other maps of a material are looked at too: what one becomes may depend on them.
    """
    source = batch.config.source
    there = scan(source, deep=batch.whole, ours=known_outputs_under(source))
    found = {item.name: item for item in there.found}
    told = {problem.name: problem.message for problem in there.problems}
    failures = {
        path: told.get(name) or _why_not(Path(path), there) for name, path in batch.paths.items() if name not in found
    }
    beside = {
        member.name
        for material in find_materials(there.names)
        if any(member.name in batch.paths for member in material.members)
        for member in material.members
    }
    wanted = tuple(item for item in there.found if item.name in batch.paths or item.name in beside)
    seen = replace(there, found=wanted, problems=(), complete=False)
    plan = make(batch.config, receipts=receipts, survey=Survey(seen, Folders({}, frozenset()), {}))
    failures |= {batch.paths[each.name]: each.message for each in plan.problems if each.name in batch.paths}
    jobs = tuple(job for job in plan.jobs if job.name in batch.paths)
    if not batch.whole and not force:
        taken = {
            batch.paths[job.name]: f"{job.output} is what {other} became; {_ELSEWHERE}"
            for job in jobs
            if (other := _taken_by(job, receipts))
        }
        failures |= taken
        jobs = tuple(job for job in jobs if batch.paths[job.name] not in taken)
    return Planned(batch, replace(plan, jobs=jobs, problems=(), complete=False), failures)


def _taken_by(job: Job, receipts: Receipts) -> str:
    """Return the other file of the same name, from another folder, whose result stands where this one's would go."""
    earlier = receipts.job_of(job.name)
    if earlier is None or not earlier.output or not os.path.exists(earlier.output):
        return ""
    there, here = os.path.abspath(earlier.source), os.path.abspath(job.source)
    return there if there != here and os.path.exists(there) and not os.path.samefile(there, here) else ""


def _base(task: Task) -> Path | None:
    """Return the library that a task's configuration is of, if it names one."""
    if not task.config:
        return None
    source = load(Path(task.config), source=None).source if _names_source(task) else None
    return None if source is None else Path(os.path.abspath(source))


def _names_source(task: Task) -> bool:
    try:
        load(Path(task.config))
    except UsageError as error:
        if "no library is named" in error.what:
            return False
        raise
    return True


def _batch(task: Task, folder: Path, textures: list[Texture], *, whole: bool) -> Batch:
    config = _config(task, folder, whole=whole)
    paths = {Path(os.path.relpath(texture.path, folder)).as_posix(): texture.path for texture in textures}
    rules = tuple(_rules(dict(zip(paths, textures, strict=True))))
    return Batch(config.model_copy(update={"rules": (*rules, *config.rules)}), paths, whole)


def _config(task: Task, folder: Path, *, whole: bool) -> Config:
    settings = dict(task.settings)
    for name in _OURS:
        if name in settings:
            raise UsageError(f"{name!r} is no setting of a task", fix="see docs/worker.md")
    beside = not task.into and not whole and not settings.get("overwrite")
    if task.into:
        settings["output"] = task.into
    elif beside:  # and not where the configuration has the results of its own library
        settings |= {"output": folder, "beside": False}
    path = Path(task.config) if task.config else None
    config = load(path, source=folder, **settings)
    if not beside:
        return config
    named = config.prefix or config.suffix or (config.format is not None and config.format.container)
    return config.model_copy(update={"beside": True, "suffix": config.suffix if named else BESIDE})


def _rules(textures: Mapping[str, Texture]) -> Iterator[Rule]:
    for name, texture in textures.items():
        if not texture.given:
            continue
        yield rule_of({**texture.given, "match": literal(name)}, texture.path)


def _why_not(path: Path, there: Scan) -> str:
    if not path.exists():
        return "is not there; save it, or check its path"
    if path.name.startswith("."):
        return "is hidden; rename it"
    if path.name in {*there.examples} or path.suffix.lower() not in {os.path.splitext(name)[1] for name in there.names}:
        return f"is no texture by its suffix {path.suffix!r}, or was written by cg-upscale itself"
    return "was written by cg-upscale itself; upscale its source instead, at a higher scale"
