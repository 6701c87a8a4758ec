"""Colour spaces by name: the numbers are those of their definitions, and what is converted back is what it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageCms

from cg_upscaler import cli, codecs
from cg_upscaler.codecs import ocio
from cg_upscaler.errors import UsageError
from cg_upscaler.pixels.transfer import srgb_to_linear
from tests.image_files import write

AP1_TO_REC709 = np.array([[1.70505, -0.62179, -0.08326], [-0.13026, 1.14080, -0.01055], [-0.02400, -0.12897, 1.15297]])
"""Linear, with Bradford's adaptation from D60 to D65: the Academy's TB-2014-004, and every CTL since."""


def test_acescg_becomes_rec709_by_the_published_matrix() -> None:
    colours = np.random.default_rng(0).random((4, 5, 3), np.float32) * 4
    made = ocio.transform("ACEScg", ocio.LIGHT)(colours)
    np.testing.assert_allclose(made, colours @ AP1_TO_REC709.T, atol=2e-4)
    np.testing.assert_allclose(ocio.transform("ACEScg", ocio.LIGHT)(np.ones((1, 1, 3), np.float32)), 1, atol=1e-4)


def test_the_srgb_curve_is_ours() -> None:
    numbers = np.linspace(0, 1, 300, dtype=np.float32).reshape(10, 10, 3)
    np.testing.assert_allclose(
        ocio.transform("sRGB - Texture", ocio.LIGHT)(numbers), srgb_to_linear(numbers), atol=5e-5
    )


@pytest.mark.parametrize("name", ["ACEScg", "ACEScct", "Linear Rec.2020", "Linear P3-D65", "ACES2065-1"])
def test_back_again_is_where_it_was(name: str) -> None:
    colours = np.random.default_rng(1).random((6, 7, 4), np.float32)
    there = ocio.transform(name, ocio.LIGHT)(colours)
    np.testing.assert_array_equal(there[:, :, 3], colours[:, :, 3])
    np.testing.assert_allclose(ocio.transform(ocio.LIGHT, name)(there), colours, atol=1e-4)


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"no colour space 'ACESgc'; use one of ACEScg"):
        ocio.transform("ACESgc", ocio.LIGHT)


def test_a_configuration_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config.ocio").write_text("nothing")
    monkeypatch.setenv("OCIO", str(tmp_path / "config.ocio"))
    with pytest.raises(UsageError, match=r"config\.ocio"):
        ocio.require("ACEScg")


@pytest.fixture
def film(tmp_path: Path) -> Path:
    y, x = np.mgrid[:16, :20] / 8.0
    light = np.stack([1 + np.sin(x), 1 + np.cos(y), 0.5 + 0.2 * np.sin(x + y)], axis=2).astype(np.float16)
    write(tmp_path / "film" / "wall_color.exr", light)
    return tmp_path / "film"


def test_a_texture_in_acescg_stays_in_it_and_can_be_brought_into_another(film: Path, tmp_path: Path) -> None:
    for result, back in (("ACEScg", None), ("Linear Rec.709 (sRGB)", "ACEScg")):
        config = tmp_path / "film.yaml"
        config.write_text(f"source: film\nocio: {{file: ACEScg, result: {result}}}\nscale: 2\n")
        out = tmp_path / result[:4]
        assert cli.run_cli(["run", "-c", str(config), "-o", str(out), "-m", "bicubic"]) == 0
        before, after = (codecs.read(folder / "wall_color.exr") for folder in (film, out))
        light = after.rows(0, 32)
        if back is not None:
            light = ocio.transform(result, back)(light)
        reduced = light.reshape(16, 2, 20, 2, 3).mean(axis=(1, 3))
        assert np.abs(reduced - before.rows(0, 16)).max() < 0.01


def test_an_unknown_name_in_a_configuration_ends_the_run_before_it_begins(
    film: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "film.yaml"
    config.write_text("source: film\nocio: {file: ACESgc}\n")
    assert cli.run_cli(["run", "-c", str(config), "-o", str(tmp_path / "out")]) == 2
    assert "no colour space 'ACESgc'" in capfd.readouterr().err


def test_masks_are_no_colours(film: Path, tmp_path: Path) -> None:
    mask = np.random.default_rng(2).random((8, 8, 1)).astype(np.float32)
    write(film / "wall_rough.exr", mask)
    config = tmp_path / "film.yaml"
    config.write_text("source: film\nocio: {file: ACEScct, result: ACEScg}\nformat: {depth: 32}\n")
    assert cli.run_cli(["convert", "-c", str(config), "-o", str(tmp_path / "out"), "--depth", "32"]) == 0
    np.testing.assert_array_equal(codecs.read(tmp_path / "out" / "wall_rough.exr").pixels, mask)


def test_tags_that_would_lie_about_colours_are_left_out_and_that_is_said(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    (tmp_path / "film").mkdir()
    pixels = np.random.default_rng(4).integers(0, 256, (8, 8, 3), np.uint8)
    Pillow.fromarray(pixels).save(tmp_path / "film" / "wall_color.png", icc_profile=profile)
    config = tmp_path / "film.yaml"
    config.write_text('source: film\nocio: {file: "sRGB - Texture", result: ACEScg}\n')
    out = tmp_path / "out"
    assert cli.run_cli(["plan", "-c", str(config), "-m", "bicubic"]) == 0
    told = capfd.readouterr().out
    assert "colours go from sRGB - Texture to ACEScg" in told
    assert "its ICC profile is passed over" in told
    assert cli.run_cli(["run", "-c", str(config), "-o", str(out), "-m", "bicubic"]) == 0
    with Pillow.open(out / "wall_color.png") as made:
        assert made.info.get("icc_profile") is None
