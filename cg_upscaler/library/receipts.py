"""Remembers, in the output folder, what was written there and from what: so that only what changed is done again."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from cg_upscaler.errors import DiskFull, OutputError, UsageError
from cg_upscaler.job import Job, Outcome, Receipt
from cg_upscaler.library.outputs import Output, OutputState, hash_file, stat_of
from cg_upscaler.wire import from_plain, to_plain

__all__ = ["FILE", "FOLDER", "REJECTED", "OutputState", "Receipts", "hash_file", "known_outputs_under"]

FOLDER = ".cg-upscale"
"""Where a run keeps its records, within its output folder."""

FILE = "receipts.sqlite"

REJECTED = "_rejected"
"""Where results lie that broke a gate, within the output folder; no hidden one, since somebody is to look at them."""

SCHEMA = 2
"""Goes up when older versions could no longer read the file."""

_TABLES = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS receipts (name TEXT PRIMARY KEY, receipt TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS outputs (
    path TEXT PRIMARY KEY,      -- within the output folder, with forward slashes
    name TEXT NOT NULL,         -- of the job that wrote it, or is about to
    key TEXT NOT NULL,          -- of that job
    source_hash TEXT NOT NULL,  -- of what that job read
    intended INTEGER NOT NULL,  -- when it was about to, in nanoseconds; 0 once it is recorded
    hash TEXT NOT NULL,         -- of the file as it was last recorded; empty before the first time
    size INTEGER NOT NULL,
    mtime INTEGER NOT NULL      -- nanoseconds
);
CREATE TABLE IF NOT EXISTS evidence (hash TEXT PRIMARY KEY, json TEXT NOT NULL);
PRAGMA user_version = {SCHEMA};
COMMIT;
"""

_WRITTEN = (Outcome.DONE, Outcome.COPIED, Outcome.REJECTED)

_TOGETHER = 256
"""Textures whose evidence is written in one transaction. A run that is killed looks at those again."""

_Statement = tuple[str, tuple[str | int, ...]]

_COLUMNS = "path, intended, hash, size, mtime, source_hash, name"


