"""Decides where a run keeps its record: in its output folder, or on this machine where that lies on a network drive."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from platformdirs import user_state_path

from cg_upscaler.errors import OutputError

FOLDER = ".cg-upscale"
"""Where a run keeps its record, within its output folder."""

FILE = "receipts.sqlite"

ELSEWHERE = "elsewhere.json"
"""In `FOLDER`, where the record is kept in another place: says where."""

_SHARD = re.compile(r"shard-[0-9]+-of-[0-9]+")

_ESCAPED = re.compile(r"\\([0-7]{3})")

_MOUNTS = Path("/proc/self/mounts")

_NETWORK = (
    *("nfs", "cifs", "smb", "afs", "9p", "ceph", "gluster", "lustre", "beegfs", "davfs", "ncpfs"),
    *("fuse.sshfs", "fuse.ceph", "fuse.gluster", "fuse.rclone"),
)
"""What the types of file systems begin with on which SQLite's locks cannot be trusted."""


def state_folder(output: Path, asked: Path | None = None) -> Path:
    """Return the folder of an output folder's record: as was asked for, as is noted there, or as suits the drive."""
    if asked is not None:
        return Path(os.path.realpath(asked))
    output = Path(os.path.realpath(output))
    noted = _noted(output)
    if noted is not None:
        return noted
    if not (output / FOLDER / FILE).exists() and on_network(output):
        name = hashlib.sha256(os.fsencode(output)).hexdigest()[:16]
        return user_state_path("cg-upscale", appauthor=False) / f"{output.name}-{name}"
    return output / FOLDER


def shard_folder(state: Path, shard: str) -> Path:
    """Return the folder of the record of one part of a library, ``3/16``: parts are done at the same time."""
    index, _, count = shard.partition("/")
    return state / f"shard-{index}-of-{count}"


def note_place(output: Path, state: Path) -> None:
    """Leave word in an output folder of a record that is kept elsewhere. Raises `OutputError`.

    Of the record of a part, where that of the whole belongs.
    """
    note = output / FOLDER / ELSEWHERE
    state = state.parent if _SHARD.fullmatch(state.name) else state
    if state.is_relative_to(output / FOLDER) or _noted(output) == state:
        return
    try:
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(json.dumps({"state": str(state)}) + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"cannot be written: {error.strerror}", where=note, fix="check the output folder's permissions"
        ) from error


def records_of(output: Path) -> Iterator[Path]:
    """Yield the files of all records of an output folder: its own, those of shards, and one that is kept elsewhere."""
    noted = _noted(output)
    for folder in (output / FOLDER, *([noted] if noted else ())):
        yield from (path for path in (folder / FILE, *sorted(folder.glob(f"*/{FILE}"))) if path.is_file())


def on_network(folder: Path, mounts: Path = _MOUNTS) -> bool:
    """Whether a folder lies on a network drive, as far as the system says."""
    if sys.platform == "win32":
        import ctypes

        remote = 4
        drive = os.path.splitdrive(folder)[0]
        return drive.startswith("\\\\") or ctypes.windll.kernel32.GetDriveTypeW(drive + "\\") == remote
    try:
        lines = mounts.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return False
    where = os.path.realpath(folder)
    best, kind = "", ""
    for line in lines:
        parts = line.split(" ")
        if len(parts) < 3:
            continue
        point = _ESCAPED.sub(lambda found: chr(int(found[1], 8)), parts[1])
        inside = where == point or where.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, parts[2]
    return kind.startswith(_NETWORK)


def _noted(output: Path) -> Path | None:
    try:
        said = json.loads((output / FOLDER / ELSEWHERE).read_text(encoding="utf-8"))["state"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Path(said) if isinstance(said, str) else None
