"""Plans a run: looks at every texture of a library, gathers materials, and decides what is done to each, and why."""

from __future__ import annotations

import functools
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path, PurePosixPath

from cg_upscaler.codecs import ocio
from cg_upscaler.errors import ModelNotFound, UsageError
from cg_upscaler.geometry import Edge, Edges
from cg_upscaler.job import Job, Plan, Problem
from cg_upscaler.library.agreement import agreed
from cg_upscaler.library.clashes import check_output, without_clashes
from cg_upscaler.library.classify import classify
from cg_upscaler.library.companions import with_companions
from cg_upscaler.library.config import Config, Rule
from cg_upscaler.library.config.settings import Settled, deciding, holding, rules_for, said_alpha, settle
from cg_upscaler.library.frames import Framing, find_frames
from cg_upscaler.library.groups import Find, Measure, unmeasured
from cg_upscaler.library.look import Progress, Seen, attempt, look_at
from cg_upscaler.library.naming.materials import Material, Member, find_materials
from cg_upscaler.library.naming.neighbours import Neighbours
from cg_upscaler.library.receipts import Receipts
from cg_upscaler.library.record.known import known_outputs_under
from cg_upscaler.library.scan import Found, Scan, scan
from cg_upscaler.library.sidecars import Sidecars, read_sidecars
from cg_upscaler.library.sidecars.texels.find import find_companions
from cg_upscaler.library.sizes import factor, together
from cg_upscaler.library.texture import Texture, asked, plan_texture, skip
from cg_upscaler.maps import MapKind
from cg_upscaler.models import catalog
from cg_upscaler.spec import DeviceInfo, ModelInfo, Reach

_NAMED = 3
"""Descriptions that are named."""

__all__ = ["Texture", "make_plan", "plan_texture"]


def make_plan(
    config: Config,
    *,
    device: DeviceInfo,
    only: Sequence[str] = (),
    receipts: Receipts | None = None,
    on_progress: Progress | None = None,
    measure: Measure = unmeasured,
) -> Plan:
    """Return the jobs for all textures of a library, in the order of its names.

    A texture that cannot be read becomes a problem of the plan and stops nothing. `receipts` remember what was seen
    in a texture, so that the next plan need not read it. `measure` is asked how far a model looks of which that is not
    known. Raises `UsageError` and `ModelError` for what would fail for the run as a whole, and whatever `on_progress`
    raises.
    """
    output = Path(os.path.abspath(config.output))
    in_library = config.beside or config.overwrite
    check_output(config.source, output, within=in_library)
    ours = known_outputs_under(config.source, of=output if config.converts else None)
    for name in _spaces(config):
        ocio.require(name)
    seen = scan(config.source, only=only, ours=ours)
    if config.source.is_file() and not (seen.found or seen.problems):
        raise UsageError("is no texture by its name", where=config.source, fix="see the README for the suffixes read")
    root = config.source.parent if config.source.is_file() else config.source
    sidecars = read_sidecars(root, seen.names, seen.sidecars)
    materials = find_materials(seen.names, sidecars.verdicts)
    planner = _Planner(config, output, device, _finder(config), sidecars, _places(materials), measure)
    made = planner.plan(seen.found, receipts, on_progress)
    companions = find_companions(root, seen.names, seen.descriptions)
    described, left = with_companions(
        [item for item in made if isinstance(item, Job)], companions.found, Path(os.path.abspath(root)), output
    )
    jobs, clashes = without_clashes(described, output, overwrite=config.overwrite)
    problems = [*seen.problems, *(item for item in made if isinstance(item, Problem)), *clashes]
    whole = not only and config.source.is_dir()
    of_all = [*planner.idle_rules(), *_missing(materials)] if whole else []
    notes = (
        *of_all,
        *sidecars.notes,
        *companions.notes,
        *left,
        *planner.remarks(),
        *_results(seen, jobs),
        *_others(seen, described),
    )
    orphans = receipts.orphans(config.source) if whole and receipts is not None else ()
    return Plan(os.path.abspath(config.source), str(output), device, tuple(jobs), tuple(problems), notes, orphans)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a texture belongs."""

    material: str
    member: Member


@dataclass(frozen=True, slots=True)
class _Draft:
    """A texture of which it is known what it is and what is wanted of it, but not yet what its material allows."""

    texture: Texture
    rules: tuple[Rule, ...]
    settings: Settled
    material: str


@dataclass(frozen=True, slots=True)
class _Shared:
    """What follows for each texture from the others."""

    most: Mapping[str, Fraction]
    """By how much the members of a material may grow, by its name."""
    framings: Mapping[str, Framing]
    """What lies beside a texture, by the texture's name."""
    normals: Mapping[str, str]
    """The path of a material's normal map, by the material's name."""


