"""Holds models against the textures that a training keeps back: by what a run makes of them, beside bicubic.

    python benchmarks/held_out.py train.yaml MODEL…     the textures that the training never looks at
    python benchmarks/held_out.py train.yaml MODEL… --validation --pictures OUT

Each texture's middle is box-filtered down and enlarged again. Of pictures, masks and heights: dB, ꟻLIP (of colour
alone), the energy beyond what the small one can hold as a share of the truth's (`fine`), and how much of the truth
lies in it (`true`; detail in the wrong place counts for nothing). Of normals: degrees. Each material counts as much.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np

from cg_upscaler.backends.devices import describe
from cg_upscaler.cli.tables import table
from cg_upscaler.generate.pool import Pool
from cg_upscaler.library.config.training import Lesson, Training, load_training
from cg_upscaler.maps import BICUBIC
from cg_upscaler.measure.spectrum import true_detail
from cg_upscaler.model_names import short
from cg_upscaler.pixels.rows import Pixels, from_float
from cg_upscaler.spec import DeviceInfo
from cg_upscaler.training.history import Figures
from cg_upscaler.training.measuring import LOWER_IS_BETTER, figures_of, middle, plainly, upscaled
from cg_upscaler.training.pieces import Held, hold
from cg_upscaler.training.smaller import smaller
from cg_upscaler.training.split import split, spread
from cg_upscaler.training.textures import find_textures

Of = tuple[str, Figures]
"""A texture's material, and its figures."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--validation", action="store_true", help="those that choose the weights")
    parser.add_argument("--fallback", action="store_true", help="also with smooth ones resampled")
    parser.add_argument("--each", action="store_true", help="the first figure of each texture")
    parser.add_argument("--json", type=Path, help="a file to write it to, for the quality page")
    parser.add_argument("--pictures", type=Path, help="a folder for truth, bicubic and results, side by side")
    parser.add_argument("--crop", type=int, help="texels a side of the middles, instead of the training's 'measured'")
    asked = parser.parse_args()
    training = load_training(asked.config)
    if asked.crop:
        training = training.model_copy(update={"measured": asked.crop})
    device = describe(training.device)
    held = kept_back(training, validation=asked.validation)
    rows: dict[str, list[Of]] = {}
    for texture in held:
        truth, results = made(texture, training, device, asked.models, fallback=asked.fallback)
        for way, result in results.items():
            found = all_figures(truth, result, training)
            rows.setdefault(way, []).append((texture.texture.material, found))
        if asked.pictures:
            save(asked.pictures, texture.texture.name, [truth, *results.values()])
    names = [texture.texture.name for texture in held]
    kinds = list(dict.fromkeys(figure for of in rows.values() for _, each in of for figure in each))
    if asked.each:
        heads = ("texture", *(f"{way} {kinds[0]}" for way in rows))
        print(
            table(
                heads, [(name, *(cell(of[at][1][kinds[0]]) for of in rows.values())) for at, name in enumerate(names)]
            )
        )
        print()
    ways = [summary(way, of, rows[BICUBIC], kinds[0]) for way, of in rows.items()]
    lines = [(way.name, *(cell(way.mean.get(kind)) for kind in kinds), cell(way.worst), cell(way.best)) for way in ways]
    print(table((f"{len(held)} textures", *kinds, "worst / bicubic", "best / bicubic"), lines))
    if asked.json:
        materials = len({texture.texture.material for texture in held})
        command = f"python benchmarks/held_out.py {asked.config.as_posix()} {' '.join(asked.models)}"
        found = {"teaches": training.teach.value, "textures": len(held), "materials": materials, "command": command}
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        asked.json.write_text(json.dumps(found | {"ways": [asdict(way) for way in ways]}, indent=1) + "\n")


@dataclass(frozen=True)
class Way:
    """What one way comes to over all textures."""

    name: str
    mean: dict[str, float]
    """Over materials."""
    worst: float
    best: float
    """The first figure over bicubic's, of single textures."""


def summary(name: str, of: Sequence[Of], plain: Sequence[Of], first: str) -> Way:
    against = [ours[first] / max(1e-9, theirs[first]) for (_, ours), (_, theirs) in zip(of, plain, strict=True)]
    ends = max(against), min(against)
    worst, best = ends if first in LOWER_IS_BETTER else reversed(ends)
    return Way(name, over_materials(of), worst, best)


def kept_back(training: Training, *, validation: bool = False) -> tuple[Held, ...]:
    """Return the textures that a training holds out, decoded as it decodes them."""
    parts = split(find_textures(training), training)
    part = parts.validation if validation else parts.held_out
    return hold(spread(part, training.most), training.output / "kept", training.teach, {}, training.scale)[0]


def made(
    texture: Held, training: Training, device: DeviceInfo, models: Sequence[str], *, fallback: bool = False
) -> tuple[Pixels, dict[str, Pixels]]:
    """Return the truth, and what bicubic and each model make of its small version."""
    truth = middle(texture, training)
    small = smaller(truth, training.scale, "box", training.teach)
    levels = from_float(small, np.uint16 if training.teach is Lesson.HEIGHT else np.uint8)
    pool = Pool(device)
    results = {BICUBIC: plainly(levels, training)}
    for model in models:
        results[short(model)] = upscaled(levels, model, training, device, pool)
        if fallback:
            results[f"{short(model)}, or smooth"] = upscaled(levels, model, training, device, pool, fallback=True)
    return truth, results


def all_figures(truth: Pixels, result: Pixels, training: Training) -> Figures:
    found = dict(figures_of(truth, result, training.teach))
    if training.teach is not Lesson.NORMAL and (detail := true_detail(truth, result, training.scale)) is not None:
        found |= {"fine": detail[0], "true": detail[1]}
    return found


def over_materials(measured: Sequence[Of]) -> dict[str, float]:
    by_material: dict[str, list[Mapping[str, float]]] = {}
    for material, figures in measured:
        by_material.setdefault(material, []).append(figures)
    kinds = {figure for _, figures in measured for figure in figures}
    return {
        kind: float(
            np.mean(
                [
                    np.mean([each[kind] for each in members if kind in each])
                    for members in by_material.values()
                    if any(kind in each for each in members)
                ]
            )
        )
        for kind in kinds
    }


def cell(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def save(folder: Path, name: str, pictures: Sequence[Pixels]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    row = np.concatenate([from_float(np.clip(each, 0, 1), np.uint8) for each in pictures], axis=1)
    cv2.imwrite(str(folder / f"{Path(name).stem}.png"), row[:, :, ::-1] if row.shape[2] == 3 else row)


if __name__ == "__main__":
    main()
