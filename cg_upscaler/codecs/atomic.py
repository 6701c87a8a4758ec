"""Makes files appear whole or not at all: a temporary beside the target, then one replacement."""

from __future__ import annotations

import errno
import os
import platform
import re
import shutil
import stat
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

from cg_upscaler.errors import DiskFull, OutputError, UnreadableImage

SLACK = 1 << 20
"""Bytes that must be free beyond what is about to be written."""

STALE = 24 * 3600.0
"""Seconds after which a temporary is nobody's, wherever its owner ran."""

NAME = re.compile(r"^\..*\.([0-9a-f]{8})-([0-9a-f]+)-[0-9a-f]{8}\.cgtmp(\.[^.]*)?$", re.DOTALL)
"""A temporary: target's stem, this machine, this process, a random number; the target's suffix."""

BUSY = (5, 32, 33)
"""How Windows says that a file is open elsewhere: access denied, sharing violation, lock violation."""

PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
"""Seconds between tries: a host that reads a picture again, or a virus scanner, has it open for a moment."""

FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG)


class Temporary:
    """A file that will stand at `target`, once it is whole."""

    def __init__(self, target: Path, *, locked: bool = False) -> None:
        """`locked` says that the target may be read-only for now: `place` looks again."""
        self.target = target
        # Cut, so that a long name does not become one that is too long.
        name = f".{target.stem[:40]}.{_machine()}-{os.getpid():x}-{token_hex(4)}.cgtmp{target.suffix}"
        self.path = target.with_name(name)
        if target.is_dir():
            raise OutputError("is a folder", where=target, fix="remove it, or choose another output folder")
        if not locked:
            _require_writable(target)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise failure(error, target) from error

    def commit(self, target: Path | None = None) -> None:
        """Bring the file to the disk, and to its name or another. Raises `OutputError`; then nothing remains of it."""
        place(self.path, target or self.target)

    def discard(self) -> None:
        """Remove what there is of it. Never raises: what cannot be removed now, the next run's `sweep` will."""
        remove(self.path)


def is_read_only(path: Path) -> bool:
    """Whether there is a file that says so of itself, as version control has it; systems replace such a file."""
    return path.exists() and not path.stat().st_mode & stat.S_IWRITE


def _require_writable(target: Path) -> None:
    if is_read_only(target):
        fix = "make it writable (check it out of version control), or choose another output folder"
        raise OutputError("is read-only", where=target, fix=fix)


def place(temporary: Path, target: Path) -> None:
    """Bring a finished temporary to the disk, and then to its name. Raises `OutputError`, and nothing remains of it."""
    try:
        _require_writable(target)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        target.parent.mkdir(parents=True, exist_ok=True)
        _replace(temporary, target)
        _keep_name(target.parent)
    except OutputError:
        remove(temporary)
        raise
    except OSError as error:
        remove(temporary)
        raise failure(error, target) from error


def _replace(temporary: Path, target: Path) -> None:
    """Give a file its name, for which Windows wants that nobody has the file of that name open just now."""
    for pause in PAUSES:
        try:
            return os.replace(temporary, target)
        except OSError as error:
            if getattr(error, "winerror", None) not in BUSY:
                raise
        time.sleep(pause)
    os.replace(temporary, target)


def _keep_name(folder: Path) -> None:
    """Bring a folder's names to the disk: a power cut may not take back what is about to be recorded as done."""
    if sys.platform == "win32":  # where folders cannot be opened, and NTFS keeps names in a journal
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):  # as some network drives say
            raise
    finally:
        os.close(handle)


def failure(error: OSError, target: Path) -> OutputError:
    """Return what a failed write means to a person. OpenImageIO's errors come without a number."""
    if error.errno in FULL or (error.errno is None and free_bytes(target) < 1 << 20):
        return DiskFull("no space is left on its disk", where=target, fix="free some, or choose another output folder")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        fix = "check the permissions of its folder, and whether another program has it open"
        return OutputError("may not be written", where=target, fix=fix)
    reason = error.strerror or str(error)
    return OutputError(f"cannot be written ({reason})", where=target, fix="check the disk and the path")


