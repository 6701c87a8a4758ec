"""`cg-upscale merge`: puts what the parts of a library recorded into one record."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import click

from cg_upscaler.cli.exit_codes import ExitCode
from cg_upscaler.errors import UsageError
from cg_upscaler.flight.turn import turn
from cg_upscaler.library.receipts import REPORT, Receipts
from cg_upscaler.library.record.mending import COPY, open_record
from cg_upscaler.library.record.merging import absorb, together
from cg_upscaler.library.record.place import FILE, FOLDER, state_folder
from cg_upscaler.library.record.textfile import write_lock
from cg_upscaler.report import page


@click.command()
@click.argument("output", metavar="OUT", type=click.Path(path_type=Path, file_okay=False))
@click.argument("states", metavar="[STATE]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--state", type=click.Path(path_type=Path, file_okay=False), help="Folder of the record of OUT.")
@click.option("--lock", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write this one, too.")
@click.option("--report/--no-report", default=False, help="Write a page with pictures to OUT/_report.")
@click.option("--wait", type=float, metavar="SECONDS", help="For a run into OUT to end.")
def merge(
    output: Path, states: tuple[Path, ...], state: Path | None, lock: Path | None, report: bool, wait: float | None
) -> int:
    """Put the records of `run --shard` into that of OUT: for each texture what happened last.

    A STATE is the folder of a record, or an output folder that was brought here from elsewhere. Without any, those are
    taken that shards left in OUT. The exit code is that of the parts: 1 where one of them had a failure.
    """
    place = state_folder(output, state)
    parts = [part for each in states for part in _records(each)] if states else _shards(place)
    if not parts:
        raise UsageError("no shard left a record here", where=output, fix="name the folders of the records")
    with turn(place, output, wait, say=lambda text: click.echo(text, err=True)), ExitStack() as stack:
        receipts, notes = open_record(output, place)
        stack.enter_context(receipts)
        for note in notes:
            click.echo(f"note: {note}", err=True)
        others = [stack.enter_context(Receipts(output, state=part, read_only=True)) for part in parts]
        count = absorb(receipts, others)
        latest = [runs[-1] for other in others if (runs := other.runs())]
        run = together(latest)
        if run is not None:
            receipts.add_run(run)
        made, outputs = [entry.receipt for entry in receipts.entries()], receipts.outputs()
        for path in filter(None, (place / COPY, lock)):
            write_lock(path, receipts.folder, made, outputs)
        if report:
            page.write(receipts.folder / REPORT, list(receipts.entries()), receipts.runs())
    click.echo(f"{count} textures of {len(parts)} records taken over; {output}", err=True)
    return ExitCode.OK if run is None else ExitCode(run.exit_code)


def _shards(state: Path) -> list[Path]:
    return [path.parent for path in sorted(state.glob(f"shard-*/{FILE}"))]


def _records(place: Path) -> Iterator[Path]:
    """Yield the folders of the records in a folder: it is one itself, an output folder, or a state with shards."""
    for folder in (place, place / FOLDER):
        if (folder / FILE).is_file():
            yield folder
        yield from _shards(folder)
    if not any((folder / FILE).is_file() or _shards(folder) for folder in (place, place / FOLDER)):
        raise UsageError("holds no record of a run", where=place, fix="give the folder of --state, or an output folder")
