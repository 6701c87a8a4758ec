"""Decides how a DDS file holds a picture, and why it cannot."""

from __future__ import annotations

from cg_upscaler.codecs.layouts import FORMATS, LOSSLESS, USUAL, has_header
from cg_upscaler.codecs.surfaces import chosen, complaint
from cg_upscaler.spec import ImageSpec


def encoding_of(spec: ImageSpec) -> str:
    """Return the encoding that a file is to have; empty where there is none."""
    return chosen(spec, USUAL, LOSSLESS)


def holds(spec: ImageSpec) -> str:
    """Return why a picture cannot be written as a DDS file as it is specified; empty where it can be."""
    name = encoding_of(spec)
    reason = complaint("DDS", name, spec, FORMATS)
    if not reason and not has_header(FORMATS[name], spec.storage):
        return f"{name.upper()} has no code in the header of DirectX 10, and that of DirectX 9 has no arrays"
    return reason
