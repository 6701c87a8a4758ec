"""Tells what this tool wrote from what is to be worked on, by the records that lie around."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

from cg_upscaler.library.receipts import FOLDER, REJECTED, REPORT, Receipts
from cg_upscaler.library.record.place import records_of


def known_outputs_under(root: Path, *, of: Path | None = None) -> Callable[[str | Path], bool]:
    """Return a test for files that some run has written, by the records that lie in `root`, below it or above it.

    An output that somebody edited since is an output still, and so is all that lies among the rejected ones or in a
    report; but what took the place of its own source is a source again where it is another file since. `of` names the
    output folder whose record alone is looked at. The records are read here, once. Raises `OutputError` for a damaged
    one.
    """
    root = Path(os.path.realpath(root))
    library = root if root.is_dir() else root.parent
    known: set[str] = set()
    apart: set[str] = set()
    for folder in _recorded_folders(root):
        if of is not None and folder != Path(os.path.realpath(of)):
            continue
        for record in records_of(folder):
            with Receipts(folder, state=record.parent, read_only=True) as receipts:
                known.update(
                    os.path.join(folder, *output.path.split("/"))
                    for output in receipts.outputs()
                    if folder != library or not output.is_source_again(folder / output.path)
                )
        apart.update((str(folder / REJECTED), str(folder / REPORT)))
    if not known and not apart:
        return lambda path: False
    real_folder = lru_cache(maxsize=1 << 14)(os.path.realpath)

    @lru_cache(maxsize=1 << 14)
    def is_apart(folder: str) -> bool:
        return any(folder == each or folder.startswith(each + os.sep) for each in apart)

    def ours(path: str | Path) -> bool:
        parent, name = os.path.split(path)
        real = real_folder(parent)
        return os.path.join(real, name) in known or is_apart(real)

    return ours


def _recorded_folders(root: Path) -> Iterator[Path]:
    for folder in root.parents:
        if (folder / FOLDER).is_dir():
            yield folder
    for parent, names, _ in os.walk(root):
        if FOLDER in names:
            names.remove(FOLDER)
            yield Path(parent)
