"""`cg-upscale run` and `cg-upscale plan`: upscale a texture library, or say what would be done and why.

What loads torch is imported where it is used: it takes two seconds, which `--help` need not wait for.
"""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cg_upscaler.cli.exit_codes import ExitCode
from cg_upscaler.cli.progress import Progress, planning, summary
from cg_upscaler.cli.tables import as_json, orphans, plan_json, plan_table
from cg_upscaler.errors import UsageError
from cg_upscaler.geometry import Edge
from cg_upscaler.job import MipFilter, Outcome, Plan, Receipt
from cg_upscaler.library.config import Config, load
from cg_upscaler.library.config.notation import AUTO
from cg_upscaler.library.plan import make_plan
from cg_upscaler.library.receipts import Receipts
from cg_upscaler.library.sizes import SCALES
from cg_upscaler.spec import Effort, Precision

if TYPE_CHECKING:
    from cg_upscaler.engine import Engine


FORMAT = ("container", "encoding", "effort", "channels", "mip_filter", "header", "jpeg_quality", "png_level")
"""Options that are settings of `format`, besides those that are read here."""

_NUMBER = re.compile(r"[0-9]*\.?[0-9]+")
_SCALES = [f"{scale:g}" for scale in SCALES]
_EDGES = [AUTO, *(edge.value for edge in Edge)]


