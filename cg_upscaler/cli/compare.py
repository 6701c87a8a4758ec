"""`cg-upscale compare`: what a result kept of its source, or how like two textures are, in figures and as a picture."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path

import click
import numpy as np

from cg_upscaler import codecs
from cg_upscaler.cli.exit_codes import ExitCode
from cg_upscaler.cli.inspect import Known, look
from cg_upscaler.cli.tables import as_json, table
from cg_upscaler.codecs import Image
from cg_upscaler.errors import OutputError, SourceError, UpscaleError, UsageError
from cg_upscaler.geometry import Size
from cg_upscaler.library.sizes import Asked, on_vertices
from cg_upscaler.maps import AlphaMode, MapKind
from cg_upscaler.measure import panels
from cg_upscaler.measure.figures import Kept, Likeness, kept, likeness
from cg_upscaler.measure.fit import Fit
from cg_upscaler.measure.holes import left_out
from cg_upscaler.measure.panels import Crop
from cg_upscaler.measure.reduce import brought
from cg_upscaler.measure.subject import Subject, subject_of
from cg_upscaler.pixels.rows import Pixels, to_float

_SIDE = 128
"""Texels of AFTER that a picture shows each way, unless told."""
_PANEL = 384
"""Pixels that a panel of a picture is wide at least."""

_UNITS = {
    "psnr": "dB",
    "consistency": "dB",
    "drift": "levels of 255",
    "composite": "levels of 255",
    "fringe": "levels of 255",
    "seam": "levels of 255",
    "noise": "levels of 255",
    "degrees": "°",
    "degrees_p95": "°",
    "degrees_worst": "°",
    "step": "levels of the file",
}


@dataclass(frozen=True, slots=True)
class Pair:
    """Two files that are to be compared."""

    name: str
    before: Path
    after: Path


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came of it."""

    name: str
    before: str
    after: str
    kind: MapKind
    why: str
    alpha: AlphaMode
    factor: float
    """How many times as wide AFTER is; on the vertices of a grid, how many times as many quads."""
    notes: tuple[str, ...]
    likeness: Likeness
    kept: Kept


def _crop(context: click.Context, parameter: click.Parameter, value: str | None) -> Crop | None:
    if value is None:
        return None
    try:
        left, top, side = (int(part) for part in value.split(","))
    except ValueError:
        raise click.BadParameter("takes LEFT,TOP,SIDE in whole texels of AFTER, such as 64,0,128") from None
    if left < 0 or top < 0 or side < 1:
        raise click.BadParameter("begins within the picture and is at least one texel large")
    return Crop(left, top, side)


@click.command()
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@click.option("--kind", "-k", type=click.Choice([kind.value for kind in MapKind]), help="Which map it is.")
@click.option("--picture", type=click.Path(path_type=Path), metavar="FILE.png", help="Draw them beside each other.")
@click.option("--crop", callback=_crop, metavar="LEFT,TOP,SIDE", help="What to draw. Default: where they differ most.")
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
def compare(before: Path, after: Path, kind: str | None, picture: Path | None, crop: Crop | None, json_: bool) -> int:
    """Say what AFTER kept of BEFORE: two files, or two folders of files of the same names.

    They may be of any two sizes of the same proportions. AFTER is filtered to the size of BEFORE, as its map wants it,
    for what can only be said of equal sizes: PSNR, SSIM, FLIP, angles, fringes. Where AFTER is smaller, BEFORE is
    filtered to its size.
    """
    if picture is not None and picture.suffix.lower() != ".png":
        raise UsageError("a picture is written as PNG", where=picture, fix="give it a name that ends in .png")
    if before.is_dir() != after.is_dir() and before.exists() and after.exists():
        raise UsageError("one is a folder and the other is none", where=after, fix="give two files or two folders")
    wanted = None if kind is None else MapKind(kind)
    if not before.is_dir():
        done = [_compare(Pair(before.name, before, after), wanted, picture, crop)]
        click.echo(as_json(done) if json_ else _in_words(done[0]))
        return ExitCode.OK
    if picture is not None:
        raise UsageError("a picture shows one texture, not a folder", where=before, fix="give two files")
    done, code = [], ExitCode.OK
    pairs = _pairs(before, after)
    known = {Path(item.file): item for item in look(before, wanted) if isinstance(item, Known)}
    for pair in pairs:
        try:
            done.append(_compare(pair, wanted, known=known.get(pair.before)))
        except UpscaleError as error:
            click.echo(f"cg-upscale: {error}", err=True)
            code = ExitCode.FAILED
    click.echo(as_json(done) if json_ else _as_table(done))
    return code


def _pairs(before: Path, after: Path) -> list[Pair]:
    """Find the files of `before` and their partners: of the same name, or with one more suffix (lava.dds.png)."""
    files = sorted(path for path in before.rglob("*") if path.is_file() and codecs.is_texture(path))
    found = []
    for file in files:
        at = after / file.relative_to(before)
        others = [path for path in at.parent.glob("*") if path.stem == at.name and codecs.is_texture(path)]
        if at.is_file() or others:
            found.append(Pair(file.relative_to(before).as_posix(), file, at if at.is_file() else others[0]))
    if not found:
        raise UsageError(f"holds none of the {len(files)} textures of {before}", where=after, fix="check both folders")
    if len(found) < len(files):
        click.echo(f"note: {len(files) - len(found)} of {len(files)} textures are not in {after}", err=True)
    return found


