"""Says an estimate in words: time, disk, and a table of texture memory."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from cg_upscaler.flight.estimate import Estimate
from cg_upscaler.library.texture_memory import TOTAL, Change, in_units, over


def in_words(estimate: Estimate, out: Path) -> list[str]:
    """Return lines on what a run into the folder `out` takes. Those that call for attention begin with ``warning:``."""
    return [_time(estimate), *_disk(estimate, out), *_memory(estimate)]


def duration(seconds: float) -> str:
    """Return a time as people say it: ``40 s``, ``12 min``, ``1 h 50 min``, ``3 days 4 h``."""
    if seconds < 99.5:
        return f"{seconds:.0f} s" if seconds >= 9.5 else f"{max(seconds, 0.1):.1f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        minutes = 5 * round(minutes / 5)
        return f"{minutes // 60} h {minutes % 60} min" if minutes % 60 else f"{minutes // 60} h"
    days, hours = divmod(round(minutes / 60), 24)
    return f"{days} {'day' if days == 1 else 'days'}" + (f" {hours} h" if hours else "")


def free_on_disk(folder: Path) -> int | None:
    """Return the bytes that are free where a folder is, or is to be; None where that is not known."""
    for there in (folder, *folder.absolute().parents):
        try:
            return shutil.disk_usage(there).free
        except FileNotFoundError:
            continue
        except OSError:
            return None
    return None


def _time(estimate: Estimate) -> str:
    if estimate.seconds is None:
        were = "was" if len(estimate.unknown) == 1 else "were"
        never = f"{', '.join(estimate.unknown)} {were} never measured on {estimate.device}"
        return f"time: not known: {never}; a run does it, or 'cg-upscale plan --measure'"
    basis = f"measured {estimate.measured}" if estimate.measured else "nothing was measured there yet"
    return f"time: about {duration(estimate.seconds)} on {estimate.device} ({basis})"


def _disk(estimate: Estimate, out: Path) -> Iterator[str]:
    free = free_on_disk(out)
    known = "" if free is None else f", of {in_units(free)} free on the disk of {out}"
    yield f"disk: about {in_units(estimate.disk)}{known}"
    if free is not None and estimate.disk > free:
        yield f"warning: the results will not fit on the disk of {out}: {in_units(estimate.disk - free)} are missing"


def _memory(estimate: Estimate) -> Iterator[str]:
    memory, budget = estimate.memory, estimate.budget
    if not memory.kinds:
        return
    rows = [("texture memory", "before", "after", "budget" if budget else "")]
    for kind, change in (*memory.kinds.items(), (TOTAL, memory.total)):
        rows.append((f"  {kind}", *_amounts(change), in_units(budget[kind]) if kind in budget else ""))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for first, *others in rows:
        yield "  ".join([first.ljust(widths[0]), *map(str.rjust, others, widths[1:])]).rstrip()
    for sentence in over(memory, budget):
        yield f"warning: {sentence}"


def _amounts(change: Change) -> tuple[str, str]:
    return in_units(change.before), in_units(change.after)
