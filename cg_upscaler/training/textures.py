"""Finds what a library holds to learn from: which of its textures are of the lesson, and of which material each is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cg_upscaler import codecs
from cg_upscaler.geometry import Edge, Wraps
from cg_upscaler.job import Problem
from cg_upscaler.library.classify import Decision, classify
from cg_upscaler.library.config.training import Lesson, Training
from cg_upscaler.library.globs import matches
from cg_upscaler.library.look import Seen, look_at
from cg_upscaler.library.naming.materials import Member, find_materials
from cg_upscaler.library.record.known import known_outputs_under
from cg_upscaler.library.scan import scan
from cg_upscaler.library.sidecars import read_sidecars
from cg_upscaler.maps import AlphaMode, MapKind, NormalConvention

Progress = Callable[[int, int], None]

NO_WRAPS = Wraps()

KINDS = {
    Lesson.COLOR: (MapKind.BASE_COLOR, MapKind.EMISSIVE, MapKind.SPECULAR),
    Lesson.NORMAL: (MapKind.NORMAL,),
    Lesson.MASK: (MapKind.ROUGHNESS, MapKind.GLOSS, MapKind.METALLIC, MapKind.OCCLUSION, MapKind.PACKED),
    Lesson.HEIGHT: (MapKind.HEIGHT,),
}
"""What each lesson is learnt from. Transparency is left out of masks: its edges are what a run draws anew anyway."""


@dataclass(frozen=True, slots=True)
class Texture:
    """A texture to learn from, and what has to be known to read it."""

    name: str
    path: Path
    stamp: tuple[int, int]
    material: str
    kind: MapKind
    channels: tuple[int, ...]
    """Which channels of the file are learnt from; of vectors x, y and, unless it is rebuilt, z."""
    alpha: int | None = None
    """The channel of transparency, under which colour is bled before anything is learnt."""
    signed: bool = False
    flip: bool = False
    """The green channel points down: y is negated."""
    wraps: Wraps = NO_WRAPS


@dataclass(frozen=True, slots=True)
class Catch:
    """What was found in a library."""

    textures: tuple[Texture, ...]
    problems: tuple[Problem, ...]
    """What could not be read."""
    others: Mapping[MapKind, int]
    """How many textures are of no kind that is learnt from."""
    passed: tuple[Problem, ...] = ()
    """What is of the lesson and cannot be learnt from: smaller than a piece, light without bounds."""
    turned: int = 0
    """Normal maps whose green points down, which are learnt from the other way up."""
    guessed: int = 0
    """Normal maps that say neither by name nor by pixels where green points: taken as pointing up."""


def find_textures(training: Training, on_progress: Progress | None = None) -> Catch:
    """Return the textures of a library that the lesson is of, in the order of their names.

    What cannot be read, or is smaller than a piece, is listed and stops nothing. Raises `UsageError` where there is no
    such folder.
    """
    root = training.library if training.library.is_dir() else training.library.parent
    seen = scan(training.library, only=training.only, ours=known_outputs_under(training.library))
    told = read_sidecars(root, seen.names, seen.sidecars).verdicts
    places: dict[str, tuple[str, Member]] = {
        member.name: (material.name, member)
        for material in find_materials(seen.names, told)
        for member in material.members
    }
    found = [item for item in seen.found if not matches(item.name, training.exclude)]
    textures: list[Texture] = []
    problems, passed = list(seen.problems), []
    others: dict[MapKind, int] = {}
    turned = guessed = 0
    for item in look_at(found, None, limit=training.pixel_limit, on_progress=on_progress):
        if isinstance(item, Problem):
            problems.append(item)
            continue
        name = item.found.name
        material, member = places.get(name, (name, None))
        decision = classify(name, item.spec, item.evidence, sidecar=told.get(name), siblings=member)
        if decision.kind not in KINDS[training.teach]:
            others[decision.kind] = others.get(decision.kind, 0) + 1
            continue
        if reason := _unfit(item, decision, training):
            passed.append(Problem(name, reason))
            continue
        textures += _of(item, decision, material, training.teach)
        if decision.kind is MapKind.NORMAL:
            turned += decision.convention is NormalConvention.DIRECTX
            guessed += decision.convention is None
    return Catch(tuple(textures), tuple(problems), others, tuple(passed), turned, guessed)


def _unfit(seen: Seen, decision: Decision, training: Training) -> str:
    """Return why a texture cannot be learnt from, or nothing."""
    size, wraps = seen.spec.size, _wraps(decision)
    axes = ((size.width, wraps.x), (size.height, wraps.y))
    if min(size.width, size.height) < 2 * training.scale:
        return f"{size} is next to nothing"
    if any(side < training.crop and not wrapped for side, wrapped in axes):
        return f"{size} is smaller than the pieces of {training.crop}² that are learnt from"
    if seen.spec.storage.slices > 1:
        return "holds several pictures"
    if seen.spec.depth.is_float and training.teach is Lesson.COLOR:
        return "holds light without bounds"
    if seen.spec.indexed:
        return "has a palette: what is between its colours is lost already"
    varied = [constant for constant in seen.evidence.constant[:3] if not constant]
    return "" if varied else "holds one value throughout"


def _of(seen: Seen, decision: Decision, material: str, lesson: Lesson) -> Iterator[Texture]:
    """Yield what is learnt from a file: one picture, or each channel of a packed map by itself."""
    spec, evidence = seen.spec, seen.evidence
    colour = tuple(channel for channel in range(spec.channels) if channel != spec.alpha)

    def texture(channels: tuple[int, ...], name: str, alpha: int | None = None) -> Texture:
        return Texture(
            name,
            seen.found.path,
            seen.found.stamp,
            material,
            decision.kind,
            channels,
            alpha,
            signed=evidence.vectors.signed,
            flip=decision.convention is NormalConvention.DIRECTX,
            wraps=_wraps(decision),
        )

    name = seen.found.name
    if lesson is Lesson.NORMAL:
        yield texture(decision.vectors or colour[:3], name)
    elif lesson is Lesson.COLOR:
        through = decision.alpha in (AlphaMode.CUTOUT, AlphaMode.BLEND)
        channels = colour[:3] if len(colour) >= 3 else colour[:1] * 3
        yield texture(channels, name, spec.alpha if through else None)
    elif decision.kind is MapKind.PACKED:
        for channel in colour:
            if not evidence.constant[channel]:
                yield texture((channel,), f"{name}#{'rgba'[channel]}")
    else:
        yield texture(colour[:1], name)


def _wraps(decision: Decision) -> Wraps:
    return Wraps(x=decision.edges.x is Edge.WRAP, y=decision.edges.y is Edge.WRAP)


def pairs_of(textures: Collection[Texture], folder: Path) -> dict[str, Path]:
    """Return the small texture of each large one that has one: by its name, whatever its suffix."""
    there: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and codecs.is_texture(path):
            there.setdefault(path.relative_to(folder).with_suffix("").as_posix().lower(), path)
    return {
        texture.name: there[key]
        for texture in textures
        if (key := Path(texture.name.partition("#")[0]).with_suffix("").as_posix().lower()) in there
    }
