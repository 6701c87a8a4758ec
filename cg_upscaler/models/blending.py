"""Makes one model of several: blends, whose weights are averages of theirs, and chains, which run one after another."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace

from cg_upscaler import model_names
from cg_upscaler.errors import ModelError
from cg_upscaler.maps import PLAIN
from cg_upscaler.models import licences
from cg_upscaler.spec import ModelInfo, Precision, Share

BLENDED = ("rrdb", "compact")
"""Architectures whose weights mean the same in all models of one shape, so that they can be averaged."""

MOST_STEPS = 8


def blend(parts: Sequence[Share]) -> ModelInfo:
    """Return what is known of a blend. Where all of it is one model, it is that model.

    As ESRGAN's network interpolation has it (Wang et al. 2018, section 3.4). Equal weights under two names are one
    part, and the order of parts does not matter. Raises `ModelError` for parts that are not of one shape.
    """
    for part in parts:
        if part.model.architecture not in BLENDED or part.model.parts:
            raise ModelError(
                f"{model_names.short(part.model.name)} cannot be blended: it is no single network of the ESRGAN family",
                fix="blend weights of ESRGAN or Real-ESRGAN, or of its compact network",
            )
        if _shape(part.model) != _shape(parts[0].model):
            raise ModelError(
                f"{_in_words(parts[0].model)} and {_in_words(part.model)} are networks of different shapes",
                fix="blend weights that were trained from the same model",
            )
    found: dict[str, Share] = {}
    for part in sorted(parts, key=lambda part: part.model.weights):
        before = found.get(part.model.weights)
        found[part.model.weights] = part if before is None else replace(before, share=before.share + part.share)
    kept = tuple(part for part in found.values() if part.share > 0)
    if len(kept) == 1:
        return kept[0].model
    return replace(
        kept[0].model,
        name=model_names.blended((part.model.name, part.share) for part in kept),
        weights=_hash("blend", (f"{part.share:.9g} {part.model.weights}" for part in kept)),
        licence=licences.together(part.model.licence for part in kept),
        source=" and ".join(part.model.source for part in kept),
        parts=kept,
    )


def chain(steps: Sequence[ModelInfo]) -> ModelInfo:
    """Return what is known of a chain. Raises `ModelError` for steps that cannot follow each other."""
    for step in steps:
        if step.name in PLAIN:
            raise ModelError(f"{step.name} is no step of a chain: it has no scale of its own", fix="leave it out")
        if step.scale < 1:
            raise ModelError(f"{model_names.short(step.name)} makes pictures smaller, and is no step of a chain")
        if step.channels != steps[0].channels:
            raise ModelError(
                f"{model_names.short(steps[0].name)} takes {steps[0].channels} channel(s) and "
                f"{model_names.short(step.name)} {step.channels}: they cannot follow each other"
            )
    if len(steps) > MOST_STEPS:
        raise ModelError(f"a chain of {len(steps)} steps", fix=f"{MOST_STEPS} are the most")
    scale = 1
    reach: int | None = 0
    horizon: int | None = 0
    for step in steps:
        # Texels of a later step are smaller: so many of them are within one of the source.
        reach = None if reach is None or step.reach is None else reach + -(-step.reach // scale)
        horizon = None if horizon is None or step.horizon is None else horizon + -(-step.horizon // scale)
        scale *= step.scale
    return ModelInfo(
        name=model_names.chained(step.name for step in steps),
        architecture="chain",
        scale=scale,
        channels=steps[0].channels,
        reach=reach,
        horizon=horizon,
        multiple=steps[0].multiple,
        weights=_hash("chain", (step.weights for step in steps)),
        parameters=sum(step.parameters for step in steps),
        precisions=_precisions(steps),
        licence=licences.together(step.licence for step in steps),
        source=" and ".join(step.source for step in steps),
        steps=tuple(steps),
    )


def _precisions(steps: Sequence[ModelInfo]) -> tuple[Precision, ...]:
    """Return the precisions in which all steps may be run; none where that is all that there are."""
    bounded = [step.precisions for step in steps if step.precisions]
    return tuple(each for each in Precision if all(each in some for some in bounded)) if bounded else ()


def _shape(model: ModelInfo) -> tuple[object, ...]:
    """Return what is equal in two models of these families just where all their tensors are of the same shapes."""
    return (
        model.architecture, model.scale, model.channels, model.multiple, model.horizon, model.parameters, model.held,
        model.live,
    )  # fmt: skip


def _in_words(model: ModelInfo) -> str:
    size = f"{model.architecture}, {model.scale}x, {model.channels} channel(s), {model.parameters / 1e6:.3g} M weights"
    return f"{model_names.short(model.name)} ({size})"


def _hash(what: str, parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join([what, *parts]).encode()).hexdigest()
