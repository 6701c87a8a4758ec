"""`cg-upscale init`: a starter configuration for a folder of textures."""

from __future__ import annotations

from pathlib import Path

import click

from cg_upscaler.errors import UsageError
from cg_upscaler.library.record.known import known_outputs_under
from cg_upscaler.library.scan import scan
from cg_upscaler.library.starter import starter


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--file", "-f", type=click.Path(path_type=Path), default=Path("cg-upscale.yaml"), show_default=True,
    help="Where to write it; never over a file that is there.",
)  # fmt: skip
def init(folder: Path, file: Path) -> None:
    """Write a commented configuration that fits the textures under FOLDER."""
    text = starter(folder, scan(folder, ours=known_outputs_under(folder)), file)
    try:
        with open(file, "x", encoding="utf-8", newline="\n") as out:
            out.write(text)
    except FileExistsError:
        raise UsageError("is there already", where=file, fix="name another with --file") from None
    except OSError as error:
        raise UsageError(f"cannot be written: {error.strerror}", where=file, fix="name another with --file") from None
    click.echo(f"wrote {file}; next: cg-upscale plan --config {file}", err=True)
