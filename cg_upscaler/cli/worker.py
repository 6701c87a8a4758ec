"""`cg-upscale worker`: the engine as a child process of another program, which talks to it in JSON lines."""

from __future__ import annotations

import click

from cg_upscaler.cli.exit_codes import ExitCode
from cg_upscaler.cli.telling import version


@click.command()
@click.option(
    "--idle",
    type=click.FloatRange(min=0),
    default=600.0,
    metavar="SECONDS",
    help="End after nothing was asked for that long; 0 is never. Default: 600.",
)
def worker(idle: float) -> ExitCode:
    """Serve the program that started this one, over stdin and stdout, until that ends.

    For plugins and scripts; docs/worker.md has the protocol, and cg_upscaler.client speaks it.
    """
    from cg_upscaler.worker import serve

    serve(version(), idle or None)
    return ExitCode.OK
