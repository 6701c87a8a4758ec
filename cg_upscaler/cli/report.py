"""`cg-upscale report`: the page on what became of a library, from what its runs recorded."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import click
from tqdm import tqdm

from cg_upscaler.cli.exit_codes import ExitCode
from cg_upscaler.errors import UsageError
from cg_upscaler.library.receipts import REPORT, Receipts
from cg_upscaler.report import page
from cg_upscaler.summary import Entry


@click.command()
@click.argument("output", metavar="OUT", type=click.Path(path_type=Path))
@click.option("--single-file", is_flag=True, help="One file, to be sent: thumbnails only.")
@click.option("--to", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Default: OUT/_report.")
@click.option("--state", type=click.Path(path_type=Path, file_okay=False), help="Folder of the record.")
def report(output: Path, single_file: bool, to: Path | None, state: Path | None) -> int:
    """Write a page on the textures that runs into OUT have worked on: what failed first, and a close look at each."""
    with Receipts(output, state=state, read_only=True) as receipts:
        entries, runs = list(receipts.entries()), receipts.runs()
        library = _library(entries)
        orphans = receipts.orphans(library) if library else ()
    if not entries and not runs:
        raise UsageError("holds no record of a run", where=output, fix="give the output folder of `cg-upscale run`")
    with tqdm(total=len(entries), desc="previews", unit=" textures", leave=False, disable=None) as bar:

        def told(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        path = page.write(
            to or output / REPORT, entries, runs, orphans=orphans, single_file=single_file, on_progress=told
        )
    click.echo(path)
    return ExitCode.OK


def _library(entries: Iterable[Entry]) -> Path | None:
    """Return the folder that all textures come from; None where there are several, or it is not to be reached."""
    found = {Path(e.job.source).parents[len(PurePosixPath(e.job.name).parts) - 1] for e in entries if e.job}
    return next(iter(found)) if len(found) == 1 and next(iter(found)).is_dir() else None
