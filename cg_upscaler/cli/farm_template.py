"""`cg-upscale farm-template`: a run as a job for render farms that speak Open Job Description."""

from __future__ import annotations

from pathlib import Path

import click

from cg_upscaler.library.farm import MOST_SHARDS, Farming, template


@click.command("farm-template")
@click.argument("source", required=False, type=click.Path(path_type=Path))
@click.option("--out", "-o", "output", type=click.Path(path_type=Path), help="Folder for the results.")
@click.option("--config", "-c", type=click.Path(path_type=Path, exists=True), help="A YAML file of settings and rules.")
@click.option(
    "--shards", type=click.IntRange(1, MOST_SHARDS), default=16, show_default=True, help="Tasks to divide into."
)
def farm_template(source: Path | None, output: Path | None, config: Path | None, shards: int) -> None:
    """Print a job template (YAML) that runs the textures under SOURCE in so many shards, and merges them.

    Paths are relative to where the template will lie. Those that are not given, and absolute ones, are asked for when
    the job is submitted.
    """
    click.echo(template(Farming(shards, source, output, config)), nl=False)
