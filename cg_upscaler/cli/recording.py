"""Opens the record of a run and keeps in it what the run came to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from cg_upscaler.cli.how import How
from cg_upscaler.errors import OutputError, RecordDamaged
from cg_upscaler.job import Outcome, Plan, Receipt
from cg_upscaler.library.config import Config
from cg_upscaler.library.receipts import Receipts
from cg_upscaler.library.record.mending import COPY, open_record
from cg_upscaler.library.record.merging import absorb
from cg_upscaler.library.record.place import FILE, state_folder
from cg_upscaler.library.record.textfile import read_lock, write_lock
from cg_upscaler.library.surveying import Survey
from cg_upscaler.library.unchanged import settle
from cg_upscaler.moments import now


@contextmanager
def recorded(config: Config, how: How, *, check: bool = True) -> Iterator[Receipts]:
    """Open the record of a run, mended where it is damaged, and filled from the lock file where that knows more."""
    state = how.state_of(config)
    receipts, notes = open_record(config.output, state, check=check)
    with receipts:
        for note in notes:
            click.echo(f"note: {note}", err=True)
        if receipts.mended:
            count = len(receipts.mended)
            click.echo(
                f"note: {count} {'result was' if count == 1 else 'results were'} finished by a run that was killed "
                "before it could record that: on record now",
                err=True,
            )
        if config.lock is not None and config.lock.is_file():
            lock = read_lock(config.lock, receipts.folder)
            known = {entry.receipt.name for entry in receipts.entries()}
            paths = {output.path for output in receipts.outputs()}
            receipts.restore(
                ((receipt, None) for receipt in lock.receipts if receipt.name not in known),
                (output for output in lock.outputs if output.path not in paths),
            )
        if how.part is not None:
            _begin_with_whole(receipts, state_folder(config.output, config.state))
        yield receipts


def _begin_with_whole(receipts: Receipts, state: Path) -> None:
    """Have the record of a part begin with what runs over all of the library did, and merges of earlier parts."""
    if not (state / FILE).is_file():
        return
    try:
        with Receipts(receipts.folder, state=state, read_only=True) as whole:
            absorb(receipts, [whole])
    except RecordDamaged as error:
        click.echo(f"note: {error}", err=True)


def keep(receipts: Receipts, survey: Survey, plan: Plan, outcomes: dict[str, Outcome], how: How) -> None:
    """Remember which folders are settled now, and which textures failed before and do not now."""
    good = (Outcome.DONE, Outcome.COPIED, Outcome.CURRENT, Outcome.SKIPPED)
    receipts.mend_failures([name for name, outcome in outcomes.items() if outcome in good])
    for problem in plan.problems:
        receipts.record(Receipt(problem.name, Outcome.FAILED, error=problem.message, at=now()))
    if not plan.complete:
        return
    ended = {name: outcome is not Outcome.SKIPPED for name, outcome in outcomes.items() if outcome in good}
    names = survey.seen.names
    receipts.keep_only({*names, *(problem.name for problem in plan.problems)})
    if plan.unread:
        receipts.settle_folders({})  # what those say may reach any texture, and nobody knows it yet
    else:
        settle(survey.folders, receipts, plan.settled, ended, names)


def write_locks(config: Config, receipts: Receipts, *, changed: bool) -> bool:
    """Write the lock file beside the record, should that be damaged one day, and the one that was asked for."""
    asked = config.lock if changed or (config.lock is not None and not config.lock.is_file()) else None
    paths = [path for path in (receipts.state / COPY if changed else None, asked) if path is not None]
    if not paths:
        return True
    made, outputs = [entry.receipt for entry in receipts.entries()], receipts.outputs()
    for path in paths:
        try:
            write_lock(path, receipts.folder, made, outputs)
        except OutputError as error:
            click.echo(f"failed: {error}", err=True)
            return False
    return True
