"""Remembers what was seen in sources: the hash of a file's bytes, what its header says, what its pixels show."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from cg_upscaler.library.outputs import hash_file
from cg_upscaler.library.record.base import Base, Value

_TOGETHER = 256
"""Textures whose rows are written in one transaction. A run that is killed looks at those again."""

_SETTLED = 2 * 10**9
"""Nanoseconds for which a file must have been left alone to be known by its time: a file system's clock has steps."""

_INSERTS = {
    "evidence": "INSERT OR REPLACE INTO evidence VALUES (?, ?)",
    "headers": "INSERT OR REPLACE INTO headers VALUES (?, ?)",
    "files": "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)",
}


class Seen:
    """What is known of sources without reading them again. May be shared by threads.

    What is remembered is written a few hundred rows at a time, by `save`, and never where the record is only read.
    """

    def __init__(self, base: Base, *, clock: Callable[[], int] = time.time_ns) -> None:
        self._base, self._clock = base, clock
        self._lock = threading.Lock()
        self._unsaved: dict[tuple[str, str], tuple[Value, ...]] = {}
        self.verify = False
        """Whether every file is read, whatever its size and time."""
        self._verified: set[str] = set()

    def hash_of(self, path: Path) -> str:
        """Return the SHA-256 of a file's bytes; read only where its size or time is not what it was. Raises OSError."""
        at = os.path.abspath(path)
        before = os.stat(path)
        known = self._row("files", "size, mtime, hash", "path", at)
        trusted = not self.verify or at in self._verified
        if trusted and known is not None and known[:2] == (before.st_size, before.st_mtime_ns):
            return str(known[2])
        found = hash_file(path)
        after = os.stat(path)
        quiet = after.st_mtime_ns <= self._clock() - _SETTLED
        if quiet and (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns):
            self._verified.add(at)
            self._remember("files", at, (at, after.st_size, after.st_mtime_ns, found))
        return found

    def known_hash(self, at: str, stamp: tuple[int, int]) -> str | None:
        """Return the hash of a file of which a scan saw size and time, where it was hashed as that; else None."""
        if self.verify:
            return None
        known = self._row("files", "size, mtime, hash", "path", os.path.abspath(at))
        return str(known[2]) if known is not None and known[:2] == stamp else None

    def evidence(self, key: str) -> str | None:
        """Return what `remember` was given for a source with this hash."""
        row = self._row("evidence", "json", "hash", key)
        return None if row is None else str(row[0])

    def remember(self, key: str, text: str) -> None:
        """Keep what was seen in a source; until the record is closed only, where that is only read."""
        self._remember("evidence", key, (key, text))

    def header(self, key: str) -> str | None:
        """Return what `remember_header` was given for a source."""
        row = self._row("headers", "spec", "hash", key)
        return None if row is None else str(row[0])

    def remember_header(self, key: str, text: str) -> None:
        self._remember("headers", key, (key, text))

    def save(self) -> None:
        """Write what was seen, in one go: each transaction waits for the disk."""
        if self._base.read_only:
            return
        with self._lock:
            rows, self._unsaved = self._unsaved, {}
        self._base.together(*((_INSERTS[table], row) for (table, _), row in rows.items()))

    def _row(self, table: str, columns: str, by: str, key: str) -> tuple[Value, ...] | None:
        with self._lock:
            unsaved = self._unsaved.get((table, key))
        if unsaved is not None:
            return unsaved[1:]
        rows = self._base.all(f"SELECT {columns} FROM {table} WHERE {by} = ?", key)
        return rows[0] if rows else None

    def _remember(self, table: str, key: str, row: tuple[Value, ...]) -> None:
        with self._lock:
            self._unsaved[table, key] = row
            many = len(self._unsaved) >= _TOGETHER
        if many:
            self.save()