def _compare(
    pair: Pair,
    kind: MapKind | None,
    picture: Path | None = None,
    crop: Crop | None = None,
    known: Known | None = None,
) -> Comparison:
    for path in (pair.before, pair.after):
        if not path.is_file():
            raise UsageError("no such file", where=path, fix="check the path")
    before, after = codecs.read(pair.before), codecs.read(pair.after)
    _check(before, after, pair)
    known = known or _known(pair.before, kind)
    decision, signed = known.decision, known.evidence.vectors.signed
    subject = subject_of(before.spec, decision.kind, decision.alpha, decision.vectors, signed)
    vertices = all(
        on_vertices(size, Asked(heights=decision.kind is MapKind.HEIGHT)) for size in (before.size, after.size)
    )
    factor = _factor(before.size, after.size, vertices=vertices)
    first, second, *holes = left_out(before.pixels, after.pixels)
    source, result = to_float(first), to_float(second)
    if factor < 1:
        source = brought(source, Fit(after.size, decision.edges, vertices), subject)
    fit = Fit(min(before.size, after.size, key=lambda size: size.pixels), decision.edges, vertices)
    alike = likeness(source, brought(result, fit, subject), subject)
    told = kept(source, second, subject, fit)
    if factor <= 1:  # it says what PSNR says, of numbers that were never filtered
        told = replace(told, detail=None)
    if picture is not None:
        _draw(picture, source, result, replace(fit, size=after.size), subject, crop)
    notes = [_filtered(factor, fit)] if factor < 1 or vertices or factor % 1 else []
    if any(holes):
        notes.append(f"left out: NaN or infinity in {holes[0]} texels of before and {holes[1]} of after")
    return Comparison(
        pair.name,
        str(pair.before),
        str(pair.after),
        decision.kind,
        decision.why,
        decision.alpha,
        int(factor) if factor % 1 == 0 else factor,
        tuple(notes),
        alike,
        told,
    )


def _known(path: Path, kind: MapKind | None) -> Known:
    """Return what a single file is, given those beside it."""
    (item,) = look(path, kind)
    if isinstance(item, Known):
        return item
    raise SourceError(item.message, where=path)


def _factor(before: Size, after: Size, *, vertices: bool) -> float:
    return (after.width - vertices) / (before.width - vertices)


def _filtered(factor: float, fit: Fit) -> str:
    if fit.vertices:
        return f"compared on the vertices of {fit.size}"
    return f"{'before' if factor < 1 else 'after'} is filtered to {fit.size}"


def _check(before: Image, after: Image, pair: Pair) -> None:
    one, two = before.size, after.size
    # Each side of a result is off by half a texel at most.
    if 2 * abs(two.width * one.height - two.height * one.width) > one.width + one.height:
        raise UsageError(
            f"is {two}, which has not the proportions of the {one} of {pair.before}",
            where=pair.after,
            fix="compare a texture with a result of it, and not with one that power_of_two or a size has stretched",
        )
    if after.channels != before.channels:
        raise UsageError(
            f"has {after.channels} channels, and {pair.before} has {before.channels}",
            where=pair.after,
            fix="save both with the same channels",
        )


def _draw(path: Path, source: Pixels, result: Pixels, fit: Fit, subject: Subject, crop: Crop | None) -> None:
    """Write the picture: BEFORE enlarged as `fit` says, AFTER, and their difference."""
    before = np.clip(fit(panels.view(source, source, subject)), 0, 1)
    after = panels.view(result, source, subject)
    if crop is None:
        crop = panels.most_different(before, after, _SIDE)
    if crop.left >= before.shape[1] or crop.top >= before.shape[0]:
        raise UsageError("--crop begins beyond the picture", fix=f"it is {before.shape[1]}×{before.shape[0]}")
    one, two = crop.of(before), crop.of(after)
    zoom = max(1, _PANEL // one.shape[1])
    hot, top = panels.heat(one, two, zoom)
    title = "before" if source.shape == result.shape else "before, bicubic"
    drawing = panels.beside(
        [
            panels.titled(panels.drawn(one, zoom), title),
            panels.titled(panels.drawn(two, zoom), f"after, from {crop.left},{crop.top}"),
            panels.below([panels.titled(hot, "difference"), panels.scale_bar(hot.shape[1], top)]),
        ]
    )
    try:
        path.write_bytes(panels.png(drawing))
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror}", where=path, fix="choose another --picture") from error


def _figures(found: Comparison) -> dict[str, float | None]:
    return {field.name: getattr(part, field.name) for part in (found.likeness, found.kept) for field in fields(part)}


def _in_words(found: Comparison) -> str:
    head = f"{found.name}: {found.kind.value} ({found.why}), alpha {found.alpha.value}, {found.factor:.4g}x"
    head = "\n".join([head, *(f"note: {note}" for note in found.notes)])
    rows = [(_label(name), _number(value), _UNITS.get(name, "")) for name, value in _figures(found).items()]
    return f"{head}\n\n{table(('measure', 'value', ''), [row for row in rows if row[1]])}"


def _as_table(found: list[Comparison]) -> str:
    """One line a texture, with the measures that at least one of them has."""
    figures = [_figures(one) for one in found]
    names = [name for name in (figures[0] if figures else ()) if any(row[name] is not None for row in figures)]
    rows = [
        (one.name, one.kind.value, f"{one.factor:.4g}x", *(_number(row[name]) for name in names), "; ".join(one.notes))
        for one, row in zip(found, figures, strict=True)
    ]
    return table(("texture", "map", "", *map(_label, names), "notes"), rows)


def _label(name: str) -> str:
    return {"psnr": "PSNR", "ssim": "SSIM", "flip": "FLIP"}.get(name, name.replace("_", " "))


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else f"{value:.4g}"
