"""Finds out whether a node sees the folders of a run: its library, and the output folder, which it may write to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from cg_upscaler.codecs import remove
from cg_upscaler.codecs.atomic import Temporary
from cg_upscaler.errors import OutputError

_NAMES = 20
"""Names in the library that a node is asked for: a folder that is merely called the same has others."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What there is to be seen. Absolute paths."""

    source: str
    names: tuple[str, ...]
    """Some of what lies in the library's folder; none where the source is a file."""
    output: str
    mark: str
    """A file in the output folder, there as long as the run."""
    token: str
    """What stands in it."""


@contextmanager
def marked(source: Path, output: Path) -> Iterator[Sight]:
    """Leave a mark in an output folder, and say what nodes are to see. Raises `OutputError`."""
    source, output = Path(os.path.abspath(source)), Path(os.path.abspath(output))
    mark, token = Temporary(output / "nodes.mark").path, token_hex(16)  # named so that it is swept after a kill
    try:
        mark.write_text(token, encoding="utf-8")
    except OSError as error:
        remove(mark)
        raise OutputError(f"cannot be written to ({error.strerror})", where=output, fix="check the path") from error
    try:
        names = sorted(entry.name for entry in os.scandir(source)) if source.is_dir() else []
        yield Sight(str(source), tuple(names[:_NAMES]), str(output), str(mark), token)
    finally:
        remove(mark)


def unseen(sight: Sight) -> str:
    """Say in words what is not seen from here, or may not be written; empty where all is well."""
    if not os.path.exists(sight.source):
        return f"does not see {sight.source}"
    if any(not os.path.lexists(os.path.join(sight.source, name)) for name in sight.names):
        return f"sees another folder at {sight.source}"
    try:
        if Path(sight.mark).read_text(encoding="utf-8") != sight.token:
            return f"sees another folder at {sight.output}"
    except OSError:
        return f"does not see {sight.output}"
    try:
        trial = Temporary(Path(sight.output) / "node.mark")
        trial.path.write_text(sight.token, encoding="utf-8")
    except (OSError, OutputError):
        return f"may not write to {sight.output}"
    trial.discard()
    return ""
