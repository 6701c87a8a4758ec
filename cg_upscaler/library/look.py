"""Looks at every texture of a library, several at a time, and remembers what was seen."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from cg_upscaler import codecs
from cg_upscaler.errors import SourceChanged, SourceError
from cg_upscaler.job import Problem
from cg_upscaler.library.outputs import stat_of
from cg_upscaler.library.package import package_stamp
from cg_upscaler.library.precautions import Precautions
from cg_upscaler.library.receipts import Receipts
from cg_upscaler.library.scan import Found
from cg_upscaler.library.survey import survey
from cg_upscaler.library.survey.evidence import Evidence
from cg_upscaler.library.survey.mips import BY_HAND, LEAST, made_by_hand
from cg_upscaler.pixels.rows import Pixels, to_float
from cg_upscaler.spec import ImageSpec
from cg_upscaler.wire import from_plain, to_plain

Progress = Callable[[int, int], None]
"""Told how many textures were looked at, and of how many."""

T = TypeVar("T")

_SURVEY = 7
"""Goes up whenever a survey would see something else, so that nothing older is remembered."""

_COMPARED = 1 << 21
"""Texels of the largest mip level that others are compared with."""

_NONE = Precautions()

READERS = min(4, os.cpu_count() or 1)
"""Textures looked at at once: reading leaves the interpreter, and each is held whole in memory."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A texture that was looked at."""

    found: Found
    spec: ImageSpec
    evidence: Evidence
    hash: str = ""
    """Of the file's bytes; empty where there is no record to know it by."""


def look_at(
    found: Sequence[Found],
    receipts: Receipts | None,
    *,
    limit: int,
    on_progress: Progress | None = None,
    precautions: Precautions = _NONE,
) -> Iterator[Seen | Problem]:
    """Yield what was seen, in the order of `found`; a problem for what cannot be read. `limit` is in texels.

    Where a process has ended on some before they are looked at one at a time, and not at all where it did so twice.
    """

    def look(item: Found) -> Seen | Problem:
        reason = precautions.set_aside.get(item.name)
        if reason is not None:
            return Problem(item.name, reason)
        with precautions.at(item.name):
            return attempt(item.name, lambda: _look(item, receipts, limit))

    with ThreadPoolExecutor(1 if precautions.alone else READERS) as pool:
        # What is remembered is at hand at once: only what has to be read is worth a thread.
        known = [None if receipts is None else _remembered(item, receipts, limit) for item in found]
        waiting = [seen or pool.submit(look, item) for item, seen in zip(found, known, strict=True)]
        try:
            for done, seen in enumerate(waiting, 1):
                yield seen if isinstance(seen, Seen) else seen.result()
                if on_progress is not None:
                    on_progress(done, len(found))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def attempt(name: str, work: Callable[[], T]) -> T | Problem:
    """Return what `work` on a texture gives, or in words why it cannot be done. What fails for all is raised."""
    try:
        return work()
    except SourceError as error:
        return Problem(name, "; ".join(part for part in (error.what, error.fix) if part))
    except OSError as error:
        return Problem(name, f"cannot be read: {error.strerror or error}")
    except MemoryError:
        return Problem(name, "does not fit into memory; free some, or skip it by a rule")


def _remembered(item: Found, receipts: Receipts, limit: int) -> Seen | None:
    """Return what was seen in a texture before, where its file is still that one; None where it is to be read."""
    known = receipts.seen.known_hash(item.at, item.stamp)
    header = None if known is None else receipts.seen.header(_header_key(known, item))
    evidence = None if known is None or header is None else receipts.seen.evidence(f"{_SURVEY}:{known}")
    if known is None or header is None or evidence is None:
        return None
    spec = from_plain(ImageSpec, json.loads(header))
    if spec.stack.pixels > limit:
        return None  # and is refused in words when it is read
    return Seen(item, spec, from_plain(Evidence, json.loads(evidence)), known)


def _look(item: Found, receipts: Receipts | None, limit: int) -> Seen:
    if receipts is None:
        spec = codecs.probe(item.path, limit=limit)
        return Seen(item, spec, _survey(item.path, spec, limit, None))
    before, found = stat_of(item.path), receipts.seen.hash_of(item.path)
    spec = codecs.probe(item.path, limit=limit)
    known = receipts.seen.evidence(f"{_SURVEY}:{found}")
    if known is not None:
        evidence = from_plain(Evidence, json.loads(known))
    else:
        evidence = _survey(item.path, spec, limit, receipts.scratch)
    if stat_of(item.path) != before:  # and what was seen is half of one file, half of another
        raise SourceChanged("is being written to", where=item.name, fix="run again when it is whole")
    receipts.seen.remember(f"{_SURVEY}:{found}", json.dumps(to_plain(evidence)))
    receipts.seen.remember_header(_header_key(found, item), json.dumps(to_plain(spec)))
    return Seen(item, spec, evidence, found)


def _header_key(found: str, item: Found) -> str:
    """Return under what a header is remembered: how one is read may change with each version of this package."""
    return f"{package_stamp()[:16]}:{found}:{os.path.splitext(item.name)[1].lower()}"


def _survey(path: Path, spec: ImageSpec, limit: int, scratch: Path | None) -> Evidence:
    evidence = survey(codecs.read(path, limit=limit, scratch=scratch), spec)
    return replace(evidence, own_mips=True) if _has_own_mips(path, spec, evidence) else evidence


def _has_own_mips(path: Path, spec: ImageSpec, evidence: Evidence) -> bool:
    """Whether mip levels below the first are no smaller versions of it; some of those of the first slice tell."""
    there = [level for level in range(spec.storage.levels) if spec.size.level(level).pixels <= _COMPARED]
    there = [level for level in there if min(spec.size.level(level).width, spec.size.level(level).height) >= LEAST]
    if len(there) < 2:
        return False
    first, *below = there
    looked = sorted({below[0], below[len(below) // 2], below[-1]})
    layout, alpha = evidence.vectors.layout, spec.alpha
    vectors = layout in ((0, 1), (0, 1, 2)) and spec.channels == len(layout) and evidence.vectors.surface
    base = _level(path, spec, first)
    return any(made_by_hand(base, _level(path, spec, at), alpha=alpha, vectors=vectors) >= BY_HAND for at in looked)


def _level(path: Path, spec: ImageSpec, level: int) -> Pixels:
    return to_float(codecs.read_level(path, spec, level)[: spec.size.level(level).height])
