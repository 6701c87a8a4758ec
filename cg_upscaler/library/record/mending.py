"""Makes a record anew where its file is damaged, from what can still be read and what results themselves tell."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from cg_upscaler.errors import OutputError, RecordDamaged, UsageError
from cg_upscaler.job import Job, Receipt
from cg_upscaler.library.outputs import Output
from cg_upscaler.library.receipts import Receipts
from cg_upscaler.library.record.place import FILE, state_folder
from cg_upscaler.library.record.rows import as_job, as_receipt
from cg_upscaler.library.record.textfile import read_lock

COPY = "receipts.lock"
"""The lock file that each run leaves beside its record, should that be damaged."""

_CHECKED = 1 << 28
"""Bytes of a record up to which it is read through before a run; a larger one is found out as it is used."""


def open_record(folder: Path, state: Path | None = None, *, check: bool = True) -> tuple[Receipts, tuple[str, ...]]:
    """Open the record of an output folder to write to it, mended where it is damaged. Return it with what was done.

    Nothing that is read from a damaged record is trusted: a receipt is taken over only where the very file stands
    there that it speaks of. What cannot be told is done again, but for files of which nobody knows who wrote them.
    `check` reads it through before. Raises what `Receipts` does but `RecordDamaged`.
    """
    if _is_lost(state_folder(folder, state)):
        return _mended(folder, state)
    try:
        receipts = Receipts(folder, state=state)
        if check and not _is_sound(receipts.path):
            receipts.close()
            raise RecordDamaged("is damaged", where=receipts.path)
        return receipts, ()
    except RecordDamaged:
        return _mended(folder, state)


def _mended(folder: Path, state: Path | None) -> tuple[Receipts, tuple[str, ...]]:
    place = state_folder(folder, state)
    damaged = _set_aside(place) if os.path.lexists(place / FILE) else None
    receipts = Receipts(folder, state=state)
    try:
        taken = 0 if damaged is None else _restore(receipts, _read_receipts(damaged), _read_outputs(damaged))
        if (place / COPY).is_file():
            with suppress(UsageError):
                lock = read_lock(place / COPY, receipts.folder)
                known = {entry.receipt.name for entry in receipts.entries()}
                left = [(receipt, None) for receipt in lock.receipts if receipt.name not in known]
                paths = {output.path for output in receipts.outputs()}
                taken += _restore(receipts, left, [output for output in lock.outputs if output.path not in paths])
    except BaseException:
        receipts.close()
        raise
    what = "was lost:" if damaged is None else f"was damaged: it lies in {damaged.name} now, and"
    return receipts, (f"the record of {folder} {what} {taken} receipts were restored, those whose results stand",)


def _is_lost(place: Path) -> bool:
    """Whether there is something else where a record was, or nothing: SQLite would begin a new one without a word."""
    path = place / FILE
    if path.is_dir():
        return True
    return (place / COPY).is_file() and not (path.is_file() and path.stat().st_size)


def _restore(receipts: Receipts, found: Sequence[tuple[Receipt, Job | None]], outputs: Sequence[Output]) -> int:
    before = sum(1 for _ in receipts.entries())
    receipts.restore(found, outputs)
    return sum(1 for _ in receipts.entries()) - before


def _is_sound(path: Path) -> bool:
    if path.stat().st_size > _CHECKED:
        return True
    try:
        with closing(sqlite3.connect(f"file:{_quoted(path)}?mode=ro", uri=True, timeout=30)) as base:
            return bool(base.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")
    except sqlite3.DatabaseError as error:
        return isinstance(error, sqlite3.OperationalError) and "locked" in str(error)


def _quoted(path: Path) -> str:
    return path.as_posix().replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def _set_aside(place: Path) -> Path:
    at = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S")
    damaged = place / f"damaged-{at}.sqlite"
    try:
        (place / FILE).replace(damaged)
        (place / f"{FILE}-journal").unlink(missing_ok=True)  # it belongs to the damaged one, and would be played back
    except OSError as error:
        raise OutputError(
            f"is damaged, and cannot be set aside: {error.strerror}",
            where=place / FILE,
            fix="check the permissions of its folder",
        ) from error
    return damaged


def _read_receipts(path: Path) -> list[tuple[Receipt, Job | None]]:
    jobs = {name: as_job(job) for name, job in _rows(path, "SELECT name, job FROM jobs") if isinstance(job, bytes)}
    found = []
    for name, text in _rows(path, "SELECT name, receipt FROM receipts"):
        with suppress(ValueError, TypeError):
            found.append((as_receipt(text), jobs.get(name)))
    return found


def _read_outputs(path: Path) -> list[Output]:
    rows = _rows(path, "SELECT path, hash, size, mtime, source_hash, name FROM outputs")
    sound = [row for row in rows if all(isinstance(text, str) for text in (row[0], row[1], row[4], row[5]))]
    return [Output(*row) for row in sound if not Path(row[0]).anchor and ".." not in Path(row[0]).parts]


def _rows(path: Path, statement: str) -> Iterator[tuple[Any, ...]]:
    """Yield what can be read of a table, from its start and then from its end, up to what is broken."""
    seen = set()
    for order in ("rowid", "rowid DESC"):
        try:
            with closing(sqlite3.connect(path)) as base:
                for row in base.execute(f"{statement} ORDER BY {order}"):
                    if row not in seen:
                        seen.add(row)
                        yield row
        except (sqlite3.Error, OverflowError, UnicodeDecodeError):
            continue
