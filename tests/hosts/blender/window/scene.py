"""Makes, in a Blender without a window, the scene that the tests open in one: a plane with a material of three maps.

    blender --background --python scene.py -- FOLDER TEXTURES ENGINE TIMES

FOLDER gets `scene.blend`, `other.blend` and the maps, which in the first are TIMES as large as in TEXTURES. ENGINE goes
into the add-on's preferences.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import bpy

ADDON = "bl_ext.user_default.cg_upscaler"


def _maps(folder: Path, textures: Path, times: int) -> tuple[Any, Any, Any]:
    """Return colour, normals and roughness, as images whose files lie in a folder."""
    folder.mkdir()
    made = []
    for name in ("Ground010_1K_Color.png", "Ground010_1K_Normal.png"):
        shutil.copy(textures / name, folder / name)
        made.append(bpy.data.images.load(str(folder / name)))
    colour, normal = made
    normal.colorspace_settings.name = "Non-Color"
    for image in made if times > 1 else ():
        image.scale(image.size[0] * times, image.size[1] * times)
        image.save()
    rough = bpy.data.images.new("Ground010_1K_Roughness.png", *colour.size)
    rough.colorspace_settings.name = "Non-Color"
    texels = list(colour.pixels)
    for place in range(0, len(texels), 4):
        texels[place : place + 3] = [1.0 - sum(texels[place : place + 3]) / 3] * 3
    rough.pixels[:] = texels
    rough.filepath_raw = str(folder / rough.name)
    rough.file_format = "PNG"
    rough.save()
    bpy.data.images.remove(rough)
    rough = bpy.data.images.load(str(folder / "Ground010_1K_Roughness.png"))
    rough.colorspace_settings.name = "Non-Color"
    return colour, normal, rough


def _material(colour: Any, normal: Any, rough: Any) -> Any:
    material = bpy.data.materials.new("Ground")
    material.use_nodes = True
    tree = material.node_tree
    shader = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")
    output = next(node for node in tree.nodes if node.type == "OUTPUT_MATERIAL")
    shader.location, output.location = (140, 300), (440, 300)
    bump = tree.nodes.new("ShaderNodeNormalMap")
    bump.location = (-70, 60)
    for name, image, place, socket in (
        ("Colour", colour, (-360, 300), shader.inputs["Base Color"]),
        ("Roughness", rough, (-360, 160), shader.inputs["Roughness"]),
        ("Normals", normal, (-360, 20), bump.inputs["Color"]),
    ):
        node = tree.nodes.new("ShaderNodeTexImage")
        node.name, node.image, node.location, node.width, node.show_options = name, image, place, 260, False
        tree.links.new(socket, node.outputs["Color"])
    tree.links.new(shader.inputs["Normal"], bump.outputs["Normal"])
    tree.nodes.active = tree.nodes["Colour"]
    for node in tree.nodes:
        node.select = False
    return material


def main(folder: Path, textures: Path, engine: str, times: int) -> None:
    preferences = bpy.context.preferences
    preferences.view.show_splash = False
    preferences.view.smooth_view = 0
    preferences.use_preferences_save = False
    preferences.system.use_region_overlap = False  # or panels hide what pictures are of
    preferences.addons[ADDON].preferences.engine = engine
    bpy.ops.wm.save_userpref()
    for name in ("other", "scene"):
        bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=False, load_ui=True)
        for each in list(bpy.data.objects):
            bpy.data.objects.remove(each)
        bpy.ops.mesh.primitive_plane_add(size=2)
        maps = _maps(folder / name, textures, times if name == "scene" else 1)
        bpy.context.object.data.materials.append(_material(*maps))
        bpy.ops.wm.save_as_mainfile(filepath=str(folder / f"{name}.blend"))


if __name__ == "__main__":
    given = sys.argv[sys.argv.index("--") + 1 :]
    main(Path(given[0]), Path(given[1]), given[2], int(given[3]))
