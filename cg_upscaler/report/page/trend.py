"""Draws how the last runs went, as a small picture in the page."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from cg_upscaler.summary import Summary

_RUNS = 30
"""Runs that are shown: a month of nights."""
_WIDTH, _HEIGHT = 420, 96
_LAST = 14
"""Height of what is smallest and still to be seen: one failure among thousands."""

SERIES = (("failed", "failed"), ("rejected", "rejected"), ("cancelled", "cancelled"), ("done", "done or copied"))


def chart(runs: Sequence[Summary]) -> str:
    """Return the runs as SVG: a bar each, a line for their seconds; nothing where there are fewer than two."""
    shown = runs[-_RUNS:]
    if len(shown) < 2:
        return ""
    step = max(14.0, min(36.0, _WIDTH / len(shown)))
    most = max(1, *(sum(count for _, count in _counts(run)) for run in shown))
    slowest = max(1e-9, *(run.seconds for run in shown))
    parts, points = [], []
    for index, run in enumerate(shown):
        left = index * step
        parts.append(f'<g class="run"><title>{escape(_said(run))}</title>')
        parts.append(f'<rect class="hit" x="{left:.1f}" y="0" width="{step:.1f}" height="{_HEIGHT}"/>')
        bottom = float(_HEIGHT)
        for name, count in reversed(_counts(run)):
            height = 0.0 if not count else max(2.0, count / most * (_HEIGHT - 8))
            bottom -= height
            parts.append(
                f'<rect class="{name}" x="{left + step * 0.16:.1f}" y="{bottom:.1f}" '
                f'width="{step * 0.68:.1f}" height="{height:.1f}"/>'
            )
        parts.append("</g>")
        points.append(f"{left + step / 2:.1f},{_HEIGHT - 4 - run.seconds / slowest * (_HEIGHT - 12):.1f}")
    line = f'<polyline class="seconds" points="{" ".join(points)}"/>'
    width = step * len(shown)
    label = f"The last {len(shown)} runs: textures done, rejected and failed, and seconds"
    return (
        f'<svg class="trend" viewBox="0 0 {width:.0f} {_HEIGHT}" width="{width:.0f}" height="{_HEIGHT}" role="img" '
        f'aria-label="{label}">{"".join(parts)}{line}</svg>'
    )


def _counts(run: Summary) -> list[tuple[str, int]]:
    return [("failed", run.failed), ("rejected", run.rejected), ("cancelled", run.cancelled),
            ("done", run.done + run.copied)]  # fmt: skip


def _said(run: Summary) -> str:
    counts = ", ".join(f"{getattr(run, name)} {name}" for name in ("done", "copied", "rejected", "failed"))
    return f"{run.started[:19]}Z: {counts}, {run.current} up to date; {duration(run.seconds)}"


def duration(seconds: float) -> str:
    """Return seconds as ``41 s``, ``12 min 5 s``, ``3 h 20 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
