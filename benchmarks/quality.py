"""Shows what upscaling does to textures: `python dev.py quality [LIBRARY] [--out DIR] [--crop N] [--only GLOB]`.

Each texture of a library is box-filtered down to a quarter, as its map wants it; upscaled back by this project, with
the models that are usual for each kind, with x4plus and with our own for all, by OpenCV's bicubic and Lanczos filters
and by the raw generator; and all are held against the texture itself, and against what they were made from. DIR gets
`quality.md`, `quality.json` and `images/quality.png`. What our own weights come to on the textures that their trainings
keep back is taken over from docs/weights, where `held_out.py` puts it.

To keep it short, a texture is a crop of --crop texels from its middle; one that tiles is filtered down whole until it
has no more than that a side. This project gets the small textures as files, as a user would give them: it has to find
out by itself what each one is. What networks gave that run tile by tile is kept in --work for the next time.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import quality_report as report
from numpy.typing import NDArray
from rivals import FILTERS, Remembering, filtered, raw
from samples import FACTOR, SMALLEST, Sample, cut, manifest_of, name_for, spec_for, threshold_of

from cg_upscaler import codecs
from cg_upscaler.backends import devices
from cg_upscaler.engine import Engine
from cg_upscaler.errors import UpscaleError
from cg_upscaler.geometry import Edge, Size
from cg_upscaler.job import Action, Event, Job, Outcome, Plan
from cg_upscaler.library.config import load
from cg_upscaler.library.plan import make_plan
from cg_upscaler.library.receipts import Receipts
from cg_upscaler.maps import COLORS, NORMALS, MapKind
from cg_upscaler.measure.figures import kept, likeness, seen
from cg_upscaler.measure.panels import view
from cg_upscaler.measure.reduce import reduced
from cg_upscaler.measure.roll import roll_error
from cg_upscaler.measure.subject import subject_of_job
from cg_upscaler.models.catalog import REFERENCE
from cg_upscaler.pixels.holes import without_holes
from cg_upscaler.pixels.rows import Pixels, from_float, to_float
from cg_upscaler.spec import DeviceInfo, ImageSpec

Stored = NDArray[np.generic]

X4: dict[str, object] = {
    "kinds": {kind.value: {"model": REFERENCE} for kind in MapKind if kind is not MapKind.PIXEL_ART}
}
"""Settings by which x4plus enlarges every kind of map, whatever is usual for it."""

OWN: dict[str, object] = {
    "kinds": {kind.value: {"model": NORMALS if kind is MapKind.NORMAL else COLORS} for kind in MapKind}
    | {MapKind.PIXEL_ART.value: {}}
}
"""Settings by which our own weights do."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="dev.py quality", description=__doc__.splitlines()[0])
    parser.add_argument("library", nargs="?", type=Path, default=Path("examples", "textures"))
    parser.add_argument("--out", type=Path, default=Path("out", "quality"), help="where the report goes")
    parser.add_argument("--work", type=Path, default=Path("out", "quality", "work"), help="where files are kept")
    parser.add_argument("--crop", type=int, default=512, help="texels a side of what is measured at most")
    parser.add_argument("--only", action="append", default=[], metavar="GLOB", help="only textures that match")
    options = parser.parse_args()
    if not options.library.exists():
        parser.error(f"there is no {options.library}")
    if options.crop < SMALLEST:
        parser.error(f"--crop is {SMALLEST} at least")
    start, device = time.monotonic(), devices.describe()
    work = Work(options.work, device)
    plan = work.plan(options.library, options.only)
    samples, left_out = prepare(plan, options.library, options.crop, work)
    if not samples:
        print("nothing here can be measured:", *left_out, sep="\n  ", file=sys.stderr)
        return 1
    work.upscale(samples)
    for i, sample in enumerate(samples, 1):
        say(f"[{i}/{len(samples)}] {sample.name}")
        measure(sample, work)
    command = ["python dev.py quality", shortly(options.library), *(f"--only '{glob}'" for glob in options.only)]
    command += [f"--crop {options.crop}"] if options.crop != 512 else []
    facts = report.Facts(" ".join(command), options.crop, device.label, REFERENCE, left_out, Path("docs", "weights"))
    print(report.write(samples, facts, options.out, lambda sample: pictures(sample, work)))
    say(f"{time.monotonic() - start:.0f} s; {options.out / 'quality.md'}")
    return 0


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def told(event: Event) -> None:
    if event.receipt is not None:
        say(f"{event.receipt.outcome.value}: {event.job.name} ({event.receipt.seconds:.1f} s) {event.receipt.error}")


