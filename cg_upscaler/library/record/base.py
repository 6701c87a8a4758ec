"""The SQLite file of a record: opened, brought up to date, and asked by one thread at a time."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from cg_upscaler.errors import DiskFull, OutputError, RecordDamaged, UsageError
from cg_upscaler.library.record.tables import FROM_2, OVER_FROM_2, SCHEMA, TABLES

_LONGEST = 490
"""Bytes of a path up to which SQLite opens a file everywhere; it wants room for the name of its journal."""

Value = str | int | bytes
Statement = tuple[str, tuple[Value, ...]]


class Base:
    """A record's file. May be shared by threads.

    It is SQLite with its usual rollback journal: write-ahead logging fails on network drives, and leaves files behind
    where one only reads. With `read_only` nothing is created or changed, whether or not a record exists.

    Raises `UsageError` where its folder cannot be made. Every method raises `OutputError` where the file is locked by
    another run or of a newer version, and `RecordDamaged` where it is no record.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path, self.read_only = path, read_only
        self._lock = threading.RLock()
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
        if self.read_only:
            # An empty file is what a run leaves that is killed as it begins.
            return str(self.path) if os.path.isfile(self.path) and os.path.getsize(self.path) else ":memory:"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            in_the_way = isinstance(error, FileExistsError | NotADirectoryError)
            reason = "a file is in the way" if in_the_way else error.strerror
            raise UsageError(
                f"cannot be made: {reason}", where=self.path.parent, fix="choose another --out or --state"
            ) from error
        return str(self.path)

    def _prepare(self) -> None:
        version = self.all("PRAGMA user_version")[0][0]
        if version > SCHEMA:
            raise OutputError(
                f"was written by a newer version of cg-upscale (format {version}, this one knows {SCHEMA})",
                where=self.path,
                fix="use that version, or another output folder",
            )
        if version < SCHEMA and self.read_only and version:
            self._copy_to_memory()
        if version < SCHEMA:
            before, after = (FROM_2, OVER_FROM_2) if version else ("", "")
            try:
                self._base.executescript(f"BEGIN IMMEDIATE; {before} {TABLES} {after} COMMIT;")
            except sqlite3.Error as error:
                raise self._failed(error) from error
        if self.read_only:
            self.all("PRAGMA query_only = ON")

    def _copy_to_memory(self) -> None:
        """Go on with a copy: an older record that is only read is brought up to date beside itself."""
        copy = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        try:
            self._base.backup(copy)
        except sqlite3.Error as error:
            copy.close()
            raise self._failed(error) from error
        self._base.close()
        self._base = copy

    def close(self) -> None:
        self._base.close()

    def all(self, statement: str, *values: Value) -> list[Any]:
        """Return all rows of one statement."""
        with self._lock:
            try:
                return self._base.execute(statement, values).fetchall()
            except sqlite3.Error as error:
                raise self._failed(error) from error

    def together(self, *statements: Statement) -> None:
        """Do all of it or, whatever comes in between, KeyboardInterrupt too, nothing: and wait for the disk once."""
        if statements:
            self._transaction(lambda: [self._base.execute(statement, values) for statement, values in statements])

    def many(self, statement: str, rows: Iterable[tuple[Value, ...]]) -> None:
        """Do one statement for each of many rows, all or none."""
        self._transaction(lambda: self._base.executemany(statement, rows))

    def _transaction(self, work: Callable[[], object]) -> None:
        with self._lock:
            try:
                self._base.execute("BEGIN IMMEDIATE")
                work()
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
        if isinstance(error, sqlite3.OperationalError) and not os.path.isfile(self.path):
            long = len(os.fsencode(os.path.abspath(self.path))) > _LONGEST
            fix = "its path is too long: choose a higher folder" if long else "check the folder's permissions"
            return OutputError(f"cannot be created: {text}", where=self.path, fix=fix)
        if "readonly" in text or "unable to open" in text or "I/O" in text:
            return OutputError(f"cannot be written: {text}", where=self.path, fix="check its permissions and its disk")
        return RecordDamaged(
            f"the record of this output folder is damaged ({text})",
            where=self.path,
            fix="a run into this folder mends it as far as the results themselves tell",
        )
