"""Removes results that belong to no texture any more; never what somebody edited, and never many by mistake."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cg_upscaler.job import Outcome, Plan
from cg_upscaler.library.outputs import OutputState
from cg_upscaler.library.receipts import Receipts

SHARE = 0.01
"""Of the outputs that may go at once without being forced; one always may."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """What became of results that belong to no texture."""

    removed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    """In words, each with why it was not removed."""
    refused: str = ""
    """Why nothing was removed at all; empty where it was."""


def prune(plan: Plan, receipts: Receipts, *, force: bool) -> Pruned:
    """Remove the results that belong to no texture any more. Paths are within the output folder."""
    refusal = _refusal(plan, receipts, force=force)
    if refusal or not plan.orphans:
        return Pruned(refused=refusal)
    removed, kept = [], []
    owners = {output.path: output.name for output in receipts.outputs()}
    for name in plan.orphans:
        path = receipts.folder / name
        if not _is_replaced(path, owners.get(name, ""), plan, receipts):
            kept.append(f"{name}: what takes its place is not there yet")
            continue
        state = receipts.state_at(path)
        if state in (OutputState.EDITED, OutputState.FOREIGN):
            kept.append(f"{name}: was changed by somebody since this tool wrote it")
            continue
        if state is OutputState.LOCKED and not force:
            kept.append(f"{name}: is read-only, as version control makes it")
            continue
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            kept.append(f"{name}: {error.strerror}")
            continue
        receipts.forget(path)
        removed.append(name)
        _remove_empty(path.parent, receipts.folder)
    return Pruned(tuple(removed), tuple(kept))


def _is_replaced(path: Path, texture: str, plan: Plan, receipts: Receipts) -> bool:
    """Whether the texture of a result is gone, or has its result in another place, in another file."""
    if not os.path.lexists(os.path.join(plan.source, texture)):
        return True
    receipt = receipts.find(texture)
    if receipt is None or receipt.outcome not in (Outcome.DONE, Outcome.COPIED):
        return False
    there = Path(receipt.output)
    return there.is_file() and not (path.exists() and there.samefile(path))  # which names in another case may be


def _refusal(plan: Plan, receipts: Receipts, *, force: bool) -> str:
    if not plan.complete:
        return "nothing is pruned: not all of the library was seen"
    many = _many(plan.orphans, len(receipts.outputs()))
    if many and not force:
        return f"nothing is pruned: {many}; --force removes them all the same"
    return ""


def _many(orphans: Sequence[str], outputs: int) -> str:
    if len(orphans) <= max(1, int(outputs * SHARE)):
        return ""
    return f"{len(orphans)} of {outputs} results belong to no texture any more, more than {SHARE:.0%}"


def _remove_empty(folder: Path, top: Path) -> None:
    """Remove folders that hold nothing any more, up to the output folder itself."""
    with suppress(OSError):  # fails, and ends, where something is left
        while folder != top and folder.is_relative_to(top):
            os.rmdir(folder)
            folder = folder.parent
