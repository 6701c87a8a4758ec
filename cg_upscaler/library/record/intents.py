"""Keeps what is about to be put in its place, by its content: so that a kill in between loses nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cg_upscaler.job import Receipt
from cg_upscaler.library.outputs import Output, hash_file, stat_of
from cg_upscaler.library.record.base import Base, Statement
from cg_upscaler.library.record.rows import OUTPUT, as_receipt, kept, unsettled

_ROW = "INSERT OR REPLACE INTO intents VALUES (?, ?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Ended:
    """An intent whose file stands: what a killed run had put in place, and did not come to record."""

    output: Output
    receipt: Receipt | None
    """None for a description, which has none."""


class Intents:
    """The intents of a record."""

    def __init__(self, base: Base, folder: Path) -> None:
        """`folder` is the output folder."""
        self._base, self._folder = base, folder

    def add(self, path: str, name: str, source_hash: str, content: str, receipt: str = "", job: bytes = b"") -> None:
        """Say that a file of this content (its hash) is about to stand at a path within the output folder."""
        self._base.together((_ROW, (path, name, source_hash, content, receipt, job)))

    def settle(self) -> Iterator[Ended]:
        """End what a killed run had begun, and yield what it had put in place.

        It is recorded, and what is not there forgotten; unless the record is only read.
        """
        for path, name, source_hash, content, text, job in self._base.all("SELECT * FROM intents"):
            receipt = as_receipt(text) if text else None
            looks = self.standing(path, content)
            if not self._base.read_only:
                self._base.together(*self._ending(path, name, source_hash, content, job, receipt))
            if looks is not None:
                yield Ended(Output(path, content, *looks, source_hash, name), receipt)

    def owning(self, name: str) -> list[Statement]:
        """Return what ends the intents of a texture that failed: its file may have been in place already."""
        statements: list[Statement] = []
        for path, _, source_hash, content, _, _ in self._base.all("SELECT * FROM intents WHERE name = ?", name):
            statements += self._ending(path, name, source_hash, content, b"", None)
        return statements

    def standing(self, path: str, content: str) -> tuple[int, int] | None:
        """Return the size and time of the file at a path within the output folder, if just this one is there."""
        place = self._folder / path
        try:
            looks = stat_of(place)  # before it is read: what is saved there meanwhile does not look like this
            return looks if place.is_file() and not place.is_symlink() and hash_file(place) == content else None
        except OSError:
            return None

    def _ending(
        self, path: str, name: str, source_hash: str, content: str, job: bytes, receipt: Receipt | None
    ) -> list[Statement]:
        """Return what makes an intent a record, where its file stands, and no intent any more."""
        statements: list[Statement] = [("DELETE FROM intents WHERE path = ?", (path,))]
        looks = self.standing(path, content)
        if looks is not None:
            key = "" if receipt is None else receipt.key
            statements.append((OUTPUT, (path, name, key, source_hash, content, *looks)))
            statements += () if receipt is None else kept(receipt, job)
            statements.append(unsettled(name))
        return statements
