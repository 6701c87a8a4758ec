"""Draws speed against seams: what is fast and right is at the lower right."""

from __future__ import annotations

from pathlib import Path

from cg_upscaler.bench.peer import INSTALL
from cg_upscaler.bench.rounds import Report
from cg_upscaler.errors import OutputError, UsageError

_VISIBLE = 1.0
"""Levels of 255. Below lies what no 8-bit texture can hold."""


def require() -> None:
    """Raise UsageError where nothing can be drawn."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise UsageError("--plot needs matplotlib, which is not installed", fix=INSTALL) from None


def draw(report: Report, path: Path) -> None:
    """Write a picture of a report, in the format that the path's suffix names."""
    require()
    from matplotlib.figure import Figure  # without pyplot, which looks for a screen

    figure = Figure(figsize=(9, 5.5), layout="constrained")
    axes = figure.add_subplot()
    measured = [row for row in report.rows if row.megapixels_per_s is not None and row.seam_worst is not None]
    for number, row in enumerate(sorted(measured, key=lambda row: row.megapixels_per_s or 0)):
        at = (row.megapixels_per_s or 0, row.seam_worst or 0)
        ours = row.name.startswith("ours")
        axes.plot(*at, "D" if ours else "o", color="tab:red" if ours else "tab:blue", clip_on=False)
        # Those without seams lie on one line: neighbours are named at different heights.
        axes.annotate(
            row.name,
            at,
            (8, 16 + 13 * (number % 5)),
            textcoords="offset points",
            fontsize=8,
            arrowprops={"arrowstyle": "-", "color": "lightgrey", "linewidth": 0.8},
        )
    best = report.ceiling_megapixels_per_s
    axes.axvline(best, color="grey", linestyle="--", label="torch's convolutions alone")
    axes.axhline(_VISIBLE, color="grey", linestyle=":", label="one level of 8 bits")
    axes.set_yscale("symlog", linthresh=0.01)
    axes.set_ylim(0, 4000)
    axes.set_xlim(0, 1.15 * max([best, *(row.megapixels_per_s or 0 for row in report.rows)]))
    axes.set_xlabel("megapixels of input a second")
    axes.set_ylabel("largest seam, levels of 255")
    axes.set_title(
        f"{report.model} on {report.device}, {report.precision.value}, {report.threads} threads", fontsize=10
    )
    axes.legend(loc="upper left", fontsize=8)
    try:
        figure.savefig(path, dpi=120)
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror}", where=path, fix="choose another --plot") from error
