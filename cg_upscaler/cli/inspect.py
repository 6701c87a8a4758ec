"""`cg-upscale inspect`: what files are, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from cg_upscaler import codecs
from cg_upscaler.cli.exit_codes import ExitCode
from cg_upscaler.cli.tables import as_json, confidences, table, wraps
from cg_upscaler.errors import UnsupportedImage, UpscaleError
from cg_upscaler.job import Problem
from cg_upscaler.library.classify import Decision, classify
from cg_upscaler.library.look import Seen, look_at
from cg_upscaler.library.naming.materials import find_materials
from cg_upscaler.library.scan import scan
from cg_upscaler.library.sidecars import read_sidecars
from cg_upscaler.library.survey.evidence import Evidence
from cg_upscaler.library.survey.wrap import wrap
from cg_upscaler.maps import MapKind
from cg_upscaler.spec import ImageSpec
from cg_upscaler.wire import to_plain

_IN_WORDS = 5
"""Textures up to which each is told in words; more are a table, unless all evidence is asked for."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a file."""

    file: str
    material: str
    spec: ImageSpec
    decision: Decision
    evidence: Evidence


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--evidence", is_flag=True, help="Print all that was measured in the pixels, too, as --json does.")
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
def inspect(files: tuple[Path, ...], evidence: bool, json_: bool) -> int:
    """Say what each of FILES is, or all textures of a folder, and why it is taken for that."""
    known: list[Known] = []
    code = ExitCode.OK
    for file in files:
        try:
            for item in look(file):
                if isinstance(item, Known):
                    known.append(item)
                else:
                    code = _failed(f"{item.name}: {item.message}")
        except UpscaleError as error:
            code = _failed(str(error))
    click.echo(as_json([_plain(item) for item in known]) if json_ else _told(known, evidence=evidence))
    return code


def _failed(message: str) -> ExitCode:
    click.echo(f"cg-upscale: {message}", err=True)
    return ExitCode.FAILED


def look(path: Path, kind: MapKind | None = None) -> Iterator[Known | Problem]:
    """Yield what is known of a texture, or of all in a folder, given the files beside them; `kind` has the last word.

    Raises `UnsupportedImage` for a single file that is no texture by its name, and what `scan` raises.
    """
    alone = not path.is_dir()
    root = path.parent if alone else path
    seen = scan(path)
    if alone and not seen.found:
        raise UnsupportedImage("is no texture by its name", where=path)
    # Folders far above say nothing of a single texture; the one that it lies in may.
    above = f"{path.absolute().parent.name}/" if alone else ""
    told = read_sidecars(root, seen.names, seen.sidecars).verdicts
    materials = find_materials([above + name for name in seen.names], {above + n: said for n, said in told.items()})
    places = {member.name: (material.name, member) for material in materials for member in material.members}
    yield from seen.problems
    for item in look_at(seen.found, None, limit=codecs.PIXEL_LIMIT):
        if isinstance(item, Problem):
            yield Problem(str(root / item.name), item.message)
            continue
        name = above + item.found.name
        material, member = places.get(name, ("", None))
        sidecar = told.get(item.found.name)
        decision = classify(
            name, item.spec, item.evidence, kind=kind, why="--kind says so", sidecar=sidecar, siblings=member
        )
        yield _known(item, path if alone else root / item.found.name, material, decision)


def _known(item: Seen, path: Path, material: str, decision: Decision) -> Known:
    return Known(str(path), material, item.spec, decision, item.evidence)


def _plain(item: Known) -> dict[str, object]:
    return {
        "file": item.file,
        "material": item.material,
        "spec": item.spec,
        "decision": item.decision,
        "wrap": wrap(item.spec.size, item.evidence),
        "evidence": item.evidence,
    }


def _told(known: Sequence[Known], *, evidence: bool) -> str:
    parts = []
    if evidence or len(known) <= _IN_WORDS:
        parts += [_in_words(item, evidence=evidence) for item in known]
    else:
        heads = ("texture", "map", "sure", "why", "wrap", "alpha", "normals", "notes")
        parts.append(table(heads, [_row(item) for item in known]))
    if len(known) > 1:
        parts.append(confidences([item.decision.confidence for item in known]))
    return "\n\n".join(parts)


def _row(item: Known) -> tuple[str, ...]:
    decision = item.decision
    return (
        item.file, decision.kind.value, f"{decision.confidence:.0%}", decision.why, wraps(decision.edges),
        decision.alpha.value, _convention(decision), "; ".join(filter(None, (item.spec.note, *decision.notes))),
    )  # fmt: skip


def _in_words(item: Known, *, evidence: bool) -> str:
    spec, decision = item.spec, item.decision
    note = f", {spec.note}" if spec.note else ""
    seams = wrap(spec.size, item.evidence)
    lines = [
        item.file,
        f"  file     {spec.container}, {spec.size}, {spec.channels} × {spec.depth.value}{note}",
        f"  map      {decision.kind.value} ({decision.confidence:.0%} sure): {decision.why}",
        f"  edges    x {decision.edges.x.value} ({seams.x_confidence:.0%} sure by pixels), "
        f"y {decision.edges.y.value} ({seams.y_confidence:.0%})",
        f"  alpha    {decision.alpha.value}",
    ]
    if decision.kind is MapKind.NORMAL:
        lines.append(f"  normals  {_convention(decision)}; {_layout(decision)}")
    if decision.channels:
        lines.append("  packed   " + ", ".join(kind.value for kind in decision.channels))
    if decision.meaning is not None:
        lines.append(f"  data     {decision.meaning.value}")
    if item.material:
        lines.append(f"  part of  {item.material}")
    lines += [f"  note     {note}" for note in decision.notes]
    if evidence:
        seen = to_plain(item.evidence).items()
        lines.append("  seen     " + ", ".join(f"{name.replace('_', ' ')} {_short(value)}" for name, value in seen))
    return "\n".join(lines)


def _convention(decision: Decision) -> str:
    if decision.kind is not MapKind.NORMAL:
        return ""
    if decision.convention is None:
        return "convention not known"
    return f"{decision.convention.value} ({decision.convention_confidence:.0%} sure)"


def _layout(decision: Decision) -> str:
    named = ", ".join(
        f"{axis} in {'rgba'[channel] if channel < 4 else channel}"
        for axis, channel in zip("xyz", decision.vectors, strict=False)
    )
    return named if len(decision.vectors) > 2 else f"{named}, z rebuilt"


def _short(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, list):
        return "/".join(_short(item) for item in value)
    if isinstance(value, dict):
        return "(" + ", ".join(f"{name.replace('_', ' ')} {_short(item)}" for name, item in value.items()) + ")"
    return str(value).lower() if isinstance(value, bool) else str(value)
