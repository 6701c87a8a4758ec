"""`cg-upscale report`: the page on what became of a library, from what its runs recorded."""

from __future__ import annotations

from pathlib import Path

import click
from tqdm import tqdm

from cg_upscaler.cli.exit_codes import ExitCode
from cg_upscaler.errors import UsageError
from cg_upscaler.library.receipts import REPORT, Receipts
from cg_upscaler.report import page


@click.command()
@click.argument("output", metavar="OUT", type=click.Path(path_type=Path))
@click.option("--single-file", is_flag=True, help="One file, to be sent: thumbnails only.")
@click.option("--to", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Default: OUT/_report.")
def report(output: Path, single_file: bool, to: Path | None) -> int:
    """Write a page on the textures that runs into OUT have worked on: what failed first, and a close look at each."""
    with Receipts(output, read_only=True) as receipts:
        entries, runs = list(receipts.entries()), receipts.runs()
    if not entries and not runs:
        raise UsageError("holds no record of a run", where=output, fix="give the output folder of `cg-upscale run`")
    with tqdm(total=len(entries), desc="previews", unit=" textures", leave=False, disable=None) as bar:

        def told(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        path = page.write(to or output / REPORT, entries, runs, single_file=single_file, on_progress=told)
    click.echo(path)
    return ExitCode.OK
