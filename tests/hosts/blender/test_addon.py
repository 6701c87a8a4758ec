"""The buttons, pressed as scripts press them, with the real engine."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from scenes import Shading, generated, plane

COLOUR, NORMAL, ROUGH = "Ground010_1K_Color.png", "Ground010_1K_Normal.png", "Ground010_1K_Rough.png"


@pytest.fixture
def ground(addon: Any, texture: Any) -> dict[str, Any]:
    """Nodes of a material with three maps, on a selected plane."""
    shading = Shading("Ground")
    nodes = {
        COLOUR: shading.picture(texture(COLOUR)),
        NORMAL: shading.picture(texture(NORMAL, space="Non-Color")),
        ROUGH: shading.picture(texture(COLOUR, space="Non-Color", called=ROUGH)),
    }
    normal = shading.node("NormalMap")
    shading.link(nodes[NORMAL].outputs[0], normal.inputs["Color"])
    shading.into("Base Color", nodes[COLOUR].outputs[0])
    shading.into("Roughness", nodes[ROUGH].outputs[0])
    shading.into("Normal", normal.outputs[0])
    shading.onto(plane())
    return nodes


def by_command(folder: Path, out: Path, *options: str) -> None:
    command = [os.environ["CG_UPSCALE"], "run", folder, "--out", out, "-q", *options]
    subprocess.run(command, check=True, cwd=folder.parent, stdout=subprocess.DEVNULL)


def test_material_gets_the_bytes_of_the_command_line(ground: Any, own: Any, tmp_path: Path) -> None:
    own.model, own.where, own.folder = "realesr-animevideov3", "FOLDER", str(tmp_path / "large")
    assert bpy.ops.cg_upscaler.material(name="Ground") == {"FINISHED"}
    by_command(tmp_path / "art", tmp_path / "cli", "--model", "realesr-animevideov3", "--scale", "2")
    for name, node in ground.items():
        assert node.image.size[:] == (256, 256), name
        assert (tmp_path / "large" / name).read_bytes() == (tmp_path / "cli" / name).read_bytes(), name
    assert ground[NORMAL].image.colorspace_settings.name == "Non-Color"
    assert ground[COLOUR].image.colorspace_settings.name == "sRGB"


def test_selected_objects_are_upscaled_and_others_are_not(ground: Any, own: Any, texture: Any) -> None:
    other = Shading("Other")
    spare = other.picture(texture("icon-banana.png"))
    other.into("Base Color", spare.outputs[0])
    other.onto(plane("Not selected"))
    bpy.ops.object.select_all(action="DESELECT")
    bpy.data.objects["Plane"].select_set(True)
    assert bpy.ops.cg_upscaler.objects() == {"FINISHED"}
    assert {node.image.size[0] for node in ground.values()} == {256} and spare.image.name == "icon-banana.png"


def test_results_lie_beside_their_sources_with_a_suffix(ground: Any, own: Any, tmp_path: Path) -> None:
    own.suffix = "_large"
    assert bpy.ops.cg_upscaler.image(name=COLOUR) == {"FINISHED"}
    assert Path(ground[COLOUR].image.filepath) == tmp_path / "art" / "Ground010_1K_Color_large.png"
    assert ground[ROUGH].image.name == ROUGH


def test_results_are_packed_where_asked_for(ground: Any, own: Any, tmp_path: Path) -> None:
    own.where = "PACKED"
    there = sorted((tmp_path / "art").iterdir())
    assert bpy.ops.cg_upscaler.material(name="Ground") == {"FINISHED"}
    assert all(node.image.packed_file and node.image.size[0] == 256 for node in ground.values())
    assert sorted((tmp_path / "art").iterdir()) == there


def test_what_is_packed_and_what_is_painted_stays_in_the_scene(own: Any, texture: Any) -> None:
    packed, painted = texture("icon-banana.png"), generated("painted", 16)
    packed.pack()
    painted.pixels.foreach_set(np.random.default_rng(3).random(1024, "f"))
    for image in (packed, painted):
        width = image.size[0]
        assert bpy.ops.cg_upscaler.image(name=image.name) == {"FINISHED"}
        result = next(each for each in bpy.data.images if each.get("cg_upscaler_before") == image)
        assert result.packed_file is not None and result.size[0] == 2 * width


def test_a_folder_that_is_the_sources_own_gets_the_suffix(ground: Any, own: Any, tmp_path: Path) -> None:
    own.where, own.folder = "FOLDER", str(tmp_path / "art")
    before = (tmp_path / "art" / COLOUR).read_bytes()
    assert bpy.ops.cg_upscaler.image(name=COLOUR) == {"FINISHED"}
    assert (tmp_path / "art" / COLOUR).read_bytes() == before
    assert (tmp_path / "art" / "Ground010_1K_Color_upscaled.png").is_file()


def test_files_of_one_name_do_not_share_a_result(own: Any, texture: Any, tmp_path: Path) -> None:
    shading = Shading()
    one, two = (shading.picture(texture("icon-banana.png", folder=folder)) for folder in ("a", "b"))
    own.where, own.folder = "FOLDER", str(tmp_path / "large")
    assert bpy.ops.cg_upscaler.material(name="M") == {"FINISHED"}
    assert (one.image.size[0] != two.image.size[0]) and "one folder cannot hold both" in said(0, good=False)
    own.where = "PACKED"
    assert bpy.ops.cg_upscaler.material(name="M") == {"FINISHED"}
    assert one.image.size[0] == two.image.size[0] and one.image != two.image


def test_two_images_of_one_file_both_get_the_result(own: Any, texture: Any) -> None:
    image = texture("icon-banana.png")
    twin = image.copy()
    twin.colorspace_settings.name = "Non-Color"
    shading = Shading()
    nodes = [shading.picture(image), shading.picture(twin)]
    assert bpy.ops.cg_upscaler.material(name="M") == {"FINISHED"}
    assert [node.image.colorspace_settings.name for node in nodes] == ["sRGB", "Non-Color"]
    assert {node.image.size[0] for node in nodes} == {2 * image.size[0]}


def test_settings_reach_the_engine(addon: Any, own: Any, texture: Any, engine: Any, tmp_path: Path) -> None:
    asked = tmp_path / "asked.json"
    engine(f"task = hear(); open({str(asked)!r}, 'w').write(json.dumps(task))")
    image = texture("icon-banana.png")
    node = Shading().picture(image)
    node.extension, image.alpha_mode = "EXTEND", "CHANNEL_PACKED"
    own.model, own.scale, own.fidelity, own.edges, own.alpha = "realesrgan-x4plus-anime", "8", 0.5, "wrap", "blend"
    with pytest.raises(RuntimeError):
        bpy.ops.cg_upscaler.image(name=image.name)
    task = json.loads(asked.read_text())["task"]
    assert task["settings"] == {
        "model": "realesrgan-x4plus-anime", "scale": 8, "fidelity": 0.5, "edges": "wrap", "alpha": "blend",
        "suffix": "_upscaled",
    }  # fmt: skip
    assert task["textures"] == [{"path": image.filepath, "given": {}}]  # what nodes say gives way to what is chosen


def test_a_configuration_gives_the_bytes_of_the_nightly_job(
    ground: Any, own: Any, preferences: Any, tmp_path: Path
) -> None:
    config = tmp_path / "game.yaml"
    config.write_text("source: art\noutput: nightly\nscale: 2\nmodel: bicubic\nfidelity: 0.4\n")
    preferences.config, own.scale = str(config), "8"
    try:
        assert bpy.ops.cg_upscaler.material(name="Ground") == {"FINISHED"}
    finally:
        preferences.config = ""
    assert {Path(node.image.filepath).parent for node in ground.values()} == {tmp_path / "nightly"}
    command = [os.environ["CG_UPSCALE"], "run", "--config", config, "-q"]
    made = {name: (tmp_path / "nightly" / name).read_bytes() for name in ground}
    subprocess.run([*command, "--out", tmp_path / "cli"], check=True, cwd=tmp_path, stdout=subprocess.DEVNULL)
    assert made == {name: (tmp_path / "cli" / name).read_bytes() for name in ground}


def test_a_result_is_made_anew_from_its_source(ground: Any, own: Any) -> None:
    assert bpy.ops.cg_upscaler.image(name=COLOUR) == {"FINISHED"}
    result = ground[COLOUR].image
    own.scale = "4"
    assert bpy.ops.cg_upscaler.image(name=result.name) == {"FINISHED"}
    assert ground[COLOUR].image == result and result.size[:] == (512, 512)  # of 128, not of 256
    own.scale = "2"
    assert bpy.ops.cg_upscaler.material(name="Ground") == {"FINISHED"}
    assert {node.image.size[0] for node in ground.values()} == {256}


def test_toggled_twice_is_as_in_the_beginning(ground: Any, own: Any) -> None:
    bpy.ops.cg_upscaler.image(name=COLOUR)
    after = ground[COLOUR].image
    assert bpy.ops.cg_upscaler.toggle(name=after.name) == {"FINISHED"}
    assert ground[COLOUR].image.name == COLOUR
    assert bpy.ops.cg_upscaler.toggle(name=COLOUR) == {"FINISHED"}
    assert ground[COLOUR].image == after


def test_shader_editor_toggles_all_maps_at_once(ground: Any, own: Any) -> None:
    bpy.ops.cg_upscaler.image(name=COLOUR)
    bpy.ops.cg_upscaler.image(name=NORMAL)
    window = bpy.context.window_manager.windows[0]
    area = window.screen.areas[0]
    area.type = "NODE_EDITOR"
    with bpy.context.temp_override(window=window, area=area, region=area.regions[-1]):
        for size in (128, 256):
            assert bpy.ops.cg_upscaler.toggle() == {"FINISHED"}
            assert {ground[name].image.size[0] for name in (COLOUR, NORMAL)} == {size}
    assert ground[ROUGH].image.size[0] == 128


def test_one_step_of_undo_takes_all_back(ground: Any, own: Any) -> None:
    bpy.ops.ed.undo_push(message="before")
    assert bpy.ops.cg_upscaler.material("EXEC_DEFAULT", True, name="Ground") == {"FINISHED"}

    def shown() -> set[int]:
        nodes = bpy.data.materials["Ground"].node_tree.nodes
        return {node.image.size[0] for node in nodes if node.type == "TEX_IMAGE"}

    assert shown() == {256}
    bpy.ops.ed.undo()
    assert shown() == {128} and not any("cg_upscaler_after" in image for image in bpy.data.images)
    bpy.ops.ed.redo()
    assert shown() == {256}


def test_a_draft_shows_a_part_and_changes_no_material(ground: Any, own: Any, tmp_path: Path) -> None:
    there = sorted((tmp_path / "art").iterdir())
    assert bpy.ops.cg_upscaler.preview(name=COLOUR, centre=(1.0, 1.0)) == {"FINISHED"}
    draft = bpy.data.images[f"{COLOUR} (draft)"]
    assert draft.size[:] == (256, 256) and draft.packed_file is not None
    assert ground[COLOUR].image.name == COLOUR and sorted((tmp_path / "art").iterdir()) == there
    assert bpy.ops.cg_upscaler.preview(name=draft.name) == {"FINISHED"}  # another, of the source
    assert [image.name for image in bpy.data.images if "draft" in image.name] == [f"{COLOUR} (draft)"]


def test_a_draft_is_of_the_part_that_is_asked_for(addon: Any) -> None:
    around = addon("draft")._around
    assert around((1024, 512), (0.5, 0.5)) == (448, 192, 128, 128)
    assert around((1024, 512), (0.0, 0.0)) == (0, 384, 128, 128)  # lower left
    assert around((1024, 512), (1.0, 1.0)) == (896, 0, 128, 128)  # upper right
    assert around((64, 512), (0.9, 0.5)) == (0, 192, 64, 128)


def test_what_became_of_each_image_is_told(ground: Any, own: Any, tmp_path: Path) -> None:
    (tmp_path / "art" / ROUGH).unlink()
    assert bpy.ops.cg_upscaler.material(name="Ground") == {"FINISHED"}
    lines = sorted(line.text for line in last() if line.good)
    assert f"{COLOUR}: 256 × 256, base color" in lines and f"{NORMAL}: 256 × 256, normal" in lines
    assert f"{ROUGH}: there is no" in said(0, good=False)


def test_no_image_to_upscale_is_said(own: Any, texture: Any) -> None:
    with pytest.raises(RuntimeError, match="There is no image in this scene yet"):
        bpy.ops.cg_upscaler.material(name="M")
    texture("icon-banana.png")
    assert bpy.ops.cg_upscaler.objects() == {"CANCELLED"}
    for operator in (bpy.ops.cg_upscaler.image, bpy.ops.cg_upscaler.material):
        with pytest.raises(RuntimeError, match="There is no 'nothing'"):
            operator(name="nothing")


def test_only_refused_images_make_an_error(own: Any) -> None:
    bpy.data.images.new("tiles", 8, 8, tiled=True)
    with pytest.raises(RuntimeError, match="tiles is a set of UDIM tiles: upscale their folder"):
        bpy.ops.cg_upscaler.image(name="tiles")


def last() -> Any:
    from importlib import import_module

    return import_module("bl_ext.user_default.cg_upscaler.work").last


def said(number: int, *, good: bool) -> str:
    return [line.text for line in last() if line.good is good][number]
