"""Tells what our own weights come to on the materials that their trainings kept back, from what `held_out.py` wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FIGURES = {
    "degrees": ("degrees", ".3f"),
    "db": ("PSNR", ".3f"),
    "flip": ("FLIP", ".4f"),
    "fine": ("fine", ".3f"),
    "true": ("true", ".3f"),
}
"""Headings of figures, and how they are written."""

EXPLAINED = """\
Whole materials were kept back from each training, and looked at once, at its end: the middle of each texture is \
filtered down to a quarter and enlarged as a run would. Each material counts as much. **fine** is the energy beyond \
what the small texture can hold, as a share of the truth's; **true** how much of the truth lies in it: detail in the \
wrong place counts for nothing. **worst** and **best** are the first figure over bicubic's, of single textures."""


def section(folder: Path) -> list[str]:
    """Return the section of the page, a table for each file; nothing where there is none."""
    files = sorted(folder.glob("*.json"))
    if not files:
        return []
    lines = ["## Our own weights on materials that they never saw", "", EXPLAINED, ""]
    for file in files:
        lines += _of_one(json.loads(file.read_text(encoding="utf-8")))
    return lines


def _of_one(found: dict[str, Any]) -> list[str]:
    kinds = [kind for kind in FIGURES if any(kind in way["mean"] for way in found["ways"])]
    heads = ["", *(FIGURES[kind][0] for kind in kinds), "worst", "best"]
    rows = [
        [
            way["name"],
            *(format(way["mean"][kind], FIGURES[kind][1]) if kind in way["mean"] else "–" for kind in kinds),
            *("–" if way["name"] == "bicubic" else f"{way[end]:.3f}" for end in ("worst", "best")),
        ]
        for way in found["ways"]
    ]
    table = ["| " + " | ".join(row) + " |" for row in (heads, ["---", *["---:"] * (len(heads) - 1)], *rows)]
    title = f"### {found['teaches']} · textures: {found['textures']}, materials: {found['materials']}"
    return [title, "", f"```sh\n{found['command']}\n```", "", *table, ""]
