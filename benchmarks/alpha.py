"""Measures what becomes of transparency: `python benchmarks/alpha.py edges` and `… fringe LIBRARY`.

`edges` draws shapes far larger than needed, filters them down to a cut-out, enlarges that in several ways, and holds
each against the ideal shape. `fringe` takes crops of the library's transparent textures, makes them four times smaller,
enlarges them again as this project does and as four channels would be by themselves, and holds both against the truth
over black, white and magenta. `docs/decisions/0007-alpha.md` holds its figures.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from cg_upscaler import codecs
from cg_upscaler.backends.resize import ResizeNetwork
from cg_upscaler.backends.torch_ import TorchNetwork
from cg_upscaler.cut import canonical_cut
from cg_upscaler.generate import Generator
from cg_upscaler.generate.tiles import Tiles
from cg_upscaler.geometry import Edges, Size
from cg_upscaler.job import Action, Band, Group, Job, Pass, Via
from cg_upscaler.library.survey import survey
from cg_upscaler.library.survey.evidence import AlphaClass
from cg_upscaler.maps import PLAIN, AlphaMode, ColorSpace, MapKind, Role
from cg_upscaler.measure.fringe import composite_error, fringe
from cg_upscaler.measure.reduce import reduced
from cg_upscaler.measure.subject import Subject
from cg_upscaler.models import catalog
from cg_upscaler.pixels.alpha import kept_near_neighbours
from cg_upscaler.pixels.coverage import sloped, with_coverage_of
from cg_upscaler.pixels.resample import enlarge, shrink
from cg_upscaler.pixels.rows import Pixels, Source, from_float, to_float
from cg_upscaler.pixels.stairs import without_stairs
from cg_upscaler.pixels.views import Array, Mapped
from cg_upscaler.pixels.windows import Local, windowed
from cg_upscaler.spec import Depth, ImageSpec, Precision
from cg_upscaler.upscale import upscale

FACTOR, SIDE, FINER = 4, 64, 8
EDGES = Edges()
COLOUR, ALPHA = (0, 1, 2), (3,)


@dataclass(frozen=True)
class Generators:
    """One network for every model but plain resampling."""

    network: Tiles

    def get(self, model: str, scale: int) -> Generator:
        return Tiles(ResizeNetwork(scale, model)) if model in PLAIN else self.network


def group(role: Role, channels: tuple[int, ...], size: Size, model: str, fidelity: float) -> Group:
    step = Pass(FACTOR, Via.DIRECT, canonical_cut(size, catalog.find(model, scale=FACTOR)))
    space = ColorSpace.SRGB if role is Role.COLOR else ColorSpace.DATA
    return Group(role, channels, channels, space, model, (step,), fidelity, Band.ALL, Precision.FLOAT32)


def enlarged(pixels: np.ndarray, groups: tuple[Group, ...], mode: AlphaMode, generators: Generators) -> np.ndarray:
    spec = ImageSpec(Size(pixels.shape[1], pixels.shape[0]), pixels.shape[2], Depth.UINT8, "png", alpha=3)
    larger = ImageSpec(spec.size * FACTOR, spec.channels, spec.depth, "png", alpha=3)
    job = Job("crop", "", "", Action.UPSCALE, MapKind.SPRITE, "", 1.0, FACTOR, spec, larger, EDGES, mode, groups=groups)
    result = upscale(Array(pixels), job, generators, scratch=None, tick=lambda share: None)
    return from_float(result.rows(0, result.size.height), np.uint8)


# Edges ---------------------------------------------------------------------------------------------------------------


def shapes() -> Iterator[tuple[str, Pixels]]:
    """Yield ideal shapes (256, 256, 1) with the smooth edge that they have at that size."""
    y, x = (np.mgrid[: SIDE * FACTOR * FINER, : SIDE * FACTOR * FINER].astype(np.float32) + 0.5) / (FACTOR * FINER)
    v, u = y - SIDE / 2, x - SIDE / 2
    far, angle = np.hypot(v, u), np.arctan2(v, u)
    yield "disc", _ideal(np.hypot(v + 0.3, u - 0.2) < 20.3)
    lines = np.zeros(x.shape, bool)
    for degrees, offset, width in ((20, -22, 1.3), (20, -8, 2), (20, 6, 3), (45, 0, 1.4), (72, 18, 2.2)):
        slope = np.radians(degrees)
        lines |= (np.abs(u * np.sin(slope) + v * np.cos(slope) - offset) < width / 2) & (far < 29)
    yield "thin lines", _ideal(lines)
    stalk = (np.abs(u - 1) < 1) & (v > 0) & (y < 60)
    yield "leaf", _ideal((far < 18 + 7 * np.abs(np.sin(2.5 * angle)) + 2 * np.cos(7 * angle)) | stalk)
    yield "star", _ideal(far < 10 + 34 * np.abs((angle * 3 / np.pi) % 1 - 0.5))
    needles, rng = np.zeros(x.shape, bool), np.random.default_rng(3)
    for _ in range(60):
        left, top, turn = rng.uniform(4, 60), rng.uniform(4, 60), rng.uniform(0, np.pi)
        width, length = rng.uniform(0.6, 1.6), rng.uniform(3, 9)
        along = (x - left) * np.cos(turn) + (y - top) * np.sin(turn)
        beside = (y - top) * np.cos(turn) - (x - left) * np.sin(turn)
        needles |= (along / length) ** 2 + (beside / width) ** 2 < 1
    yield "needles", _ideal(needles)


def _ideal(inside: np.ndarray) -> Pixels:
    return shrink(inside[:, :, None].astype(np.float32), FINER)


def ways(generator: Tiles) -> dict[str, Callable[[Source], Source]]:
    """The ways of enlarging a cut-out that were tried; each is brought to its source's coverage afterwards."""

    def generated(source: Source) -> Source:
        cut = canonical_cut(source.size, generator.info)
        gray = Mapped(source, lambda pixels: pixels.repeat(3, 2), 3)
        rows = generator.run(gray, cut, EDGES, Precision.FLOAT32, lambda share: None)
        result = np.concatenate(list(rows)).mean(axis=2, keepdims=True)
        return windowed(kept_near_neighbours(FACTOR), EDGES, Array(np.clip(result, 0, 1)), source)

    def resampled(source: Source) -> Source:
        larger = windowed(Local(lambda pixels: enlarge(pixels, FACTOR), 2, FACTOR), EDGES, source)
        return Mapped(larger, lambda alpha: np.clip(alpha, 0, 1), 1)

    def distances(source: Source) -> Source:
        inside = (source.rows(0, source.size.height)[:, :, 0] >= 0.5).astype(np.uint8)
        inner, outer = (
            cv2.distanceTransform(side, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) for side in (inside, 1 - inside)
        )
        far = np.where(inside > 0, inner - 0.5, 0.5 - outer)[:, :, None]
        field = windowed(Local(lambda d: enlarge(d, FACTOR), 2, FACTOR), EDGES, Array(far.astype(np.float32)))
        return Mapped(field, lambda d: np.clip(0.5 + FACTOR * d, 0, 1), 1)

    def as_built(source: Source) -> Source:
        clean = without_stairs(source, EDGES)
        return windowed(sloped(FACTOR), EDGES, generated(clean), clean)

    return {
        "nearest": lambda source: Array(_whole(source).repeat(FACTOR, 0).repeat(FACTOR, 1)),
        "bicubic": resampled,
        "bicubic, steeper": lambda source: Mapped(resampled(source), lambda a: np.clip(0.5 + 4 * (a - 0.5), 0, 1), 1),
        "distance field": distances,
        "generator": generated,
        "no stairs, bicubic": lambda source: resampled(without_stairs(source, EDGES)),
        "as built": as_built,
    }


