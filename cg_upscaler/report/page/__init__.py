"""The report of a library as a page: what went wrong first, and a close look at every texture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cg_upscaler.codecs import write_text
from cg_upscaler.report.page.allowance import ordered
from cg_upscaler.report.page.document import document
from cg_upscaler.report.page.previews import Previews, Progress
from cg_upscaler.report.page.rows import rows
from cg_upscaler.summary import Entry, Summary

FILE = "report.html"
PREVIEWS = "previews"


def write(
    folder: Path,
    entries: Sequence[Entry],
    runs: Sequence[Summary],
    *,
    orphans: Sequence[str] = (),
    single_file: bool = False,
    on_progress: Progress | None = None,
) -> Path:
    """Write the report and return its path: `report.html`, and `previews/` beside it.

    With `single_file` there is only the page, with thumbnails in it and without a closer look. `entries` are all
    textures of the library, `runs` the oldest first; `on_progress` is told how many previews there are, and of how
    many. What cannot be shown is said in its place. Raises `OutputError` where the folder cannot be written.
    """
    textures = ordered(entries)
    previews = Previews(None if single_file else folder / PREVIEWS)
    made = previews.make(textures, on_progress)
    path = folder / FILE
    write_text(path, document(rows(textures, made), runs, orphans, single_file=single_file))
    previews.sweep(made)  # only now does no page ask for them
    return path
