"""Puts the records of shards, or of runs elsewhere, into one: for each texture what happened last."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cg_upscaler.job import Receipt
from cg_upscaler.library.outputs import Output
from cg_upscaler.library.receipts import Receipts
from cg_upscaler.summary import Entry, Summary

_SUMMED = ("done", "copied", "current", "skipped", "rejected", "failed", "cancelled", "megapixels")


def absorb(receipts: Receipts, others: Sequence[Receipts]) -> int:
    """Take over, of each texture, the latest that any record says; return of how many. Raises `OutputError`."""
    latest = {entry.receipt.name: entry.receipt.at for entry in receipts.entries()}
    own = {output.path: output for output in receipts.outputs()}
    taken: dict[str, tuple[Entry | None, list[Output]]] = {}
    for other in others:
        outputs: dict[str, list[Output]] = defaultdict(list)
        for output in other.outputs():
            outputs[output.name].append(output)
        for entry in other.entries():
            name = entry.receipt.name
            if name not in latest or entry.receipt.at > latest[name]:
                latest[name] = entry.receipt.at
                here = replace(entry, receipt=_moved(entry.receipt, outputs[name], receipts.folder))
                taken[name] = here, outputs.pop(name, [])
        for name, rest in outputs.items():  # descriptions, of which no receipt says when they were written
            newer = [each for each in rest if _is_newer(each, own.get(each.path), receipts.folder)]
            if name not in latest and newer:
                own |= {each.path: each for each in newer}
                taken[name] = None, [*(taken[name][1] if name in taken else ()), *newer]
    receipts.take_over(taken.values())
    return len(taken)


def together(runs: Sequence[Summary]) -> Summary | None:
    """Return the runs of shards as one: what they came to in all, in the time of the slowest."""
    if not runs:
        return None
    first = min(runs, key=lambda run: run.started)
    summed = {field: sum(getattr(run, field) for run in runs) for field in _SUMMED}
    return replace(
        first,
        **summed,
        seconds=max(run.seconds for run in runs),
        exit_code=max((run.exit_code for run in runs), key=lambda code: (code != 0, code == 1, code)),
        device=", ".join(dict.fromkeys(run.device for run in runs)),
        shard="",
    )


def _is_newer(output: Output, known: Output | None, folder: Path) -> bool:
    """Whether a record says of an output what stands there, and the one that is known does not."""
    if known is None:
        return True
    return output.hash != known.hash and output.stands_at(folder / output.path)


def _moved(receipt: Receipt, outputs: Sequence[Output], folder: Path) -> Receipt:
    """Return a receipt whose output lies in another output folder now."""
    at = next((each.path for each in outputs if Path(receipt.output).as_posix().endswith(f"/{each.path}")), "")
    return replace(receipt, output=str(folder / at)) if at else receipt
