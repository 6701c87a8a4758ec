"""`cg-upscale convert`: other formats, mip levels, normal conventions and channels, and no generator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cg_upscaler.cli.exit_codes import ExitCode
from cg_upscaler.cli.going import start
from cg_upscaler.cli.how import How
from cg_upscaler.cli.options import comparing, configured, library, working
from cg_upscaler.errors import UsageError
from cg_upscaler.library.config import converting
from cg_upscaler.maps import NormalConvention


@click.command()
@library
@click.option("--normals", type=click.Choice([c.value for c in NormalConvention]), help="Turn normal maps so.")
@comparing
@working
def convert(dry_run: bool, normals: str | None, output: Path | None, **options: Any) -> ExitCode:
    """Write the textures under SOURCE in another format, at their own size. Mip levels are made anew.

    What a texture holds decides how: colour is filtered in linear light, normals as vectors, cut-outs keep their
    coverage; normals become BC5, masks BC4, and the rest BC7 where --format is dds and no --encoding is given.
    """
    how, settings = How.of(options)
    config = converting(configured(output=output or _folder(settings), convert_normals=normals, **settings))
    if not dry_run:
        return start(config, how)
    from cg_upscaler.cli.showing import show  # loads what plans, which a run may not need

    return show(config, how)


def _folder(settings: dict[str, Any]) -> Path | None:
    """Return the folder for results unless it is named: SOURCE-converted beside SOURCE."""
    source: Path | None = settings["source"]
    if source is None and settings["config"] is None:
        raise UsageError("no library is named", fix="give SOURCE, or a configuration with 'source:'")
    if source is None or settings["beside"] or settings["overwrite"]:
        return None
    library = source.absolute()
    return library.with_name(f"{library.stem if library.is_file() else library.name}-converted")
