"""Tells what this tool wrote from what is to be worked on, by the records that lie around."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from cg_upscaler.library.receipts import FOLDER, REJECTED, REPORT, Receipts
from cg_upscaler.library.record.place import records_of


def known_outputs_under(root: Path, *, of: Path | None = None) -> Callable[[Path], bool]:
    """Return a test for files that some run has written, by the records that lie in `root`, below it or above it.

    An output that somebody edited since is an output still, and so is all that lies among the rejected ones or in a
    report; but what took the place of its own source is a source again where it is another file since. `of` names the
    output folder whose record alone is looked at. The records are read here, once. Raises `OutputError` for a damaged
    one.
    """
    root = Path(os.path.realpath(root))
    library = root if root.is_dir() else root.parent
    known: set[Path] = set()
    apart: set[Path] = set()
    for folder in _recorded_folders(root):
        if of is not None and folder != Path(os.path.realpath(of)):
            continue
        for record in records_of(folder):
            with Receipts(folder, state=record.parent, read_only=True) as receipts:
                known.update(
                    folder / output.path
                    for output in receipts.outputs()
                    if folder != library or not output.is_source_again(folder / output.path)
                )
        apart.update((folder / REJECTED, folder / REPORT))

    def ours(path: Path) -> bool:
        real = Path(os.path.realpath(path.parent), path.name)
        return real in known or not apart.isdisjoint(real.parents)

    return ours


def _recorded_folders(root: Path) -> Iterator[Path]:
    for folder in root.parents:
        if (folder / FOLDER).is_dir():
            yield folder
    for parent, names, _ in os.walk(root):
        if FOLDER in names:
            names.remove(FOLDER)
            yield Path(parent)
