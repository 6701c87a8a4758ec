"""Shows a training as a page: how the loss fell, how the validation went, and each held-out texture in figures."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from cg_upscaler.library.config.training import Training
from cg_upscaler.maps import BICUBIC
from cg_upscaler.training.history import Figures
from cg_upscaler.training.measuring import BEFORE, LEADING, LOWER_IS_BETTER, OURS

if TYPE_CHECKING:
    from cg_upscaler.training.course import Report

_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 640, 220, 56, 26
_POINTS = 200
"""Points of the curve of losses: each is the mean of as many steps as fall to it."""

UNITS = {"degrees": "°", "db": " dB", "flip": ""}
NAMES = {"degrees": "mean angle to the truth", "db": "PSNR", "flip": "ꟻLIP"}
_COLOURS = {BICUBIC: "#8a8a8a", BEFORE: "#c98b2b", OURS: "#2f7fd1"}

_STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }
body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .25rem .6rem }
td:first-child { overflow-wrap: anywhere } th { vertical-align: bottom }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums }
tr + tr td { border-top: 1px solid #8884 } .good { color: #2a9d4a } .bad { color: #d0453a }
svg { max-width: 100%; height: auto } svg text { font-size: 11px; fill: currentColor } figure { margin: 1rem 0 }
.key { display: inline-block; width: .9em; height: .9em; margin: 0 .3em 0 1em; vertical-align: -1px }
"""


def document(report: Report, training: Training) -> str:
    """Return the page, one file that asks for nothing else."""
    lead = LEADING[training.teach]
    learnt, chosen, held = report.textures
    facts = [
        f"{training.teach.value} at {training.scale}×",
        f"{report.architecture}, {report.parameters / 1e6:.2f} M parameters",
        f"from {report.start}" if report.start else "from nothing",
        f"{report.steps:,} steps, the best weights after {report.best_step:,}",
        f"{report.seconds / 60:.0f} min on {report.device}",
        f"{learnt} textures learnt from, {chosen} to choose the weights by, {held} held out",
    ]
    parts = [f"<h1>{escape(report.name)}</h1><p>{escape(' · '.join(facts))}</p>"]
    if report.mean:
        parts.append(_verdict(report.mean, lead))
    parts.append(f"<h2>Loss</h2><figure>{plot([('loss', '#2f7fd1', _thinned(report.history.losses))])}</figure>")
    ways = [way for way in _COLOURS if report.history.looks and way in report.history.looks[0].ways]
    for figure in report.history.looks[0].ways[OURS] if report.history.looks else ():
        curves = [
            (way, _COLOURS[way], [(float(look.step), look.ways[way][figure]) for look in report.history.looks])
            for way in ways
        ]
        keys = "".join(f'<span class="key" style="background:{_COLOURS[way]}"></span>{escape(way)}' for way in ways)
        parts.append(
            f"<h2>Validation: {NAMES[figure]}{_unit(figure)}</h2><figure>{plot(curves)}"
            f"<figcaption>{keys}</figcaption></figure>"
        )
    if report.held_out:
        parts.append(_table(report))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape(report.name)}: training</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def _unit(figure: str) -> str:
    unit = UNITS[figure].strip()
    return f" ({unit})" if unit else ""


def _verdict(mean: dict[str, Figures], figure: str) -> str:
    ours, plain = mean[OURS][figure], mean[BICUBIC][figure]
    better = ours < plain if figure in LOWER_IS_BETTER else ours > plain
    by = f"{abs(1 - ours / plain):.1%}" if figure in LOWER_IS_BETTER else f"{abs(ours - plain):.2f} dB"
    return (
        f'<p>On materials that it never saw: <strong class="{"good" if better else "bad"}">{by} '
        f"{'better' if better else 'worse'} than bicubic</strong> ({ours:.3f}{UNITS[figure]} against "
        f"{plain:.3f}{UNITS[figure]}).</p>"
    )


def _table(report: Report) -> str:
    ways = [way for way in _COLOURS if way in report.held_out[0].ways]
    figures = list(report.held_out[0].ways[OURS])
    against = [figure for figure in figures if figure in LOWER_IS_BETTER]
    heads = "".join(f'<th class="n">{escape(way)}{_unit(figure)}</th>' for figure in figures for way in ways)
    heads += "".join(f'<th class="n">{OURS} / {BICUBIC}, {escape(figure)}</th>' for figure in against)
    rows = []
    for each in (*report.held_out, None):
        of = report.mean if each is None else each.ways
        cells = [_cells({way: of[way][figure] for way in ways}, figure) for figure in figures]
        for figure in against:
            share = of[OURS][figure] / max(1e-9, of[BICUBIC][figure])
            cells.append(f'<td class="n {"good" if share < 1 else "bad"}">{share:.3f}</td>')
        name = "mean over materials" if each is None else each.name
        material = "" if each is None else f' title="material {escape(each.material)}"'
        rows.append(f"<tr><td{material}>{escape(name)}</td>{''.join(cells)}</tr>")
    return f"<h2>Held out</h2><table><tr><th>texture</th>{heads}</tr>{''.join(rows)}</table>"


def _cells(values: dict[str, float], figure: str) -> str:
    """Return a cell for each way, the best one bold."""
    best = (min if figure in LOWER_IS_BETTER else max)(values.values())
    shown = (f"<strong>{value:.3f}</strong>" if value == best else f"{value:.3f}" for value in values.values())
    return "".join(f'<td class="n">{text}</td>' for text in shown)


def _thinned(losses: Sequence[float]) -> list[tuple[float, float]]:
    step = max(1, -(-len(losses) // _POINTS))
    parts = [losses[start : start + step] for start in range(0, len(losses), step)]
    return [(index * step + len(part), sum(part) / len(part)) for index, part in enumerate(parts)]


Curve = tuple[str, str, Sequence[tuple[float, float]]]


def plot(curves: Sequence[Curve]) -> str:
    """Return curves of (step, value) as SVG, each with a name and a colour."""
    points = [point for _, _, curve in curves for point in curve]
    if not points:
        return "<p>nothing yet</p>"
    most = max(1.0, max(x for x, _ in points))
    low, high = min(y for _, y in points), max(y for _, y in points)
    margin = (high - low) * 0.06 or abs(high) * 0.05 or 1.0
    low, high = low - margin, high + margin

    def at(x: float, y: float) -> tuple[float, float]:
        across = _LEFT + x / most * (_WIDTH - _LEFT - 8)
        return across, 8 + (high - y) / (high - low) * (_HEIGHT - _BOTTOM - 8)

    parts = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        value, step = low + share * (high - low), most * share
        y, x = at(0, value)[1], at(step, low)[0]
        parts.append(f'<line x1="{_LEFT}" x2="{_WIDTH - 8}" y1="{y:.1f}" y2="{y:.1f}" stroke="#8884"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.4g}</text>')
        anchor = "end" if share == 1 else "middle"
        parts.append(f'<text x="{x:.1f}" y="{_HEIGHT - 8}" text-anchor="{anchor}">{step:,.0f}</text>')
    for name, colour, curve in curves:
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*point) for point in curve))
        parts.append(
            f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"><title>{escape(name)}</title>'
            "</polyline>"
        )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" role="img" '
        f'aria-label="{escape(", ".join(name for name, _, _ in curves))} by step">{"".join(parts)}</svg>'
    )
