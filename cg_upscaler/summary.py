"""What runs came to, as it is kept of each: for the report's trend, for dashboards, and for a build server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from cg_upscaler.job import Job, Outcome, Receipt


@dataclass(frozen=True, slots=True)
class Summary:
    """One run in numbers."""

    started: str
    """When, in UTC: ``2026-11-27T02:00:07.123Z``."""
    seconds: float
    version: str
    """Of this package."""
    device: str
    """What generators ran on, as its maker spells it."""
    done: int = 0
    copied: int = 0
    current: int = 0
    """Up to date, and not touched."""
    skipped: int = 0
    rejected: int = 0
    """By a quality gate."""
    failed: int = 0
    """What could not be planned among them."""
    cancelled: int = 0
    """Not begun, or not ended, when the run was stopped."""
    megapixels: float = 0.0
    """Of the sources that were upscaled."""
    exit_code: int = 0
    shard: str = ""
    """Which part of the library it was to do: ``3/16``; empty for all of it."""

    @property
    def textures(self) -> int:
        return sum(getattr(self, outcome.value) for outcome in Outcome)


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of one texture of a library: how its last job ended, and what that job was."""

    receipt: Receipt
    job: Job | None = None
    """None where nothing could be planned."""


def counted(receipts: Iterable[Receipt]) -> dict[str, int]:
    """Return how many ended how, as `Summary` calls it."""
    counts = Counter(receipt.outcome for receipt in receipts)
    return {outcome.value: counts[outcome] for outcome in Outcome}
