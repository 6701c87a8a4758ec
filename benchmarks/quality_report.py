"""Writes down what `quality.py` measured: tables, bounds, a picture; as Markdown, JSON and PNG."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from quality_weights import section
from samples import Sample

from cg_upscaler.geometry import Edge
from cg_upscaler.job import Band
from cg_upscaler.maps import AlphaMode, MapKind, Role
from cg_upscaler.measure import panels
from cg_upscaler.model_names import short
from cg_upscaler.pixels.rows import Pixels
from cg_upscaler.spec import Depth

OURS = "cg-upscaler"
X4, OWN = "with x4plus", "with our own"
TRUTH = "truth"
METHODS = (TRUTH, "bicubic", "Lanczos", "raw generator", X4, OWN, OURS)

COLUMNS = {
    "psnr": ("PSNR", ".2f"),
    "ssim": ("SSIM", ".3f"),
    "flip": ("FLIP", ".3f"),
    "degrees": ("degrees", ".2f"),
    "composite": ("composite", ".1f"),
    "fringe": ("fringe", ".1f"),
    "drift": ("drift", ".2f"),
    "consistency": ("consistency", ".1f"),
    "coverage": ("coverage", ".2%"),
    "roll": ("roll", ".1f"),
    "highlights": ("highlights", ".1%"),
    "levels": ("levels", ".0f"),
    "detail": ("detail", ".2f"),
    "noise": ("noise", ".2f"),
}
"""What is told of each result: its heading, and how it is written."""

LEGEND = """\
Against the texture itself: **PSNR** in dB (over mid-gray where transparent; of vectors as stored; of light under a \
log curve), **SSIM** (Wang et al. 2004), **FLIP** (0: looks the same; of pictures for the eye only), **degrees** \
between normals on average, **composite** in levels of 255 about transparent edges over black, white and magenta, \
**fringe** in levels of 255 by which the colour that shows there is another, wherever the edge runs. Against the \
small texture, the truth too: **drift** of the mean visible colour in levels of 255, **consistency** in dB of the \
result filtered down again, **coverage** lost or won by a cut-out, **roll** in levels of 255 (worst texel, the \
tileable rolled by 16 texels down and 7 to the right before and after), **highlights** changed at worst, number of \
**levels**, **detail** (energy beyond the small texture's Nyquist frequency over what its spectrum lets expect), \
**noise** in levels of 255 where the small texture is flat. The modules of `cg_upscaler/measure` take these and say \
how they are defined."""

FAVOURITES = (
    "3td_BrickOldRound_01.png",
    "gfx_leaf_b.png",
    "icon-banana.png",
    "Ground010_1K_Normal.png",
    "japanRedWood.png",
    "forest_floor.png",
)
"""What the picture shows, where it is there and may be shown."""
MAY_BE_SHOWN = ("CC0", "public", "CC-BY-3", "CC-BY-4")

_PANEL = 112
"""Texels that a panel shows each way, at 2:1."""
_FLAT = 0.25
"""Share of a texture that is flat, from which on it is flat art."""


@dataclass(frozen=True)
class Facts:
    """What holds for the whole report."""

    command: str
    crop: int
    device: str
    model: str
    left_out: list[str]
    weights: Path
    """Where what our own weights come to is kept."""


@dataclass(frozen=True)
class Bound:
    """Something that is promised, and the textures that keep and break it."""

    name: str
    checked: int
    broken: list[str]

    @property
    def verdict(self) -> str:
        return "nothing to check" if not self.checked else "MISS" if self.broken else "pass"


def write(samples: Sequence[Sample], facts: Facts, out: Path, pictures: Callable[[Sample], dict[str, Pixels]]) -> str:
    """Write the report into the folder `out`, and return the bounds in words."""
    (out / "images").mkdir(parents=True, exist_ok=True)
    found = list(bounds(samples))
    shown = chosen(samples)
    if shown:
        (out / "images" / "quality.png").write_bytes(panels.png(picture(shown, pictures)))
    (out / "quality.md").write_text(markdown(samples, facts, found, shown), encoding="utf-8")
    (out / "quality.json").write_text(as_json(samples, facts, found), encoding="utf-8")
    lines = [f"{bound.verdict:>16}  {bound.name} ({bound.checked})" for bound in found]
    lines += [f"{'':18}{line}" for bound in found for line in bound.broken]
    failed = [f"{'FAILED':>16}  {sample.name}: {sample.error}" for sample in samples if sample.error]
    return "\n".join([*failed, *lines])


# What is promised


def bounds(samples: Sequence[Sample]) -> Iterator[Bound]:
    """Check the bounds on this project's results."""
    done = [sample for sample in samples if OURS in sample.methods]
    seen = [sample for sample in done if value(sample, "drift") is not None]  # all but normals
    full = [sample for sample in seen if is_fully_matched(sample)]
    yield limit("consistency at least 55 dB where fully matched", full, "consistency", 55, at_least=True)
    yield limit("drift at most 0.1 of 255 where fully matched", full, "drift", 0.1)
    yield limit("drift at most 0.3 of 255 everywhere", seen, "drift", 0.3)
    normals = [sample for sample in done if value(sample, "degrees") is not None]
    yield check("normals no worse than bicubic, in degrees", normals, lambda s: ratio(s, "degrees", "bicubic") <= 1,
                lambda s: f"{ratio(s, 'degrees', 'bicubic'):.3f} of bicubic's")  # fmt: skip
    cut = [sample for sample in done if value(sample, "coverage") is not None]
    yield check("coverage within 0.5 % or one texel", cut,
                lambda s: (value(s, "coverage") or 0) <= 0.005 or (value(s, "coverage_texels") or 0) <= 1,
                lambda s: f"{value(s, 'coverage'):.2%}, {value(s, 'coverage_texels'):.1f} texels")  # fmt: skip
    wrapped = [s for s in done if value(s, "roll") is not None and found_to_wrap(s)]
    yield limit("rolling a tileable rolls its result, to 1 of 255", wrapped, "roll", 1)
    yield check("every tileable is found to be one", [s for s in done if any(s.wraps)], found_to_wrap,
                lambda s: "not wrapped along " + " and ".join(missed(s)))  # fmt: skip
    lights = [sample for sample in done if value(sample, "highlights") is not None]
    yield limit("highlights within 5 %", lights, "highlights", 0.05)
    fringed = [sample for sample in done if value(sample, "fringe") is not None]
    yield check("fringes at most a quarter of the raw generator's", fringed,
                lambda s: ratio(s, "fringe", "raw generator") <= 0.25,
                lambda s: f"{ratio(s, 'fringe', 'raw generator'):.2f}")  # fmt: skip
    flat = [sample for sample in done if (value(sample, "flat") or 0) >= _FLAT]
    yield limit("flat art gains no noise (half a level of 255)", flat, "noise", 0.5)
    deep = [sample for sample in done if sample.spec.depth is Depth.UINT16]
    yield check("16 bits stay 16 bits: more levels than 8 bits have", deep, lambda s: (value(s, "levels") or 0) > 256,
                lambda s: f"{value(s, 'levels'):.0f} levels")  # fmt: skip


def limit(name: str, samples: Sequence[Sample], figure: str, bound: float, *, at_least: bool = False) -> Bound:
    sign = -1 if at_least else 1
    return check(name, samples, lambda s: sign * (value(s, figure) or 0) <= sign * bound + 1e-5 * bound,
                 lambda s: f"{value(s, figure):.4g}")  # fmt: skip


def check(
    name: str, samples: Sequence[Sample], holds: Callable[[Sample], bool], words: Callable[[Sample], str]
) -> Bound:
    return Bound(name, len(samples), [f"{sample.name}: {words(sample)}" for sample in samples if not holds(sample)])


def value(sample: Sample, figure: str, method: str = OURS) -> float | None:
    return sample.methods[method].get(figure) if method in sample.methods else None


def ratio(sample: Sample, figure: str, rival: str) -> float:
    ours, theirs = value(sample, figure), value(sample, figure, rival)
    return (ours or 0.0) / max(theirs or 0.0, 1e-9)


def is_fully_matched(sample: Sample) -> bool:
    """Whether a result was promised to say all that its source says: not cut-outs, pixel art and hard masks."""
    if sample.small is None or sample.small.alpha is AlphaMode.CUTOUT:
        return False
    groups = [group for group in sample.small.groups if not group.constant]
    return all(group.fidelity >= 1 and group.band is Band.ALL for group in groups)


def missed(sample: Sample) -> list[str]:
    edges = sample.small.edges if sample.small else None
    axes = zip(("y", "x"), sample.wraps, (edges.y, edges.x) if edges else (None, None), strict=True)
    return [axis for axis, wraps, edge in axes if wraps and edge is not Edge.WRAP]


def found_to_wrap(sample: Sample) -> bool:
    return not missed(sample)


# What is written


def markdown(samples: Sequence[Sample], facts: Facts, found: Sequence[Bound], shown: Sequence[Sample]) -> str:
    kinds = [kind for kind in MapKind if any(sample.job.kind is kind for sample in samples)]
    lines = [
        "# What upscaling does to textures",
        "",
        f"Each of {len(samples)} textures is filtered down to a quarter, as its map wants it, upscaled back by 4, and "
        "held against itself: by OpenCV's bicubic and Lanczos filters, by the raw generator "
        f"(`{facts.model}`, all channels as they are), and by this project, which had to find out by itself what each "
        f"small texture is: with `{facts.model}` for every kind of map, with weights of our own (`cg-normal-x4` for "
        "normals, `cg-color-x4` for all else), and with its default settings, by which each kind takes what is best "
        "for it. Measured are the files as written, at their own depth.",
        "",
        f"Models: {models(samples)}. None of these textures, nor any other map of their materials, was learnt from by "
        "the weights of our own (`cg-…`).",
        "",
        f"```sh\n{facts.command} --out docs\n```",
        "",
        f"On {facts.device}. Of each texture at most {facts.crop} × {facts.crop} texels: the middle, or, where it "
        "tiles, all of it, filtered down to as many a side.",
        "",
    ]
    if shown:
        lines += ["![Truth, bicubic, raw generator and this project](images/quality.png)", "", credits(shown), ""]
    lines += ["## What is promised", "", *bounds_table(found), "", "## By kind of map", "", LEGEND, ""]
    for kind in kinds:
        members = [sample for sample in samples if sample.job.kind is kind]
        count = f"{len(members)} texture{'s' if len(members) > 1 else ''}"
        lines += [f"### {kind.value.replace('_', ' ')} · {count}", "", *kind_table(members), ""]
    lines += section(facts.weights)
    lines += ["## What the small ones were taken for", "", *taken_for(samples), "", "## Each texture", ""]
    lines += texture_table(samples)
    failed = [f"- {sample.name}: {sample.error}" for sample in samples if sample.error]
    lines += ["", "## Failed", "", *failed] if failed else []
    lines += ["", "## Left out", "", *(f"- {line}" for line in facts.left_out)] if facts.left_out else []
    return "\n".join(lines) + "\n"


def models(samples: Sequence[Sample]) -> str:
    """Return in words which models the default settings took for which kinds."""
    taken: dict[str, set[str]] = {}
    for sample in samples:
        for group in sample.small.groups if sample.small else ():
            if group.role is not Role.ALPHA and not group.constant:
                taken.setdefault(short(group.model), set()).add((group.holds or sample.job.kind).value)
    order = sorted(taken.items(), key=lambda item: (-len(item[1]), item[0]))
    return "; ".join(f"`{name}` for {', '.join(sorted(kinds)).replace('_', ' ')}" for name, kinds in order)


def bounds_table(found: Sequence[Bound]) -> list[str]:
    rows = [
        [bound.name, str(bound.checked), bound.verdict, "<br>".join(bound.broken) or "–"]
        for bound in found
        if bound.checked
    ]
    return table(["bound", "textures", "", "which not"], rows)


def kind_table(members: Sequence[Sample]) -> list[str]:
    columns = used(members)
    rows = [[name, *(mean(members, name, column) for column in columns)] for name in METHODS]
    return table(["", *(COLUMNS[column][0] for column in columns)], rows)


def mean(members: Sequence[Sample], method: str, column: str) -> str:
    values = [found for sample in members if (found := value(sample, column, method)) is not None]
    # Of a picture that is all but smooth, nothing is expected, and any detail is many times that.
    middle = np.median if column == "detail" else np.mean
    return written(column, float(middle(values)) if values else None)


def texture_table(samples: Sequence[Sample]) -> list[str]:
    columns = used(samples)
    rows = []
    for sample in samples:
        for name in METHODS:
            head = [sample.name, sample.job.kind.value] if name == METHODS[0] else ["", ""]
            rows.append([*head, name, *(written(column, value(sample, column, name)) for column in columns)])
    return table(["texture", "map", "", *(COLUMNS[column][0] for column in columns)], rows)


def taken_for(samples: Sequence[Sample]) -> list[str]:
    """Tell where the small texture was understood differently from the whole one."""
    lines = []
    for sample in samples:
        if sample.small is None:
            continue
        for what, whole, small in (
            ("map", sample.job.kind.value, sample.small.kind.value),
            ("alpha", sample.job.alpha.value, sample.small.alpha.value),
        ):
            if whole != small:
                lines.append(f"- `{sample.name}`: {what} {small} instead of {whole} ({sample.small.why})")
    return lines or ["All for what the whole ones were taken for."]


def used(samples: Sequence[Sample]) -> list[str]:
    return [column for column in COLUMNS if any(value(s, column, m) is not None for s in samples for m in METHODS)]


def written(column: str, number: float | None) -> str:
    return "–" if number is None else format(number, COLUMNS[column][1])


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    ruler = ["---", *("---:" if header in {name for name, _ in COLUMNS.values()} else "---" for header in headers[1:])]
    return ["| " + " | ".join(row) + " |" for row in (headers, ruler, *rows)]


def as_json(samples: Sequence[Sample], facts: Facts, found: Sequence[Bound]) -> str:
    plain = {
        "command": facts.command,
        "crop": facts.crop,
        "model": facts.model,
        "bounds": [{"name": b.name, "checked": b.checked, "verdict": b.verdict, "broken": b.broken} for b in found],
        "textures": [
            {
                "name": sample.name,
                "kind": sample.job.kind.value,
                "alpha": sample.job.alpha.value,
                "taken_for": None if sample.small is None else sample.small.kind.value,
                "error": sample.error,
                "methods": sample.methods,
            }
            for sample in samples
        ],
        "left_out": facts.left_out,
    }
    return json.dumps(plain, indent=1) + "\n"


# What is shown


def chosen(samples: Sequence[Sample]) -> list[Sample]:
    """Return six textures that may be shown: the favourites, and others in the order of their names."""
    free = [
        sample
        for sample in samples
        if OURS in sample.methods and (not sample.licence or sample.licence.startswith(MAY_BE_SHOWN))
    ]
    first = [sample for wanted in FAVOURITES for sample in free if Path(sample.name).name == wanted]
    return [*first, *(sample for sample in free if sample not in first)][: len(FAVOURITES)]


def picture(shown: Sequence[Sample], pictures: Callable[[Sample], dict[str, Pixels]]) -> panels.Drawing:
    """Draw a row a texture: where the results of this project and of the bicubic filter differ most."""
    rows = []
    for sample in shown:
        views = pictures(sample)
        crop = panels.most_different(views["bicubic"], views[OURS], _PANEL)
        row = panels.beside([panels.titled(panels.drawn(crop.of(picture), 2), name) for name, picture in views.items()])
        rows.append(panels.titled(row, f"{Path(sample.name).stem} ({sample.job.kind.value.replace('_', ' ')})"))
    return panels.below(rows)


def credits(shown: Sequence[Sample]) -> str:
    """Return whose the textures of the picture are."""
    names = ", ".join(
        f"`{Path(sample.job.name).name}`" + (f" ({sample.licence})" if sample.licence else "") for sample in shown
    )
    return f"At 2:1, where the results of this project and of the bicubic filter differ most. Textures: {names}."
