"""Remembers, in the output folder, what was written there and from what: so that only what changed is done again."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from cg_upscaler.job import Action, Job, Outcome, Receipt
from cg_upscaler.library.outputs import Output, OutputState, hash_file, stat_of
from cg_upscaler.library.record.base import Base, Statement
from cg_upscaler.library.record.intents import Intents
from cg_upscaler.library.record.place import FILE, FOLDER, note_place, state_folder
from cg_upscaler.library.record.rows import OUTPUT, as_job, as_receipt, as_text, kept, squeezed, unsettled, within
from cg_upscaler.library.record.seen import Seen
from cg_upscaler.summary import Entry, Summary
from cg_upscaler.wire import from_plain, to_plain

__all__ = ["FILE", "FOLDER", "REJECTED", "REPORT", "OutputState", "Receipts", "hash_file"]

REJECTED = "_rejected"
"""Where results lie that broke a gate, within the output folder; no hidden one, since somebody is to look at them."""

REPORT = "_report"
"""Where the report of a run lies, within the output folder."""

WRITTEN = (Outcome.DONE, Outcome.COPIED, Outcome.REJECTED)
"""Outcomes of jobs that put a file somewhere."""

_EDITED = (-1, -1)
"""How no file looks: in the place of one that somebody saved another over before it was recorded."""

_COLUMNS = "path, hash, size, mtime, source_hash, name"


class Receipts:
    """The record of one output folder. A context manager; may be shared by threads.

    With `read_only` nothing is created or changed, whether or not a record exists. Raises what `Base` does.
    """

    def __init__(self, folder: Path, *, state: Path | None = None, read_only: bool = False) -> None:
        """`state` is the folder of the record, where that is not to be as `state_folder` decides."""
        self.folder = Path(os.path.realpath(folder))
        self.state = state_folder(self.folder, state)
        self._base = Base(self.state / FILE, read_only=read_only)
        self._ended: dict[str, Output] = {}
        self._ended_receipts: dict[str, Receipt] = {}
        self._touched: dict[str, tuple[int, int]] = {}
        self._placed: dict[str, tuple[int, int]] = {}
        self._intents = Intents(self._base, self.folder)
        self.seen = Seen(self._base)
        self.mended: tuple[str, ...] = ()
        """The textures whose run was killed after their result was in place, and that are recorded now."""
        try:
            if not read_only:
                note_place(self.folder, self.state)
            self.mended = tuple(self._settle())
        except BaseException:
            self._base.close()
            raise

    @property
    def path(self) -> Path:
        return self._base.path

    def __enter__(self) -> Receipts:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        try:
            self.seen.save()
            self._save_touched()
        finally:
            self._base.close()

    @property
    def scratch(self) -> Path | None:
        """A folder for files that nobody is to see; None where nothing may be written."""
        return None if self._base.read_only else self.path.parent

    # What was done

    def rejected(self, job: Job) -> Path:
        """Return where a job's result goes if it breaks a gate."""
        return self.folder / REJECTED / self._within(job.output)

    def intend(self, receipt: Receipt, job: Job, finished: Path | None = None) -> None:
        """Say that a file, `finished` under another name, is about to be put where a receipt says.

        A run that is killed between here and `record` loses nothing: where just that file stands, the next one takes
        the receipt for recorded; where it does not, nothing happened.
        """
        at = self._within(receipt.output)
        row = at, receipt.name, receipt.source_hash, receipt.output_hash
        self._intents.add(*row, as_text(receipt), squeezed(job))
        if finished is not None:  # once it is in place, somebody may save another there at any moment
            self._placed[at] = stat_of(finished)

    def record(self, receipt: Receipt, job: Job | None = None) -> None:
        """Keep a job's receipt and, where it wrote a file, how that file looks."""
        statements = self._ending_of(receipt, job)
        if receipt.outcome in WRITTEN:
            statements.append(self._output_row(Path(receipt.output), receipt))
            statements.append(("DELETE FROM intents WHERE name = ?", (receipt.name,)))
        else:
            statements += self._intents.owning(receipt.name)
        self._base.together(*statements)

    def intend_companion(self, path: Path, name: str, source_hash: str, content_hash: str) -> None:
        """Say that a description of a texture is about to be put in its place, `name` that of its source."""
        self._intents.add(self._within(path), name, source_hash, content_hash)

    def record_companion(self, path: Path, name: str, source_hash: str, content_hash: str) -> None:
        """Keep how a description looks that was just put in its place."""
        at = self._within(path)
        row = at, name, "", source_hash, content_hash, *(self._intents.standing(at, content_hash) or _EDITED)
        self._base.together(("DELETE FROM intents WHERE path = ?", (at,)), (OUTPUT, row), unsettled(name))

    def forget(self, path: Path) -> None:
        """Say that an output has been removed."""
        self._base.all("DELETE FROM outputs WHERE path = ?", self._within(path))

    def find(self, name: str) -> Receipt | None:
        """Return the receipt of a texture's last job that did not fail; None where there is none."""
        if name in self._ended_receipts:
            return self._ended_receipts[name]
        rows = self._base.all("SELECT receipt FROM receipts WHERE name = ?", name)
        return as_receipt(rows[0][0]) if rows else None

    def failure(self, name: str) -> Receipt | None:
        """Return the receipt of a texture's last job, if that failed."""
        rows = self._base.all("SELECT receipt FROM failures WHERE name = ?", name)
        return as_receipt(rows[0][0]) if rows else None

    def mend_failures(self, names: Collection[str]) -> None:
        """Say that these failed before and do not now."""
        self._base.many("DELETE FROM failures WHERE name = ?", [(name,) for name in names])

    def job_of(self, name: str) -> Job | None:
        """Return the job that the receipt of a texture is of; None where that is not known."""
        rows = self._base.all("SELECT job FROM jobs WHERE name = ?", name)
        return as_job(rows[0][0]) if rows else None

    def entries(self) -> Iterator[Entry]:
        """Yield how the last job of every texture ended, in the order of names."""
        statement = (
            "SELECT name, receipt, job FROM failures UNION ALL "
            "SELECT name, receipt, job FROM receipts LEFT JOIN jobs USING (name) "
            "WHERE name NOT IN (SELECT name FROM failures) ORDER BY name"
        )
        for _, receipt, job in self._base.all(statement):
            yield Entry(as_receipt(receipt), as_job(job) if job else None)

    def keep_only(self, names: Collection[str]) -> None:
        """Forget the receipts of textures that are gone from the library; what is known of their outputs stays."""
        known = {row[0] for row in self._base.all("SELECT name FROM receipts UNION SELECT name FROM failures")}
        gone = [(name,) for name in known.difference(names)]
        for table in ("receipts", "jobs", "failures"):
            self._base.many(f"DELETE FROM {table} WHERE name = ?", gone)

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
        before = os.lstat(path)
        if not output.stands_at(path, verify=self.seen.verify):
            return OutputState.EDITED
        if not output.looks_unchanged(path) and stat_of(path) == (before.st_size, before.st_mtime_ns):
            self._touched[output.path] = before.st_size, before.st_mtime_ns  # so that it need not be read again
        # os.access says yes to root, and os.replace asks for the folder's permission only.
        return OutputState.OURS if path.stat().st_mode & stat.S_IWUSR else OutputState.LOCKED

    def outputs(self) -> tuple[Output, ...]:
        rows = {row[0]: Output(*row) for row in self._base.all(f"SELECT {_COLUMNS} FROM outputs")}
        return tuple({**rows, **self._ended}.values())

    def orphans(self, library: Path, names: Collection[str] = (), jobs: Iterable[Job] = ()) -> tuple[str, ...]:
        """Return the outputs that are there, and that belong to no texture any more; paths within the folder.

        Their source is not in the library, or its result lies elsewhere now. `names` are textures that are known to
        be there, `jobs` what is about to be done.
        """
        there, superseded = set(names), self.superseded(jobs)
        return tuple(
            path
            for path, name in sorted((output.path, output.name) for output in self.outputs())
            if (path in superseded or (name not in there and not os.path.lexists(os.path.join(library, name))))
            and os.path.lexists(os.path.join(self.folder, path))
        )

    def superseded(self, jobs: Iterable[Job] = ()) -> frozenset[str]:
        """Return the outputs of textures whose result lies at another path now, or will once these jobs are done.

        What was rejected does not count, nor do descriptions, of which there is no receipt.
        """
        places = {job.name: job.output for job in jobs if job.action is not Action.SKIP}
        for (name,) in self._base.all("SELECT name FROM outputs GROUP BY name HAVING count(*) > 1"):
            receipt = None if name in places else self.find(name)
            if receipt is not None and receipt.outcome in (Outcome.DONE, Outcome.COPIED):
                places[name] = receipt.output
        if not places:
            return frozenset()
        root = f"{self.folder}{os.sep}"
        return frozenset(
            output.path
            for output in self.outputs()
            if output.name in places
            and not output.path.startswith(f"{REJECTED}/")
            and places[output.name] != f"{root}{output.path}"
            and self._within_or_none(places[output.name]) not in (None, output.path)
        )

    # Runs, and folders in which nothing is to be done

    def runs(self) -> tuple[Summary, ...]:
        """Return what runs into this folder came to, the oldest first."""
        return tuple(
            from_plain(Summary, json.loads(row[0]))
            for row in self._base.all("SELECT summary FROM runs ORDER BY started")
        )

    def add_run(self, summary: Summary) -> None:
        self._base.together(
            ("INSERT OR REPLACE INTO runs VALUES (?, ?)", (summary.started, json.dumps(to_plain(summary))))
        )

    def settled(self) -> dict[str, tuple[str, int, int]]:
        """Return the folders where nothing was left to do: signature, textures, and how many of those are skipped."""
        rows = self._base.all("SELECT folder, signature, textures, skipped FROM folders")
        return {folder: (signature, textures, skipped) for folder, signature, textures, skipped in rows}

    def settle_folders(self, folders: Mapping[str, tuple[str, int, int]]) -> None:
        """Keep just these as folders of which nothing is left to do."""
        self._save_touched()
        self._base.together(
            ("DELETE FROM folders", ()),
            *(("INSERT INTO folders VALUES (?, ?, ?, ?)", (folder, *row)) for folder, row in folders.items()),
        )

    # Restoring

    def restore(self, receipts: Iterable[tuple[Receipt, Job | None]], outputs: Iterable[Output]) -> None:
        """Take over what another record says; of outputs only what stands here, byte for byte.

        A receipt whose file is not there, or is another one, is not taken over.
        """
        within = (output for output in outputs if self._within_or_none(self.folder / output.path) == output.path)
        stamps = {output: self._intents.standing(output.path, output.hash) for output in within}
        standing = {output.path: stamp for output, stamp in stamps.items() if stamp is not None}
        statements: list[Statement] = [
            (OUTPUT, (each.path, each.name, "", each.source_hash, each.hash, *stamp))
            for each, stamp in stamps.items()
            if stamp is not None
        ]
        for receipt, job in receipts:
            if receipt.outcome in WRITTEN and self._within_or_none(receipt.output) not in standing:
                continue
            statements += kept(receipt, None if job is None else squeezed(job))
        self._base.together(*statements)

    def _settle(self) -> Iterator[str]:
        """End what a killed run had begun; where the record is only read, see what it had put in place."""
        for ended in self._intents.settle():
            if self._base.read_only:
                self._ended[ended.output.path] = ended.output
            if ended.receipt is not None:
                if self._base.read_only:
                    self._ended_receipts[ended.receipt.name] = ended.receipt
                yield ended.receipt.name

    def take_over(self, found: Iterable[tuple[Entry | None, Sequence[Output]]]) -> None:
        """Take over what another record of this folder says of textures, with their outputs, unlooked at."""
        statements: list[Statement] = []
        for entry, outputs in found:
            for each in outputs:
                key = "" if entry is None or entry.receipt.output_hash != each.hash else entry.receipt.key
                row = each.path, each.name, key, each.source_hash, each.hash, each.size, each.mtime
                statements.append((OUTPUT, row))
            statements += () if entry is None else self._ending_of(entry.receipt, entry.job)
        self._base.together(*statements)

    @staticmethod
    def _ending_of(receipt: Receipt, job: Job | None) -> list[Statement]:
        """Return what keeps how a job ended; a failure stands beside the receipt of what went well before."""
        name = receipt.name
        statements: list[Statement] = [("DELETE FROM failures WHERE name = ?", (name,)), unsettled(name)]
        if receipt.outcome is Outcome.FAILED:
            row = name, as_text(receipt), b"" if job is None else squeezed(job)
            return [*statements, ("INSERT OR REPLACE INTO failures VALUES (?, ?, ?)", row)]
        return [*statements, *kept(receipt, None if job is None else squeezed(job))]

    # How

    def _save_touched(self) -> None:
        """Keep how outputs look that were found to be the same, though they did not look so."""
        touched, self._touched = self._touched, {}
        if touched and not self._base.read_only:
            rows = [(*stamp, path) for path, stamp in touched.items()]
            self._base.many("UPDATE outputs SET size = ?, mtime = ? WHERE path = ?", rows)

    def _output_row(self, place: Path, receipt: Receipt) -> Statement:
        at = self._within(place)
        known = receipt.name, receipt.key, receipt.source_hash, receipt.output_hash
        looks = self._placed.pop(at, None) or self._intents.standing(at, receipt.output_hash) or _EDITED
        return OUTPUT, (at, *known, *looks)

    def _within(self, path: str | Path) -> str:
        return within(self.folder, Path(path))

    def _within_or_none(self, path: str | Path) -> str | None:
        try:
            return self._within(path)
        except ValueError:  # in another folder
            return None

    def _output(self, path: Path) -> Output | None:
        at = self._within_or_none(path)
        if at is None:
            return None
        if at in self._ended:
            return self._ended[at]
        rows = self._base.all(f"SELECT {_COLUMNS} FROM outputs WHERE path = ?", at)
        return Output(*rows[0]) if rows else None
