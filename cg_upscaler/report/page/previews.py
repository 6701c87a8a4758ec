"""Makes the previews of a report, several at a time; those that are there already stay."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cg_upscaler.codecs.atomic import failure, write_bytes
from cg_upscaler.job import Action, Outcome
from cg_upscaler.report.page.drawing import Drawn, draw
from cg_upscaler.summary import Entry

VERSION = 1
"""Goes up when the same files would give other previews."""

_NAME = re.compile(r"[0-9a-f]{24}(-part)?(\.js|\.webp|-detail\.webp)")
_AT_ONCE = min(4, os.cpu_count() or 1)

Progress = Callable[[int, int], None]
"""Told how many previews there are, and of how many."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What there is to see of one texture, in files named after what they show."""

    id: str = ""
    """Empty where there is nothing."""
    thumbnail: bytes = b""
    """Of a report in a single file: the picture itself, as WebP."""
    detail: bool = False
    """There is a second thumbnail, of source and result at their most detailed place."""
    lost: str = ""
    """Why there is nothing, or only one side of it."""


class Previews:
    """The previews in one folder, or, without a folder, thumbnails in memory."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def make(self, entries: Sequence[Entry], on_progress: Progress | None = None) -> list[Preview]:
        """Return a preview of each texture, in their order. Raises `OutputError` where none can be written."""
        if self._folder is not None:
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise failure(error, self._folder) from error
        found = []
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            waiting = [pool.submit(self._made, entry) for entry in entries]
            try:
                for done, future in enumerate(waiting, 1):
                    found.append(future.result())
                    if on_progress is not None:
                        on_progress(done, len(entries))
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        return found

    def sweep(self, kept: Sequence[Preview]) -> None:
        """Remove the previews that no texture has any more. Files of other names are none of ours."""
        if self._folder is None:
            return
        ids = {preview.id for preview in kept}
        for path in self._folder.iterdir():
            if _NAME.fullmatch(path.name) and re.split(r"-detail|\.", path.name)[0] not in ids:
                with suppress(OSError):  # the next report tries again
                    path.unlink()

    def _made(self, entry: Entry) -> Preview:
        if entry.receipt.outcome is Outcome.SKIPPED or (entry.job and entry.job.action is Action.SKIP):
            return Preview()
        source, result = _files(entry)
        name = identity(entry, source, result)
        if self._folder is not None and (self._folder / f"{name}.js").is_file():
            return Preview(name, detail=(self._folder / f"{name}-detail.webp").is_file())
        drawn = draw(source, result, entry.job, scratch=self._folder)
        if not drawn.thumbnail:
            return Preview(lost=drawn.lost)
        if self._folder is None:
            return Preview(name, drawn.thumbnail, lost=drawn.lost)
        return self._written(f"{name}-part" if drawn.lost else name, drawn)

    def _written(self, name: str, drawn: Drawn) -> Preview:
        assert self._folder is not None
        try:
            write_bytes(self._folder / f"{name}.webp", drawn.thumbnail)
            if drawn.detail:
                write_bytes(self._folder / f"{name}-detail.webp", drawn.detail)
            # Last, because it says that the others are there.
            write_bytes(self._folder / f"{name}.js", drawn.script(name))
        except OSError as error:  # two equal textures at once, on a system that does not replace what is open
            return Preview(lost=f"its preview cannot be written ({error.strerror})")
        return Preview(name, detail=bool(drawn.detail), lost=drawn.lost)


def _files(entry: Entry) -> tuple[Path | None, Path | None]:
    """Return the source and the result of a texture as far as there should be one."""
    receipt = entry.receipt
    source = Path(entry.job.source) if entry.job else None
    written = receipt.outcome in (Outcome.DONE, Outcome.COPIED, Outcome.CURRENT, Outcome.REJECTED)
    return source, Path(receipt.output) if written and receipt.output else None


def identity(entry: Entry, source: Path | None, result: Path | None) -> str:
    """Return the name of a preview: a hash of what the files hold that it shows, whatever they are called."""
    job, receipt = entry.job, entry.receipt
    seen = repr((job.kind, job.alpha, job.groups, job.storing, job.action)) if job else ""
    before = receipt.source_hash if result is not None else _stamp(source)
    parts = (str(VERSION), before or _stamp(source), receipt.output_hash if result else "", seen)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _stamp(path: Path | None) -> str:
    """Return what tells a file of which no hash is known from what it was before."""
    if path is None:
        return ""
    try:
        stat = path.stat()
    except (OSError, ValueError):
        return os.fspath(path)
    return f"{os.fspath(path)}\0{stat.st_size}\0{stat.st_mtime_ns}"
