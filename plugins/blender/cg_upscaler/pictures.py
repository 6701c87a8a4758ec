# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings Blender's images to the engine as files, and its results back as images that are used as the old ones were."""

from __future__ import annotations

import os
import re
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import bpy

from . import nodes

BEFORE = "cg_upscaler_before"
"""A property of a result: the image that it was made of. It counts as a user, so that a saved scene keeps both."""

AFTER = "cg_upscaler_after"
"""A property of a source: the image that was made of it."""

DRAFT_OF = "cg_upscaler_draft_of"
"""A property of a draft: the image that it is a part of."""

_REFUSED = {
    "SEQUENCE": "is an image sequence: upscale its folder with 'cg-upscale run'",
    "MOVIE": "is a movie, and only still pictures are upscaled",
    "VIEWER": "is a render, which is to be saved first",
    "TILED": "is a set of UDIM tiles: upscale their folder with 'cg-upscale run', where tiles see each other",
}
_ENDINGS = {"PNG": ".png", "JPEG": ".jpg", "TARGA": ".tga", "TARGA_RAW": ".tga", "BMP": ".bmp", "TIFF": ".tif"}
_ENDINGS |= {"OPEN_EXR": ".exr", "HDR": ".hdr", "WEBP": ".webp", "DDS": ".dds"}

_KEPT = ("alpha_mode", "use_half_precision", "use_view_as_render")
"""How an image is read and shown, beside its colour space."""


_PLAIN_LIGHT = ("Linear Rec.709", "Linear")
"""Colour spaces in which a float image holds what its file does."""


_ENCODED = ("sRGB", "Non-Color", "Raw")
"""Those in which Blender saves painted floats such that they are read again as they were."""


class Refused(Exception):
    """An image that cannot be upscaled from here. Its text says why, and what to do."""


def source_of(image: Any) -> Any:
    """Return the image itself, or that which it was made of: none is made of a result. Raises `Refused`."""
    for name in (DRAFT_OF, BEFORE):
        if name in image:
            if image[name] is None:
                raise Refused(f"{image.name} is a result, and its source is not in this scene: open that instead")
            return source_of(image[name])
    return image


def file_of(image: Any, folder: Path) -> Path:
    """Return a file of what an image shows: its own, or a copy in `folder` where only Blender has its pixels.

    Raises `Refused`.
    """
    if image.source in _REFUSED:
        raise Refused(f"{image.name} {_REFUSED[image.source]}")
    if image.library is not None:
        home = bpy.path.basename(image.library.filepath)
        raise Refused(f"{image.name} is linked from {home}: open that, or make it local (in the Outliner, ID Data)")
    if image.source == "FILE" and image.packed_file is None and not image.is_dirty:
        if not image.filepath:
            raise Refused(f"{image.name} has no file and holds no pixels")
        path = Path(bpy.path.abspath(image.filepath))
        if not path.is_file():
            raise Refused(f"{image.name}: there is no {path}; use File > External Data > Find Missing Files")
        return Path(os.path.abspath(path))
    if image.packed_file is not None and not image.is_dirty:
        path = _free(folder, _file_name(image, _ENDINGS.get(image.file_format, ".png")))
        path.write_bytes(image.packed_file.data)
        return path
    return _saved(image, folder)


def _saved(image: Any, folder: Path) -> Path:
    """Save what only Blender has, pixels that were painted or generated; the image stays as unsaved as it was.

    By another image: a copy of a generated one is generated anew, without what was painted.
    """
    if not all(image.size):
        raise Refused(f"{image.name} holds no pixels")
    space, deep = image.colorspace_settings.name, image.is_float
    if deep and space not in _PLAIN_LIGHT + _ENCODED:
        raise Refused(f"{image.name} has painted floats in {space}: save it to a file first, by Image > Save As")
    path = _free(folder, _file_name(image, ".exr" if deep else ".png"))
    values = array("f", bytes(4 * len(image.pixels)))
    image.pixels.foreach_get(values)
    images: Any = bpy.data.images
    width, height = image.size
    other = images.new(path.stem, width, height, alpha=True, float_buffer=deep)
    try:
        # Before the pixels, which it would take away. Linear light Blender would save encoded as sRGB.
        other.colorspace_settings.name = "Non-Color" if deep and space in _PLAIN_LIGHT else space
        other.pixels.foreach_set(values if image.channels == 4 else _in_four(values, image.channels))
        other.file_format = "OPEN_EXR" if deep else "PNG"
        other.save(filepath=str(path))
    except RuntimeError as error:
        raise Refused(f"{image.name} could not be saved: {str(error).strip()}") from error
    finally:
        images.remove(other)
    return path


