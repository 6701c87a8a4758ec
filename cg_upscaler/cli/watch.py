"""`cg-upscale watch`: upscale a library, and from then on whatever is saved in it."""

from __future__ import annotations

from typing import Any

import click

from cg_upscaler.cli import supervision
from cg_upscaler.cli.exit_codes import ExitCode
from cg_upscaler.cli.how import How
from cg_upscaler.cli.options import comparing, configured, generating, library, working
from cg_upscaler.cli.showing import show
from cg_upscaler.cli.watching import Stop, Watching
from cg_upscaler.errors import UsageError
from cg_upscaler.flight.turn import make_state


@click.command()
@library
@generating
@comparing
@working
@click.option(
    "--settle",
    type=click.FloatRange(min=0.05),
    default=1.0,
    metavar="SECONDS",
    help="How long a file must have been left alone. Default: 1.",
)
def watch(dry_run: bool, settle: float, **options: Any) -> ExitCode:
    """Upscale the textures under SOURCE, and from then on whatever is saved there, until Ctrl-C.

    Takes the options of `run`. --force, --verify and --prune hold for what is done at the beginning.
    """
    how, settings = How.of(options)
    config = configured(**settings)
    if dry_run:
        return show(config, how)
    if how.shard is not None or how.ray is not None:
        raise UsageError("watching goes on on one machine", fix="leave out --shard and --ray")
    arguments = click.get_current_context().obj
    if arguments is not None and not supervision.is_child():
        # Not in the record's own folder, where a run by night has the same files.
        return ExitCode(supervision.supervise(arguments, make_state(how.state_of(config) / "watch")))
    supervision.behave()
    precautions, _ = supervision.orders()
    supervision.watch(precautions.flying, config.time_limit)
    with Stop().on_signals() as stop:
        Watching(config, how, settle, stop, precautions).run()
    return ExitCode.OK