def shortly(path: Path) -> str:
    return path.name if path.is_absolute() else path.as_posix()


@dataclass
class Work:
    """The folder in which everything is made, and what makes it."""

    folder: Path
    device: DeviceInfo

    def __post_init__(self) -> None:
        for made in ("truth", "source", "rolled", "ours", "ours-rolled", "x4plus", "own", "raw"):
            shutil.rmtree(self.folder / made, ignore_errors=True)
        self.generators = Remembering(self.device, self.folder / "remembered")

    def plan(self, library: Path, only: list[str], output: str = "ours", **settings: object) -> Plan:
        config = load(source=library, output=self.folder / output, **settings)
        return make_plan(config, device=self.device, only=only)

    def upscale(self, samples: list[Sample]) -> None:
        """Upscale what was prepared, as `cg-upscale run` with default settings would."""
        by_name = {sample.name: sample for sample in samples}
        for source, output, settings in (
            ("source", "ours", {}),
            ("rolled", "ours-rolled", {}),
            ("source", "x4plus", X4),
            ("source", "own", OWN),
        ):
            if not (self.folder / source).is_dir():
                continue
            plan = self.plan(self.folder / source, [], output, **settings)
            say(f"upscaling {len(plan.jobs)} textures of {source} into {output}")
            with Receipts(self.folder / output) as receipts:
                done = Engine(self.generators, force=True).run(plan, receipts, told)
            if output != "ours":
                continue
            for problem in plan.problems:
                by_name[problem.name].error = problem.message
            for job, receipt in zip(plan.jobs, done, strict=True):
                by_name[job.name].small = job
                if receipt.outcome is not Outcome.DONE:
                    by_name[job.name].error = receipt.error or f"{receipt.outcome.value}: {job.why}"

    def read(self, folder: str, name: str) -> Stored:
        return codecs.read(self.folder / folder / name).pixels

    def write(self, folder: str, name: str, spec: ImageSpec, pixels: Pixels) -> None:
        path = self.folder / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with codecs.create(path, replace(spec, size=Size(pixels.shape[1], pixels.shape[0]))) as sink:
            sink.put(pixels)
            sink.commit()


# What is measured


def prepare(plan: Plan, library: Path, crop: int, work: Work) -> tuple[list[Sample], list[str]]:
    """Cut out and make small what is to be measured; and say what is left out, and why."""
    manifest = manifest_of(library)
    samples: list[Sample] = []
    left_out = [f"{problem.name}: {problem.message}" for problem in plan.problems]
    for job in plan.jobs:
        if job.action is not Action.UPSCALE:
            left_out.append(f"{job.name}: {job.kind.value}, {job.action.value} ({job.why})")
            continue
        say(f"cutting {job.name}")
        try:
            samples.append(sample_of(job, plan, manifest.get(job.name, {}), crop, work))
        except UpscaleError as error:
            left_out.append(f"{job.name}: {error.what}")
    return samples, left_out


