"""What is measured of a library: the part of each texture that is its own truth, and the small one made from it."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field, replace
from pathlib import Path

from cg_upscaler import codecs
from cg_upscaler.geometry import Size
from cg_upscaler.job import Job, Plan
from cg_upscaler.maps import AlphaMode
from cg_upscaler.measure.reduce import reduced
from cg_upscaler.measure.subject import Subject
from cg_upscaler.pixels.rows import Pixels
from cg_upscaler.spec import ImageSpec

FACTOR = 4
SMALLEST = 16
"""Texels a side below which a texture is left out: a quarter of it would be no picture."""
ROLL = (16, 7)
"""Texels of the source, down and to the right, by which a tileable is rolled."""


@dataclass
class Sample:
    """One texture of the library, as it is measured."""

    name: str
    job: Job
    """What the texture itself was taken for."""
    subject: Subject
    spec: ImageSpec
    """Of the small one that is upscaled."""
    wraps: tuple[bool, bool]
    """Whether it tiles down and to the right."""
    licence: str
    small: Job | None = None
    """What the small one was taken for."""
    error: str = ""
    methods: dict[str, dict[str, float | None]] = field(default_factory=dict)

    @property
    def roll(self) -> tuple[int, int]:
        return ROLL[0] * self.wraps[0], ROLL[1] * self.wraps[1]


def manifest_of(library: Path) -> dict[str, dict[str, str]]:
    """Return what a library's MANIFEST.csv says of its files, if it has one: who may show them, which ones tile."""
    path = library / "MANIFEST.csv"
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {row["file"]: row for row in csv.DictReader(file) if "file" in row}


def cut(pixels: Pixels, subject: Subject, wraps: tuple[bool, bool], crop: int) -> tuple[Pixels, tuple[bool, bool]]:
    """Return what is measured of a texture, at most `crop` a side and whole in quarters, and whether it still tiles."""
    height, width = pixels.shape[:2]
    smallest = -(-max(height, width) // max(crop, SMALLEST))
    factors = range(smallest, max(smallest, min(height, width) // SMALLEST) + 1)
    whole = [factor for factor in factors if height % (factor * FACTOR) == 0 and width % (factor * FACTOR) == 0]
    if any(wraps) and whole:
        return reduced(pixels, whole[0], subject, threshold=threshold_of(subject)), wraps
    sides = [min(side, crop) // FACTOR * FACTOR for side in (height, width)]
    top, left = ((have - want) // 2 for have, want in zip((height, width), sides, strict=True))
    part = pixels[top : top + sides[0], left : left + sides[1]]
    return part, (wraps[0] and sides[0] == height, wraps[1] and sides[1] == width)


def threshold_of(subject: Subject) -> float | None:
    """Return where alpha is to be all or nothing."""
    return subject.threshold if subject.mode is AlphaMode.CUTOUT else None


def spec_for(job: Job, truth: Pixels) -> ImageSpec:
    """Return what the small texture is stored as: without loss, at the depth and with the channels of its own."""
    assert job.source_spec is not None  # it is upscaled
    size = Size(truth.shape[1] // FACTOR, truth.shape[0] // FACTOR)
    plain = replace(job.source_spec, size=size, container="png", lossy=False, indexed=False, note="")
    return replace(plain, container=codecs.output_container(plain)[0])


def name_for(job: Job, plan: Plan, spec: ImageSpec) -> str:
    """Return the small texture's name: its own with the suffix of what it is stored as, unless that is another's."""
    name = Path(job.name).with_suffix(f".{spec.container}").as_posix()
    rivals = [other for other in plan.jobs if Path(other.name).with_suffix("") == Path(job.name).with_suffix("")]
    return name if name == job.name or len(rivals) == 1 else f"{job.name}.{spec.container}"
