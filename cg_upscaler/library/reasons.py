"""Says in words by what a job differs from the one that was done before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cg_upscaler.job import Job
from cg_upscaler.model_names import short

_WORDS = {
    "action": "action",
    "kind": "kind",
    "scale": "scale",
    "edges": "edges",
    "alpha": "alpha",
    "alpha_threshold": "alpha threshold",
    "cells": "cells",
    "frame": "neighbours",
    "vertices": "height on vertices",
    "mips": "mips",
    "storing": "colours in the file",
    "named": "colour spaces",
    "credited": "model named in the file",
    "fidelity": "fidelity",
    "grain": "grain",
    "gamma": "gamma",
    "precision": "precision",
    "flip": "normal convention",
    "band": "fidelity",
    "color_space": "colour space",
}
"""What a field of a job, or of its groups, is called."""

_SETTINGS = {
    "alpha_threshold": ("alpha_threshold",),
    "kind": ("kind", "channels"),
    "scale": ("scale", "size", "max_size", "power_of_two"),
    "size": ("size", "scale", "max_size", "power_of_two"),
    "model": ("model",),
    "passes": ("scale", "size", "two_x", "model"),
    "file": ("format",),
    "mips": ("format",),
    "storing": ("format",),
    "named": ("ocio",),
    "credited": ("metadata",),
    "flip": ("convert_normals", "normal_convention"),
    "band": ("fidelity",),
}
"""The settings that decide a field, where that is not the one of its own name."""

_OWN = ("kind", "alpha", "action", "scale", "size", "model", "weights of the model", "file")
"""What stands for itself where a texture became of another kind, or its alpha did: all else follows from that."""

_MOST = 3
"""Changes that are told one by one."""


def changes(before: Job | None, now: Job) -> str:
    """Return what reaches pixels and differs between two jobs of one texture, and which rule is behind it.

    ``rule 'foliage/**' changed: alpha blend → cutout``, ``model changed: a → b``; empty where nothing does, or where
    the job before is not known.
    """
    if before is None:
        return ""
    told: dict[str, dict[tuple[str, str], None]] = {}
    differences = list(_differences(before, now))
    another = any(field in ("kind", "alpha") for field, _, _ in differences)
    for field, was, becomes in differences:
        if another and field not in _OWN and not _rule(field, before, now):
            continue
        word = _WORDS.get(field, field.replace("_", " "))
        told.setdefault(_rule(field, before, now), {})[word, f"{was} → {becomes}" if was and becomes else ""] = None
    return "; ".join(_sentence(who, list(what)) for who, what in told.items())


def _sentence(who: str, told: list[tuple[str, str]]) -> str:
    if not who and len(told) == 1:
        word, values = told[0]
        return f"{word} changed: {values}" if values else f"{word} changed"
    more = f" and {len(told) - _MOST} more" if len(told) > _MOST else ""
    what = ", ".join(f"{word} {values}".rstrip() for word, values in told[:_MOST]) + more
    return f"{who} changed: {what}" if who else f"changed: {what}"


def _rule(field: str, before: Job, now: Job) -> str:
    """Return the rule that decides a field now or, if none does any more, that decided it before."""
    settings = _SETTINGS.get(field, (field,))
    for job in (now, before):
        for setting, rule in job.settled:
            if setting in settings:
                return rule
    return ""


def _differences(before: Job, now: Job) -> Iterator[tuple[str, str, str]]:
    """Yield fields that differ, those of groups first, with what they were and are, in words where those are short."""
    if before.scale != now.scale:
        yield "scale", str(before.scale), str(now.scale)
    yield from _groups(before, now)
    if before.output_spec != now.output_spec and before.output_spec and now.output_spec:
        was, becomes = before.output_spec, now.output_spec
        if was.size != becomes.size and before.scale == now.scale:
            yield "size", str(was.size), str(becomes.size)
        if (was.container, was.depth, was.channels, was.storage) != (
            becomes.container, becomes.depth, becomes.channels, becomes.storage
        ):  # fmt: skip
            yield "file", _file(was), _file(becomes)
    old, new = before.identity(), now.identity()
    for field in {**old, **new}:
        if field not in ("groups", "output_spec", "source_spec", "scale") and old.get(field) != new.get(field):
            yield field, _short(old.get(field)), _short(new.get(field))
    if before.source_spec != now.source_spec:
        yield "reading of its source", "", ""


def _groups(before: Job, now: Job) -> Iterator[tuple[str, str, str]]:
    if [group.role for group in before.groups] != [group.role for group in now.groups]:
        yield "channel groups", _roles(before), _roles(now)
        return
    for was, becomes in zip(before.groups, now.groups, strict=True):
        if was.model != becomes.model:
            yield "model", _name(was.model), _name(becomes.model)
        elif was.weights != becomes.weights:
            yield "weights of the model", "", ""
        for field in ("fidelity", "grain", "gamma", "precision", "color_space", "band", "flip", "signed"):
            if getattr(was, field) != getattr(becomes, field):
                yield field, _short(_plain(getattr(was, field))), _short(_plain(getattr(becomes, field)))
        if was.passes != becomes.passes and before.scale == now.scale and was.model == becomes.model:
            yield "passes", "", ""
        if (was.channels, was.targets, was.constant, was.holds) != (
            becomes.channels, becomes.targets, becomes.constant, becomes.holds
        ):  # fmt: skip
            yield "channels", "", ""


def _plain(value: Any) -> Any:
    return getattr(value, "value", value)


def _short(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, dict) and set(value) == {"x", "y"}:
        return str(value["x"]) if value["x"] == value["y"] else f"{value['x']} across, {value['y']} down"
    return str(value) if isinstance(value, (str, int)) else ""


def _roles(job: Job) -> str:
    return " + ".join(group.role.value for group in job.groups)


def _name(model: str) -> str:
    return short(model)


def _file(spec: Any) -> str:
    depth = f" {spec.depth.bits} bits"
    return f"{spec.container} {spec.storage.encoding}".rstrip() + depth
