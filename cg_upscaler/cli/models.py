"""`cg-upscale models`: the generators that are at hand."""

from __future__ import annotations

import click

from cg_upscaler.cli.tables import as_json, table
from cg_upscaler.models import catalog


@click.command()
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
def models(json_: bool) -> None:
    """List the models of the catalog. Any weights file of the ESRGAN family may be named in their place."""
    found = catalog.names()
    if json_:
        click.echo(as_json(found))
        return
    rows = [
        (
            f"{info.name}{' (default)' if info.name == catalog.DEFAULT else ''}",
            info.architecture,
            f"{info.scale}×",
            f"{info.parameters / 1e6:.2f} M",
            info.licence,
            info.weights[:12],
        )
        for info in found
    ]
    click.echo(table(("model", "network", "scale", "parameters", "licence", "sha256"), rows))
