"""Says when something happened, in one form for all: UTC, to the millisecond, so that text sorts as time does."""

from __future__ import annotations

from datetime import datetime, timezone


def now() -> str:
    """Return the time: ``2026-11-27T02:00:07.123Z``."""
    return as_text(datetime.now(timezone.utc))


def as_text(moment: datetime) -> str:
    """Return a time in UTC in this form."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
