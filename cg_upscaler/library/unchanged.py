"""Finds the folders in which nothing is to be done, without planning them: all that plans come from is as it was."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from cg_upscaler.backends.identity import identity
from cg_upscaler.errors import ModelError
from cg_upscaler.job import ALGORITHM
from cg_upscaler.library.config import Config
from cg_upscaler.library.config.course import Course
from cg_upscaler.library.package import package_stamp
from cg_upscaler.library.receipts import REJECTED, Receipts
from cg_upscaler.library.scan import Scan
from cg_upscaler.model_names import singles
from cg_upscaler.models import licences, places
from cg_upscaler.standing import Settled

_SETTLED = 2 * 10**9
"""Nanoseconds for which a file must have been left alone before a scan to be known by its time."""


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders of a library, each with a signature of all that its plan comes from."""

    signatures: dict[str, str]
    restless: frozenset[str]
    """Those with files that were written to when the scan was near: a further change might not show in their time."""
    files: frozenset[str] = frozenset()
    """All that lies in them and may reach a plan."""


def folders_of(seen: Scan, config: Config, now: int) -> Folders:
    """Return the folders of a scan that was begun `now`, in nanoseconds."""
    inside: dict[str, list[tuple[str, int, int]]] = defaultdict(list)
    restless = set()
    for name, (size, mtime) in seen.stamps.items():
        folder = folder_of(name)
        inside[folder].append((name, size, mtime))
        if mtime > now - _SETTLED:
            restless.add(folder)
    beyond = [(name, *seen.stamps[name]) for name in {*seen.sidecars, *seen.descriptions}]
    terms = _digest([_terms(config), sorted(beyond)])
    signatures = {folder: _digest([terms, sorted(files)]) for folder, files in inside.items()}
    return Folders(signatures, frozenset(restless), frozenset(seen.stamps))


def folder_of(name: str) -> str:
    """Return the folder of a texture within its library."""
    return name.rpartition("/")[0]


def unchanged(folders: Folders, receipts: Receipts) -> dict[str, Settled]:
    """Return the folders in which all is as it was when nothing was left to do: sources, settings, and results."""
    same = {
        folder: Settled(folder, textures, skipped)
        for folder, (signature, textures, skipped) in receipts.settled().items()
        if folders.signatures.get(folder) == signature
    }
    root = f"{receipts.folder}{os.sep}"
    superseded = receipts.superseded() if same else ()
    for output in receipts.outputs() if same else ():
        folder = folder_of(output.name)
        if output.name not in folders.files or output.path in superseded or output.path.startswith(f"{REJECTED}/"):
            continue  # nothing of what is there now
        if folder in same and not _stands(f"{root}{output.path}", output.size, output.mtime):
            del same[folder]
    return same


def gone(folders: Folders, receipts: Receipts) -> bool:
    """Whether a folder is not there any more in which nothing was left to do."""
    return not receipts.settled().keys() <= folders.signatures.keys()


def touched(changed: Collection[str], ties: Iterable[Collection[str]]) -> set[str]:
    """Return the folders that are to be planned: those that changed, and all that are tied to one, however far."""
    found = set(changed)
    waiting = [set(tie) for tie in ties if len(tie) > 1]
    while True:
        reached = [tie for tie in waiting if not tie.isdisjoint(found)]
        if not reached:
            return found
        waiting = [tie for tie in waiting if tie.isdisjoint(found)]
        found.update(*reached)


def settle(
    folders: Folders, receipts: Receipts, kept: Iterable[Settled], ended: Mapping[str, bool], names: Iterable[str]
) -> None:
    """Remember the folders in which nothing is left to do.

    `kept` are those that were not planned. `ended` says of each texture that was whether it is up to date now (and
    not skipped); one that is missing there failed. `names` are all textures of the library.
    """
    textures = Counter(folder_of(name) for name in names)
    open_ = {folder_of(name) for name in names if name not in ended}
    rows = {each.folder: (folders.signatures[each.folder], each.textures, each.skipped) for each in kept}
    skipped = Counter(folder_of(name) for name, current in ended.items() if not current)
    # Also those that hold no texture but what textures elsewhere depend on.
    for folder in folders.signatures.keys() - rows.keys() - open_ - folders.restless:
        rows[folder] = folders.signatures[folder], textures[folder], skipped[folder]
    receipts.settle_folders(rows)


def _stands(path: str, size: int, mtime: int) -> bool:
    try:
        found = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and (found.st_size, found.st_mtime_ns) == (size, mtime)


def _terms(config: Config) -> str:
    """Return what of the circumstances may reach any plan: settings, this package, its libraries, models, devices."""
    reaching = (Config.model_fields.keys() - Course.model_fields.keys()) | {"pin_revision"}
    said = [(name, repr(getattr(config, name))) for name in sorted(reaching)]
    return _digest([said, str(config.base), config.converts, ALGORITHM, package_stamp(), identity(), _models(config)])


def _models(config: Config) -> list[tuple[str, int, int]]:
    """Return the weights files that settings name, and what tells of their licences, with their sizes and times."""
    parts = (config, *config.rules, *config.kinds.values())
    named = {single for part in parts if part.model for single in (part.model, *singles(part.model))}
    found = []
    for name in sorted(named):
        try:
            path = places.located(name, config.base, config.models_folder)
        except ModelError:  # of which the plan complains
            continue
        if path is not None:
            files = [path, *(card for card in licences.cards(path) if card.is_file())]
            found += [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return found


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode("utf-8", "surrogateescape")).hexdigest()
