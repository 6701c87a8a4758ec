"""Decides the job for one texture, from what is known of it and the settings that reach it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from cg_upscaler import codecs
from cg_upscaler.errors import UnsupportedImage
from cg_upscaler.job import Action, Group, Job
from cg_upscaler.library.classify import Decision
from cg_upscaler.library.evidence import Evidence
from cg_upscaler.library.groups import Find, color_space, plain_vectors, plan_groups
from cg_upscaler.library.settings import Settled
from cg_upscaler.maps import POLICIES, MapKind, Treatment
from cg_upscaler.spec import DeviceInfo, ImageSpec

SIDE_LIMITS = {"webp": 16_383, "jpg": 65_500, "tga": 65_535}
"""Texels a side, where a format has a limit that a result can meet."""

LOADABLE = 16_384
"""Texels a side of the largest texture that graphics hardware loads."""


@dataclass(frozen=True, slots=True)
class Texture:
    """What is known of a texture before its job is planned."""

    name: str
    source: Path
    spec: ImageSpec
    evidence: Evidence
    decision: Decision


def plan_texture(texture: Texture, settings: Settled, output: Path, device: DeviceInfo, find: Find) -> Job:
    """Return the job for a texture whose result goes into the folder `output`. Pure: equal input, equal job.

    Raises `UnsupportedImage` for a result that its format cannot hold, `UsageError` for a model that cannot do it.
    """
    spec, decision = texture.spec, texture.decision
    if POLICIES[decision.kind].treatment is Treatment.COPY:
        return _job(texture, settings, Action.COPY, output / texture.name, (), decision.notes)
    container, note = codecs.output_container(spec)
    same = container == spec.container
    written = replace(
        spec,
        size=spec.size * settings.scale,
        container=container,
        color_space=color_space(spec, decision),
        lossy=spec.lossy and same,
        indexed=False,
        note="",
    )
    _check_limits(written)
    groups = plan_groups(spec, texture.evidence, decision, settings, device, find)
    # The suffix is added and not replaced, so that lava.dds and lava.png never meet.
    target = output / (texture.name if same else f"{texture.name}.{container}")
    notes = (*decision.notes, *((note,) if note else ()), *_notes(texture, written))
    return replace(_job(texture, settings, Action.UPSCALE, target, groups, notes), output_spec=written)


def skip(name: str, source: Path, why: str, output: Path) -> Job:
    """Return the job for a texture that a rule excludes; it is not looked at."""
    return Job(name, str(source), str(output / name), Action.SKIP, MapKind.DATA, why, confidence=1.0, scale=1)


def _job(
    texture: Texture, settings: Settled, action: Action, target: Path, groups: tuple[Group, ...], notes: tuple[str, ...]
) -> Job:
    decision = texture.decision
    return Job(
        name=texture.name,
        source=str(texture.source),
        output=str(target),
        action=action,
        kind=decision.kind,
        why=decision.why,
        confidence=decision.confidence,
        scale=settings.scale if action is Action.UPSCALE else 1,
        source_spec=texture.spec,
        edges=settings.edges,
        alpha=decision.alpha,
        groups=groups,
        notes=notes,
    )


def _check_limits(written: ImageSpec) -> None:
    limit = SIDE_LIMITS.get(written.container)
    if limit is not None and max(written.size.width, written.size.height) > limit:
        raise UnsupportedImage(
            f"the result would be {written.size}, and a {written.container.upper()} file holds {limit} texels a side",
            fix="give it a smaller scale under 'rules', or convert it to PNG",
        )


def _notes(texture: Texture, written: ImageSpec) -> tuple[str, ...]:
    notes = []
    if texture.spec.indexed:
        notes.append("a palette is written as plain colour")
    if texture.decision.kind is MapKind.NORMAL and not plain_vectors(texture.evidence):
        notes.append("vectors in an unusual layout are resampled channel by channel, and not made unit length")
    if max(written.size.width, written.size.height) > LOADABLE:
        notes.append(f"the result is {written.size}: more than the {LOADABLE} a side that graphics hardware loads")
    return tuple(notes)
