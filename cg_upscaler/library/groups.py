"""Splits a texture's channels into the groups that go through a generator together, and decides how each goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from cg_upscaler.cut import canonical_cut, overlapping
from cg_upscaler.errors import UnsupportedImage, UsageError
from cg_upscaler.geometry import Edges, Size
from cg_upscaler.job import Band, Group, Pass, Via
from cg_upscaler.library.classify import Decision
from cg_upscaler.library.config import TwoX
from cg_upscaler.library.config.settings import Means, Settled
from cg_upscaler.library.survey.evidence import AlphaClass, Evidence
from cg_upscaler.maps import (
    BICUBIC,
    FITTING,
    NEAREST,
    PLAIN,
    POLICIES,
    AlphaMode,
    ColorSpace,
    MapKind,
    Meaning,
    Role,
    Treatment,
)  # fmt: skip
from cg_upscaler.model_names import short
from cg_upscaler.models.blending import chain
from cg_upscaler.spec import DeviceInfo, ImageSpec, ModelInfo, Precision, Reach

Find = Callable[[str, int], ModelInfo]
"""What is known of a model, by its name and the scale that plain resampling is to have."""

Measure = Callable[[ModelInfo], Reach]
"""How far a model looks, of which that is not known."""


def unmeasured(model: ModelInfo) -> Reach:
    """The `Measure` of who has none. Raises `UsageError`."""
    raise UsageError(f"how far model {model.name} looks is not known", fix="say 'overlap', in texels")


TRANSPARENT = (AlphaMode.CUTOUT, AlphaMode.BLEND, AlphaMode.PREMULTIPLIED)
"""Where alpha is transparency, and not one more channel."""

_SOFT = 0.2
"""Share of what shows that is partly transparent, other than where edges are smoothed, from which on transparency is a
matter of degrees. Icons have less than a tenth, however small they are; particles a third and more."""

_FEW, _FLAT = 64, 0.8
"""Colours of flat art at most, and the share of its neighbours that are of one colour at least."""

_DRAWN = (MapKind.BASE_COLOR, MapKind.EMISSIVE, MapKind.SPRITE)


@dataclass(frozen=True, slots=True)
class Part:
    """Channels that belong together, before it is known how they are generated."""

    role: Role
    channels: tuple[int, ...]
    targets: tuple[int, ...]
    color_space: ColorSpace = ColorSpace.DATA
    holds: MapKind | None = None
    """What they are, where that is not the texture's own kind."""
    plain: str | None = None
    """The resampling that they get whatever the model is: of unclear meaning, soft, or no picture."""


def plan_groups(
    spec: ImageSpec,
    evidence: Evidence,
    decision: Decision,
    settings: Settled,
    *,
    size: Size,
    passes: int,
    flip: bool,
    device: DeviceInfo,
    edges: Edges,
    find: Find,
    measure: Measure,
) -> tuple[Group, ...]:
    """Return the channel groups of a texture. Every channel is the target of exactly one.

    `size` is that of the picture which a generator is shown, a cell or a framed texture among it; `passes` is by how
    much it enlarges in all; with `flip` vectors are turned into the other convention. Raises `UsageError` for a model
    that cannot do it, `UnsupportedImage` for a normal map of one channel.
    """
    groups = []
    for part in split(spec, evidence, decision, settings):
        means = settings.means_for(part.holds)
        if evidence.finite and all(evidence.constant[channel] for channel in part.channels):
            # Nothing is generated, so nothing of how it would have been may reach the job's key.
            means = Means(BICUBIC, fidelity=0.0, precision=means.precision)
            group = replace(
                _group(replace(part, plain=BICUBIC), spec, means, size, 1, edges, device, find, measure), constant=True
            )
        else:
            means = replace(means, fidelity=_fidelity(part, means, spec, evidence, decision))
            group = _group(part, spec, means, size, passes, edges, device, find, measure)
        if part.role is Role.NORMAL:
            group = replace(group, signed=evidence.vectors.signed, flip=flip)
        groups.append(group)
    return tuple(groups)