def free_bytes(target: Path) -> int:
    return shutil.disk_usage(target.parent).free


@contextmanager
def _placing(target: Path) -> Iterator[Path]:
    """Give a temporary file to be written, which becomes `target` at the end. Raises `OutputError` for an `OSError`."""
    temporary = Temporary(target)
    try:
        yield temporary.path
    except OSError as error:
        temporary.discard()
        raise failure(error, target) from error
    except BaseException:
        temporary.discard()
        raise
    temporary.commit()


def require_space(target: Path, size: int = SLACK) -> None:
    """Raise `DiskFull` where so many bytes are not free for a target: before time is spent on what goes there."""
    there = next(folder for folder in target.parents if folder.exists())
    if shutil.disk_usage(there).free < size:
        raise failure(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), target)


def copy_beside(source: Path, target: Path) -> Path:
    """Copy a file byte for byte into a temporary that `place` brings to its target. Raises as `copy_file` does."""
    temporary = Temporary(target, locked=True)
    try:
        with _reading(source) as read, temporary.path.open("xb") as write:
            shutil.copyfileobj(read, write, 1 << 20)
    except OSError as error:
        temporary.discard()
        raise failure(error, target) from error
    except BaseException:
        temporary.discard()
        raise
    return temporary.path


def copy_file(source: Path, target: Path) -> None:
    """Copy a file byte for byte; `target` appears whole or not at all. Raises `SourceError` or `OutputError`."""
    with _placing(target) as path, _reading(source) as read, path.open("xb") as write:
        shutil.copyfileobj(read, write, 1 << 20)


def write_text(target: Path, text: str) -> None:
    """Write a file of text, UTF-8, that appears whole or not at all. Raises `OutputError`."""
    with _placing(target) as path:
        path.write_text(text, encoding="utf-8", newline="\n")


def write_bytes(target: Path, data: bytes) -> None:
    """Write bytes as a file that appears whole or not at all. Raises `OutputError`."""
    with _placing(target) as path:
        path.write_bytes(data)


def _reading(source: Path) -> BinaryIO:
    try:
        return source.open("rb")
    except OSError as error:
        raise UnreadableImage(f"cannot be read ({error.strerror})", where=source, fix="check the path") from error


def sweep(folder: Path) -> int:
    """Remove the temporaries that killed runs left below `folder`; return how many.

    One is removed where its process ran on this machine and is gone, or where nobody has written to it for a day.
    Those of other machines that share the folder, and of processes that live, are left.
    """
    count = 0
    for parent, _, files in os.walk(folder):  # which passes over what cannot be listed, or goes as it is looked at
        for name in files:
            match, path = NAME.match(name), Path(parent, name)
            if match and _abandoned(path, *match.groups()[:2]) and remove(path):
                count += 1
    return count


def _abandoned(path: Path, machine: str, process: str) -> bool:
    if machine == _machine() and not _alive(int(process, 16)):
        return True
    try:
        return time.time() - path.stat().st_mtime > STALE
    except OSError:
        return False


def _machine() -> str:
    return f"{zlib.crc32(platform.node().encode()):08x}"


def _alive(process: int) -> bool:
    if sys.platform == "win32":  # where os.kill(…, 0) would stop the process
        import ctypes

        query_limited_information = 0x1000
        handle = ctypes.windll.kernel32.OpenProcess(query_limited_information, False, process)
        if handle:
            ctypes.windll.kernel32.CloseHandle(handle)
        return bool(handle)
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return not _has_ended(process)


def _has_ended(process: int) -> bool:
    """Whether a process is one that was killed and still is in the list, as nobody has asked yet how it ended.

    In a container whose first process does not ask, it stays there for ever.
    """
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] in "ZX"
    except (OSError, ValueError, IndexError):  # also where there is no such folder
        return False


def remove(path: Path) -> bool:
    """Remove a temporary, if it is still there. Never raises; returns whether it was there and is gone."""
    try:
        path.unlink()
    except OSError:
        return False
    return True
