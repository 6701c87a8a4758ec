"""Walks a library before a run, and finds what is settled: without a plan, a picture, or torch."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cg_upscaler.errors import UsageError
from cg_upscaler.library.clashes import check_output
from cg_upscaler.library.config import Config
from cg_upscaler.library.receipts import Receipts
from cg_upscaler.library.record.known import known_outputs_under
from cg_upscaler.library.scan import Scan, scan
from cg_upscaler.library.unchanged import Folders, folders_of, gone, unchanged
from cg_upscaler.standing import Settled


@dataclass(frozen=True, slots=True)
class Survey:
    """A library as it was found, before any texture of it is looked at."""

    seen: Scan
    folders: Folders
    settled: dict[str, Settled]
    """The folders in which nothing is to be done."""

    @property
    def is_settled(self) -> bool:
        """Whether there is nothing to do at all."""
        return not self.seen.problems and self.seen.complete and self.settled.keys() == self.folders.signatures.keys()


def survey_library(
    config: Config, receipts: Receipts | None, *, only: Sequence[str] = (), afresh: bool = False
) -> Survey:
    """Walk a library, and find the folders in which nothing has changed since all of it was up to date.

    With `afresh` there are none. Loads neither torch nor a single picture. Raises `UsageError` where there is no
    library, or where results must not go.
    """
    output = Path(os.path.abspath(config.output))
    check_output(config.source, output, within=config.beside or config.overwrite)
    ours = known_outputs_under(config.source, of=output if config.converts else None)
    now = time.time_ns()
    seen = scan(config.source, only=only, ours=ours)
    if os.path.isfile(config.source) and not (seen.found or seen.problems):
        raise UsageError("is no texture by its name", where=config.source, fix="see the README for the suffixes read")
    folders = folders_of(seen, config, now)
    if receipts is None or afresh or only or config.overwrite or os.path.isfile(config.source):
        return Survey(seen, folders, {})
    if gone(folders, receipts) and (seen.sidecars or seen.descriptions):
        return Survey(seen, folders, {})  # what was tied to it cannot be told any more
    return Survey(seen, folders, unchanged(folders, receipts))
