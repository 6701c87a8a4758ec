"""Lets one run at a time work on a record: the next waits, or says who is there."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from cg_upscaler.errors import Cancelled, UsageError
from cg_upscaler.moments import now

_LOCK = "run.lock"
_WHO = "run.json"
_LOOK = 0.2
"""Seconds between looks at whether it is this run's turn."""


def _silent(text: str) -> None:
    pass


@contextmanager
def turn(
    state: Path,
    output: Path,
    wait: float | None,
    until: Callable[[], bool] | None = None,
    say: Callable[[str], None] = _silent,
) -> Iterator[None]:
    """Hold the turn at a record, whose folder is `state`. The system takes it back however the process ends.

    Waits up to `wait` seconds for another run to end, and says so; None is not at all. Raises `UsageError` where it
    does not. With `until` waits as long as that is false, and raises `Cancelled` then.
    """
    lock = FileLock(make_state(state) / _LOCK)
    try:
        if until is not None:
            lock.acquire(cancel_check=until, poll_interval=_LOOK)
        else:
            _acquire(lock, state, wait, say)
    except Timeout:
        if until is not None:
            raise Cancelled from None
        raise UsageError(
            f"another run is writing to this folder: {_who(state)}",
            where=output,
            fix="wait until it has ended, or say --wait SECONDS",
        ) from None
    except (OSError, NotImplementedError) as error:
        raise _unfit(state, error) from error
    try:
        with suppress(OSError):
            who = {"process": os.getpid(), "machine": platform.node(), "since": now()}
            (state / _WHO).write_text(json.dumps(who), encoding="utf-8")
        yield
    finally:
        lock.release()


def make_state(state: Path) -> Path:
    """Make the folder of a record and return it. Raises `UsageError` where that cannot be."""
    try:
        state.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unfit(state, error) from error
    return state


def _unfit(state: Path, error: Exception) -> UsageError:
    reason = getattr(error, "strerror", None) or str(error)
    fix = "choose another --out, or a --state on a disk of this machine"
    return UsageError(f"cannot be made or locked: {reason}", where=state, fix=fix)


def _acquire(lock: FileLock, state: Path, wait: float | None, say: Callable[[str], None]) -> None:
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if not wait:
            raise
        say(f"waiting for another run to end: {_who(state)}")
        lock.acquire(timeout=wait, poll_interval=_LOOK)


def _who(state: Path) -> str:
    try:
        who = json.loads((state / _WHO).read_text(encoding="utf-8"))
        return f"process {who['process']} on {who['machine']}, since {who['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "an unknown process"