def _whole(source: Source) -> Pixels:
    return source.rows(0, source.size.height)


def edges(generator: Tiles) -> None:
    drawn = list(shapes())
    for title, soft in (("hard", False), ("antialiased", True)):
        print(f"\n{title} cut-outs: root mean square error against the ideal shape, levels of 255; coverage error in %")
        print(f"{'':20s}" + "".join(f"{name:>18s}" for name, _ in drawn))
        for name, way in ways(generator).items():
            cells = []
            for _, truth in drawn:
                alpha = shrink(truth, FACTOR)
                source = Array(alpha if soft else (alpha >= 0.5).astype(np.float32))
                raw = way(source)
                result = with_coverage_of(source, raw, 0.5, Depth.UINT8) if name == "as built" else raw
                wanted = float((_whole(source) >= 0.5).mean())
                off = 100 * (float((_whole(result) >= 0.5).mean()) / wanted - 1)
                error = 255 * float(np.sqrt(np.square(_whole(result) - truth).mean()))
                cells.append(f"{error:10.1f} {off:+6.2f}%")
            print(f"{name:20s}" + "".join(cells), flush=True)


# Fringes -------------------------------------------------------------------------------------------------------------


def crops(library: Path, side: int) -> Iterator[tuple[str, np.ndarray]]:
    """Yield from each transparent texture the square that shows the most of an edge."""
    for path in sorted(library.rglob("*")):
        if path.suffix.lower() not in (".png", ".tga", ".dds"):
            continue
        pixels = codecs.read(path).pixels
        if pixels.dtype != np.uint8 or pixels.shape[2] != 4 or min(pixels.shape[:2]) < side:
            continue
        partly = ((pixels[:, :, 3] > 8) & (pixels[:, :, 3] < 247)).astype(np.float32)
        if (pixels[:, :, 3] == 0).mean() < 0.05 or not partly.any():  # hardly transparency
            continue
        count = cv2.boxFilter(partly, -1, (side, side), anchor=(0, 0), normalize=False, borderType=cv2.BORDER_CONSTANT)
        count = count[: pixels.shape[0] - side + 1, : pixels.shape[1] - side + 1]
        top, left = np.unravel_index(int(count.argmax()), count.shape)
        yield path.name, np.ascontiguousarray(pixels[top : top + side, left : left + side])


