"""Measures enlarged normal maps in degrees: `python benchmarks/normals.py LIBRARY`.

Each normal map of a library is the truth. Its vectors, averaged 4 × 4, made unit length and rounded to the file's own
depth, are the source. Printed is the mean angle between the truth and the source enlarged four times: by OpenCV's and
by Catmull-Rom's bicubic, each made unit length, and by this package; then the package, and what else was tried, over
the better bicubic. `docs/decisions/0008-normals.md` holds its figures.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cg_upscaler import codecs
from cg_upscaler.backends import devices
from cg_upscaler.cut import canonical_cut
from cg_upscaler.generate.pool import Pool
from cg_upscaler.geometry import Edges
from cg_upscaler.job import Action, Band, Group, Job, Pass, Via
from cg_upscaler.library.naming.names import by_name
from cg_upscaler.maps import BICUBIC, ColorSpace, MapKind, Role
from cg_upscaler.measure.angular import angles
from cg_upscaler.models import catalog
from cg_upscaler.pixels import normals
from cg_upscaler.pixels.projection import projected
from cg_upscaler.pixels.resample import enlarge, shrink, tent
from cg_upscaler.pixels.rows import Pixels, from_float, to_float
from cg_upscaler.pixels.sharpness import sharpness
from cg_upscaler.pixels.views import Array
from cg_upscaler.pixels.windows import Local, windowed
from cg_upscaler.spec import Depth, ImageSpec, Precision
from cg_upscaler.upscale import upscale

FACTOR = 4
CROP = 256
"""Side of the truth where the generator runs, which is slow without a GPU, and of what is drawn."""


@dataclass(frozen=True)
class Sample:
    name: str
    truth: Pixels
    """Unit vectors."""
    stored: NDArray[np.generic]
    """The source, in levels."""
    lossy: bool = False

    @property
    def source(self) -> Pixels:
        return normals.normalise(normals.decode(to_float(self.stored)))

    def cropped(self) -> Sample:
        top, left = (max(0, side - CROP) // 2 // FACTOR for side in self.truth.shape[:2])
        few = np.s_[top : top + CROP // FACTOR, left : left + CROP // FACTOR]
        many = np.s_[FACTOR * top : FACTOR * top + CROP, FACTOR * left : FACTOR * left + CROP]
        return replace(self, truth=self.truth[many], stored=np.ascontiguousarray(self.stored[few]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library", type=Path)
    parser.add_argument("--quality", type=int, help="of JPEG, which the sources then go through")
    parser.add_argument("--generator", action="store_true", help="run the default network as well, on a crop of each")
    parser.add_argument("--draw", type=Path, help="a folder for pictures: each map lit, truth, bicubic and ours")
    options = parser.parse_args()

    samples = [sample for path in sorted(options.library.rglob("*")) if (sample := load(path, options.quality))]
    if options.generator:
        samples = [sample.cropped() for sample in samples]
        CANDIDATES["generator"] = lambda sample: upscaled(sample, catalog.REFERENCE)
    print(f"{'degrees':44} opencv catmull   ours  sharp  {'of bicubic:'} {'ours':>7}", *(f"{n:>9}" for n in CANDIDATES))
    ratios = []
    for sample in samples:
        ours = upscaled(sample, BICUBIC)
        bicubics = [angle(sample, by_opencv(sample)), angle(sample, enlarged(sample.source))]
        tried = [ours, *(candidate(sample) for candidate in CANDIDATES.values())]
        ratios.append([angle(sample, one) / min(bicubics) for one in tried])
        sharp = sharpness(Array(sample.source), Edges(), 255 if sample.stored.dtype == np.uint8 else None)
        print(f"{sample.name[-44:]:44}", *(f"{one:7.3f}" for one in (*bicubics, angle(sample, ours))), end="")
        print(f"{sharp:7.2f} {'':11}", *(f"{ratio:8.3f} " for ratio in ratios[-1]), flush=True)
        if options.draw:
            draw(sample, ours, options.draw)
    for name, of in (("mean", np.mean), ("worst", np.max)):
        print(f"{name:44}", " " * 42, *(f"{of(column):8.3f} " for column in zip(*ratios, strict=True)))


def load(path: Path, quality: int | None) -> Sample | None:
    """Return a normal map, cut to whole multiples of four texels, as truth and source; None where it is none."""
    verdict = by_name(path.as_posix()) if path.is_file() else None
    if verdict is None or verdict.kind is not MapKind.NORMAL or not codecs.is_texture(path):
        return None
    pixels = codecs.read(path).pixels[:, :, :3]
    height, width = (side // FACTOR * FACTOR for side in pixels.shape[:2])
    truth = normals.normalise(normals.decode(to_float(pixels[:height, :width])))
    small = normals.encode(normals.normalise(shrink(truth, FACTOR)), 3)
    stored = from_float(small, pixels.dtype)
    if quality is not None:
        bgr = np.ascontiguousarray(from_float(small, np.uint8)[:, :, ::-1])
        coded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        stored = np.ascontiguousarray(cv2.imdecode(coded, cv2.IMREAD_COLOR)[:, :, ::-1])
    return Sample(path.as_posix(), truth, stored, lossy=quality is not None)


def angle(sample: Sample, vectors: Pixels) -> float:
    return angles(sample.truth, vectors).mean


def upscaled(sample: Sample, model: str) -> Pixels:
    """Return what the package makes of it, before it is rounded to levels."""
    source = Array(sample.stored)
    info = catalog.find(model, scale=FACTOR)
    once = Pass(FACTOR, Via.DIRECT, canonical_cut(source.size, info))
    vectors, band = (0, 1, 2), Band.LOW if sample.lossy else Band.ALL
    group = Group(Role.NORMAL, vectors, vectors, ColorSpace.DATA, model, (once,), 1.0, band, Precision.FLOAT32)
    spec = ImageSpec(source.size, 3, Depth.UINT8, "png", ColorSpace.DATA)
    big = replace(spec, size=source.size * FACTOR)
    job = Job("", "", "", Action.UPSCALE, MapKind.NORMAL, "", 1.0, FACTOR, spec, big, groups=(group,))
    pool = Pool(devices.describe("auto"))
    result = upscale(source, job, pool, scratch=None, tick=lambda share: None)
    return normals.decode(result.rows(0, result.size.height))


def by_opencv(sample: Sample) -> Pixels:
    size = sample.truth.shape[1], sample.truth.shape[0]
    return np.asarray(cv2.resize(sample.source, size, interpolation=cv2.INTER_CUBIC))


def applied(op: Local, *inputs: Pixels) -> Pixels:
    result = windowed(op, Edges(), *(Array(one) for one in inputs))
    return result.rows(0, result.size.height)


def enlarged(vectors: Pixels, kernel: Callable[..., NDArray[np.float64]] | None = None) -> Pixels:
    fn = (lambda window: enlarge(window, FACTOR)) if kernel is None else lambda window: enlarge(window, FACTOR, kernel)
    return applied(Local(fn, 2, FACTOR), vectors)


def pulled_back(vectors: Pixels) -> Pixels:
    return applied(projected(FACTOR, 1.0, Band.ALL), enlarged(vectors), vectors)


def of_slopes(sample: Sample) -> Pixels:
    """Enlarge x/z and y/z rather than x, y and z."""
    z = np.maximum(sample.source[:, :, 2:], 0.02)
    return pulled_back(np.concatenate([sample.source[:, :, :2] / z, np.ones_like(z)], axis=2))


def of_directions(sample: Sample) -> Pixels:
    """Pull back after each normalisation, so that directions are compared and not sums of vectors."""
    vectors, result = sample.source, normals.normalise(enlarged(sample.source))
    for _ in range(4):
        missing = vectors - normals.normalise(shrink(result, FACTOR))
        result = normals.normalise(result + enlarged(missing))
    return result


def by_lanczos(sample: Sample) -> Pixels:
    size = sample.truth.shape[1], sample.truth.shape[0]
    return np.asarray(cv2.resize(sample.source, size, interpolation=cv2.INTER_LANCZOS4))


CANDIDATES: dict[str, Callable[[Sample], Pixels]] = {
    "linear": lambda sample: enlarged(sample.source, tent),
    "lanczos": by_lanczos,
    "pulled": lambda sample: pulled_back(sample.source),
    "slopes": of_slopes,
    "direction": of_directions,
}


def draw(sample: Sample, ours: Pixels, folder: Path) -> None:
    """Write the middle of a map, lit from the upper left: truth, bicubic and ours, side by side."""
    folder.mkdir(parents=True, exist_ok=True)
    light = np.array([-0.5, 0.5, 0.7]) / np.linalg.norm([-0.5, 0.5, 0.7])
    top, left = (max(0, side - CROP) // 2 for side in sample.truth.shape[:2])
    crops = [
        normals.normalise(one)[top : top + CROP, left : left + CROP] @ light
        for one in (sample.truth, enlarged(sample.source), ours)
    ]
    name = sample.name.replace("/", "_").lstrip("_")
    cv2.imwrite(str(folder / f"{name}.png"), np.clip(np.hstack(crops) * 255, 0, 255).astype(np.uint8))


if __name__ == "__main__":
    main()
