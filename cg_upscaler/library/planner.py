"""Plans textures in the light of each other: what each is, what is wanted of it, what its material allows."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

from cg_upscaler.errors import ModelError
from cg_upscaler.geometry import Edge, Edges
from cg_upscaler.job import Job, Problem
from cg_upscaler.library.agreement import agreed
from cg_upscaler.library.classify import classify
from cg_upscaler.library.config import Config, Rule
from cg_upscaler.library.config.choosing import given_way
from cg_upscaler.library.config.settings import (
    Settled,
    deciding,
    holding,
    rules_for,
    said_alpha,
    settle,
)  # fmt: skip
from cg_upscaler.library.frames import Framing, find_frames
from cg_upscaler.library.groups import Find, Measure
from cg_upscaler.library.look import Progress, Seen, attempt, look_at
from cg_upscaler.library.naming.materials import Material, Member
from cg_upscaler.library.naming.neighbours import Neighbours
from cg_upscaler.library.precautions import Precautions
from cg_upscaler.library.receipts import Receipts
from cg_upscaler.library.scan import Found
from cg_upscaler.library.sidecars import Sidecars
from cg_upscaler.library.sizes import factor, together
from cg_upscaler.library.texture import Texture, asked, plan_texture, skip
from cg_upscaler.maps import MapKind
from cg_upscaler.model_names import short
from cg_upscaler.models import catalog
from cg_upscaler.models.licences import UNKNOWN, is_allowed
from cg_upscaler.spec import DeviceInfo, ModelInfo, Reach

_CONDITIONS = frozenset({"match", "when"})


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
    hash: str = ""
    """Of the bytes that it was looked at by."""


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
class Planner:
    """What the plans of all textures have in common."""

    config: Config
    output: Path
    device: DeviceInfo
    find: Find
    sidecars: Sidecars
    places: dict[str, _Place]
    measure: Measure
    precautions: Precautions = field(default_factory=Precautions)
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
        for item in look_at(looked, receipts, limit=limit, on_progress=on_progress, precautions=self.precautions):
            if isinstance(item, Problem):
                made[item.name] = item
            else:
                made[item.found.name] = self.draft(item)
        drafts = {name: item for name, item in made.items() if isinstance(item, _Draft)}
        drafts |= self.agree(drafts)
        made |= drafts
        normals = {} if self.config.overwrite else _normal_maps(drafts.values())
        scratch = None if receipts is None else receipts.scratch
        shared = _Shared(_most(drafts.values()), self.framings(drafts, scratch), normals)
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
        return _Draft(texture, tuple(rules), settle(self.config, rules, decision), material, seen.hash)

    def deciders(self, draft: _Draft) -> tuple[tuple[str, str], ...]:
        """Return pairs of a setting and who decides it, for what rules or the settings of a kind decide."""
        kind = draft.texture.decision.kind
        who: dict[str, str] = {}
        for rule in draft.rules:
            for setting in sorted(rule.model_fields_set - _CONDITIONS):
                who.setdefault(setting, rule.label)
        own = self.config.kinds.get(kind)
        for setting in sorted(own.model_fields_set) if own is not None else ():
            who.setdefault(setting, f"what is set for {kind.value}")
        return tuple(who.items())

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

    def framings(self, drafts: Mapping[str, _Draft], scratch: Path | None) -> dict[str, Framing]:
        around = {name: place.member.neighbours for name in drafts if (place := self.places.get(name))}
        around = {name: sides for name, sides in around.items() if sides != Neighbours()}
        if self.config.overwrite:  # they may be results already when this texture looks at them
            alone = Framing(notes=("the textures beside it are replaced as well: it is upscaled by itself",))
            return dict.fromkeys(around, alone)
        textures = {name: draft.texture for name, draft in drafts.items()}
        return find_frames(around, textures, self.config.pixel_limit, scratch) if around else {}

    def finish(self, draft: _Draft, shared: _Shared) -> Job | Problem:
        """Plan a texture, given what follows from the others."""
        framing = shared.framings.get(draft.texture.name, Framing())
        if framing.problem:
            return Problem(draft.texture.name, framing.problem)
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
        if isinstance(made, Problem):
            return made
        return replace(made, notes=(*made.notes, *framing.notes), settled=self.deciders(draft), seen=draft.hash)

    def measured(self, model: ModelInfo) -> Reach:
        """Return how far a model looks, measured once for all textures."""
        if model.name not in self.reaches:
            self.reaches[model.name] = self.measure(model)
        return self.reaches[model.name]

    def remarks(self) -> Iterator[str]:
        yield from (f"{model}: {reach.note}" for model, reach in self.reaches.items() if reach.note)
        for model, instead, kinds in given_way(self.config):
            named = ", ".join(kind.value for kind in kinds)
            yield f"{model} is under a licence that 'licenses' does not allow: {instead} is used for {named}"

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


def places_of(materials: Iterable[Material]) -> dict[str, _Place]:
    return {member.name: _Place(material.name, member) for material in materials for member in material.members}


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


def finder(config: Config) -> Find:
    """Return what finds models for plans. It raises `ModelError`, where the configuration names the model, also for a
    licence that is not allowed."""

    @functools.cache
    def find(name: str, scale: int) -> ModelInfo:
        try:
            model = catalog.find(name, base=config.base, scale=scale, folder=config.models_folder)
            if config.licenses is not None:
                require_allowed(model, config.licenses.allow)
        except ModelError as error:
            if error.where is None:
                error.where = config.where_named(name)
            raise
        return model

    return find


def require_allowed(model: ModelInfo, allowed: Sequence[str]) -> None:
    """Raise `ModelError` for a model whose licence is not among some; of a blend or a chain, for that part."""
    for part in (*(share.model for share in model.parts), *model.steps):
        require_allowed(part, allowed)
    if model.parts or model.steps or is_allowed(model.licence, allowed):
        return
    name, only = short(model.name), f"'licenses' allows {', '.join(allowed) or 'none'} alone"
    if model.licence == UNKNOWN:
        card = f'{Path(model.source).stem}.json beside it, {{"license": "…"}}'
        what = f"under which licence {name} is, is unknown, and {only}"
        raise ModelError(what, fix=f"find out, and state it in a file {card}; or choose another model")
    raise ModelError(
        f"{name} is under {model.licence}, and {only}", fix="choose another model, or add the licence to 'allow'"
    )
