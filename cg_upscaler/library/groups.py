"""Splits a texture's channels into the groups that go through a generator together, and decides how each goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from cg_upscaler.cut import canonical_cut
from cg_upscaler.errors import UnsupportedImage, UsageError
from cg_upscaler.geometry import Size
from cg_upscaler.job import Band, Group, Pass, Via
from cg_upscaler.library.classify import Decision
from cg_upscaler.library.config import TwoX
from cg_upscaler.library.evidence import AlphaClass, Evidence
from cg_upscaler.library.settings import Settled
from cg_upscaler.maps import BICUBIC, PLAIN, POLICIES, AlphaMode, ColorSpace, Role, Treatment
from cg_upscaler.spec import DeviceInfo, ImageSpec, ModelInfo, Precision

Find = Callable[[str, int], ModelInfo]
"""What is known of a model, by its name and the scale that plain resampling is to have."""


_SOFT = 0.4
"""Share of partly transparent texels, of all that show, from which on transparency is a matter of degrees. Icons with
smooth edges have a quarter, particles two thirds."""


@dataclass(frozen=True, slots=True)
class Part:
    """Channels that belong together, before it is known how they are generated."""

    role: Role
    channels: tuple[int, ...]
    targets: tuple[int, ...]
    color_space: ColorSpace = ColorSpace.DATA
    safe: bool = False
    """Resampled, whatever the kind's model is: of unclear meaning, or soft."""


def plan_groups(
    spec: ImageSpec, evidence: Evidence, decision: Decision, settings: Settled, device: DeviceInfo, find: Find
) -> tuple[Group, ...]:
    """Return the channel groups of a texture. Every channel is the target of exactly one.

    Raises `UsageError` for a model that cannot do it, `UnsupportedImage` for a normal map of one channel.
    """
    groups = []
    for part in split(spec, evidence, decision):
        if evidence.finite and all(evidence.constant[channel] for channel in part.channels):
            # Nothing is generated, so nothing of how it would have been may reach the job's key.
            plain = _group(replace(part, safe=True), spec, replace(settings, fidelity=0.0), device, find)
            groups.append(replace(plain, constant=True))
        else:
            hard = _is_hard(part, spec, evidence, decision)
            groups.append(_group(part, spec, replace(settings, fidelity=0.0) if hard else settings, device, find))
    return tuple(groups)


def split(spec: ImageSpec, evidence: Evidence, decision: Decision) -> Iterator[Part]:
    """Yield the parts of a texture, as its kind's treatment says."""
    treatment = POLICIES[decision.kind].treatment
    colour = tuple(channel for channel in range(spec.channels) if channel != spec.alpha)
    first, rest = colour[:3], colour[3:]
    if treatment is Treatment.NORMAL and not plain_vectors(evidence):
        yield from (Part(Role.SCALAR, (channel,), (channel,), safe=True) for channel in colour)
    elif treatment is Treatment.NORMAL:
        if len(first) < 2:
            raise UnsupportedImage(
                "is taken for a normal map, which has two channels at least, and this has one",
                fix="give it another kind under 'rules'",
            )
        yield Part(Role.NORMAL, first, first)
        yield from (Part(Role.SCALAR, (channel,), (channel,), safe=True) for channel in rest)
    else:
        space = color_space(spec, decision)
        if len(first) == 3 and evidence.gray and evidence.finite:
            yield Part(Role.SCALAR, first[:1], first, space)
        elif len(first) == 3 and treatment is Treatment.COLOR:
            yield Part(Role.COLOR, first, first, space)
        else:
            yield from (Part(Role.SCALAR, (channel,), (channel,), space) for channel in first)
        unclear = treatment is Treatment.COLOR
        yield from (Part(Role.SCALAR, (channel,), (channel,), safe=unclear) for channel in rest)
    if spec.alpha is not None:
        if decision.alpha in (AlphaMode.CUTOUT, AlphaMode.BLEND, AlphaMode.PREMULTIPLIED):
            soft = decision.alpha is not AlphaMode.CUTOUT and _is_soft(evidence)
            yield Part(Role.ALPHA, (spec.alpha,), (spec.alpha,), safe=soft)
        else:
            unclear = treatment is not Treatment.CHANNELS
            yield Part(Role.SCALAR, (spec.alpha,), (spec.alpha,), safe=unclear)


def _is_soft(evidence: Evidence) -> bool:
    """Whether transparency is mostly by degrees: glows and smoke, which a generator would give a hard rim."""
    shown = 1 - evidence.alpha.clear
    return shown > 0 and (shown - evidence.alpha.solid) / shown > _SOFT


def plain_vectors(evidence: Evidence) -> bool:
    """Whether a normal map holds x, y, z in that order in 0 … 1. Others are resampled channel by channel."""
    return not (evidence.vectors.swizzled or evidence.vectors.signed)


def color_space(spec: ImageSpec, decision: Decision) -> ColorSpace:
    """Return what a texture's colour is: its policy's, but float files hold linear light, and some others say so."""
    space = POLICIES[decision.kind].color_space
    if space is ColorSpace.SRGB and (spec.depth.is_float or spec.color_space is ColorSpace.LINEAR):
        return ColorSpace.LINEAR
    return space


def _is_hard(part: Part, spec: ImageSpec, evidence: Evidence, decision: Decision) -> bool:
    """Whether all texels are 0 or 1. A match would force the result's to the same: a staircase for an edge."""
    if spec.alpha in part.channels:
        return evidence.alpha.values is AlphaClass.BINARY or decision.alpha is AlphaMode.CUTOUT
    return evidence.primary == 1.0


def _group(part: Part, spec: ImageSpec, settings: Settled, device: DeviceInfo, find: Find) -> Group:
    model = find(BICUBIC if part.safe else settings.model, settings.scale)
    via = _via(model, settings)
    channels = 3 if part.role is Role.NORMAL else len(part.channels)
    if channels > 1 and model.channels not in (0, channels):
        raise UsageError(
            f"model {model.name} takes {model.channels} channel(s), and {part.role.value} has {channels}",
            fix="choose another model",
        )
    size = Size(-(-spec.size.width // 2), -(-spec.size.height // 2)) if via is Via.SHRINK else spec.size
    cut = canonical_cut(size, model)
    assert cut is not None  # only a smaller one than the first may not exist
    return Group(
        role=part.role,
        channels=part.channels,
        targets=part.targets,
        color_space=part.color_space,
        model=model.name,
        passes=(Pass(settings.scale, via, cut),),
        fidelity=settings.fidelity,
        band=Band.LOW if spec.lossy or spec.indexed else Band.ALL,
        precision=Precision.FLOAT32 if model.name in PLAIN else device.precision_for(settings.precision, spec.depth),
        weights=model.weights,
    )


def _via(model: ModelInfo, settings: Settled) -> Via:
    if model.scale == settings.scale:
        return Via.DIRECT
    if (model.scale, settings.scale) == (4, 2):
        return Via.REDUCE if settings.two_x is TwoX.QUALITY else Via.SHRINK
    raise UsageError(
        f"model {model.name} is {model.scale}x and cannot give {settings.scale}x",
        fix=f"choose a {settings.scale}x model" if settings.scale == 4 else "choose a 2x or a 4x model",
    )
