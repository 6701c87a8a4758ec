"""How images come to the engine as files, and how results come back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from scenes import Shading, generated


@pytest.fixture
def pictures(addon: Any) -> Any:
    return addon("pictures")


def painted(name: str = "painted", value: float | None = None, **options: Any) -> Any:
    image = bpy.data.images.new(name, 8, 8, alpha=True, **options)
    values = np.random.default_rng(7).random(256, "f") if value is None else np.full(256, value, "f")
    image.pixels.foreach_set(values)
    image.update()
    return image


def pixels(image: Any) -> Any:
    values = np.empty(len(image.pixels), "f")
    image.pixels.foreach_get(values)
    return values


def test_a_file_goes_as_it_is(pictures: Any, texture: Any, tmp_path: Path) -> None:
    assert pictures.file_of(texture("icon-banana.png"), tmp_path) == tmp_path / "art" / "icon-banana.png"


def test_painted_pixels_are_saved_as_they_are(pictures: Any, tmp_path: Path) -> None:
    image = painted()
    path = pictures.file_of(image, tmp_path / "to")
    assert path.name == "painted.png" and image.source == "GENERATED" and image.is_dirty and image.filepath == ""
    assert np.abs(pixels(bpy.data.images.load(str(path))) - pixels(image)).max() <= 0.5 / 255 + 1e-6


def test_painting_over_a_file_leaves_the_file_and_goes_as_painted(pictures: Any, texture: Any, tmp_path: Path) -> None:
    image = texture("icon-banana.png")
    there = Path(image.filepath).read_bytes()
    image.pixels.foreach_set(np.full(len(image.pixels), 0.25, "f"))
    image.update()
    path = pictures.file_of(image, tmp_path / "to")
    assert path.is_relative_to(tmp_path / "to") and Path(image.filepath).read_bytes() == there
    assert np.ptp(pixels(bpy.data.images.load(str(path)))) < 0.01


@pytest.mark.parametrize("space", ["Linear Rec.709", "Non-Color", "sRGB"])
def test_floats_go_as_floats_and_come_back_the_same(pictures: Any, tmp_path: Path, space: str) -> None:
    image = bpy.data.images.new("light", 8, 8, alpha=True, float_buffer=True)
    image.colorspace_settings.name = space
    values = np.tile(np.array([2.5, 0.5, 0.1, 1.0], "f"), 64)
    image.pixels.foreach_set(values)
    image.update()
    path = pictures.file_of(image, tmp_path)
    assert path.suffix == ".exr" and np.array_equal(pixels(image), values)
    assert pixels(pictures.load_result(path, image, pack=False)) == pytest.approx(values, abs=1e-3)


def test_floats_that_blender_would_not_save_as_they_are_are_refused(pictures: Any, tmp_path: Path) -> None:
    image = bpy.data.images.new("light", 8, 8, float_buffer=True)
    image.colorspace_settings.name = "ACEScg"
    with pytest.raises(pictures.Refused, match="light has painted floats in ACEScg: save it to a file first"):
        pictures.file_of(image, tmp_path)


def test_packed_files_go_byte_by_byte(pictures: Any, texture: Any, tmp_path: Path) -> None:
    image = texture("icon-banana.png")
    there = Path(image.filepath).read_bytes()
    image.pack()
    Path(bpy.path.abspath(image.filepath)).unlink()
    assert pictures.file_of(image, tmp_path / "to").read_bytes() == there


def test_images_of_one_name_do_not_overwrite_each_other(pictures: Any, tmp_path: Path) -> None:
    one, two = painted("a/x", 0.0), painted("b:x", 1.0)
    one.filepath_raw, two.filepath_raw = "//one/x.png", "//two/x.png"
    first, second = pictures.file_of(one, tmp_path), pictures.file_of(two, tmp_path)
    assert first != second and first.name == second.name == "x.png" and first.read_bytes() != second.read_bytes()


def test_a_result_is_read_as_its_source_is(pictures: Any, texture: Any) -> None:
    old = texture("icon-banana.png", space="Non-Color")
    old.alpha_mode, old.use_half_precision = "CHANNEL_PACKED", False
    new = pictures.load_result(Path(old.filepath), old, pack=False)
    read = new.colorspace_settings.name, new.alpha_mode, new.use_half_precision
    assert read == ("Non-Color", "CHANNEL_PACKED", False) and new.name == "icon-banana_upscaled.png"
    assert np.array_equal(pixels(new), pixels(old))


def test_a_result_is_packed_where_nothing_points_to_its_file(pictures: Any, texture: Any) -> None:
    old = texture("icon-banana.png")
    new = pictures.load_result(Path(old.filepath), old, pack=True)
    assert new.packed_file is not None and new.filepath == "//icon-banana.png" and all(new.size)


def test_another_result_takes_the_place_of_the_first(pictures: Any, texture: Any, tmp_path: Path) -> None:
    old, other = texture("icon-banana.png"), texture("gfx_leaf_b.png")
    first = pictures.load_result(Path(old.filepath), old, pack=True)
    second = pictures.load_result(Path(other.filepath), old, pack=False)
    assert second == first and second.packed_file is None and second.size[:] == other.size[:]


def test_before_and_after_survive_saving_and_renaming(pictures: Any, texture: Any, tmp_path: Path) -> None:
    old = texture("icon-banana.png")
    new = pictures.load_result(Path(old.filepath), old, pack=False)
    old.name = "renamed"
    assert pictures.other_of(new) == old and pictures.other_of(old) == new
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    old = bpy.data.images["renamed"]
    assert pictures.other_of(pictures.other_of(old)) == old


def test_relative_paths_stay_relative(pictures: Any, texture: Any, tmp_path: Path) -> None:
    old = texture("icon-banana.png")
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    assert pictures.load_result(Path(old.filepath), old, pack=False).filepath == old.filepath
    old.filepath = "//art/icon-banana.png"
    new = pictures.load_result(tmp_path / "art" / "icon-banana.png", old, pack=False)
    assert new.filepath == "//art/icon-banana.png"


def test_a_swap_reaches_all_nodes_and_leaves_brushes_alone(pictures: Any) -> None:
    old, new = generated("old"), generated("new")
    shading, other = Shading("M"), Shading("N")
    group = bpy.data.node_groups.new("G", "ShaderNodeTree")
    shown = [shading.picture(old), other.picture(old), shading.picture(old, group)]
    brush = bpy.data.textures.new("T", "IMAGE")
    brush.image = old
    assert pictures.swap(old, new, pictures.trees()) == 3
    assert [node.image for node in shown] == [new] * 3 and brush.image == old


def test_what_is_no_still_picture_is_refused(pictures: Any, texture: Any, tmp_path: Path) -> None:
    image = texture("icon-banana.png")
    for source, word in (("SEQUENCE", "sequence"), ("MOVIE", "movie"), ("TILED", "UDIM")):
        image.source = source
        with pytest.raises(pictures.Refused, match=rf"icon-banana\.png is a.* {word}"):
            pictures.file_of(image, tmp_path)


def test_an_image_without_pixels_is_refused(pictures: Any, tmp_path: Path) -> None:
    image = generated("empty")
    image.source = "FILE"
    with pytest.raises(pictures.Refused, match="empty has no file and holds no pixels"):
        pictures.file_of(image, tmp_path)


def test_a_missing_file_is_refused(pictures: Any, texture: Any, tmp_path: Path) -> None:
    image = texture("icon-banana.png")
    Path(image.filepath).unlink()
    with pytest.raises(pictures.Refused, match=r"there is no .*icon-banana\.png; use File > External Data"):
        pictures.file_of(image, tmp_path)


def test_a_linked_image_is_refused(pictures: Any, texture: Any, tmp_path: Path) -> None:
    texture("icon-banana.png").use_fake_user = True
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "library.blend"))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with bpy.data.libraries.load(str(tmp_path / "library.blend"), link=True) as (there, here):
        here.images = list(there.images)
    with pytest.raises(pictures.Refused, match=r"is linked from library\.blend: open that, or make it local"):
        pictures.file_of(here.images[0], tmp_path)


def test_a_result_whose_source_was_removed_is_refused(pictures: Any, texture: Any) -> None:
    old = texture("icon-banana.png")
    new = pictures.load_result(Path(old.filepath), old, pack=False)
    assert pictures.source_of(new) == old
    bpy.data.images.remove(old)
    with pytest.raises(pictures.Refused, match="is a result, and its source is not in this scene"):
        pictures.source_of(new)
