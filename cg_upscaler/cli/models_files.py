"""`cg-upscale models convert` and `blend`: weights become files of other kinds."""

from __future__ import annotations

from pathlib import Path

import click

from cg_upscaler.cli.models import FOLDER
from cg_upscaler.errors import UsageError
from cg_upscaler.model_names import short
from cg_upscaler.models import catalog
from cg_upscaler.models.licences import UNKNOWN
from cg_upscaler.spec import ModelInfo

_FORCE = click.option("--force", is_flag=True, help="Replace what is there already.")


@click.command()
@click.argument("model")
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@FOLDER
@_FORCE
def convert(model: str, out: Path, folder: Path | None, force: bool) -> None:
    """Write the weights of MODEL as OUT: .pth, .safetensors, or .bin and .param for ncnn.

    Tensors stay what they are; ncnn's files hold convolutions as float16. Licence and metadata go along, within a
    .safetensors and else as a card (.json) beside.
    """
    _write(catalog.find(model, folder=folder), out, force=force)


@click.command()
@click.argument("model")
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@FOLDER
@_FORCE
def blend(model: str, out: Path, folder: Path | None, force: bool) -> None:
    """Write a blend such as a@0.7+b@0.3 as one file OUT, as `convert` does.

    It need not be written: the blend's name can be given wherever a model's can.
    """
    found = catalog.find(model, folder=folder)
    if not found.parts:
        raise UsageError(f"{model!r} is no blend", fix="write it as 'first@0.7+second@0.3'")
    _write(found, out, force=force)


def _write(found: ModelInfo, out: Path, *, force: bool) -> None:
    from cg_upscaler.models.writing import write  # which loads torch

    for file in write(found, out, force=force):
        click.echo(file)
    if UNKNOWN in found.licence:
        click.echo(f"note: under which licence {short(found.name)} is, is unknown, at least of a part", err=True)