def fringes(generators: Generators, library: Path, side: int) -> None:
    """Print two errors of each: of the colour that shows about edges, and of all that shows there."""
    subject = Subject(MapKind.SPRITE, ColorSpace.SRGB, COLOUR, alpha=3, mode=AlphaMode.BLEND)
    model = generators.network.info.name
    print("\nmean error about edges, levels of 255: of colour, and of the composites over black, white and magenta")
    print(f"{'':28s}{'hidden':>8s}{'four channels':>22s}{'as built':>18s}{'colour, ratio':>15s}")
    for name, truth in crops(library, side):
        small = reduced(to_float(truth), FACTOR, subject)
        for hidden in (0, 1):
            pixels = small.copy()
            pixels[pixels[:, :, 3] <= 0.5 / 255, :3] = hidden
            source = from_float(pixels, np.uint8)
            size = Size(source.shape[1], source.shape[0])
            spec = ImageSpec(size, 4, Depth.UINT8, "png", alpha=3)
            hard = survey(Array(source), spec).alpha.values is AlphaClass.BINARY
            built = enlarged(
                source,
                (
                    group(Role.COLOR, COLOUR, size, model, 1.0),
                    group(Role.ALPHA, ALPHA, size, model, 0.0 if hard else 1.0),
                ),
                AlphaMode.CUTOUT if hard else AlphaMode.BLEND,
                generators,
            )
            apart = group(Role.COLOR, COLOUR, size, model, 0.0), group(Role.SCALAR, ALPHA, size, model, 0.0)
            errors = [_errors(truth, r) for r in (enlarged(source, apart, AlphaMode.MASK, generators), built)]
            cells = "".join(
                f"{colour:{wide}.2f}{whole:8.2f}" for (colour, whole), wide in zip(errors, (14, 10), strict=True)
            )
            ratio = errors[1][0] / max(errors[0][0], 0.01)
            print(f"{name:28s}{'white' if hidden else 'black':>8s}{cells}{ratio:15.2f}", flush=True)


def _errors(truth: np.ndarray, result: np.ndarray) -> tuple[float, float]:
    pairs = [(to_float(pixels)[:, :, :3], to_float(pixels)[:, :, 3:]) for pixels in (truth, result)]
    return fringe(*pairs) or 0.0, composite_error(*pairs) or 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["edges", "fringe"])
    parser.add_argument("library", type=Path, nargs="?", default=Path("examples/textures"))
    parser.add_argument("--model", default=catalog.REFERENCE)
    parser.add_argument("--side", type=int, default=192, help="of the crops, before they are made four times smaller")
    options = parser.parse_args()
    network = Tiles(TorchNetwork(catalog.find(options.model), "auto"))
    if options.what == "edges":
        edges(network)
    else:
        fringes(Generators(network), options.library, options.side)


if __name__ == "__main__":
    main()
