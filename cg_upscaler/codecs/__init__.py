"""Image files in and out: `probe`, `read` and `create`, and a table from suffix to codec.

Every library's habit that would change a texture is closed off here: see `oiio`. Nothing here keeps state, and all of
it may be called from several threads at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from cg_upscaler.codecs.atomic import (
    copy_beside,
    copy_file,
    is_read_only,
    place,
    remove,
    require_space,
    sweep,
    write_text,
)
from cg_upscaler.codecs.codec import Codec, Texels, label, within
from cg_upscaler.codecs.image import Image
from cg_upscaler.codecs.metadata import NOTHING, Metadata
from cg_upscaler.codecs.offers import (
    WRITTEN,
    codec_of,
    depths,
    encodings,
    holds_many,
    kept_encoding,
    refusal,
    unkept,
)
from cg_upscaler.codecs.saying import saying, takes_text
from cg_upscaler.codecs.sink import FileSink
from cg_upscaler.codecs.sniff import examine
from cg_upscaler.codecs.table import CODECS
from cg_upscaler.errors import OutputError, UnreadableImage, UnsupportedImage
from cg_upscaler.spec import ImageSpec, Storage

PIXEL_LIMIT = 1 << 28
"""Texels of a source that are taken at most: 16384², the largest texture that graphics cards take."""

SUFFIXES: Mapping[str, Codec] = MappingProxyType({suffix: codec for codec in CODECS for suffix in codec.suffixes})
"""Every suffix that is read, in lower case and with its dot."""


def is_texture(path: Path) -> bool:
    """Return whether a file is one to read, by its suffix in any case."""
    return path.suffix.lower() in SUFFIXES


def container_of(path: Path) -> str:
    """Return the container that a file's suffix names, in any case; empty where it names none."""
    codec = SUFFIXES.get(path.suffix.lower())
    return "" if codec is None else codec.container


def probe(path: Path, *, limit: int = PIXEL_LIMIT) -> ImageSpec:
    """Return what a file's header says; no pixels are read. Raises a `SourceError`."""
    codec = _examined(path, limit)
    with _enough_memory(path):
        return codec.probe(path, codec.container, limit)


def read(path: Path, *, limit: int = PIXEL_LIMIT, scratch: Path | None = None) -> Image:
    """Decode a file whole, in its own type. Raises a `SourceError`: a part of a picture is never returned.

    With a folder for it, what is large goes by rows into a file there that has no name, and only what is looked at is
    in memory. Raises `DiskFull` where that has no room.
    """
    codec = _examined(path, limit)
    with _enough_memory(path):
        if scratch is not None and codec.large is not None:
            return codec.large(path, codec.container, limit, scratch)
        return codec.read(path, codec.container, limit)


def read_level(path: Path, spec: ImageSpec, level: int) -> Texels:
    """Decode one mip level of all slices of a file, (slices·height, width, channels). Raises a `SourceError`."""
    codec = codec_of(spec.container)
    assert codec.level is not None  # or no file of it has any
    with _enough_memory(path):
        return codec.level(path, codec.container, spec, level)


def create(path: Path, spec: ImageSpec, metadata: Metadata = NOTHING, *, locked: bool = False) -> FileSink:
    """Begin a file of the container that its suffix names. Raises an `OutputError` for what that cannot hold.

    It takes the rows of `spec.pictures`, one picture after the other. Where it replaces a read-only file that is an
    error here, or with `locked` when it is put into its place.
    """
    codec = SUFFIXES.get(path.suffix.lower())
    if codec is None:
        raise OutputError(f"no file can be written as '{path.suffix}'", where=path, fix=f"use one of {_known()}")
    return FileSink(path, spec, codec, metadata, locked=locked)


def output_container(spec: ImageSpec) -> tuple[str, str]:
    """Return the container for a result of a source, and a note where it is another than the source's.

    Integers go to PNG and floats to OpenEXR; two channels of which none is alpha go to TIFF, as PNG would take the
    second one for alpha.
    """
    own = next(codec for codec in CODECS if codec.container == spec.container)
    reason = own.refusal(spec)
    if not reason:
        return spec.container, ""
    wanted = "exr" if spec.depth.is_float else "png"
    held = next(codec for codec in CODECS if codec.container == wanted)
    if held.refusal(replace(spec, storage=Storage())):
        wanted = "tif"
    return wanted, f"{reason}: written as {label(wanted)}"


def _examined(path: Path, limit: int) -> Codec:
    codec = SUFFIXES.get(path.suffix.lower())
    if codec is None:
        what = f"'{path.suffix}' is not a suffix that is read"
        raise UnsupportedImage(what, where=path, fix=f"use one of {_known()}")
    size = examine(path, codec.container)
    if size is not None:
        within(size, limit, path)
    return codec


@contextmanager
def _enough_memory(path: Path) -> Iterator[None]:
    """Say it in our words where memory ends: decoders ask for as much as a damaged header claims of other things."""
    try:
        yield
    except MemoryError as error:
        fix = "close other programs, or export it smaller; if it is small, it is damaged"
        raise UnreadableImage("takes more memory to read than there is", where=path, fix=fix) from error


def _known() -> str:
    return ", ".join(SUFFIXES)


__all__ = [
    "PIXEL_LIMIT",
    "SUFFIXES",
    "WRITTEN",
    "Codec",
    "FileSink",
    "Image",
    "Metadata",
    "container_of",
    "copy_beside",
    "copy_file",
    "create",
    "depths",
    "encodings",
    "holds_many",
    "is_read_only",
    "is_texture",
    "kept_encoding",
    "label",
    "output_container",
    "place",
    "probe",
    "read",
    "read_level",
    "refusal",
    "remove",
    "require_space",
    "saying",
    "sweep",
    "takes_text",
    "unkept",
    "write_text",
]
