# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings Blender's images to the engine as files, and its results back as images that are used as the old ones were."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Iterable

import bpy

from . import nodes

BEFORE = "cg_upscaler_before"
"""A property of a result: the name of the image that it was made of."""

_REFUSED = {
    "SEQUENCE": "is an image sequence: upscale its folder with 'cg-upscale run'",
    "MOVIE": "is a movie, and only still pictures are upscaled",
    "VIEWER": "is a render, which is to be saved first",
    "TILED": "is a set of UDIM tiles: upscale their folder with 'cg-upscale run', where tiles see each other",
}
_ENDINGS = {"PNG": ".png", "JPEG": ".jpg", "TARGA": ".tga", "TARGA_RAW": ".tga", "BMP": ".bmp", "TIFF": ".tif"}
_ENDINGS |= {"OPEN_EXR": ".exr", "HDR": ".hdr", "WEBP": ".webp", "DDS": ".dds"}


class Refused(Exception):
    """An image that cannot be upscaled from here. Its text says why, and what to do."""


def file_of(image: Any, folder: Path) -> Path:
    """Return a file of what an image shows: its own, or a copy in `folder` where only Blender has its pixels.

    Raises `Refused`.
    """
    if image.source in _REFUSED:
        raise Refused(f"{image.name} {_REFUSED[image.source]}")
    if image.source == "FILE" and image.packed_file is None and not image.is_dirty:
        path = Path(bpy.path.abspath(image.filepath, library=image.library))
        if not path.is_file():
            raise Refused(f"{image.name}: there is no {path}; use File > External Data > Find Missing Files")
        return Path(os.path.abspath(path))
    if image.packed_file is not None and not image.is_dirty:
        return _unpacked(image, folder)
    return _saved(image, folder)


def _unpacked(image: Any, folder: Path) -> Path:
    """Write the bytes that are packed into the scene, as they are."""
    path = folder / _file_name(image, _ENDINGS.get(image.file_format, ".png"))
    path.write_bytes(image.packed_file.data)
    return path


def _saved(image: Any, folder: Path) -> Path:
    """Save what only Blender has: pixels that were painted or generated."""
    if not image.has_data and not all(image.size):
        raise Refused(f"{image.name} holds no pixels")
    deep = image.is_float
    path = folder / _file_name(image, ".exr" if deep else ".png")
    format_ = image.file_format
    try:
        # Not a copy of the image: that of a generated one is generated anew, without what was painted.
        image.file_format = "OPEN_EXR" if deep else "PNG"
        image.save(filepath=str(path), save_copy=True)
    except RuntimeError as error:
        raise Refused(f"{image.name} could not be saved: {str(error).strip()}") from error
    finally:
        image.file_format = format_
    return path


def _file_name(image: Any, ending: str) -> str:
    stem = Path(bpy.path.basename(image.filepath) or image.name).stem or "image"
    return re.sub(r'[\\/:*?"<>|\x00-\x1f]', "_", stem) + ending


def load_result(path: Path, old: Any, *, pack: bool) -> Any:
    """Return a result as an image that is read as the old one is: colour space first, and alpha, before its pixels.

    One that was made before of the same image is loaded anew.
    """
    name = f"{Path(old.name).stem}_upscaled{Path(old.name).suffix}"
    known = next((each for each in bpy.data.images if each.get(BEFORE) == old.name and each.name == name), None)
    image = known or bpy.data.images.load(str(path), check_existing=False)
    if known is not None:
        if known.packed_file is not None:
            known.unpack(method="REMOVE")
        known.filepath = str(path)
    image.name = name
    image.colorspace_settings.name = old.colorspace_settings.name
    image.alpha_mode = old.alpha_mode
    if known is not None:
        known.reload()
    image[BEFORE] = old.name
    old.use_fake_user = True  # or a saved scene would lose what the result was made of
    if pack:
        image.pack()
    return image


def swap(old: Any, new: Any, trees: Iterable[Any]) -> int:
    """Show another image in all nodes that show one, and in image editors. Return how many nodes that were."""
    found = nodes.nodes_with(old, trees)
    for node in found:
        node.image = new
    return len(found)


def other_of(image: Any) -> Any:
    """Return the image that this one was made of, or the last that was made of it; None where there is neither."""
    if BEFORE in image:
        return bpy.data.images.get(image[BEFORE])
    return next((each for each in reversed(bpy.data.images[:]) if each.get(BEFORE) == image.name), None)


def trees() -> list[Any]:
    """Return all node trees of the scene file that may show images."""
    owners = (*bpy.data.materials, *bpy.data.worlds, *bpy.data.lights)
    return [owner.node_tree for owner in owners if owner.node_tree is not None] + list(bpy.data.node_groups)
