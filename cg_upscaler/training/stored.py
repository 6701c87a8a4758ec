"""Sends small pieces through the files that games keep textures in, by the encoders of this package."""

from __future__ import annotations

from importlib.util import find_spec

import cv2
import numpy as np
from numpy.typing import NDArray

from cg_upscaler.codecs import blocks
from cg_upscaler.codecs.indexed import to_palette
from cg_upscaler.geometry import Size
from cg_upscaler.library.config.training import Degradations, Lesson
from cg_upscaler.pixels import normals
from cg_upscaler.pixels.rows import Pixels, from_float, to_float

BLOCKS = ("bc1", "bc3", "bc5", "bc7")
FORMS = ("plain", *BLOCKS, "jpeg", "palette")

_USUAL = {
    Lesson.COLOR: (0.5, 0.1, 0.0, 0.5),
    Lesson.NORMAL: (0.1, 0.15, 0.4, 0.3),
    Lesson.MASK: (0.3, 0.2, 0.0, 0.3),
    Lesson.HEIGHT: (0.0, 0.0, 0.0, 0.0),
}
"""The shares of `BLOCKS` unless they are given: what engines keep each kind of map in."""

_RARELY = 0.25
"""Of its share JPEG has for maps that nobody should keep in it, and somebody does."""

Levels = NDArray[np.uint8]


def shares(degradations: Degradations, lesson: Lesson) -> dict[str, float]:
    """Return how often each of `FORMS` is taken, in shares of 1. Blocks that nothing here encodes are left out."""
    rare = _RARELY if lesson in (Lesson.NORMAL, Lesson.HEIGHT) else 1.0
    found = {"plain": degradations.plain, "jpeg": degradations.jpeg * rare, "palette": degradations.palette}
    for name, usual in zip(BLOCKS, _USUAL[lesson], strict=True):
        given = getattr(degradations, name)
        found[name] = (usual if given is None else given) if can_encode() else 0.0
    if lesson is not Lesson.NORMAL:
        found["bc3"], found["bc5"] = found["bc3"] + (found["bc5"] if lesson is Lesson.MASK else 0.0), 0.0
    total = sum(found.values())
    return {form: found[form] / total if total else float(form == "plain") for form in FORMS}


def can_encode() -> bool:
    """Return whether blocks can be written here: their encoder has no builds for some machines."""
    return find_spec("ispc_texcomp") is not None


def stored(small: Pixels, form: str, lesson: Lesson, quality: int = 90) -> Pixels:
    """Return a piece (h, w, c), 0 … 1, as it is read again from a file of that form.

    Sides of pieces in blocks are multiples of four, or their last texels fill blocks. Raises `OutputError` where blocks
    cannot be written here.
    """
    if lesson is Lesson.HEIGHT and form == "plain":
        return to_float(from_float(small, np.uint16))
    levels: Levels = from_float(small, np.uint8)
    if form in BLOCKS:
        levels = _in_blocks(levels, form, lesson)
    elif form == "jpeg":
        levels = _in_jpeg(levels, quality)
    elif form == "palette":
        levels = _in_palette(levels)
    result = to_float(levels)
    if lesson is not Lesson.NORMAL:
        return result
    return normals.encode(normals.normalise(normals.decode(result)), 3)


def _in_blocks(levels: Levels, form: str, lesson: Lesson) -> Levels:
    """Return what blocks keep; of vectors in two channels x and y alone."""
    if lesson is Lesson.NORMAL and form == "bc5":
        return _through("bc5", levels[:, :, :2])
    full = np.full_like(levels[:, :, :1], 255)
    if lesson is Lesson.NORMAL and form == "bc3":  # DXT5nm
        swizzled = np.concatenate([full, levels[:, :, 1:2], full * 0, levels[:, :, :1]], axis=2)
        return np.ascontiguousarray(_through("bc3", swizzled)[:, :, [3, 1]])
    if levels.shape[2] == 1:
        if form in ("bc3", "bc5"):
            return _through("bc4", levels)
        return _through(form, np.repeat(levels, 3, axis=2))[:, :, :1]
    rgb = np.concatenate([levels, full], axis=2) if form == "bc3" else levels
    return _through(form, rgb)[:, :, :3]


def _through(name: str, levels: Levels) -> Levels:
    size = Size(levels.shape[1], levels.shape[0])
    decoded = blocks.decode(name, blocks.Encoder(name).encode(np.ascontiguousarray(levels)), size)
    return np.ascontiguousarray(np.asarray(decoded, np.uint8))


def _in_jpeg(levels: Levels, quality: int) -> Levels:
    gray = levels.shape[2] == 1
    picture = levels if gray else np.ascontiguousarray(levels[:, :, ::-1])
    coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    read = cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE if gray else cv2.IMREAD_COLOR)
    assert read is not None  # it was written a line above
    return np.asarray(read, np.uint8).reshape(levels.shape)[:, :, :: 1 if gray else -1]


def _in_palette(levels: Levels) -> Levels:
    rgb = np.repeat(levels, 3, axis=2) if levels.shape[2] == 1 else levels
    opaque = np.full_like(rgb[:, :, :1], 255)
    palette, indices = to_palette(np.concatenate([rgb, opaque], axis=2))
    return np.ascontiguousarray(palette[indices][:, :, : levels.shape[2]])
