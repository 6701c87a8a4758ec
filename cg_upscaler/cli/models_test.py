"""`cg-upscale models test`: two models beside each other, on any textures, in figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import click
import cv2
import numpy as np
from numpy.typing import NDArray

from cg_upscaler import codecs
from cg_upscaler.api import Upscaler
from cg_upscaler.cli.exit_codes import ExitCode
from cg_upscaler.cli.inspect import Known, look
from cg_upscaler.cli.models import FOLDER
from cg_upscaler.cli.tables import as_json, table
from cg_upscaler.errors import UpscaleError, UsageError
from cg_upscaler.maps import BICUBIC, POLICIES, AlphaMode, Treatment
from cg_upscaler.measure.figures import likeness
from cg_upscaler.measure.reduce import reduced
from cg_upscaler.measure.subject import Subject, subject_of
from cg_upscaler.model_names import short
from cg_upscaler.models import catalog
from cg_upscaler.pixels.holes import without_holes
from cg_upscaler.pixels.rows import Pixels, from_float, to_float

SMALLEST = 8
"""Texels a side of a shrunk texture below which it is left out: it would be no picture."""

Stored = NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class Figures:
    """How like the texture itself a result is."""

    psnr: float
    """Decibels."""
    flip: float | None
    """0 … 1, the lower the better; None where its library has no build for this machine."""


@dataclass(frozen=True, slots=True)
class Row:
    """One texture, by each way."""

    name: str
    size: tuple[int, int]
    """Width and height of what was compared."""
    figures: dict[str, Figures]


@dataclass(frozen=True, slots=True)
class Test:
    """What came of all."""

    scale: int
    crop: int
    models: tuple[str, ...]
    textures: tuple[Row, ...]
    median: dict[str, Figures]


@click.command()
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.argument("textures", metavar="FOLDER", type=click.Path(path_type=Path, exists=True))
@FOLDER
@click.option("--crop", type=click.IntRange(32), default=256, show_default=True, help="Texels a side, at most.")
@click.option("--scale", type=click.Choice(["2", "3", "4", "8"]), default="4", show_default=True)
@click.option("--device", default="auto", show_default=True, help="Where models run.")
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
def test(
    first: str, second: str, textures: Path, folder: Path | None, crop: int, scale: str, device: str, json_: bool
) -> int:
    """Compare the models A and B on the colour textures of FOLDER, beside bicubic resampling.

    The middle of each texture is box-filtered down, in linear light, upscaled back by each model as a run would do it,
    and held against the texture itself: dB (the higher the better) and FLIP (how different they look, the lower the
    better).
    """
    found = {name: catalog.find(name, folder=folder) for name in (first, second)}
    if found[first].weights == found[second].weights and found[first].name == found[second].name:
        raise UsageError("A and B are the same model", fix="name two")
    labels = _labels([found[first].name, found[second].name])
    ways: dict[str, Callable[[Stored, Known], Stored]] = {
        label: _by(Upscaler(info.name, scale=int(scale), device=device))
        for label, info in zip(labels, found.values(), strict=True)
    }
    ways[BICUBIC] = lambda small, known: _bicubic(small, int(scale))
    rows, code = [], ExitCode.OK
    for known in _coloured(textures):
        name = Path(known.file).relative_to(textures).as_posix() if textures.is_dir() else Path(known.file).name
        try:
            row = _compared(name, known, ways, crop, int(scale))
        except UpscaleError as error:
            click.echo(f"cg-upscale: {name}: {error}", err=True)
            code = ExitCode.FAILED
            continue
        if row is not None:
            click.echo(name, err=True)
            rows.append(row)
    if not rows:
        raise UsageError("holds no colour texture that can be compared", where=textures, fix="give larger ones")
    done = Test(int(scale), crop, tuple(labels), tuple(rows), _medians(rows, [*ways]))
    click.echo(as_json(done) if json_ else _in_words(done))
    return code


def _labels(names: list[str]) -> list[str]:
    brief = [short(name) for name in names]
    return brief if len(set(brief)) == len(brief) else names


def _coloured(path: Path) -> Iterator[Known]:
    """Yield the textures that are pictures, with colour in three channels or one, and alpha last if there is any."""
    for item in look(path):
        if not isinstance(item, Known):
            click.echo(f"cg-upscale: {item.name}: {item.message}", err=True)
            continue
        spec, kind = item.spec, item.decision.kind
        last = spec.alpha in (None, spec.channels - 1) and (spec.alpha is not None) == (spec.channels in (2, 4))
        if POLICIES[kind].treatment is Treatment.COLOR and spec.channels <= 4 and last and spec.storage.slices == 1:
            yield item


def _compared(
    name: str, known: Known, ways: dict[str, Callable[[Stored, Known], Stored]], crop: int, scale: int
) -> Row | None:
    """Return the figures of a texture; None where it is too small."""
    stored = codecs.read(Path(known.file)).pixels
    truth = _middle(stored, crop, scale)
    if min(truth.shape[:2]) < SMALLEST * scale:
        return None
    subject = subject_of(known.spec, known.decision.kind, known.decision.alpha)
    whole = without_holes(to_float(truth))
    small = from_float(reduced(whole, scale, subject, threshold=_threshold(subject)), truth.dtype)
    figures = {way: _figures(whole, to_float(made(small, known)), subject) for way, made in ways.items()}
    return Row(name, (truth.shape[1], truth.shape[0]), figures)


def _middle(pixels: Stored, crop: int, scale: int) -> Stored:
    height, width = (min(side, crop) // scale * scale for side in pixels.shape[:2])
    top, left = (pixels.shape[0] - height) // 2, (pixels.shape[1] - width) // 2
    return np.ascontiguousarray(pixels[top : top + height, left : left + width])


def _threshold(subject: Subject) -> float | None:
    return subject.threshold if subject.mode is AlphaMode.CUTOUT else None


def _by(upscaler: Upscaler) -> Callable[[Stored, Known], Stored]:
    def made(small: Stored, known: Known) -> Stored:
        alpha = None if known.spec.alpha is None else known.decision.alpha
        return upscaler.array(small, known.decision.kind, alpha=alpha, edges=known.decision.edges)

    return made


def _bicubic(small: Stored, scale: int) -> Stored:
    size = small.shape[1] * scale, small.shape[0] * scale
    result = np.asarray(cv2.resize(to_float(small), size, interpolation=cv2.INTER_CUBIC), np.float32)
    return from_float(result.reshape(size[1], size[0], small.shape[2]), small.dtype)


def _figures(truth: Pixels, result: Pixels, subject: Subject) -> Figures:
    found = likeness(truth, result, subject)
    return Figures(found.psnr, found.flip)


def _medians(rows: list[Row], ways: list[str]) -> dict[str, Figures]:
    found = {}
    for way in ways:
        flips = [flip for row in rows if (flip := row.figures[way].flip) is not None]
        found[way] = Figures(median(row.figures[way].psnr for row in rows), median(flips) if flips else None)
    return found


def _in_words(done: Test) -> str:
    ways = [*done.median]
    heads = ("texture", "texels", *(f"{way} {unit}" for way in ways for unit in ("dB", "FLIP")))
    rows = [(row.name, f"{row.size[0]}×{row.size[1]}", *_cells(row.figures, ways)) for row in done.textures]
    rows.append(("median", "", *_cells(done.median, ways)))
    first, second = done.models
    pairs = [(row.figures[first], row.figures[second]) for row in done.textures]
    nearer = sum(a.psnr > b.psnr for a, b in pairs)
    said = f"{first} is nearer to the texture than {second} on {nearer} of {len(pairs)}, in dB"
    flips = [(a.flip, b.flip) for a, b in pairs if a.flip is not None and b.flip is not None]
    if flips:
        said += f"; it looks more like it on {sum(a < b for a, b in flips)} of {len(flips)}, by FLIP"
    return f"{table(heads, rows)}\n{said}"


def _cells(figures: dict[str, Figures], ways: list[str]) -> list[str]:
    return [
        cell
        for way in ways
        for cell in (f"{figures[way].psnr:.2f}", "-" if figures[way].flip is None else f"{figures[way].flip:.4f}")
    ]
