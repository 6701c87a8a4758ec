"""Runs the commands that a configuration names: before a read-only output is replaced, and after a run."""

from __future__ import annotations

import os
import re
import shlex
import stat
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from cg_upscaler.errors import OutputError, UsageError

_PATIENCE = 600
"""Seconds that a command may take."""
_SAID = 300
"""Characters of what a command says that are told."""


def unlocking(command: str) -> Callable[[Path], None]:
    """Return what makes a read-only file writable by a command such as ``p4 edit {path}``.

    It raises `OutputError` where the command fails, or leaves the file read-only. Raises `UsageError` for what is no
    command.
    """
    words = _words(command)
    if not any("{path}" in word for word in words):
        fix = "write it as in 'p4 edit {path}'"
        raise UsageError(f"'before_write' does not say {{path}} in {command!r}", fix=fix)

    def unlock(path: Path) -> None:
        failure = _run(words, {"path": str(path)})
        if failure:
            raise OutputError(
                f"is read-only, and 'before_write' failed: {failure}", where=path, fix="check the command"
            )
        if not path.stat().st_mode & stat.S_IWUSR:
            fix = "check the command"
            raise OutputError(f"is still read-only after {shlex.join(words)!r}", where=path, fix=fix)

    return unlock


def run_after(command: str, values: Mapping[str, str]) -> str:
    """Run a command with ``{name}`` replaced by values, and return what went wrong, in words, or nothing."""
    words = _words(command)
    failure = _run(words, values)
    return f"'after_run' command {command!r} failed: {failure}" if failure else ""


def _words(command: str) -> list[str]:
    try:
        words = shlex.split(command, posix=os.name != "nt")
    except ValueError as error:
        raise UsageError(f"no command: {command!r} ({error})", fix="check its quotes") from None
    if not words:
        raise UsageError("an empty command", fix="remove it")
    return words


def _run(words: list[str], values: Mapping[str, str]) -> str:
    """Run a command without a shell, so that no name of a file means anything to one."""
    filled = [_filled(word, values) for word in words]
    try:
        ended = subprocess.run(
            filled,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it did not end within {_PATIENCE} s"
    except OSError as error:
        return f"{filled[0]}: {error.strerror}"
    if ended.returncode == 0:
        return ""
    said = (ended.stderr.strip() or ended.stdout.strip())[-_SAID:]
    return f"exit code {ended.returncode}" + (f": {said}" if said else "")


def _filled(word: str, values: Mapping[str, str]) -> str:
    """Put values in their places, all at once: one may hold what looks like another's."""
    places = "|".join(re.escape(f"{{{name}}}") for name in values)
    return re.sub(places, lambda place: values[place[0][1:-1]], word) if values else word