@dataclass(frozen=True, slots=True)
class _Planner:
    """What the plans of all textures have in common."""

    config: Config
    output: Path
    device: DeviceInfo
    find: Find
    sidecars: Sidecars
    places: dict[str, _Place]
    measure: Measure
    reaches: dict[str, Reach] = field(default_factory=dict)
    """How far models look that had to be measured, by their name."""
    used: set[int] = field(default_factory=set)
    """The rules that reached a texture, by identity."""

    def plan(
        self, found: Sequence[Found], receipts: Receipts | None, on_progress: Progress | None
    ) -> list[Job | Problem]:
        made: dict[str, Job | Problem | _Draft] = {item.name: skipped for item in found if (skipped := self.skip(item))}
        looked = [item for item in found if item.name not in made]
        limit = self.config.pixel_limit
        for item in look_at(looked, receipts, limit=limit, on_progress=on_progress):
            if isinstance(item, Problem):
                made[item.name] = item
            else:
                made[item.found.name] = self.draft(item)
        drafts = {name: item for name, item in made.items() if isinstance(item, _Draft)}
        drafts |= self.agree(drafts)
        made |= drafts
        shared = _Shared(_most(drafts.values()), self.framings(drafts), _normal_maps(drafts.values()))
        items = [made[item.name] for item in found]
        return self.even([self.finish(item, shared) if isinstance(item, _Draft) else item for item in items])

    def skip(self, found: Found) -> Job | None:
        """Return the job for a texture that is not even looked at."""
        rule = deciding(rules_for(found.name, self.config), "skip")
        return self._skipped(found, rule) if rule is not None and rule.when is None else None

    def _skipped(self, found: Found, rule: Rule | None) -> Job | None:
        if rule is None or not rule.skip:
            return None
        self.used.add(id(rule))
        return skip(found.name, found.path, f"{rule.skip} ({rule})", self.output)

    def draft(self, seen: Seen) -> _Draft | Job:
        """Decide what a texture is, and settle what is wanted of it."""
        name, spec, place = seen.found.name, seen.spec, self.places.get(seen.found.name)
        material = place.material if place else ""
        rules = rules_for(name, self.config)
        says = deciding(holding(rules, spec, material), "says")
        kind = None if says is None else says.says
        told = self.sidecars.verdicts.get(name)
        siblings = place.member if place else None
        decide = functools.partial(
            classify, name, spec, seen.evidence, kind=kind, why=str(says or ""), sidecar=told, siblings=siblings
        )
        decision = decide()
        rules = holding(rules, spec, material, decision.kind, decision.alpha)
        self.used.update(map(id, rules))
        skipped = self._skipped(seen.found, deciding(rules, "skip"))
        if skipped is not None:
            return skipped
        alpha = said_alpha(self.config, rules, decision)
        if alpha is not None:
            decision = decide(alpha=alpha)
        texture = Texture(name, seen.found.path, spec, seen.evidence, decision)
        return _Draft(texture, tuple(rules), settle(self.config, rules, decision), material)

    def agree(self, drafts: Mapping[str, _Draft]) -> dict[str, _Draft]:
        """Return, anew, the drafts whose borders a surer map of their material tells more of."""
        materials: dict[str, list[Texture]] = defaultdict(list)
        for name, draft in drafts.items():
            place, told = self.places.get(name), self.sidecars.verdicts.get(name)
            free = told is None or told.edges in (None, Edges.both(Edge.WRAP))  # what was clamped stays so
            if free and place is not None and place.member.neighbours == Neighbours():
                materials[place.material].append(draft.texture)
        anew = {}
        for name, edges in agreed(materials.values()).items():
            draft = drafts[name]
            decision = replace(draft.texture.decision, edges=edges)
            texture = replace(draft.texture, decision=decision)
            anew[name] = replace(draft, texture=texture, settings=settle(self.config, draft.rules, decision))
        return anew

    def framings(self, drafts: Mapping[str, _Draft]) -> dict[str, Framing]:
        around = {name: place.member.neighbours for name in drafts if (place := self.places.get(name))}
        around = {name: sides for name, sides in around.items() if sides != Neighbours()}
        textures = {name: draft.texture for name, draft in drafts.items()}
        return find_frames(around, textures, self.config.pixel_limit) if around else {}

    def finish(self, draft: _Draft, shared: _Shared) -> Job | Problem:
        """Plan a texture, given what follows from the others."""
        framing = shared.framings.get(draft.texture.name, Framing())
        made = attempt(
            draft.texture.name,
            lambda: plan_texture(
                draft.texture,
                draft.settings,
                self.output,
                self.device,
                self.find,
                most=shared.most.get(draft.material),
                frame=framing.frame,
                normals=shared.normals.get(draft.material, ""),
                measure=self.measured,
            ),
        )
        return replace(made, notes=(*made.notes, *framing.notes)) if isinstance(made, Job) else made

    def measured(self, model: ModelInfo) -> Reach:
        """Return how far a model looks, measured once for all textures."""
        if model.name not in self.reaches:
            self.reaches[model.name] = self.measure(model)
        return self.reaches[model.name]

    def remarks(self) -> Iterator[str]:
        yield from (f"{model}: {reach.note}" for model, reach in self.reaches.items() if reach.note)

    def even(self, made: Sequence[Job | Problem]) -> list[Job | Problem]:
        """Return what was made, with a note on the jobs that the tile or face beside them will fit no longer."""
        jobs = [item for item in made if isinstance(item, Job)]
        sizes = {
            job.name: (job.source_spec.size, job.output_spec.size)
            for job in jobs
            if job.source_spec and job.output_spec
        }

        def told(item: Job | Problem) -> Job | Problem:
            place = self.places.get(item.name)
            if place is None or not isinstance(item, Job) or item.name not in sizes:
                return item
            own, sides = sizes[item.name], place.member.neighbours
            beside = {side.name for side in (sides.left, sides.right, sides.top, sides.bottom) if side}
            notes = (
                f"{name} beside it is made {sizes[name][1]}: their border may show"
                for name in sorted(beside & sizes.keys())
                if sizes[name][0] == own[0] and sizes[name][1] != own[1]
            )
            return replace(item, notes=(*item.notes, *notes))

        return [told(item) for item in made]

    def idle_rules(self) -> Iterator[str]:
        yield from (f"{rule} matches no texture" for rule in self.config.rules if id(rule) not in self.used)


