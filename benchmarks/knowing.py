"""Shows what is known of textures, by name and without: `python benchmarks/knowing.py LIBRARY MANIFEST`.

MANIFEST is a CSV file that says what each texture is: columns `file`, `map_kind`, `alpha`, `normal_convention` and
`tileable`; a word that is missing, or `?`, or `n/a`, is not judged. By pixels alone the names are scrambled, folders
and all; kinds are then judged of normal maps, which must be told from all others, and of gray maps, which must be
taken for a map of one channel. Prints a row for each texture, what is wrong in capitals, and totals.

With --trials N each texture that tiles is also rolled N times by random amounts, after which it tiles still, and cut N
times to about three fifths of its sides, after which it hardly can; the axes that were taken to wrap are counted.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cg_upscaler import codecs
from cg_upscaler.geometry import Edge, Size
from cg_upscaler.library.classify import Decision, classify
from cg_upscaler.library.survey import survey
from cg_upscaler.library.survey.evidence import AlphaClass, Evidence
from cg_upscaler.library.survey.wrap import edges_of
from cg_upscaler.maps import MapKind, NormalConvention
from cg_upscaler.pixels.views import Array
from cg_upscaler.spec import ImageSpec

KINDS = {
    "albedo": "base_color",
    "albedo-handpainted": "base_color",
    "alpha-cutout": "base_color",
    "luminance": "base_color",
    "matcap-hdr": "environment",
    "environment-hdr": "environment",
    "height16": "height",
}
"""Words of a manifest for kinds that are called otherwise here."""
ALPHAS = {"": AlphaClass.NONE, "opaque": AlphaClass.CONSTANT, "binary": AlphaClass.BINARY}
_OF_SEVERAL = (MapKind.NORMAL, MapKind.PACKED, MapKind.DATA, MapKind.PIXEL_ART)
CONVENTIONS = {"OpenGL(Y+)": NormalConvention.OPENGL, "DirectX(Y-)": NormalConvention.DIRECTX}


@dataclass
class Tally:
    """How many of each question were answered right."""

    right: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)

    def judge(self, question: str, answer: str, truth: str | None) -> str:
        """Count an answer, and return it as it is to be printed; without a truth it does not count."""
        if truth is None:
            return f"({answer})"
        self.asked[question] += 1
        self.right[question] += answer == truth
        return answer if answer == truth else f"{answer.upper()}, is {truth}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library", type=Path)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--trials", type=int, default=0)
    options = parser.parse_args()

    named, scrambled, seconds = Tally(), Tally(), 0.0
    with options.manifest.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        image = codecs.read(options.library / row["file"])
        start = time.perf_counter()
        evidence = survey(image, image.spec)
        seconds += time.perf_counter() - start
        nameless = hashlib.sha256(row["file"].encode()).hexdigest()[:12] + Path(row["file"]).suffix
        print(row["file"])
        for tally, name in ((named, row["file"]), (scrambled, nameless)):
            decision = classify(name, image.spec, evidence)
            answers = (
                by_name(tally, row, decision) if tally is named else by_pixels(tally, row, image, evidence, decision)
            )
            answers += common(tally, row, evidence, decision)
            print(f"  {'named' if tally is named else 'nameless':9}" + " · ".join(answers))
    for title, tally in (("by name and pixels", named), ("by pixels alone", scrambled)):
        totals = ", ".join(f"{question} {tally.right[question]}/{asked}" for question, asked in tally.asked.items())
        print(f"{title}: {totals}")
    print(f"{len(rows)} textures looked at in {seconds:.1f} s")
    if options.trials:
        tileable = [row["file"] for row in rows if row["tileable"] == "yes"]
        try_wrapping([options.library / file for file in tileable], options.trials)


def by_name(tally: Tally, row: dict[str, str], decision: Decision) -> list[str]:
    return [tally.judge("kind", decision.kind.value, KINDS.get(row["map_kind"], row["map_kind"]))]


def by_pixels(
    tally: Tally, row: dict[str, str], image: codecs.Image, evidence: Evidence, decision: Decision
) -> list[str]:
    answer = "normal" if decision.kind is MapKind.NORMAL else "no normal"
    truth = "normal" if row["map_kind"] == "normal" else "no normal"
    answers = [decision.kind.value, tally.judge("normal or not", answer, truth)]
    if _is_gray(image):
        one = evidence.gray and decision.kind not in _OF_SEVERAL
        answers.append(tally.judge("gray", "one channel" if one else "several channels", "one channel"))
    return answers


def common(tally: Tally, row: dict[str, str], evidence: Evidence, decision: Decision) -> list[str]:
    alpha = ALPHAS.get(row["alpha"], AlphaClass.GRADIENT)
    answers = [f"alpha {tally.judge('alpha', evidence.alpha.values.value, alpha.value)} → {decision.alpha.value}"]
    if row["map_kind"] == "normal":
        truth = CONVENTIONS.get(row["normal_convention"])
        answer = decision.convention.value if decision.convention else "none"
        sure = f" ({decision.convention_confidence:.2f})"
        answers.append(tally.judge("convention", answer, truth.value if truth else None) + sure)
    wraps = [axis for axis, edge in (("x", decision.edges.x), ("y", decision.edges.y)) if edge is Edge.WRAP]
    tiles = {"yes": "x and y", "no": "neither"}.get(row["tileable"])
    answers.append("wraps " + tally.judge("wrap", " and ".join(wraps) or "neither", tiles))
    return answers


def try_wrapping(paths: list[Path], trials: int) -> None:
    rng, rolled, cut = np.random.default_rng(0), Counter[str](), Counter[str]()
    for path in paths:
        image = codecs.read(path)
        height, width, _ = image.pixels.shape
        for _ in range(trials):
            turned = np.roll(image.pixels, (rng.integers(height), rng.integers(width)), axis=(0, 1))
            whole, part = _wraps(turned, image.spec), _wraps(turned[: height * 5 // 8, : width * 4 // 7], image.spec)
            rolled.update({path.name: 2 - len(whole)})
            cut.update({path.name: len(part)})
    count = 2 * trials
    for title, wrong in (("rolled, and not taken to wrap", rolled), ("cut, and taken to wrap", cut)):
        named = ", ".join(f"{name} {axes}" for name, axes in wrong.items() if axes)
        print(f"{title}: {sum(wrong.values())} of {count * len(paths)} axes; of {count} each: {named or 'none'}")


def _wraps(pixels: NDArray[np.generic], spec: ImageSpec) -> list[str]:
    height, width, _ = pixels.shape
    spec = replace(spec, size=Size(width, height))
    edges = edges_of(MapKind.BASE_COLOR, spec, survey(Array(pixels), spec))
    return [axis for axis, edge in (("x", edges.x), ("y", edges.y)) if edge is Edge.WRAP]


def _is_gray(image: codecs.Image) -> bool:
    color = [channel for channel in range(image.channels) if channel != image.spec.alpha]
    pixels = image.rows(0, image.size.height)[:, :, color]
    return bool(np.ptp(pixels, axis=2).max() == 0)


if __name__ == "__main__":
    main()
