"""The open project, if any."""

from __future__ import annotations

from collections.abc import Callable

_open: str | None = None
_busy = False
_later: list[Callable[[], None]] = []


def is_open() -> bool:
    return _open is not None


def file_path() -> str | None:
    return _open or None  # none for a project that was never saved


def execute_when_not_busy(callback: Callable[[], None]) -> None:
    if _open is None:
        raise RuntimeError("no project is open")
    if _busy:
        _later.append(callback)
    else:
        callback()
