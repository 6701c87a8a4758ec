"""Where results go and what kind of file they become: names, places, depths, channels."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from cg_upscaler import cli, codecs
from cg_upscaler.job import Storing
from cg_upscaler.maps import ColorSpace
from cg_upscaler.pixels.storing import stored
from cg_upscaler.pixels.transfer import linear_to_srgb, srgb_to_linear
from cg_upscaler.spec import Depth
from tests.fakes import noise
from tests.image_files import write

Call = tuple[int, str]


def call(*arguments: object) -> int:
    return int(cli.run_cli([str(argument) for argument in arguments]))


@pytest.fixture
def library(tmp_path: Path) -> Path:
    root = tmp_path / "textures"
    (root / "wall").mkdir(parents=True)
    save(root / "wall" / "stone_color.png", noise(16, 20, 3))
    save(root / "wall" / "stone_rough.png", noise(16, 20, 1, seed=2))
    return root


def save(path: Path, pixels: NDArray[np.generic]) -> None:
    assert cv2.imwrite(str(path), pixels)


def files(folder: Path) -> set[str]:
    found = (path for path in folder.rglob("*") if path.is_file() and ".cg-upscale" not in path.parts)
    return {path.relative_to(folder).as_posix() for path in found}


def sizes(folder: Path) -> dict[str, tuple[int, int]]:
    return {
        name: (spec.size.width, spec.size.height) for name in files(folder) if (spec := codecs.probe(folder / name))
    }


def pair(name: str, source: Path, result: Path) -> tuple[codecs.Image, codecs.Image]:
    """Read a texture of the library, and the file of its name that a conversion wrote, whatever its suffix."""
    before, after = (codecs.read(next((folder / "wall").glob(f"{name}.*"))) for folder in (source, result))
    return before, after


def test_results_beside_their_sources_have_names_of_their_own_and_are_never_sources(library: Path) -> None:
    args = "run", library, "--beside", "--suffix", "_4x", "--model", "bicubic"
    for _ in range(2):
        assert call(*args) == 0
        assert sizes(library) == {
            "wall/stone_color.png": (20, 16),
            "wall/stone_rough.png": (20, 16),
            "wall/stone_color_4x.png": (80, 64),
            "wall/stone_rough_4x.png": (80, 64),
        }


def test_results_beside_their_sources_never_take_their_place(library: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = {name: (library / name).read_bytes() for name in files(library)}
    assert call("run", library, "--beside", "--model", "bicubic") == 1
    assert "would overwrite itself; choose another output folder, or give it a 'suffix'" in capfd.readouterr().err
    assert {name: (library / name).read_bytes() for name in files(library)} == before


def test_beside_and_an_output_folder_contradict_each_other(library: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert call("run", library, "--beside", "--out", library.parent / "out") == 2
    assert "beside their sources, and into an output folder as well" in capfd.readouterr().err


def test_sources_are_replaced_once_when_told_and_again_when_they_are_new(library: Path) -> None:
    args = "run", library, "--overwrite", "--model", "bicubic", "--scale", "2"
    for _ in range(3):
        assert call(*args) == 0
        assert set(sizes(library).values()) == {(40, 32)}
    save(library / "wall" / "stone_rough.png", noise(10, 10, 1, seed=5))
    assert call(*args) == 0
    assert sizes(library) == {"wall/stone_color.png": (40, 32), "wall/stone_rough.png": (20, 20)}


def test_a_source_whose_replacement_was_cut_short_is_replaced_after_all(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    args = "run", library, "--overwrite", "--model", "bicubic", "--scale", "2", "--jobs", "1"
    with monkeypatch.context() as patched:

        def killed(temporary: Path, target: Path) -> None:
            raise KeyboardInterrupt

        patched.setattr(codecs, "place", killed)
        assert call(*args) == 130
    assert set(sizes(library).values()) == {(20, 16)}
    assert call(*args) == 0
    assert set(sizes(library).values()) == {(40, 32)}


def test_prefix_and_suffix_stand_around_the_name(library: Path, tmp_path: Path) -> None:
    assert call("run", library, "-o", tmp_path / "out", "--prefix", "hd_", "--suffix", "_x", "-m", "bicubic") == 0
    assert files(tmp_path / "out") == {"wall/hd_stone_color_x.png", "wall/hd_stone_rough_x.png"}


@pytest.mark.parametrize("affix", ["../", "a/b", "a\\b", "c:"])
def test_an_affix_cannot_lead_out_of_the_folder(library: Path, tmp_path: Path, affix: str) -> None:
    assert call("run", library, "-o", tmp_path / "out", "--prefix", affix) == 2


def test_a_format_that_is_asked_for_replaces_the_suffix(
    library: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert call("convert", library, "-o", tmp_path / "out", "--format", "tga") == 0
    assert "2 converted" in capfd.readouterr().err
    assert sizes(tmp_path / "out") == {"wall/stone_color.tga": (20, 16), "wall/stone_rough.tga": (20, 16)}
    for name in ("stone_color", "stone_rough"):
        before, after = (
            codecs.read(path) for path in (library / f"wall/{name}.png", tmp_path / f"out/wall/{name}.tga")
        )
        np.testing.assert_array_equal(before.pixels, after.pixels)


def test_a_conversion_asks_no_generator_and_keeps_sizes_whatever_the_rules_say(library: Path, tmp_path: Path) -> None:
    config = tmp_path / "game.yaml"
    config.write_text(f"source: {library}\nkinds: {{roughness: {{scale: 8}}}}\nrules: [{{match: '*', size: 64}}]\n")
    assert call("convert", "-c", config, "-o", tmp_path / "out", "--depth", "16") == 0
    assert sizes(tmp_path / "out") == {"wall/stone_color.png": (20, 16), "wall/stone_rough.png": (20, 16)}
    assert codecs.probe(tmp_path / "out/wall/stone_rough.png").depth is Depth.UINT16


def test_colour_becomes_light_in_float_files_and_masks_stay_numbers(library: Path, tmp_path: Path) -> None:
    assert call("convert", library, "-o", tmp_path / "out", "--format", "exr", "--depth", "32") == 0
    for name, curve in (("stone_color", srgb_to_linear), ("stone_rough", lambda numbers: numbers)):
        before, after = (
            codecs.read(path) for path in (library / f"wall/{name}.png", tmp_path / f"out/wall/{name}.exr")
        )
        np.testing.assert_allclose(after.pixels, curve(before.rows(0, 16)), atol=1e-6)
    assert call("convert", tmp_path / "out", "-o", tmp_path / "back", "--format", "png", "--depth", "8") == 0
    for name in ("stone_color", "stone_rough"):
        before, after = (
            codecs.read(path) for path in (library / f"wall/{name}.png", tmp_path / f"back/wall/{name}.png")
        )
        np.testing.assert_array_equal(before.pixels, after.pixels)


@pytest.mark.parametrize(
    ("channels", "letters", "expected"),
    [(3, "bgr", [2, 1, 0]), (4, "bgra", [2, 1, 0, 3]), (4, "a", [3]), (3, "rrgg", [0, 0, 1, 1])],
)
def test_letters_say_where_each_channel_comes_from(channels: int, letters: str, expected: list[int]) -> None:
    pixels = np.random.default_rng(1).random((3, 5, channels), np.float32)
    np.testing.assert_array_equal(stored(pixels, Storing(letters), ColorSpace.DATA), pixels[:, :, expected])


def test_missing_channels_are_full_or_empty_and_a_normal_gets_its_third() -> None:
    pixels = np.array([[[0.5, 0.5], [1.0, 0.5], [0.5 + 0.3, 0.5 + 0.4]]], np.float32)
    made = stored(pixels, Storing("1rgz"), ColorSpace.DATA)
    np.testing.assert_allclose(made[0, :, 3], [1, 0.5, 0.5], atol=1e-3)
    assert (made[:, :, 0] == 1).all()


def test_gray_is_the_brightness_of_light_and_leaves_gray_alone() -> None:
    gray = np.repeat(np.linspace(0, 1, 256, dtype=np.float32)[None, :, None], 3, axis=2)
    np.testing.assert_array_equal(stored(gray, Storing("y"), ColorSpace.SRGB)[0, :, 0], gray[0, :, 0])
    green = np.array([[[0, 1, 0]]], np.float32)
    assert stored(green, Storing("y"), ColorSpace.SRGB)[0, 0, 0] == pytest.approx(linear_to_srgb(np.float32(0.7152)))
    assert stored(green, Storing("y"), ColorSpace.DATA)[0, 0, 0] == pytest.approx(1 / 3)


def test_alpha_that_is_not_there_is_full_and_gray_is_all_colours(library: Path, tmp_path: Path) -> None:
    assert call("convert", library, "-o", tmp_path / "out", "--channels", "bgra") == 0
    before, after = pair("stone_color", library, tmp_path / "out")
    np.testing.assert_array_equal(after.pixels[:, :, :3], before.pixels[:, :, ::-1])
    assert (after.pixels[:, :, 3] == 255).all()
    before, after = pair("stone_rough", library, tmp_path / "out")
    np.testing.assert_array_equal(after.pixels[:, :, :3], np.repeat(before.pixels, 3, axis=2))


def test_alpha_is_not_bent_by_the_curve_of_colour(tmp_path: Path) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (8, 8, 4), np.uint8)
    write(tmp_path / "in" / "leaf_color.png", pixels)
    assert call("convert", tmp_path / "in", "-o", tmp_path / "out", "--format", "exr", "--depth", "32") == 0
    light = codecs.read(tmp_path / "out" / "leaf_color.exr").pixels
    np.testing.assert_allclose(light[:, :, 3], pixels[:, :, 3] / 255, atol=1e-6)


def test_results_that_would_not_take_the_place_of_their_sources_are_no_replacement(
    library: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = files(library)
    assert call("convert", library, "--overwrite", "--format", "dds") == 1
    assert "would be stone_color.dds, which does not take its place" in capfd.readouterr().err
    assert files(library) == before
    assert call("run", library, "--overwrite", "--beside") == 2


def test_a_folder_of_results_is_called_that(library: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert call("convert", library, "-o", tmp_path / "out", "--format", "tga") == 0
    assert call("run", tmp_path / "out", "-m", "bicubic", "-o", tmp_path / "more") == 2
    assert "all 2 textures here are results of an earlier run" in capfd.readouterr().err
