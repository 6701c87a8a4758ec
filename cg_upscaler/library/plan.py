"""Plans a run: which textures of a library are to be done, how each, and why; and which are up to date."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from cg_upscaler.codecs import ocio
from cg_upscaler.job import Job, Plan, Problem
from cg_upscaler.library.clashes import without_clashes
from cg_upscaler.library.companions import with_companions
from cg_upscaler.library.config import Config
from cg_upscaler.library.groups import Measure, unmeasured
from cg_upscaler.library.look import Progress
from cg_upscaler.library.naming.materials import Material, find_materials
from cg_upscaler.library.planner import Planner, finder, places_of
from cg_upscaler.library.precautions import Precautions
from cg_upscaler.library.receipts import Receipts
from cg_upscaler.library.scan import Found, Scan
from cg_upscaler.library.shards import Shard, costs, parts
from cg_upscaler.library.sidecars import read_sidecars
from cg_upscaler.library.sidecars.texels.find import Description, find_companions
from cg_upscaler.library.surveying import Survey, survey_library
from cg_upscaler.library.texture import Texture, plan_texture
from cg_upscaler.library.unchanged import folder_of, touched
from cg_upscaler.spec import DeviceInfo
from cg_upscaler.standing import Settled

_NAMED = 3
"""Descriptions that are named."""

__all__ = ["Survey", "Texture", "make_plan", "plan_texture", "survey_library"]


def make_plan(
    config: Config,
    *,
    device: DeviceInfo,
    only: Sequence[str] = (),
    receipts: Receipts | None = None,
    on_progress: Progress | None = None,
    measure: Measure = unmeasured,
    survey: Survey | None = None,
    shard: Shard | None = None,
    precautions: Precautions | None = None,
) -> Plan:
    """Return the jobs for the textures of a library, in the order of its names, but for those of settled folders.

    A texture that cannot be read becomes a problem of the plan and stops nothing. `receipts` remember what was seen
    in a texture, so that the next plan need not read it. `measure` is asked how far a model looks of which that is not
    known. `survey` is what `survey_library` found, which is otherwise done here, afresh; `shard` the part that is to be
    done; `precautions` tell of textures on which a process has ended. Raises `UsageError` and `ModelError` for what
    would fail for the run as a whole, and whatever `on_progress` raises.
    """
    output = Path(os.path.abspath(config.output))
    for name in _spaces(config):
        ocio.require(name)
    survey = survey or survey_library(config, receipts, only=only, afresh=True)
    seen = survey.seen
    root = config.source.parent if os.path.isfile(config.source) else config.source
    sidecars = read_sidecars(root, seen.names, seen.sidecars)
    materials = find_materials(seen.names, sidecars.verdicts)
    companions = find_companions(root, seen.names, seen.descriptions)
    settled = _still_settled(survey, materials, companions.found)
    planner = Planner(
        config, output, device, finder(config), sidecars, places_of(materials), measure, precautions or Precautions()
    )
    due = [item for item in seen.found if folder_of(item.name) not in settled]
    if shard is not None:
        due = _of_shard(due, shard, materials, companions.found, config.pixel_limit)
    made = planner.plan(due, receipts, on_progress)
    carried = with_companions(
        [item for item in made if isinstance(item, Job)],
        [each for each in companions.found if not _folders(each) <= settled.keys()],
        Path(os.path.abspath(root)),
        output,
    )
    elsewhere = {str(item.path): item.name for item in seen.found if folder_of(item.name) in settled}
    taken = _taken(settled, receipts) if receipts is not None else {}
    jobs, clashes = without_clashes(carried.jobs, output, overwrite=config.overwrite, sources=elsewhere, taken=taken)
    problems = [*seen.problems, *(item for item in made if isinstance(item, Problem)), *clashes]
    whole = not only and shard is None and os.path.isdir(config.source)
    of_all = [*(planner.idle_rules() if not settled else ()), *_missing(materials)] if whole else []
    notes = (
        *of_all,
        *sidecars.notes,
        *companions.notes,
        *carried.notes,
        *planner.remarks(),
        *_results(seen, jobs, settled),
        *(_others(seen, carried.jobs) if not settled else ()),
    )
    return Plan(
        os.path.abspath(config.source),
        str(output),
        device,
        tuple(jobs),
        tuple(problems),
        notes,
        receipts.orphans(config.source, seen.names, jobs) if whole and receipts is not None else (),
        settled=tuple(settled.values()),
        unread=(*sidecars.unread, *companions.unread, *carried.unread),
        complete=seen.complete and shard is None,
    )


def _still_settled(
    survey: Survey, materials: Sequence[Material], companions: Sequence[Description]
) -> dict[str, Settled]:
    """Return the settled folders that no material or description ties to one that is to be planned."""
    if not survey.settled:
        return {}
    changed = survey.folders.signatures.keys() - survey.settled.keys()
    ties = [{folder_of(member.name) for member in material.members} for material in materials]
    due = touched(changed, [*ties, *map(_folders, companions)])
    return {folder: each for folder, each in survey.settled.items() if folder not in due}


def _of_shard(
    found: Sequence[Found], shard: Shard, materials: Sequence[Material], companions: Sequence[Description], limit: int
) -> list[Found]:
    """Return the textures of one part of the library; what depends on each other is in one."""
    ties = [
        *([member.name for member in material.members] for material in materials),
        *(list(description.textures.values()) for description in companions),
    ]
    part = parts(costs(found, limit=limit), ties, shard.count)
    return [item for item in found if part[item.name] == shard.index]


def _folders(description: Description) -> set[str]:
    return {folder_of(name) for name in (description.name, *description.textures.values())}


def _taken(settled: Mapping[str, Settled], receipts: Receipts) -> dict[str, str]:
    """Return the outputs of textures that are not planned, and whose they are."""
    outputs = receipts.outputs() if settled else ()
    return {str(receipts.folder / output.path): output.name for output in outputs if folder_of(output.name) in settled}


def _spaces(config: Config) -> Iterator[str]:
    """Yield the names of colour spaces that are said anywhere."""
    for settings in (config, *config.rules, *config.kinds.values()):
        if settings.ocio is not None:
            yield from filter(None, (settings.ocio.file, settings.ocio.result))


def _missing(materials: Iterable[Material]) -> Iterator[str]:
    for material in materials:
        yield from (f"{material.name}: {what}" for what in material.missing)


def _results(seen: Scan, jobs: Sequence[Job], settled: Mapping[str, Settled]) -> Iterator[str]:
    """Say why there is nothing to do where all that is there was made by this tool."""
    if seen.results and not jobs and not settled:
        those = "the texture here is a result" if seen.results == 1 else f"all {seen.results} textures here are results"
        yield f"{those} of an earlier run, and left alone; name the folder that they were made from"


def _others(seen: Scan, jobs: Sequence[Job]) -> Iterator[str]:
    """Name files that are no textures, but for those that go along with one."""
    going = sorted({os.path.basename(each.source) for job in jobs for each in job.companions})
    if going:
        those = "1 description goes" if len(going) == 1 else f"{len(going)} descriptions go"
        yield f"{those} along: {', '.join(going[:_NAMED])}{', …' if len(going) > _NAMED else ''}"
    examples = [name for name in seen.examples if PurePosixPath(name).name not in going]
    count = seen.other - len(going)
    if count > 0:
        more = ", …" if count > len(examples) else ""
        those = "1 file is no texture" if count == 1 else f"{count} files are no textures"
        yield f"{those} by the suffix: {', '.join(examples)}{more}" if examples else f"{those} by the suffix"
