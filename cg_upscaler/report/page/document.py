"""Puts the page together: its markup, its style, its script and its data, in one file that asks for nothing else."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources
from typing import Any

from cg_upscaler.report.page.trend import chart, duration
from cg_upscaler.summary import Summary

_SCRIPTS = ("data.js", "list.js", "picture.js", "views.js", "stage.js", "detail.js", "report.js")
"""In the order in which they build on each other."""

_TOTALS = (
    ("failed", "failed"),
    ("rejected", "rejected"),
    ("done", "done"),
    ("copied", "copied"),
    ("current", "up to date"),
    ("skipped", "skipped"),
    ("cancelled", "cancelled"),
)


def document(
    rows: Sequence[Mapping[str, Any]], runs: Sequence[Summary], orphans: Sequence[str], *, single_file: bool
) -> str:
    """Return the page."""
    script = "\n".join(["'use strict';", *(_file(name) for name in _SCRIPTS)])
    data = {"rows": rows, "orphans": orphans, "single": single_file, "started": runs[-1].started if runs else ""}
    fields = {
        "POLICY": _policy(script),
        "STYLE": _file("report.css"),
        "SCRIPT": script,
        "HEAD": _head(rows, runs),
        "DATA": plain_json(data),
    }
    # In one go: nothing is looked for in what was put in.
    return re.sub(r"\{\{([A-Z]+)\}\}", lambda match: fields[match[1]], _file("report.html")) + "\n"


def plain_json(value: Any) -> str:
    """Return JSON that ends no script, whatever stands in it, and that any encoding holds."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _file(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8").strip()


def _policy(script: str) -> str:
    """Return what the page may do: run its own script and those of its previews, show pictures, ask nobody."""
    digest = base64.b64encode(hashlib.sha256(f"\n{script}\n".encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}' 'self' file:; style-src 'unsafe-inline'; "
        "img-src 'self' file: data: blob:; base-uri 'none'; form-action 'none'"
    )


def _head(rows: Sequence[Mapping[str, Any]], runs: Sequence[Summary]) -> str:
    """Return what is to be read without any script: the run in numbers, and how earlier ones went."""
    if not runs:
        return f'<p class="run-line">{len(rows)} textures; no run is on record</p>'
    run, before = runs[-1], runs[-2] if len(runs) > 1 else None
    tiles = []
    for name, label in _TOTALS:
        count = getattr(run, name)
        if not count and name in ("skipped", "cancelled", "copied") and not (before and getattr(before, name)):
            continue
        tiles.append(
            f'<div class="total {name}{"" if count else " none"}"><dt>{label}</dt>'
            f"<dd>{count:,}{_change(count, None if before is None else getattr(before, name))}</dd></div>"
        )
    facts = [f"{run.started[:19].replace('T', ' ')} UTC", duration(run.seconds)]
    facts += [f"{run.megapixels:.3g} megapixels", run.device, f"cg-upscale {run.version}"]
    facts += [f"shard {run.shard}"] if run.shard else []
    facts += [f"exit code {run.exit_code}"]
    line = " · ".join(escape(fact) for fact in facts if fact)
    picture = chart(runs)
    legend = (
        '<figcaption><span class="done">done</span><span class="rejected">rejected</span>'
        '<span class="failed">failed</span><span class="seconds">time</span></figcaption>'
    )
    trend = f"<figure>{picture}{legend}</figure>" if picture else ""
    return f'<p class="run-line">{line}</p>\n<dl class="numbers">{"".join(tiles)}</dl>\n{trend}'


def _change(now: int, before: int | None) -> str:
    if before is None or now == before:
        return ""
    return f'<small title="against the run before">{now - before:+,}</small>'.replace("-", "−")