def _in_four(values: array[float], channels: int) -> array[float]:
    """Return pixels of fewer channels as RGBA: Blender makes no other images."""
    four = array("f", [1.0]) * (len(values) // channels * 4)
    for channel in range(3):
        four[channel::4] = values[min(channel, channels - 1) :: channels]
    return four


def _file_name(image: Any, ending: str) -> str:
    stem = Path(bpy.path.basename(image.filepath) or image.name).stem or "image"
    return re.sub(r'[\\/:*?"<>|\x00-\x1f]', "_", stem) + ending


def _free(folder: Path, name: str) -> Path:
    """Return a path that nothing has yet, under its plain name if need be in a folder of its own."""
    path, number = folder / name, 1
    while path.exists():
        path, number = folder / str(number) / name, number + 1
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def load_result(path: Path, old: Any, *, pack: bool) -> Any:
    """Return a result as an image that is read as the old one is. One that was made of it before is loaded anew.

    Raises `Refused` where Blender cannot read it.
    """
    known = old.get(AFTER)
    image: Any = known if known is not None else bpy.data.images.load(str(path), check_existing=False)
    if known is not None and known.packed_file is not None:
        known.unpack(method="REMOVE")
    image.filepath = _as_old_is(path, old)
    image.name = f"{Path(old.name).stem}_upscaled{Path(old.name).suffix}"
    # Before its pixels are there: a change of colour space would take those of an image without a file.
    image.colorspace_settings.name = old.colorspace_settings.name
    for name in _KEPT:
        setattr(image, name, getattr(old, name))
    image.reload()
    if not all(image.size):
        if known is None:
            bpy.data.images.remove(image)
        raise Refused(f"{path.name} was written, but this Blender cannot read it")
    if pack:
        image.pack()
        image.filepath_raw = f"//{path.name}"  # it was packed from a folder that will not be there
    image[BEFORE], old[AFTER] = old, image
    return image


def load_draft(path: Path, of: Any) -> Any:
    """Return a draft as an image, in place of the draft before."""
    name = f"{of.name} (draft)"
    images: Any = bpy.data.images
    known = next((each for each in images if each.get(DRAFT_OF) == of), None)
    if known is not None:
        images.remove(known)
    image = images.load(str(path), check_existing=False)
    image.name = name
    image.colorspace_settings.name = of.colorspace_settings.name
    image.alpha_mode = of.alpha_mode
    image.pack()
    image.filepath_raw = f"//{path.name}"
    image[DRAFT_OF] = of
    return image


def _as_old_is(path: Path, old: Any) -> str:
    """Return a path as the old image has its own: relative to the scene, or not."""
    if old.filepath.startswith("//") and bpy.data.filepath:
        try:
            return str(bpy.path.relpath(str(path)))
        except ValueError:  # on another drive
            pass
    return str(path)


def swap(old: Any, new: Any, trees: Iterable[Any]) -> int:
    """Show another image in all nodes and image editors that show one. Return how many nodes those were."""
    found = nodes.nodes_with(old, trees)
    for node in found:
        node.image = new
    for space in editors():
        if space.image == old:
            space.image = new
    return len(found)


def editors() -> Iterator[Any]:
    """Yield all image editors, of all workspaces."""
    for screen in bpy.data.screens:
        for area in screen.areas:
            if area.type == "IMAGE_EDITOR":
                yield area.spaces.active


def other_of(image: Any) -> Any:
    """Return the image that this one was made of, or that was made of it; None where there is neither."""
    return next((image[name] for name in (DRAFT_OF, BEFORE, AFTER) if image.get(name) is not None), None)


def trees() -> list[Any]:
    """Return all node trees of the scene file by which surfaces, worlds and lights are shaded."""
    owners = (*bpy.data.materials, *bpy.data.worlds, *bpy.data.lights)
    groups = [tree for tree in bpy.data.node_groups if tree.bl_idname == "ShaderNodeTree"]
    return [owner.node_tree for owner in owners if owner.node_tree is not None] + groups


def given_of(image: Any) -> dict[str, Any]:
    """Return what all node trees say of an image."""
    given: dict[str, Any] = {}
    for tree in trees():
        for found in nodes.images_of(tree):
            if found.image == image:
                given = {**found.given, **given}
    return given
