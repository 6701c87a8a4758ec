"""Tells what a run came to, to whom it may concern: files for machines, the page, the commands after a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import click

from cg_upscaler.codecs import write_text
from cg_upscaler.errors import UpscaleError
from cg_upscaler.flight.hooks import run_after
from cg_upscaler.job import Outcome, Plan, Receipt
from cg_upscaler.library.config import Config
from cg_upscaler.library.receipts import REPORT, Receipts
from cg_upscaler.report.prometheus import write_exposition
from cg_upscaler.report.summary import summary_json
from cg_upscaler.summary import Entry, Summary

_CHANGES = "changes.txt"
_SUMMARY = "summary.json"


@dataclass(frozen=True, slots=True)
class Paths:
    """Where a run is told of, beside the terminal."""

    summary: Path | None = None
    junit: Path | None = None
    prometheus: Path | None = None
    report: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """A run at its end."""

    plan: Plan
    receipts: tuple[Receipt, ...]
    summary: Summary
    removed: tuple[str, ...] = ()
    """Outputs without a source that were removed, within the output folder."""


def tell(ended: Ended, paths: Paths, receipts: Receipts) -> bool:
    """Write what was asked for. Return whether all could be; what could not is said on stderr."""
    writers: list[tuple[Path, Callable[[Path], object]]] = []
    if paths.summary is not None:
        text = summary_json(ended.summary, ended.receipts, ended.plan.problems, ended.plan)
        writers.append((paths.summary, lambda path: write_text(path, text)))
    if paths.junit is not None:
        from cg_upscaler.report.junit import junit_xml

        entries = list(_entries(ended, receipts))
        writers.append(
            (paths.junit, lambda path: write_text(path, junit_xml(entries, ended.plan.problems, ended.summary)))
        )
    if paths.prometheus is not None:
        library = ended.plan.source
        writers.append((paths.prometheus, lambda path: write_exposition(path, ended.summary, library)))
    if paths.report:
        writers.append((receipts.folder / REPORT, lambda path: _page(path, ended, receipts)))
    well = True
    for path, write in writers:
        try:
            write(path)
        except (UpscaleError, OSError) as error:
            click.echo(f"failed: {error}", err=True)
            well = False
    return well


def after(config: Config, ended: Ended, state: Path) -> bool:
    """Run the commands after a run that changed something. Return whether all went well."""
    written = [receipt.output for receipt in ended.receipts if receipt.outcome in (Outcome.DONE, Outcome.COPIED)]
    changed = [*written, *(str(Path(ended.plan.output, name)) for name in ended.removed)]
    if not config.after_run or not changed:
        return True
    changes, summary = state / _CHANGES, state / _SUMMARY
    lines = [path for path in changed if "\n" not in path]
    if len(lines) < len(changed):
        count = len(changed) - len(lines)
        click.echo(
            f"note: {count} names hold line breaks and are left out of {{changes}}; {{summary}} has them", err=True
        )
    write_text(changes, "".join(f"{path}\n" for path in lines))
    write_text(summary, summary_json(ended.summary, ended.receipts, ended.plan.problems, ended.plan))
    failures = [run_after(command, {"changes": str(changes), "summary": str(summary)}) for command in config.after_run]
    for failure in filter(None, failures):
        click.echo(f"failed: {failure}", err=True)
    return not any(failures)


def version() -> str:
    """Return this package's version."""
    try:
        return metadata.version("cg-upscaler")
    except metadata.PackageNotFoundError:
        return "unknown"


def _entries(ended: Ended, receipts: Receipts) -> Iterable[Entry]:
    """Yield every texture as this run left it: what it did, and what stands of others."""
    own = {receipt.name: receipt for receipt in ended.receipts}
    for entry in receipts.entries():
        name = entry.receipt.name
        yield Entry(own.pop(name), entry.job) if name in own else entry
    for receipt in own.values():
        yield Entry(receipt)


def _page(path: Path, ended: Ended, receipts: Receipts) -> None:
    from cg_upscaler.report import page

    page.write(path, list(receipts.entries()), receipts.runs(), orphans=ended.plan.orphans)