def sample_of(job: Job, plan: Plan, known: Mapping[str, str], crop: int, work: Work) -> Sample:
    """Write the truth, the small texture and, if it tiles, that one rolled. Raises `UpscaleError`."""
    tiles = known.get("tileable") == "yes"
    wraps = (tiles or job.edges.y is Edge.WRAP, tiles or job.edges.x is Edge.WRAP)
    subject = subject_of_job(job)
    pixels = without_holes(to_float(codecs.read(Path(job.source)).pixels))
    truth, wraps = cut(pixels, subject, wraps, crop)
    if min(truth.shape[:2]) < SMALLEST:
        raise UpscaleError(f"smaller than {SMALLEST} texels a side")
    spec = spec_for(job, truth)
    name = name_for(job, plan, spec)
    owner = ", ".join(known[column] for column in ("licence", "source_package") if known.get(column))
    sample = Sample(name, job, subject, spec, wraps, owner)
    work.write("truth", name, spec, truth)
    small = reduced(to_float(work.read("truth", name)), FACTOR, subject, threshold=threshold_of(subject))
    work.write("source", name, spec, small)
    if any(wraps):
        work.write("rolled", name, spec, np.roll(to_float(work.read("source", name)), sample.roll, axis=(0, 1)))
    return sample


def measure(sample: Sample, work: Work) -> None:
    """Upscale a sample by each rival, and hold all results against the truth and their source."""
    source, truth = work.read("source", sample.name), work.read("truth", sample.name)
    ways: dict[str, Callable[[Pixels], Pixels]] = {
        name: lambda pixels, name=name: filtered(pixels, FACTOR, name) for name in FILTERS
    }
    ways["raw generator"] = lambda pixels: raw(pixels, sample.spec, work.generators, REFERENCE)
    sample.methods[report.TRUTH] = asdict(kept(source, truth, sample.subject))
    for name, way in ways.items():
        result = from_float(way(to_float(source)), truth.dtype)
        of_rolled = None
        if any(sample.wraps):
            of_rolled = from_float(way(to_float(work.read("rolled", sample.name))), truth.dtype)
        sample.methods[name] = figures(sample, source, truth, result, of_rolled)
        if name == "raw generator":
            work.write("raw", sample.name, sample.spec, to_float(result))
    if sample.error:
        return
    result = work.read("ours", sample.name)
    if result.shape != truth.shape:
        sample.error = f"the result is {result.shape}, and not {truth.shape}"
        return
    of_rolled = work.read("ours-rolled", sample.name) if any(sample.wraps) else None
    sample.methods[report.OURS] = figures(sample, source, truth, result, of_rolled)
    for folder, method in (("x4plus", report.X4), ("own", report.OWN)):
        made = work.read(folder, sample.name)
        if made.shape == truth.shape:
            sample.methods[method] = figures(sample, source, truth, made, None)


def figures(
    sample: Sample, source: Stored, truth: Stored, result: Stored, of_rolled: Stored | None
) -> dict[str, float | None]:
    """Return all figures of one result by their names."""
    subject, after = sample.subject, to_float(result)
    found = asdict(likeness(to_float(truth), after, subject)) | asdict(kept(source, result, subject))
    if of_rolled is not None and of_rolled.shape == result.shape:
        both = (after, to_float(of_rolled))
        pair = both if subject.vectors else (seen(picture, to_float(source), subject) for picture in both)
        error = roll_error(*pair, (sample.roll[0] * FACTOR, sample.roll[1] * FACTOR))
        found |= {"roll": error.worst, "roll_mean": error.mean}
    return found


def pictures(sample: Sample, work: Work) -> dict[str, Pixels]:
    """Return the truth and five results as they are looked at."""
    truth, source = (to_float(work.read(folder, sample.name)) for folder in ("truth", "source"))
    shown = {
        "truth": truth,
        "bicubic": filtered(source, FACTOR, "bicubic"),
        "raw generator": to_float(work.read("raw", sample.name)),
        report.X4: to_float(work.read("x4plus", sample.name)),
        report.OWN: to_float(work.read("own", sample.name)),
        report.OURS: to_float(work.read("ours", sample.name)),
    }
    return {name: view(picture, truth, sample.subject) for name, picture in shown.items()}


if __name__ == "__main__":
    sys.exit(main())
