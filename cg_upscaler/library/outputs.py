"""Tells a file that this tool wrote from one that a person made or edited."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

_CLOSING = 600 * 10**9
"""Nanoseconds after an intent in which a file may still be the intended one: some formats are encoded as they close."""


class OutputState(str, Enum):
    """What stands where a job's output goes."""

    MISSING = "missing"
    OURS = "ours"  # as it was written; may be replaced
    FOREIGN = "foreign"  # never written by this tool
    EDITED = "edited"  # written by this tool, and changed since by somebody
    LOCKED = "locked"  # as it was written, but made read-only, as version control does


@dataclass(frozen=True, slots=True)
class Output:
    """What is recorded of one output."""

    path: str
    """Within its output folder, with forward slashes."""
    intended: int
    """When a job was about to put it in place, in nanoseconds, and has not ended since; else 0."""
    hash: str
    """As it was last recorded, like size and time; empty before the first time."""
    size: int
    mtime: int
    source_hash: str = ""
    """Of what the job reads that wrote it, or is about to."""
    name: str = ""
    """Of that job's texture."""

    def is_source_again(self, path: Path) -> bool:
        """Whether a texture that was, or was about to be, replaced by its own result is one to work on.

        It is as long as it is what that job read, and again once somebody has put another in its place.
        """
        if self.path != self.name or self.looks_unchanged(path) or not path.is_file():
            return False
        found = hash_file(path)
        return found == self.source_hash or (bool(self.hash) and found != self.hash)

    def looks_unchanged(self, path: Path) -> bool:
        return bool(self.hash) and stat_of(path) == (self.size, self.mtime)

    def left_by_a_killed_run(self, path: Path) -> bool:
        """Whether the file can be the one that was about to be put there when the run was killed.

        Its hash was never recorded. But it was finished by then, and whoever edits it does so later.
        """
        return bool(self.intended) and stat_of(path)[1] <= self.intended + _CLOSING

    def stands_at(self, path: Path) -> bool:
        """Whether the file is the one that this tool wrote, and not edited or replaced since."""
        if not path.is_file() or path.is_symlink():
            return False
        return (
            self.looks_unchanged(path)
            or self.left_by_a_killed_run(path)
            or (bool(self.hash) and hash_file(path) == self.hash)
        )


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hex, reading it in pieces."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def hash_bytes(data: bytes) -> str:
    """Return the same of bytes that are at hand."""
    return hashlib.sha256(data).hexdigest()


def stat_of(path: Path) -> tuple[int, int]:
    """Return a file's size in bytes and the time of its last change in nanoseconds."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns
