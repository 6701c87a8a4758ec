"""What can be written: which containers, with which depths, channels and encodings, and what they cannot keep."""

from __future__ import annotations

from cg_upscaler.codecs import metadata
from cg_upscaler.codecs.codec import Codec
from cg_upscaler.codecs.table import CODECS
from cg_upscaler.spec import Depth, ImageSpec

WRITTEN = tuple(codec.container for codec in CODECS if codec.write is not None)
"""The containers that results can have."""

_OTHERWISE = {"tif": "zip", "exr": "zip", "tga": "none", "bmp": ""}
"""What is written where a file's own compression is only read."""

_BY_NAME = {codec.container: codec for codec in CODECS}


def codec_of(container: str) -> Codec:
    """Return the codec of a container that is in the table."""
    return _BY_NAME[container]


def refusal(spec: ImageSpec) -> str:
    """Return why a picture cannot be written as it is specified, and what can; empty where it can be."""
    return codec_of(spec.container).refusal(spec)


def depths(container: str) -> tuple[Depth, ...]:
    """Return the depths that a container holds."""
    return codec_of(container).depths


def encodings(container: str) -> tuple[str, ...]:
    """Return the block formats, packings and compressions that a container is written in."""
    return codec_of(container).encodings


def holds_many(container: str) -> bool:
    """Whether files of a container hold mip levels."""
    return codec_of(container).many


def kept_encoding(container: str, encoding: str) -> str:
    """Return the encoding in which a container's own can be written again: itself, or what stands for it."""
    known = codec_of(container).encodings
    return encoding if container not in _OTHERWISE or not encoding or encoding in known else _OTHERWISE[container]


def unkept(spec: ImageSpec, container: str) -> tuple[str, ...]:
    """Return what a file carries beside its texels and a container has no place for."""
    return metadata.unkept(spec, container)
