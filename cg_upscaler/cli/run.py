"""`cg-upscale run` and `cg-upscale plan`: upscale a texture library, or say what would be done and why.

What loads torch is imported where it is used: it takes two seconds, which `--help` need not wait for.
"""

from __future__ import annotations

import functools
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
from cg_upscaler.job import Outcome, Plan, Receipt
from cg_upscaler.library.config import Config, load
from cg_upscaler.library.config.notation import AUTO
from cg_upscaler.library.plan import make_plan
from cg_upscaler.library.receipts import Receipts
from cg_upscaler.library.sizes import SCALES
from cg_upscaler.spec import Precision

if TYPE_CHECKING:
    from cg_upscaler.engine import Engine


_SCALES = [f"{scale:g}" for scale in SCALES]
_EDGES = [AUTO, *(edge.value for edge in Edge)]


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What `run` and `plan` have in common."""
    options = [
        click.argument("source", required=False, type=click.Path(path_type=Path)),
        click.option("--config", "-c", type=click.Path(path_type=Path), help="A YAML file of settings and rules."),
        click.option("--out", "-o", "output", type=click.Path(path_type=Path), help="Folder for the results."),
        click.option("--model", "-m", help="A name of `cg-upscale models`, or a weights file."),
        click.option("--profile", metavar="NAME", help="A variant of the configuration, as it names them."),
        click.option("--scale", "-s", type=click.Choice(_SCALES), help="How many times as large."),
        click.option("--edges", type=click.Choice(_EDGES), help="What lies beyond borders. Default: as pixels show."),
        click.option("--fidelity", type=float, help="0 to 1: how far the source is held. Default: as it calls for."),
        click.option("--grain", type=float, help="0 to 1: how much fine grain is continued."),
        click.option("--device", "-d", help="auto, cpu, cuda, cuda:1, mps …"),
        click.option("--precision", "-p", type=click.Choice([p.value for p in Precision]), help="Default: auto."),
        click.option("--overlap", type=int, help="Texels that tiles read of each other. Default: as models look."),
        click.option("--exact", is_flag=True, default=None, help="Leave no error where tall textures tile."),
        click.option("--only", multiple=True, metavar="GLOB", help="Only textures that match; may be repeated."),
        click.option("--json", "json_", is_flag=True, help="Print the result as JSON on stdout."),
    ]
    return functools.reduce(lambda wrapped, option: option(wrapped), reversed(options), command)


@click.command()
@_options
@click.option("--dry-run", "-n", is_flag=True, help="Say what would be done and why, and do nothing.")
@click.option("--force", is_flag=True, help="Do everything again, replacing outputs that this tool did not write.")
@click.option("--quiet", "-q", is_flag=True, help="Tell of failures only.")
@click.option(
    "--jobs", "-j", type=click.IntRange(min=1), metavar="N", help="Textures at once, at most. Default: by processors."
)
def run(
    dry_run: bool, force: bool, quiet: bool, jobs: int | None, json_: bool, only: tuple[str, ...], **settings: Any
) -> int:
    """Upscale the textures under SOURCE into the output folder: same tree, same names, same kinds of file."""
    config = _config(**settings)
    if dry_run:
        return _show(config, only, json_)
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
@_options
def plan(json_: bool, only: tuple[str, ...], **settings: Any) -> int:
    """Say what `run` would do with each texture, and why. The same as `run --dry-run`."""
    return _show(_config(**settings), only, json_)


def _config(config: Path | None, scale: str | None, **settings: Any) -> Config:
    return load(config, scale=None if scale is None else float(scale), **settings)


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
    if not planned.jobs and not planned.problems:
        raise UsageError("no textures here", where=planned.source, fix="check the path, --only and the rules")
    return planned


def _show(config: Config, only: tuple[str, ...], json_: bool) -> int:
    with Receipts(config.output, read_only=True) as receipts:
        planned = _plan(config, only, receipts, quiet=False)
    click.echo(plan_json(planned) if json_ else plan_table(planned))
    return ExitCode.FAILED if planned.problems else ExitCode.OK