def split(spec: ImageSpec, evidence: Evidence, decision: Decision, settings: Settled) -> Iterator[Part]:
    """Yield the parts of a texture, as its kind's treatment says."""
    treatment = POLICIES[decision.kind].treatment
    if treatment is Treatment.COPY:
        yield from _data(spec, decision)
        return
    held = {channel: kind for channel, kind in settings.channels.items() if channel < spec.channels}
    if treatment is Treatment.CHANNELS and held:
        yield from _packed(spec, decision, settings, held)
        return
    colour = tuple(channel for channel in range(spec.channels) if channel != spec.alpha)
    if treatment is Treatment.NORMAL:
        vectors = decision.vectors or colour[:3]
        if len(vectors) < 2:
            raise UnsupportedImage(
                "is taken for a normal map, which has two channels at least, and this has one",
                fix="give it another kind under 'rules'",
            )
        yield Part(Role.NORMAL, vectors, vectors)
        rest = tuple(channel for channel in range(spec.channels) if channel not in vectors)
        yield from (_rest(channel, held) for channel in rest)
        return
    space = color_space(spec, decision, settings.means)
    first, rest = colour[:3], colour[3:]
    if len(first) == 3 and evidence.gray and evidence.finite:
        yield Part(Role.SCALAR, first[:1], first, space)
    elif len(first) == 3 and treatment is Treatment.COLOR:
        yield Part(Role.COLOR, first, first, space)
    else:
        yield from (Part(Role.SCALAR, (channel,), (channel,), space) for channel in first)
    clear = treatment is Treatment.CHANNELS or settings.means.model in PLAIN
    for channel in rest:
        yield Part(Role.SCALAR, (channel,), (channel,)) if clear else _rest(channel, held)
    if spec.alpha is not None:
        yield _alpha(spec.alpha, evidence, decision, held, clear=clear)


def _alpha(alpha: int, evidence: Evidence, decision: Decision, held: dict[int, MapKind], *, clear: bool) -> Part:
    if decision.alpha in TRANSPARENT:
        drawn = decision.kind is MapKind.PIXEL_ART or decision.alpha is AlphaMode.CUTOUT or not _is_soft(evidence)
        return Part(Role.ALPHA, (alpha,), (alpha,), plain=None if drawn else BICUBIC)
    return Part(Role.SCALAR, (alpha,), (alpha,)) if clear and alpha not in held else _rest(alpha, held)


def _rest(channel: int, held: dict[int, MapKind]) -> Part:
    """A channel beside those that make the map: what it is said to hold, or else resampled, which harms nothing."""
    if channel in held:
        return _scalar(channel, held[channel])
    return Part(Role.SCALAR, (channel,), (channel,), plain=BICUBIC)


def _scalar(channel: int, kind: MapKind, space: ColorSpace = ColorSpace.DATA) -> Part:
    plain = NEAREST if kind is MapKind.DATA else BICUBIC if kind is MapKind.NORMAL else None
    return Part(Role.SCALAR, (channel,), (channel,), space, kind, plain)


def _packed(spec: ImageSpec, decision: Decision, settings: Settled, held: dict[int, MapKind]) -> Iterator[Part]:
    """Yield the channels of a packed map, each as what it is. Those of a normal or of a colour go together."""
    together = {
        kind: tuple(channel for channel in range(spec.channels) if held.get(channel) is kind)
        for kind in dict.fromkeys(held.values())
    }
    for kind, channels in together.items():
        space = color_space(spec, replace(decision, kind=kind), settings.means_for(kind))
        if kind is MapKind.NORMAL and len(channels) in (2, 3):
            yield Part(Role.NORMAL, channels, channels, holds=kind)
        elif POLICIES[kind].color_space is ColorSpace.SRGB and len(channels) == 3:
            yield Part(Role.COLOR, channels, channels, space, kind)
        else:
            yield from (_scalar(channel, kind, space) for channel in channels)
    yield from (Part(Role.SCALAR, (c,), (c,), plain=BICUBIC) for c in range(spec.channels) if c not in held)


def fitting(meaning: Meaning | None) -> str | None:
    """Return the plain resampling that keeps data what it is, if there is one."""
    return None if meaning is None else FITTING[meaning]


def _data(spec: ImageSpec, decision: Decision) -> Iterator[Part]:
    plain = fitting(decision.meaning)
    yield from (Part(Role.SCALAR, (channel,), (channel,), plain=plain) for channel in range(spec.channels))


def _is_soft(evidence: Evidence) -> bool:
    """Whether transparency is mostly by degrees: glows and smoke, which a generator would give a hard rim."""
    return evidence.alpha.soft > _SOFT


def color_space(spec: ImageSpec, decision: Decision, means: Means) -> ColorSpace:
    """Return what colour is: as it is set, or its policy's; but float files hold light, and some others say so."""
    if means.color_space is not None:
        return means.color_space
    space = POLICIES[decision.kind].color_space
    if space is ColorSpace.SRGB and (spec.depth.is_float or spec.color_space is ColorSpace.LINEAR):
        return ColorSpace.LINEAR
    return space


