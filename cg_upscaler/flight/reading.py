"""Reads what a job works on: its source, as it was planned, and the neighbours around it."""

from __future__ import annotations

from pathlib import Path

from cg_upscaler import codecs
from cg_upscaler.codecs import ocio
from cg_upscaler.delivery import working_space
from cg_upscaler.errors import SourceError, UnreadableImage
from cg_upscaler.job import Job
from cg_upscaler.pixels.cube import framed_faces
from cg_upscaler.pixels.frame import framed
from cg_upscaler.pixels.rows import Source
from cg_upscaler.pixels.views import Mapped


def read(job: Job, scratch: Path | None = None) -> codecs.Image:
    """Decode a job's source. Raises a `SourceError`, also where it is no longer what was planned.

    What is large goes into a file in the folder `scratch`, if there is one, and raises `DiskFull` where that is full.
    """
    image = codecs.read(Path(job.source), limit=_limit(job), scratch=scratch)
    if image.spec != job.source_spec:
        raise UnreadableImage("changed since it was planned", where=job.name, fix="run again")
    return image


def in_working_space(picture: Source, job: Job) -> Source:
    """Return a picture in the colour space that generators know, where its own is said by name."""
    if job.named is None:
        return picture
    return Mapped(picture, ocio.transform(job.named.file, working_space(job)), picture.channels)


def picture_of(image: codecs.Image, job: Job) -> Source:
    """Return the picture, with its neighbours around it where it has a frame; for each face of a cube the other faces.

    Raises `UnreadableImage` for a neighbour that does not go with it.
    """
    if job.frame is None:
        return image
    if image.spec.storage.cube:
        return framed_faces(image.pixels, job.frame.margin)
    try:
        others = {side: codecs.read(Path(side.source), limit=_limit(job)).pixels for side in job.frame.neighbours}
        return framed(image.pixels, job.frame, job.edges, others)
    except SourceError as error:
        what = f"its neighbour {error.where} {error.what}"
        raise UnreadableImage(what, where=job.name, fix=error.fix) from error


def _limit(job: Job) -> int:
    return max(codecs.PIXEL_LIMIT, 0 if job.source_spec is None else job.source_spec.stack.pixels)
