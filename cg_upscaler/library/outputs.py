"""Tells a file that this tool wrote from one that a person made or edited."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum
from pathlib import Path


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
    hash: str
    """As it was recorded, like size and time."""
    size: int
    mtime: int
    source_hash: str = ""
    """Of what the job read that wrote it."""
    name: str = ""
    """Of that job's texture."""

    def is_source_again(self, path: Path) -> bool:
        """Whether a texture that was replaced by its own result is one to work on, as somebody put another there."""
        if self.path != self.name or not path.is_file() or self.looks_unchanged(path):
            return False
        return hash_file(path) != self.hash

    def looks_unchanged(self, path: Path) -> bool:
        return stat_of(path) == (self.size, self.mtime)

    def stands_at(self, path: Path, *, verify: bool = False) -> bool:
        """Whether the file is the one that this tool wrote, and not edited or replaced since.

        It is read where size or time have changed; with `verify` always.
        """
        if not path.is_file() or path.is_symlink():
            return False
        return (not verify and self.looks_unchanged(path)) or hash_file(path) == self.hash


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
