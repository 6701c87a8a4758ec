"""Puts the descriptions of a texture beside its result, and never over what somebody else wrote or edited."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cg_upscaler.codecs.atomic import write_bytes
from cg_upscaler.job import Companion, Job
from cg_upscaler.library.companions import content
from cg_upscaler.library.outputs import hash_bytes
from cg_upscaler.library.receipts import OutputState, Receipts


@dataclass(frozen=True, slots=True)
class Ready:
    """A companion whose content is known before its texture is worked on."""

    companion: Companion
    name: str
    """Of its source within the library, with forward slashes."""
    data: bytes

    @property
    def path(self) -> Path:
        return Path(self.companion.output)

    @property
    def in_place(self) -> bool:
        """Whether it takes the place of its own source, which a plan says only where it was told to overwrite."""
        return self.path == Path(self.companion.source)

    def stands(self) -> bool:
        """Whether just this is there already."""
        try:
            return self.path.is_file() and not self.path.is_symlink() and self.path.read_bytes() == self.data
        except OSError:
            return False


def prepare(job: Job) -> tuple[Ready, ...]:
    """Return what goes with a job's result. Raises a `SourceError` where a source is not what was planned."""
    root = Path(job.source).parents[len(PurePosixPath(job.name).parts) - 1]
    return tuple(
        Ready(each, Path(os.path.relpath(each.source, root)).as_posix(), content(each, job)) for each in job.companions
    )


def in_the_way(ready: tuple[Ready, ...], receipts: Receipts) -> Iterator[tuple[Path, OutputState]]:
    """Yield where files would be replaced, and what stands there."""
    for each in ready:
        if not each.in_place and not each.stands():
            yield each.path, receipts.state_at(each.path)


def write(ready: tuple[Ready, ...], receipts: Receipts, unlock: Callable[[Path], None]) -> list[str]:
    """Put companions in their places, those that are not there yet, and return their names. Raises `OutputError`.

    `unlock` makes what is read-only writable.
    """
    written = []
    for each in ready:
        if each.stands():
            continue
        unlock(each.path)
        kept = each.path, each.name, each.companion.hash, hash_bytes(each.data)
        receipts.intend_companion(*kept)
        write_bytes(each.path, each.data)
        receipts.record_companion(*kept)
        written.append(each.name)
    return written