def _spaces(config: Config) -> Iterator[str]:
    """Yield the names of colour spaces that are said anywhere."""
    for settings in (config, *config.rules, *config.kinds.values()):
        if settings.ocio is not None:
            yield from filter(None, (settings.ocio.file, settings.ocio.result))


def _places(materials: Iterable[Material]) -> dict[str, _Place]:
    return {member.name: _Place(material.name, member) for material in materials for member in material.members}


def _missing(materials: Iterable[Material]) -> Iterator[str]:
    for material in materials:
        yield from (f"{material.name}: {what}" for what in material.missing)


def _normal_maps(drafts: Iterable[_Draft]) -> dict[str, str]:
    """Return the path of each material's normal map: the first of those that hold x, y and z in this order."""
    found: dict[str, str] = {}
    for draft in drafts:
        decision = draft.texture.decision
        plain = decision.vectors in ((), (0, 1), (0, 1, 2)) and not draft.texture.evidence.vectors.signed
        if draft.material and decision.kind is MapKind.NORMAL and plain:
            found.setdefault(draft.material, str(draft.texture.source))
    return found


def _most(drafts: Iterable[_Draft]) -> dict[str, Fraction]:
    """Return by how much the members of each material may grow, where one of them cannot as far as it should."""
    members = defaultdict(list)
    for draft in drafts:
        if draft.material:
            members[draft.material].append(factor(draft.texture.spec.size, asked(draft.texture, draft.settings)))
    return {name: most for name, factors in members.items() if (most := together(factors)) is not None}


def _finder(config: Config) -> Find:
    @functools.cache
    def find(name: str, scale: int) -> ModelInfo:
        try:
            return catalog.find(name, base=config.base, scale=scale)
        except ModelNotFound as error:
            if error.where is None:
                error.where = config.where_named(name)
            raise

    return find


def _results(seen: Scan, jobs: Sequence[Job]) -> Iterator[str]:
    """Say why there is nothing to do where all that is there was made by this tool."""
    if seen.results and not jobs:
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