def _fidelity(part: Part, means: Means, spec: ImageSpec, evidence: Evidence, decision: Decision) -> float:
    """Return how far the source is held. A match forces texels of pure black, white and flat colour into a staircase.

    Who asks for it by a rule or for a kind gets it on flat art; on cut-outs it has no meaning.
    """
    if NEAREST in (part.plain, means.model) or decision.kind is MapKind.DATA:
        return 0.0
    if spec.alpha in part.channels:
        hard = evidence.alpha.values is AlphaClass.BINARY or decision.alpha is AlphaMode.CUTOUT
        return 0.0 if hard else means.fidelity
    flat = evidence.colors <= _FEW and evidence.flat >= _FLAT and (part.holds or decision.kind) in _DRAWN
    return 0.0 if (flat or evidence.primary == 1.0) and not means.insisted else means.fidelity


def _group(
    part: Part,
    spec: ImageSpec,
    means: Means,
    size: Size,
    passes: int,
    edges: Edges,
    device: DeviceInfo,
    find: Find,
    measure: Measure,
) -> Group:
    filtered = passes == 1  # by whichever model: none is asked
    model = find(BICUBIC if filtered else part.plain or means.model, passes)
    channels = 3 if part.role is Role.NORMAL else len(part.channels)
    if channels > 1 and model.channels not in (0, channels):
        raise UsageError(
            f"model {short(model.name)} takes {model.channels} channel(s), and {part.role.value} has {channels}",
            fix="choose another model",
        )
    drawn = not (filtered or model.name in PLAIN)
    pictured = part.role in (Role.COLOR, Role.SCALAR) and part.plain is None
    return Group(
        role=part.role,
        channels=part.channels,
        targets=part.targets,
        color_space=part.color_space,
        model=model.name,
        passes=() if filtered else tuple(_passes(model, means, passes, size, edges, measure)),
        fidelity=0.0 if filtered else means.fidelity,
        band=Band.LOW if spec.lossy or spec.indexed else Band.ALL,
        precision=_precision(model, device.precision_for(means.precision, spec.depth)) if drawn else Precision.FLOAT32,
        weights=model.weights,
        licence=model.licence,
        holds=part.holds,
        grain=means.grain if drawn and pictured else 0.0,
        gamma=means.gamma if drawn and pictured else 1.0,
        fallback=drawn and means.fallback,
    )


def _precision(model: ModelInfo, wanted: Precision) -> Precision:
    """Return the precision that is wanted, or float32 where a model is not right in it."""
    return wanted if not model.precisions or wanted in model.precisions else Precision.FLOAT32


def _passes(model: ModelInfo, means: Means, times: int, size: Size, edges: Edges, measure: Measure) -> Iterator[Pass]:
    """Yield the passes by which a model makes a picture of `size` so many times as large, the smaller one first."""
    overlap = None if model.name in PLAIN else means.overlap
    model = measured(model, measure, overlap)
    for step in _steps(model, times):
        via = Via.DIRECT
        if model.scale != step:
            fast = (model.scale, step) == (4, 2) and means.two_x is TwoX.FAST
            via = Via.SHRINK if fast else Via.REDUCE
        seen = Size(-(-size.width // 2), -(-size.height // 2)) if via is Via.SHRINK else size
        cut = canonical_cut(seen, model, edges, exact=means.exact)
        yield Pass(step, via, cut if overlap is None else overlapping(cut, overlap, model))
        size = size * step


def measured(model: ModelInfo, measure: Measure, overlap: int | None) -> ModelInfo:
    """Return a model, and each step of a chain, with how far it looks, or with the overlap that is asked for."""
    if model.steps:
        return chain([measured(step, measure, overlap) for step in model.steps])
    if model.most and overlap is not None:
        return replace(model, reach=overlap)
    if model.reach is not None:
        return model
    return replace(model, reach=measure(model).texels if overlap is None else overlap)


def _steps(model: ModelInfo, times: int) -> tuple[int, ...]:
    if model.scale == times:
        return (times,)
    if model.scale > times:
        return (times,)
    known = {(4, 8): (2, 4), (2, 4): (2, 2), (2, 8): (2, 2, 2)}
    if (model.scale, times) not in known:
        raise UsageError(
            f"model {short(model.name)} is {model.scale}x and cannot give {times}x",
            fix="choose a 4x model" if times == 3 else "choose a 2x or a 4x model",
        )
    return known[model.scale, times]