class Receipts:
    """The record of one output folder. A context manager; may be shared by threads.

    The file is SQLite with its usual rollback journal: write-ahead logging fails on network drives, and leaves files
    behind where one only reads. With `read_only` nothing is created or changed, whether or not a record exists.

    Raises `UsageError` where there is no such folder and none can be made. Every method raises `OutputError` where the
    file is damaged, locked by another run, or of a newer version.
    """

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        self.folder = Path(os.path.realpath(folder))
        self.path = self.folder / FOLDER / FILE
        self._read_only = read_only
        self._lock = threading.Lock()
        self._unsaved: dict[str, str] = {}
        where = self._place()
        try:
            # Without isolation level each statement is its own transaction.
            self._base = sqlite3.connect(where, timeout=30, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            raise self._failed(error) from error
        try:
            self._prepare()
        except BaseException:
            self._base.close()
            raise

    def _place(self) -> str:
        if self._read_only:
            # An empty file is what a run leaves that is killed as it begins.
            return str(self.path) if self.path.is_file() and self.path.stat().st_size else ":memory:"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            in_the_way = isinstance(error, FileExistsError | NotADirectoryError)
            reason = "a file is in the way" if in_the_way else error.strerror
            raise UsageError(
                f"cannot be made the output folder: {reason}", where=self.folder, fix="choose another --out"
            ) from error
        return str(self.path)

    def _prepare(self) -> None:
        version = self._all("PRAGMA user_version")[0][0]
        if version > SCHEMA:
            raise OutputError(
                f"was written by a newer version of cg-upscale (format {version}, this one knows {SCHEMA})",
                where=self.path,
                fix="use that version, or another output folder",
            )
        if version < SCHEMA and not (self._read_only and version):  # tables are the same; older receipts say less
            try:
                self._base.executescript(_TABLES)
            except sqlite3.Error as error:
                raise self._failed(error) from error
        if self._read_only:
            self._all("PRAGMA query_only = ON")

    def __enter__(self) -> Receipts:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        try:
            self._save()
        finally:
            self._base.close()

    @property
    def scratch(self) -> Path | None:
        """A folder for files that nobody is to see; None where nothing may be written."""
        return None if self._read_only else self.path.parent

    # What was done

    def rejected(self, job: Job) -> Path:
        """Return where a job's result goes if it breaks a gate."""
        return self.folder / REJECTED / self._within(job.output)

    def intend(self, job: Job, key: str, source_hash: str, at: Path | None = None) -> None:
        """Say that the finished output of a job is about to be put in its place, or at another.

        A run that is killed between here and `record` then leaves a file that is known to be ours, of no known job.
        """
        output = self._within(at or job.output), job.name, key, source_hash, time.time_ns()
        self._together(
            ("DELETE FROM receipts WHERE name = ?", (job.name,)),
            (
                "INSERT INTO outputs VALUES (?, ?, ?, ?, ?, '', -1, -1) ON CONFLICT (path) DO UPDATE SET "
                "name = excluded.name, key = excluded.key, "
                "source_hash = excluded.source_hash, intended = excluded.intended",
                output,
            ),
        )

    def record(self, receipt: Receipt) -> None:
        """Keep a job's receipt and, where it wrote a file, how that file looks."""
        output: _Statement = ("UPDATE outputs SET intended = 0 WHERE name = ?", (receipt.name,))
        if receipt.outcome in _WRITTEN:
            known = receipt.name, receipt.key, receipt.source_hash, receipt.output_hash
            place = Path(receipt.output)
            output = (
                "INSERT OR REPLACE INTO outputs VALUES (?, ?, ?, ?, 0, ?, ?, ?)",
                (self._within(place), *known, *stat_of(place)),
            )
        text = json.dumps(to_plain(receipt))
        self._together(output, ("INSERT OR REPLACE INTO receipts VALUES (?, ?)", (receipt.name, text)))

    def intend_companion(self, path: Path, name: str, source_hash: str) -> None:
        """Say that a description of a texture is about to be put in its place, `name` that of its source."""
        row = self._within(path), name, source_hash, time.time_ns()
        statement = (
            "INSERT INTO outputs VALUES (?, ?, '', ?, ?, '', -1, -1) ON CONFLICT (path) DO UPDATE SET "
            "name = excluded.name, source_hash = excluded.source_hash, intended = excluded.intended"
        )
        self._together((statement, row))

    def record_companion(self, path: Path, name: str, source_hash: str) -> None:
        """Keep how a description looks that was just put in its place."""
        row = self._within(path), name, source_hash, hash_file(path), *stat_of(path)
        self._together(("INSERT OR REPLACE INTO outputs VALUES (?, ?, '', ?, 0, ?, ?, ?)", row))

    def forget(self, path: Path) -> None:
        """Say that an output has been removed."""
        self._all("DELETE FROM outputs WHERE path = ?", self._within(path))

    def find(self, name: str) -> Receipt | None:
        """Return the receipt of a texture's last job, however it ended; None where there is none, or it was killed."""
        rows = self._all("SELECT receipt FROM receipts WHERE name = ?", name)
        return from_plain(Receipt, json.loads(rows[0][0])) if rows else None

    # What stands there now

    def output_state(self, job: Job) -> OutputState:
        """Say what stands where a job's output goes. Reads the file only where its size or time has changed."""
        return self.state_at(Path(job.output))

    def state_at(self, path: Path) -> OutputState:
        """Say the same of any path."""
        if not os.path.lexists(path):
            return OutputState.MISSING
        output = self._output(path)
        if output is None:
            return OutputState.FOREIGN
        if not output.stands_at(path):
            return OutputState.EDITED if output.hash else OutputState.FOREIGN
        # os.access says yes to root, and os.replace asks for the folder's permission only.
        return OutputState.OURS if path.stat().st_mode & stat.S_IWUSR else OutputState.LOCKED

    def outputs(self) -> tuple[Output, ...]:
        return tuple(Output(*row) for row in self._all(f"SELECT {_COLUMNS} FROM outputs"))

    def orphans(self, library: Path) -> tuple[str, ...]:
        """Return the outputs that are there, and whose source is not in a library; paths within the folder."""
        rows = self._all("SELECT path, name FROM outputs ORDER BY path")
        return tuple(
            path for path, name in rows if os.path.lexists(self.folder / path) and not os.path.lexists(library / name)
        )

    # What was seen

    def evidence(self, source_hash: str) -> str | None:
        """Return what `remember` was given for a source with this hash."""
        with self._lock:
            unsaved = self._unsaved.get(source_hash)
        if unsaved is not None:
            return unsaved
        rows = self._all("SELECT json FROM evidence WHERE hash = ?", source_hash)
        return rows[0][0] if rows else None

    def remember(self, source_hash: str, text: str) -> None:
        """Keep what was seen in a source; until `close` only, where the record is only read."""
        with self._lock:
            self._unsaved[source_hash] = text
            many = len(self._unsaved) >= _TOGETHER
        if many:
            self._save()

    def _save(self) -> None:
        """Write what was seen, in one go: each transaction waits for the disk."""
        if self._read_only:
            return
        with self._lock:
            rows, self._unsaved = self._unsaved, {}
        self._together(*(("INSERT OR REPLACE INTO evidence VALUES (?, ?)", row) for row in rows.items()))

    # How

    def _within(self, path: str | Path) -> str:
        return _within(self.folder, Path(path))

    def _output(self, path: Path) -> Output | None:
        try:
            within = self._within(path)
        except ValueError:  # in another folder
            return None
        rows = self._all(f"SELECT {_COLUMNS} FROM outputs WHERE path = ?", within)
        return Output(*rows[0]) if rows else None

    def _all(self, statement: str, *values: str | int) -> list[Any]:
        with self._lock:
            try:
                return self._base.execute(statement, values).fetchall()
            except sqlite3.Error as error:
                raise self._failed(error) from error

    def _together(self, *statements: _Statement) -> None:
        """Do all of it or, whatever comes in between, KeyboardInterrupt too, nothing: and wait for the disk once."""
        if not statements:
            return
        with self._lock:
            try:
                self._base.execute("BEGIN IMMEDIATE")
                for statement, values in statements:
                    self._base.execute(statement, values)
                self._base.execute("COMMIT")
            except sqlite3.Error as error:
                raise self._failed(error) from error
            finally:
                if self._base.in_transaction:
                    self._base.execute("ROLLBACK")

    def _failed(self, error: sqlite3.Error) -> OutputError:
        text = str(error)
        if "full" in text:
            return DiskFull("no space is left for the receipts", where=self.path, fix="free some and run again")
        if "locked" in text:
            return OutputError("another run is writing to this folder", where=self.path, fix="wait until it has ended")
        if isinstance(error, sqlite3.OperationalError) and not self.path.is_file():
            return OutputError(f"cannot be created: {text}", where=self.path, fix="check the folder's permissions")
        if "readonly" in text or "unable to open" in text:
            return OutputError(f"cannot be written: {text}", where=self.path, fix="check its permissions")
        return OutputError(
            f"the record of this output folder is damaged ({text})",
            where=self.path,
            fix="restore it from a backup, or delete it and run into an empty folder",
        )


def known_outputs_under(root: Path, *, of: Path | None = None) -> Callable[[Path], bool]:
    """Return a test for files that some run has written, by the records that lie in `root`, below it or above it.

    An output that somebody edited since is an output still, and so is all that lies among the rejected ones; but what
    took the place of its own source is a source again where it is another file since. `of` names the output folder
    whose record alone is looked at. The
    records are read here, once. Raises `OutputError` for a damaged one.
    """
    root = Path(os.path.realpath(root))
    library = root if root.is_dir() else root.parent
    known: set[Path] = set()
    rejected: set[Path] = set()
    for folder in _recorded_folders(root):
        if of is not None and folder != Path(os.path.realpath(of)):
            continue
        with Receipts(folder, read_only=True) as receipts:
            outputs = receipts.outputs()
            known.update(
                folder / output.path
                for output in outputs
                if folder != library or not output.is_source_again(folder / output.path)
            )
            rejected.add(folder / REJECTED)

    def ours(path: Path) -> bool:
        real = Path(os.path.realpath(path.parent), path.name)
        return real in known or not rejected.isdisjoint(real.parents)

    return ours


def _recorded_folders(root: Path) -> Iterator[Path]:
    for folder in root.parents:
        if (folder / FOLDER / FILE).is_file():
            yield folder
    for parent, names, _ in os.walk(root):
        if FOLDER in names:
            names.remove(FOLDER)
            if (Path(parent) / FOLDER / FILE).is_file():
                yield Path(parent)


def _within(folder: Path, path: Path) -> str:
    """Return a path relative to a folder, links resolved but for the file's own. `ValueError`: outside."""
    return Path(os.path.realpath(path.parent), path.name).relative_to(folder).as_posix()
