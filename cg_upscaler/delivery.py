"""Brings a finished picture into its file: slice by slice, each with its mip levels, in the file's own numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cg_upscaler import codecs
from cg_upscaler.codecs import FileSink, Image, ocio
from cg_upscaler.errors import SourceError, UnreadableImage
from cg_upscaler.job import Job
from cg_upscaler.pixels.cells import Cropped
from cg_upscaler.pixels.mips import levels
from cg_upscaler.pixels.rows import Pixels, Sink, Source, pour
from cg_upscaler.pixels.scratch import hold
from cg_upscaler.pixels.storing import as_stored, stored
from cg_upscaler.pixels.views import Array, Mapped

Watch = Callable[[Sink], Sink]
"""Puts something before a sink that sees what goes into it."""


def create(job: Job, image: Image) -> FileSink:
    """Begin the file of a job, which carries on what that of its source says beside its texels.

    What it replaces may be read-only until it is put into its place.
    """
    assert job.output_spec is not None  # an upscaling job has one
    moved = job.storing.curve is not None or (job.named is not None and job.named.file != job.named.result)
    metadata = image.metadata.without_colour() if moved else image.metadata
    if job.credited and job.used:
        metadata = codecs.saying(metadata, "Upscaled", credit(job))
    return codecs.create(Path(job.output), job.output_spec, metadata, locked=True)


def credit(job: Job) -> str:
    """Return in words which models a texture was made with, and under which licences they are."""
    models = (f"{each.model} (SHA-256 {each.weights}, licence {each.licence or 'none'})" for each in job.used)
    return f"by cg-upscaler with {', '.join(models)}"


def deliver(result: Source, job: Job, image: Image, sink: Sink, watch: Watch, *, scratch: Path | None) -> None:
    """Put a finished picture, all of its slices, into the sink of its file, without committing it.

    `watch` sees the first level of each slice, as it is before the file's curves and channels. `scratch` is a folder
    for what is too large for memory.
    """
    assert job.output_spec is not None
    size, storage = job.output_spec.size, job.output_spec.storage
    into = _Finishing(sink, job, _conversion(job))
    watched = watch(into)
    normals = _normals(job)
    for number in range(storage.slices):
        first: Source = result if storage.slices == 1 else Cropped(result, 0, number * size.height, size)
        if storage.levels > 1:
            first = hold(first, scratch)  # it is read once for the file, and once more for the level below it
        pour(first, watched)
        for level in levels(first, job, scratch=scratch, normals=normals, own=_own_levels(job, image, number)):
            pour(level, into)


def in_file(result: Source, job: Job) -> Source:
    """Return a finished picture in the numbers and channels that its file holds."""
    assert job.output_spec is not None
    convert = _conversion(job)
    named = result if convert is None else Mapped(result, convert, result.channels)
    return as_stored(named, job.storing, job.output_spec.color_space, _alpha(job))


def working_space(job: Job) -> str:
    """Return the colour space that a job's generators are shown, of a source whose own is said by name."""
    assert job.source_spec is not None
    return ocio.LIGHT if job.source_spec.depth.is_float else ocio.PICTURE


def _conversion(job: Job) -> Callable[[Pixels], Pixels] | None:
    """Return what brings finished colours into the space that is said by name."""
    return None if job.named is None else ocio.transform(working_space(job), job.named.result)


@dataclass(frozen=True, slots=True)
class _Finishing:
    """A `Sink` before a file's, which turns rows into what the file holds."""

    sink: Sink
    job: Job
    convert: Callable[[Pixels], Pixels] | None

    def put(self, rows: Pixels) -> None:
        assert self.job.output_spec is not None
        rows = rows if self.convert is None else self.convert(rows)
        self.sink.put(stored(rows, self.job.storing, self.job.output_spec.color_space, _alpha(self.job)))

    def commit(self) -> None:
        self.sink.commit()

    def discard(self) -> None:
        self.sink.discard()


def _alpha(job: Job) -> int | None:
    return None if job.source_spec is None else job.source_spec.alpha


def _normals(job: Job) -> Source | None:
    if not job.mips.normals:
        return None
    try:
        return codecs.read(Path(job.mips.normals))
    except SourceError as error:
        what = f"its normal map {error.where} {error.what}"
        raise UnreadableImage(what, where=job.name, fix=error.fix) from error


def _own_levels(job: Job, image: Image, number: int) -> Callable[[int], Source] | None:
    """Return what reads a mip level of the source, of one of its slices; None where none of them is to be kept."""
    if not job.mips.kept:
        return None
    spec, path = image.spec, Path(job.source)

    def own(level: int) -> Source:
        height = spec.size.level(level).height
        return Array(codecs.read_level(path, spec, level)[number * height : (number + 1) * height])

    return own
