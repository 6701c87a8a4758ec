"""Keeps results that broke a quality gate where somebody can look at them: each with its figures beside it."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from cg_upscaler import codecs
from cg_upscaler.job import Job, Outcome, Receipt
from cg_upscaler.library.receipts import REJECTED, OutputState, Receipts
from cg_upscaler.wire import to_plain

_WHY = ".why.json"


def reject(finished: Path, job: Job, receipt: Receipt, receipts: Receipts) -> Receipt:
    """Put a finished result among the rejected ones, and return its receipt as that of one.

    `receipt` holds its figures, and in `error` the words for what is wrong. What stands in its place is left there.
    """
    place = receipts.rejected(job)
    ended = replace(receipt, outcome=Outcome.REJECTED, output=str(place))
    why = {"texture": job.name, "source": job.source, "why": receipt.error, "figures": receipt.figures}
    codecs.write_text(_beside(place), json.dumps(to_plain(why), indent=2) + "\n")
    receipts.intend(ended, job, finished)
    codecs.place(finished, place)
    return ended


def withdraw(job: Job, receipts: Receipts) -> None:
    """Remove what was rejected of a job before, as it has passed now. What somebody edited there stays."""
    place = receipts.rejected(job)
    why = _beside(place)
    if not (place.exists() or why.exists()) or receipts.state_at(place) not in (OutputState.OURS, OutputState.MISSING):
        return
    with suppress(OSError):  # open in a viewer, perhaps: it stays until it is rejected and passes again
        for path in (place, why):
            path.unlink(missing_ok=True)
        receipts.forget(place)
        for folder in place.parents:
            if not folder.is_relative_to(receipts.folder / REJECTED):
                break
            folder.rmdir()  # fails, and ends, where others are still rejected


def _beside(place: Path) -> Path:
    return place.with_name(place.name + _WHY)
