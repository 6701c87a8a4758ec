"""Puts what is known of each texture into plain values, as the page's script reads them."""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from cg_upscaler.geometry import Edge
from cg_upscaler.job import Figure, Job, Receipt
from cg_upscaler.library.naming.materials import Material, find_materials
from cg_upscaler.maps import MapKind, Role
from cg_upscaler.model_names import short
from cg_upscaler.report.page.allowance import section, used, worst
from cg_upscaler.report.page.previews import Preview
from cg_upscaler.spec import ImageSpec
from cg_upscaler.summary import Entry

_FAR = 1e6
"""Stands for everything beyond: JSON has no infinity."""
_NUMBERS = ("value", "used", "bound", "section")
"""What is said also where it is 0."""


def rows(entries: Sequence[Entry], previews: Sequence[Preview]) -> list[dict[str, Any]]:
    """Return one object a texture, in their order. What would be empty is left out."""
    materials = _materials(entries)
    return [
        _filled(_row(entry, preview, materials.get(entry.receipt.name)))
        for entry, preview in zip(entries, previews, strict=True)
    ]


def _materials(entries: Sequence[Entry]) -> Mapping[str, Material]:
    """Return the material of each texture, of those that have more maps than one."""
    names = list(dict.fromkeys(entry.receipt.name for entry in entries))
    return {
        member.name: material
        for material in find_materials(names)
        if len(material.members) > 1
        for member in material.members
    }


def _row(entry: Entry, preview: Preview, material: Material | None) -> dict[str, Any]:
    receipt, job = entry.receipt, entry.job
    found = worst(receipt.figures)
    name = receipt.name
    return {
        "id": key_of(name),
        "name": name,
        "folder": _folder(name),
        "material": material.name if material else "",
        "section": int(section(entry)),
        "outcome": receipt.outcome.value,
        "used": None if found is None else _number(found[0]),
        "worst": "" if found is None else found[1].name,
        "figures": [_figure(figure) for figure in receipt.figures],
        "error": receipt.error,
        "notes": list(_notes(receipt, job)),
        "again": receipt.why,
        "seconds": round(receipt.seconds, 2),
        "at": receipt.at,
        "output": receipt.output or (job.output if job else ""),
        "preview": preview.id,
        "thumb": base64.b64encode(preview.thumbnail).decode(),
        "detail": preview.detail,
        "lost": preview.lost,
        **({} if job is None else _of_job(job)),
        **({"convention": said} if material and (said := _convention(name, material)) else {}),
    }


def _of_job(job: Job) -> dict[str, Any]:
    wraps = "".join(axis for axis, edge in (("x", job.edges.x), ("y", job.edges.y)) if edge is Edge.WRAP)
    return {
        "kind": job.kind.value,
        "why": job.why,
        "sure": round(job.confidence, 2),
        "action": job.action.value,
        "scale": job.scale,
        "source": job.source,
        "before": _spec(job.source_spec),
        "after": _spec(job.output_spec),
        "models": list(dict.fromkeys(_model(group.model, group.precision.value) for group in job.groups)),
        "wraps": wraps,
        "alpha": job.alpha.value,
        "channels": _channels(job),
        "flip": any(group.flip for group in job.groups),
        "cells": f"{job.cells.columns}×{job.cells.rows}" if job.cells else "",
    }


def _model(name: str, precision: str) -> str:
    return f"{short(name)} ({precision})"


def _notes(receipt: Receipt, job: Job | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*(job.notes if job else ()), *receipt.notes]))


def _channels(job: Job) -> dict[str, str]:
    """Return what the channels of a texture hold, where that is not simply its colour: ``{"0": "occlusion"}``."""
    if any(group.role is Role.NORMAL for group in job.groups):
        return {"0": "x", "1": "y", "2": "z"}
    return {
        str(target): group.holds.value
        for group in job.groups
        if group.holds is not None and group.holds is not MapKind.PACKED
        for target in group.targets
    }


def _convention(name: str, material: Material) -> str:
    verdict = next((member.verdict for member in material.members if member.name == name), None)
    return verdict.convention.value if verdict and verdict.convention else ""


def _figure(figure: Figure) -> dict[str, Any]:
    share = used(figure)
    return _filled(
        {
            "name": figure.name,
            "value": _number(figure.value),
            "bound": None if figure.bound is None else _number(figure.bound),
            "used": None if share is None else _number(share),
            "broken": figure.broken,
        }
    )


def _spec(spec: ImageSpec | None) -> dict[str, Any] | None:
    if spec is None:
        return None
    storage = spec.storage
    return _filled(
        {
            "w": spec.size.width,
            "h": spec.size.height,
            "container": spec.container,
            "encoding": storage.encoding,
            "channels": spec.channels,
            "depth": spec.depth.value,
            "levels": storage.levels if storage.levels > 1 else 0,
            "slices": storage.slices if storage.slices > 1 else 0,
            "space": spec.color_space.value,
        }
    )


def _number(value: float) -> float | str:
    """Return a number as JSON knows it, to six digits."""
    if math.isnan(value):
        return "NaN"
    return float(f"{max(-_FAR, min(_FAR, value)):.6g}")


def _filled(row: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is empty; 0 % is something."""
    return {key: value for key, value in row.items() if value or (key in _NUMBERS and value is not None)}


def key_of(name: str) -> str:
    """Return what a texture is called in an address."""
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _folder(name: str) -> str:
    folder = PurePosixPath(name).parent.as_posix()
    return "" if folder == "." else folder