def library(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what all commands take that work through a library."""
    return _with(
        command,
        click.argument("source", required=False, type=click.Path(path_type=Path)),
        click.option("--config", "-c", type=click.Path(path_type=Path), help="A YAML file of settings and rules."),
        click.option("--profile", metavar="NAME", help="A variant of the configuration, as it names them."),
        click.option("--out", "-o", "output", type=click.Path(path_type=Path), help="Folder for the results."),
        click.option("--beside", is_flag=True, default=None, help="Write each result beside its source."),
        click.option("--overwrite", is_flag=True, default=None, help="Put results in the place of their sources."),
        click.option("--prefix", help="Put before the names of results."),
        click.option("--suffix", help="Put behind the names of results: _4x."),
        click.option("--format", "container", metavar="NAME", help="png, tga, dds … Default: the source's."),
        click.option("--encoding", metavar="NAME", help="bc7, zip, rle, none … Default: the source's."),
        click.option("--effort", type=click.Choice([e.value for e in Effort]), help="For block compression."),
        click.option("--depth", type=click.Choice(["8", "16", "half", "32"]), help="Bits of a sample."),
        click.option("--channels", metavar="WHICH", help="rgb, rgba, gray, indexed, or letters such as bgra."),
        click.option("--mips", metavar="WHICH", help="none, full, 4x4, or a share of a full chain such as 0.5."),
        click.option("--mip-filter", type=click.Choice([f.value for f in MipFilter]), help="Default: kaiser."),
        click.option("--header", type=click.Choice(["legacy", "dx10"]), help="Of DDS files. Default: the source's."),
        click.option("--jpeg-quality", type=click.IntRange(1, 100), help="Default: 95."),
        click.option("--png-level", type=click.IntRange(0, 9), help="How long zlib looks. Default: 4."),
        click.option("--only", multiple=True, metavar="GLOB", help="Only textures that match; may be repeated."),
        click.option("--json", "json_", is_flag=True, help="Print the result as JSON on stdout."),
    )


def working(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what the commands take that write results."""
    return _with(
        command,
        click.option("--dry-run", "-n", is_flag=True, help="Say what would be done and why, and do nothing."),
        click.option("--force", is_flag=True, help="Do everything again, replacing what this tool did not write."),
        click.option("--quiet", "-q", is_flag=True, help="Tell of failures only."),
        click.option(
            "--jobs", "-j", type=click.IntRange(min=1), metavar="N", help="Textures at once. Default: by processors."
        ),
    )


def _generating(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what has to do with generators."""
    return _with(
        command,
        click.option("--model", "-m", help="A name of `cg-upscale models`, or a weights file."),
        click.option("--scale", "-s", type=click.Choice(_SCALES), help="How many times as large."),
        click.option("--edges", type=click.Choice(_EDGES), help="What lies beyond borders. Default: as pixels show."),
        click.option("--fidelity", type=float, help="0 to 1: how far the source is held. Default: as it calls for."),
        click.option("--grain", type=float, help="0 to 1: how much fine grain is continued."),
        click.option("--device", "-d", help="auto, cpu, cuda, cuda:1, mps …"),
        click.option("--precision", "-p", type=click.Choice([p.value for p in Precision]), help="Default: auto."),
        click.option("--overlap", type=int, help="Texels that tiles read of each other. Default: as models look."),
        click.option("--exact", is_flag=True, default=None, help="Leave no error where tall textures tile."),
    )


def _with(command: Callable[..., Any], *options: Callable[..., Any]) -> Callable[..., Any]:
    return functools.reduce(lambda wrapped, option: option(wrapped), reversed(options), command)


@click.command()
@library
@_generating
@working
def run(
    dry_run: bool, force: bool, quiet: bool, jobs: int | None, json_: bool, only: tuple[str, ...], **settings: Any
) -> int:
    """Upscale the textures under SOURCE into the output folder: same tree, same names, same kinds of file."""
    config = configured(**settings)
    return show(config, only, json_) if dry_run else go(config, only, json_, force=force, quiet=quiet, jobs=jobs)


def go(config: Config, only: tuple[str, ...], json_: bool, *, force: bool, quiet: bool, jobs: int | None) -> ExitCode:
    """Plan a run and do it."""
    start = time.monotonic()
    with Receipts(config.output) as receipts:
        planned = _plan(config, only, receipts, quiet=quiet)
        engine = _engine(planned, force=force, jobs=jobs)
        for note in planned.notes:
            click.echo(f"note: {note}", err=True)
        for problem in planned.problems:
            click.echo(f"failed: {problem.name}: {problem.message}", err=True)
        with Progress(planned, quiet=quiet) as progress:
            done = engine.run(planned, receipts, progress)
    if json_:
        click.echo(as_json({"receipts": done, "problems": planned.problems}))
    if not quiet and planned.orphans:
        click.echo(orphans(planned), err=True)
    click.echo(summary(done, planned, time.monotonic() - start), err=True)
    return _exit_code(done, planned)


def _exit_code(done: Sequence[Receipt], planned: Plan) -> ExitCode:
    """Return what a run came to. Failures come before gates: what failed was not judged at all."""
    outcomes = {receipt.outcome for receipt in done}
    if planned.problems or Outcome.FAILED in outcomes:
        return ExitCode.FAILED
    return ExitCode.GATE if Outcome.REJECTED in outcomes else ExitCode.OK


@click.command()
@library
@_generating
def plan(json_: bool, only: tuple[str, ...], **settings: Any) -> int:
    """Say what `run` would do with each texture, and why. The same as `run --dry-run`."""
    return show(configured(**settings), only, json_)


def configured(
    config: Path | None, *, scale: str | None = None, depth: str | None = None, mips: str | None = None, **settings: Any
) -> Config:
    """Return the settings that a file and the command line give together."""
    asked = {name: settings.pop(name, None) for name in FORMAT}
    asked["depth"] = int(depth) if depth and depth.isdigit() else depth
    asked["mips"] = float(mips) if mips and _NUMBER.fullmatch(mips) else mips
    said = {name: value for name, value in asked.items() if value is not None}
    return load(config, scale=None if scale is None else float(scale), format=said or None, **settings)


def _engine(planned: Plan, *, force: bool, jobs: int | None) -> Engine:
    from cg_upscaler.engine import Engine
    from cg_upscaler.generate.pool import Pool

    return Engine(Pool(planned.device), force=force, jobs=jobs)


def _plan(config: Config, only: tuple[str, ...], receipts: Receipts, *, quiet: bool) -> Plan:
    from cg_upscaler.backends import devices
    from cg_upscaler.generate.known_reach import reach_on

    device = devices.describe(config.device)
    if config.precision is not Precision.AUTO:
        devices.require(device, config.precision)
    with planning(quiet=quiet) as told:
        planned = make_plan(
            config, device=device, only=only, receipts=receipts, on_progress=told, measure=reach_on(device)
        )
    if not planned.jobs and not planned.problems and not config.overwrite:
        why = next((note for note in planned.notes if "of an earlier run" in note), "no textures here")
        raise UsageError(why, where=planned.source, fix="check the path, --only and the rules")
    return planned


def show(config: Config, only: tuple[str, ...], json_: bool) -> ExitCode:
    """Print what would be done."""
    with Receipts(config.output, read_only=True) as receipts:
        planned = _plan(config, only, receipts, quiet=False)
    click.echo(plan_json(planned) if json_ else plan_table(planned))
    return ExitCode.FAILED if planned.problems else ExitCode.OK
