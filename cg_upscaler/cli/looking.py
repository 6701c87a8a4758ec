"""Finds what changed in a folder by looking through it again and again, where the system does not tell.

Not by `watchfiles`, which knows times to the second only, and misses the second of two saves within one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from watchfiles import Change

_MOMENT = 0.1
"""Seconds after which it is heard whether to stop."""
_SHARE = 5
"""How many times as long as a look takes is paused after it, at least."""

_Stamp = tuple[int, int] | None
"""Size in bytes and time in nanoseconds; None for a folder."""


class Asked(Protocol):
    """Says whether to stop."""

    def is_set(self) -> bool: ...


def look_through(root: str, *, deep: bool, pause: float, stop: Asked) -> Iterator[set[tuple[Change, str]]]:
    """Yield what changed since the last look, with a pause of so many seconds between looks; nothing in between.

    Hidden folders are passed over. What comes first is nothing: from then on changes are found.
    """
    before = _stamps(root, deep=deep)
    wait = pause
    while not stop.is_set():
        end = time.monotonic() + wait
        while time.monotonic() < end and not stop.is_set():
            yield set()
            time.sleep(min(_MOMENT, pause))
        began = time.monotonic()
        now = _stamps(root, deep=deep)
        wait = max(pause, _SHARE * (time.monotonic() - began))
        if not os.path.isdir(root):  # which is no deletion of all that was there
            yield set()
            continue
        came = {(Change.added, path) for path in now.keys() - before.keys()}
        went = {(Change.deleted, path) for path in before.keys() - now.keys()}
        saved = {(Change.modified, path) for path in now.keys() & before.keys() if now[path] != before[path]}
        before = now
        yield came | went | saved


def _stamps(root: str, *, deep: bool) -> dict[str, _Stamp]:
    found: dict[str, _Stamp] = {}
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if deep and not name.startswith(".")]
        found.update({os.path.join(folder, name): None for name in folders})
        for name in files:
            path = os.path.join(folder, name)
            try:
                stat = Path(path).stat()
            except OSError:  # gone meanwhile
                continue
            found[path] = stat.st_size, stat.st_mtime_ns
    return found
