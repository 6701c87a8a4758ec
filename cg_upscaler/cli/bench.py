"""`cg-upscale bench`: how fast this engine is beside others on this machine, and whose seams show."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cg_upscaler.cli.exit_codes import ExitCode
from cg_upscaler.cli.tables import as_json, table
from cg_upscaler.errors import UsageError
from cg_upscaler.models import catalog
from cg_upscaler.spec import Precision

if TYPE_CHECKING:
    from cg_upscaler.bench.rounds import Report

_HEADERS = (
    "peer", "precision", "Mpx/s", "× ours", "TFLOP/s", "of ceiling", "peak MB", "seam max", "seam mean", "float32 max",
)  # fmt: skip
"""The last three in levels of 255: against the whole picture by the same runtime, and by torch in float32."""


@click.command()
@click.argument("textures", nargs=-1, type=click.Path(path_type=Path))
@click.option("--model", "-m", default=catalog.REFERENCE, show_default=True, help="A model's name, or a weights file.")
@click.option(
    "--side", type=click.IntRange(min=1),
    help="Texels of the square taken from a texture's middle. Default: 128, on a GPU 1024.",
)  # fmt: skip
@click.option("--repeats", type=click.IntRange(min=1), default=3, show_default=True, help="Rounds; medians are told.")
@click.option(
    "--tile", type=click.IntRange(min=1), help="Side of the peers' tiles. Default: 256, or half of a smaller side."
)
@click.option("--peers", metavar="NAME,NAME …", help="Which to run: ncnn, openvino-pad10 … Default: all.")
@click.option(
    "--precision", type=click.Choice([choice.value for choice in Precision]), default="float32", show_default=True,
    help="auto: what a run takes for 8-bit textures.",
)  # fmt: skip
@click.option("--device", default="auto", show_default=True, help="cpu, cuda:0, mps.")
@click.option("--memory/--no-memory", default=True, help="Run each once in a process of its own first, for its peak.")
@click.option("--plot", type=click.Path(path_type=Path), metavar="FILE.png", help="Draw speed against seams.")
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
def bench(
    textures: tuple[Path, ...],
    model: str,
    side: int | None,
    repeats: int,
    tile: int | None,
    peers: str | None,
    precision: str,
    device: str,
    memory: bool,
    plot: Path | None,
    json_: bool,
) -> int:
    """Measure this engine beside others, on the middles of TEXTURES or on a picture that is made for it.

    All run the same weights with as many threads, one after the other in rounds. A peer that is not installed is named
    with what installs it.
    """
    from cg_upscaler.bench import drawing  # loads torch, with the rest
    from cg_upscaler.bench.rounds import measure
    from cg_upscaler.bench.setting import prepare
    from cg_upscaler.bench.table import chosen

    wanted = chosen((peers or "").replace(",", " ").split())
    if plot is not None:
        if plot.suffix.lower() != ".png":
            raise UsageError("a plot is written as PNG", where=plot, fix="give it a name that ends in .png")
        drawing.require()
    setting, pictures = prepare(
        textures, model=model, device=device, precision=Precision(precision), side=side, tile=tile
    )
    report = measure(wanted, setting, pictures, repeats=repeats, memory=memory, tell=_tell)
    click.echo(as_json(report) if json_ else _in_words(report))
    if plot is not None:
        drawing.draw(report, plot)
    return ExitCode.OK


def _tell(text: str) -> None:
    click.echo(text, err=True)


def _in_words(report: Report) -> str:
    head = (
        f"{report.model} on {report.device}, {report.precision.value}, {report.threads} threads, "
        f"{report.flops_per_texel / 1e6:.2f} MFLOP a texel; tiles of {report.tile}\n"
        f"{'; '.join(report.pictures)}; medians of {report.repeats} rounds\n"
        f"ceiling, torch's convolutions alone: {report.ceiling_megapixels_per_s:.4g} Mpx/s, "
        f"{report.ceiling_teraflops:.3g} TFLOP/s"
    )
    rows = [
        (
            row.name,
            row.precision,
            _number(row.megapixels_per_s, ".4g"),
            _number(row.ratio, ".2f"),
            _number(row.teraflops, ".3g"),
            _number(row.of_ceiling, ".0%"),
            _number(row.peak_megabytes, ".0f"),
            _number(row.seam_worst, ".3g"),
            _number(row.seam_mean, ".2g"),
            _number(row.error_worst, ".3g"),
        )
        for row in report.rows
    ]
    notes = [f"{row.name}: {row.problem}" for row in report.rows if row.problem]
    notes += [f"note: {note}" for note in report.notes]
    return "\n\n".join([head, table(_HEADERS, rows), *(["\n".join(notes)] if notes else [])])


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
