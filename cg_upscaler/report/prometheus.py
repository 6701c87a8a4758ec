"""Tells Prometheus what a run came to: a text file for the node exporter's textfile collector."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path

from cg_upscaler.codecs import write_text
from cg_upscaler.codecs.atomic import failure
from cg_upscaler.job import Outcome
from cg_upscaler.report.plain import readable
from cg_upscaler.summary import Summary

SUCCESS = "cg_upscale_last_success_timestamp_seconds"

_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
_SUCCESS = re.compile(rf"^{SUCCESS}{{[^\n]*}} ([0-9.eE+]+)$", re.MULTILINE)

_Samples = Iterable[tuple[Mapping[str, str], float]]


def write_exposition(path: Path, summary: Summary, library: str) -> None:
    """Write a run's figures to `path`, which ends in ``.prom``. Raises `OutputError`.

    The time of the last success is taken over from the file that is there. What is not whole yet has another suffix:
    the collector reads all that end in ``.prom``, hidden or not, and twice the same figure makes it refuse every file.
    """
    new = path.with_name(f"{path.name}.new")
    write_text(new, exposition(summary, library, last_success=last_success(path)))
    try:
        os.replace(new, path)
    except OSError as error:
        raise failure(error, path) from error


def last_success(path: Path) -> float | None:
    """Return when the last run without a failure ended, as the file of an earlier one says it; None where none does."""
    try:
        found = _SUCCESS.search(path.read_text("utf-8"))
        return None if found is None else float(found[1])
    except (OSError, ValueError):
        return None


def exposition(summary: Summary, library: str, *, last_success: float | None = None) -> str:
    """Return a run's figures in Prometheus' text format.

    `library` is the label that tells one library's from another's. `last_success`, in seconds since 1970, stands where
    this run was none, and is left out where it is None.
    """
    labels = {"library": library, **({"shard": summary.shard} if summary.shard else {})}
    ended = _ended(summary)
    success = ended if summary.exit_code == 0 else last_success
    outcomes = [({**labels, "outcome": each.value}, getattr(summary, each.value)) for each in Outcome]
    families: list[tuple[str, str, _Samples]] = [
        ("cg_upscale_textures", "Textures of the last run, by how they ended.", outcomes),
        ("cg_upscale_megapixels", "Megapixels of sources that the last run upscaled.", [(labels, summary.megapixels)]),
        ("cg_upscale_run_seconds", "How long the last run took.", [(labels, summary.seconds)]),
        ("cg_upscale_exit_code", "The last run's exit code.", [(labels, summary.exit_code)]),
        ("cg_upscale_last_run_timestamp_seconds", "When the last run ended.", [(labels, ended)]),
        (SUCCESS, "When the last run ended that failed nowhere.", [] if success is None else [(labels, success)]),
        (
            "cg_upscale_info",
            "What the last run was done with.",
            [({**labels, "version": summary.version, "device": summary.device}, 1)],
        ),
    ]
    return "".join(line + "\n" for family in families for line in _lines(*family))


def _lines(name: str, help_: str, samples: _Samples) -> Iterator[str]:
    yield f"# HELP {name} {help_}"
    yield f"# TYPE {name} gauge"
    for labels, value in samples:
        inside = ",".join(f'{label}="{readable(text).translate(_ESCAPES)}"' for label, text in labels.items())
        yield f"{name}{{{inside}}} {value!r}"


def _ended(summary: Summary) -> float:
    """Return when a run ended, in seconds since 1970."""
    started = datetime.fromisoformat(summary.started.replace("Z", "+00:00"))
    if started.tzinfo is None:
        started = started.replace(tzinfo=timezone.utc)
    return round(started.timestamp() + summary.seconds, 3)
