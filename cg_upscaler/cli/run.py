"""`cg-upscale run` and `cg-upscale plan`: upscale a texture library, or say what would be done and why."""

from __future__ import annotations

from typing import Any

import click

from cg_upscaler.cli.exit_codes import ExitCode
from cg_upscaler.cli.going import start
from cg_upscaler.cli.how import How
from cg_upscaler.cli.options import comparing, configured, generating, library, working


@click.command()
@library
@generating
@comparing
@working
def run(dry_run: bool, **options: Any) -> ExitCode:
    """Upscale the textures under SOURCE into the output folder: same tree, same names, same kinds of file."""
    how, settings = How.of(options)
    config = configured(**settings)
    if not dry_run:
        return start(config, how)
    from cg_upscaler.cli.showing import show  # loads what plans, which a run may not need

    return show(config, how)


@click.command()
@library
@generating
@comparing
@click.option("--measure", is_flag=True, help="Measure networks whose speed here is not known yet; takes seconds.")
def plan(measure: bool, **options: Any) -> ExitCode:
    """Say what `run` would do with each texture, and why. The same as `run --dry-run`."""
    from cg_upscaler.cli.showing import show

    how, settings = How.of(options)
    return show(configured(**settings), how, measure=measure)
