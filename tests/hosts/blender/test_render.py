"""A picture before and after: a plane seen from near, with an example's texture at its size and upscaled.

With CG_UPSCALE_PICTURES set to a folder, the pair is kept there as blender-before.png and blender-after.png.
"""

from __future__ import annotations

import math
import os
import shutil
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from scenes import Shading, plane

WIDTH, HEIGHT = 480, 320


@pytest.fixture
def scene(addon: Any, texture: Any) -> Any:
    """A leaf that is cut out by its alpha, before a wall of old bricks under a low sun."""
    shading, scene = Shading("Bricks"), bpy.context.scene
    bumps = shading.picture(texture("3td_BrickOldRound_01_NRM.png", space="Non-Color"))
    normal = shading.node("NormalMap")
    shading.link(bumps.outputs[0], normal.inputs["Color"])
    shading.into("Normal", normal.outputs[0])
    shading.shader.inputs["Base Color"].default_value = (0.42, 0.24, 0.16, 1.0)
    shading.shader.inputs["Roughness"].default_value = 0.7
    shading.onto(plane("Wall"))
    leaf = Shading("Leaf")
    picture = leaf.picture(texture("gfx_leaf_b.png"))
    leaf.into("Base Color", picture.outputs["Color"])
    leaf.into("Alpha", picture.outputs["Alpha"])
    obj = plane("Leaf")
    obj.scale, obj.location = (0.4, 0.4, 0.4), (0.25, 0.0, 0.12)
    leaf.onto(obj)
    bpy.ops.object.light_add(type="SUN", rotation=(math.radians(35), 0, math.radians(30)))
    bpy.context.object.data.energy = 4
    bpy.ops.object.camera_add(location=(0, -0.7, 2.0), rotation=(math.radians(19), 0, 0))
    scene.camera = bpy.context.object
    scene.world = bpy.data.worlds.new("World")
    scene.render.engine, scene.cycles.device, scene.cycles.samples = "CYCLES", "CPU", 16
    scene.cycles.use_denoising, scene.cycles.seed = False, 1
    scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = WIDTH, HEIGHT, 100
    scene.view_settings.view_transform = "Standard"
    scene.render.threads_mode, scene.render.threads = "FIXED", 2
    return scene


def rendered(scene: Any, path: Path) -> Any:
    """Render, and return the picture's rows, 0 … 1."""
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
    image = bpy.data.images.load(str(path))
    values = np.empty(WIDTH * HEIGHT * 4, "f")
    image.pixels.foreach_get(values)
    bpy.data.images.remove(image)
    return values.reshape(HEIGHT, WIDTH, 4)[..., :3]


def detail(picture: Any) -> float:
    """Return how much of a picture lies between a texel and the mean of those around it."""
    grey = picture.mean(axis=2)
    around = sum(np.roll(grey, (y, x), (0, 1)) for y in (-1, 0, 1) for x in (-1, 0, 1)) / 9
    return float(np.square(grey - around)[2:-2, 2:-2].mean())


def test_a_rendered_picture_gains_detail_and_keeps_its_colours(scene: Any, tmp_path: Path) -> None:
    before = rendered(scene, tmp_path / "blender-before.png")
    scene.cg_upscaler.scale, scene.cg_upscaler.where = "4", "PACKED"
    bpy.ops.object.select_all(action="SELECT")
    assert bpy.ops.cg_upscaler.objects() == {"FINISHED"}
    after = rendered(scene, tmp_path / "blender-after.png")
    assert detail(after) > 1.3 * detail(before)
    assert np.abs(after.mean(axis=(0, 1)) - before.mean(axis=(0, 1))).max() < 0.02
    if kept := os.environ.get("CG_UPSCALE_PICTURES"):
        for name in ("blender-before.png", "blender-after.png"):
            shutil.copyfile(tmp_path / name, Path(kept, name))
