"""Data in the guise of a picture, and drawings of single texels, are known for what they are; pictures are no such."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from cg_upscaler import codecs
from cg_upscaler.library.classify import Decision, classify
from cg_upscaler.library.survey import survey
from cg_upscaler.library.survey.evidence import Evidence
from cg_upscaler.maps import AlphaMode, MapKind, Meaning
from cg_upscaler.pixels.views import Array
from tests import pictures, unusual
from tests.pictures import as_bytes, spec_of

EXAMPLES = sorted(
    path
    for path in (Path(__file__).parent.parent / "examples" / "textures").rglob("*")
    if path.suffix in (".png", ".jpg", ".exr")
)

SMOKE = np.clip(pictures.height_field() * 2 - 0.6, 0, 1)
"""Transparency by degrees, with texels where there is nothing."""


def look(pixels: NDArray[np.generic]) -> Evidence:
    return survey(Array(np.ascontiguousarray(pixels)), spec_of(pixels))


def decide(pixels: NDArray[np.generic], name: str = "x7f3q.png") -> Decision:
    return classify(name, spec_of(pixels), look(pixels))


def _turned() -> pictures.Picture:
    y, x = np.mgrid[:64, :128] * (np.pi / 64)
    sphere = np.stack([np.sin(y) * np.cos(x), np.cos(y), np.sin(y) * np.sin(x)], axis=2)
    return as_bytes(sphere / 2 + 0.5)


MEANINGS = {
    "look-up strip": (pictures.lookup_strip(16), Meaning.LOOKUP),
    "ramp": (pictures.sky(256, 16), Meaning.RAMP),
    "splat weights": (pictures.splat(), Meaning.WEIGHTS),
    "IDs": (pictures.ids(), Meaning.IDS),
    "distance field": (as_bytes(pictures.distance_field())[..., None], Meaning.DISTANCE),
    "distance field of three channels": (unusual.msdf(), Meaning.DISTANCE),
    "flow": (unusual.flow(), Meaning.FLOW),
    "RGBM": (unusual.rgbm(), Meaning.ENCODED),
    "YCoCg": (unusual.ycocg(), Meaning.ENCODED),
    "vertices in time": (unusual.vertices(), Meaning.POSITIONS),
    "positions": ((np.random.default_rng(0).random((32, 64, 3)) * 40 - 20).astype(np.float32), Meaning.POSITIONS),
    "motion vectors": (np.random.default_rng(0).normal(size=(32, 32, 3)).astype(np.float16)[..., :2], Meaning.MOTION),
    "normals of an object": (_turned(), Meaning.OBJECT_NORMALS),
}


@pytest.mark.parametrize("what", MEANINGS)
def test_pixels_tell_data_and_what_it_is(what: str) -> None:
    pixels, meaning = MEANINGS[what]
    if pixels.shape[2] == 2:
        spec = type(spec_of(pixels))(spec_of(pixels).size, 2, spec_of(pixels).depth, "exr")
        decision = classify("x7f3q.exr", spec, survey(Array(pixels), spec))
    else:
        decision = decide(pixels)
    assert (decision.kind, decision.meaning) == (MapKind.DATA, meaning), decision.why


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_real_textures_are_no_data_and_no_pixel_art(path: Path) -> None:
    image = codecs.read(path)
    evidence = survey(image, image.spec)
    assert classify("x7f3q.png", image.spec, evidence).kind not in (MapKind.DATA, MapKind.PIXEL_ART)
    assert evidence.blocks == 0


@pytest.mark.parametrize("times", [1, 2, 3, 4, 8])
@pytest.mark.parametrize("drawing", [unusual.hero, unusual.tile_set])
def test_pixel_art_is_known_with_the_size_of_its_blocks(drawing: type, times: int) -> None:
    pixels = drawing(times)
    assert look(pixels).blocks == times
    assert decide(pixels).kind is MapKind.PIXEL_ART


def test_pixel_art_on_nothing_is_a_cut_out() -> None:
    assert decide(unusual.hero(4)).alpha is AlphaMode.CUTOUT


@pytest.mark.parametrize("count", [8, 16, 32])
@pytest.mark.parametrize("path", [path for path in EXAMPLES if path.suffix == ".jpg"], ids=lambda path: path.name)
def test_a_photograph_in_few_colors_is_no_pixel_art(path: Path, count: int) -> None:
    picture = as_bytes(codecs.read(path).rows(0, codecs.read(path).size.height))
    assert decide(unusual.few_colors(picture, count)).kind is not MapKind.PIXEL_ART


def test_smooth_icons_and_enlarged_photographs_are_no_pixel_art() -> None:
    assert look(pictures.with_alpha(np.full((64, 64, 3), 90, np.uint8), pictures.disc(64))).blocks == 0
    assert look(pictures.stone(64).repeat(2, 0).repeat(2, 1)).blocks == 0
    assert look(pictures.ids()).blocks == 0


@pytest.mark.parametrize("colors", [14, 250])
def test_what_is_only_sixteen_texels_wide_is_pixel_art_whatever_its_colors(colors: int) -> None:
    rng = np.random.default_rng(2)
    palette = rng.integers(60, 160, (colors, 3), np.uint8)
    assert decide(palette[rng.integers(0, colors, (16, 16))]).kind is MapKind.PIXEL_ART
    assert decide(palette[rng.integers(0, colors, (64, 16))]).kind is MapKind.PIXEL_ART


def test_a_small_glow_is_no_pixel_art() -> None:
    glow = cv2.GaussianBlur(np.pad(np.ones((4, 4)), 6), (0, 0), 2.5)
    assert decide(as_bytes(glow[..., None] * [1.0, 0.8, 0.4])).kind is MapKind.BASE_COLOR


@pytest.mark.parametrize("scale", [1e-42, 3e38])
def test_light_beyond_all_measure_is_no_animation(scale: float) -> None:
    light = np.random.default_rng(5).random((16, 16, 3)) * scale
    assert decide(light.astype(np.float32), "x7f3q.exr").kind is not MapKind.DATA


def test_a_colored_glow_is_no_distance_field() -> None:
    y, x = np.mgrid[:64, :64] - 31.5
    rise = np.clip(1 - np.hypot(x, y) / 32, 0, 1)[..., None]
    assert decide(as_bytes(rise * [2.0, 1.0, 0.0])).kind is not MapKind.DATA


def test_a_surface_is_known_though_its_vectors_have_lost_their_length() -> None:
    vectors = pictures.normals(pictures.height_field(), strength=10) / 127.5 - 1
    lengths = np.random.default_rng(3).uniform(0.6, 1.05, (128, 128, 1))
    assert decide(as_bytes(vectors * lengths / 2 + 0.5)).kind is MapKind.NORMAL


def test_one_gray_is_no_vector_however_long() -> None:
    gray = np.full((64, 64, 3), 54, np.uint8) + np.random.default_rng(4).integers(0, 2, (64, 64, 1), np.uint8)
    gray[20:30, 5:55] = 230
    gray[25:28, 5:55, 0] = 180
    assert decide(gray).kind is not MapKind.DATA


def test_a_picture_is_no_ramp_for_its_name() -> None:
    colors = np.dstack([pictures.height_field(seed=seed) for seed in range(3)])
    assert decide(as_bytes(colors), "ramps.png").kind is MapKind.BASE_COLOR


def test_what_fades_out_before_the_borders_is_transparent() -> None:
    shape = cv2.GaussianBlur(pictures.disc(), (0, 0), 8)
    shape[shape < 0.02] = 0
    colors = pictures.stone().copy()
    colors[shape == 0] = 255 - colors[shape == 0]
    assert decide(pictures.with_alpha(colors, shape)).alpha is AlphaMode.BLEND


def test_multiplied_color_is_known() -> None:
    assert decide(unusual.multiplied()).alpha is AlphaMode.PREMULTIPLIED
    assert decide(unusual.multiplied(), "icon_glow.png").alpha is AlphaMode.PREMULTIPLIED


def test_straight_color_is_not_taken_for_multiplied() -> None:
    for brightness in (0.0, 0.02, 0.2, 0.6, 1.0):
        straight = pictures.with_alpha(as_bytes(np.full((128, 128, 3), brightness)), SMOKE)
        straight[straight[..., 3] == 0] = 0
        assert decide(straight, "smoke.png").alpha is AlphaMode.BLEND, brightness


def test_a_word_for_multiplied_color_is_believed_unless_pixels_rule_it_out() -> None:
    dark = pictures.with_alpha(np.zeros((128, 128, 3), np.uint8), SMOKE)
    assert decide(dark, "smoke_pma.png").alpha is AlphaMode.PREMULTIPLIED
    bright = dark + np.array([200, 200, 200, 0], np.uint8)
    decision = decide(bright, "smoke_pma.png")
    assert decision.alpha is not AlphaMode.PREMULTIPLIED
    stone = np.where(pictures.distance_field() > 0.4, 1.0, 0.0)
    assert decide(pictures.with_alpha(pictures.stone(), stone), "spine/hero.png").alpha is not AlphaMode.PREMULTIPLIED


def test_a_mask_of_three_levels_is_a_mask() -> None:
    levels = np.digitize(pictures.height_field(), [0.35, 0.6]) / 2
    evidence = look(pictures.with_alpha(pictures.stone(), levels))
    assert evidence.alpha.levels == 3
    assert decide(pictures.with_alpha(pictures.stone(), levels)).alpha is AlphaMode.MASK
    assert decide(as_bytes(levels)[..., None]).kind in (MapKind.BASE_COLOR, MapKind.OPACITY)


def _zero_length() -> NDArray[np.generic]:
    normals = pictures.normals(pictures.height_field())
    normals[20:60, 20:60] = 128
    return normals


def _beyond_the_disc() -> NDArray[np.generic]:
    return np.random.default_rng(0).choice([0, 255], (64, 64, 3)).astype(np.uint8) * [1, 1, 0]


def _holes() -> NDArray[np.generic]:
    pixels = np.random.default_rng(0).random((40, 50, 4), np.float32)
    pixels[3, 3], pixels[:, 7], pixels[9] = np.nan, np.inf, -np.inf
    return pixels


BAD = {
    "1×1": np.full((1, 1, 3), 9, np.uint8),
    "1×4096": np.random.default_rng(0).integers(0, 256, (4096, 1, 4), np.uint8),
    "4096×1": np.random.default_rng(0).integers(0, 256, (1, 4096, 3), np.uint8),
    "3×3": np.random.default_rng(0).integers(0, 256, (3, 3, 4), np.uint8),
    "all transparent": np.zeros((64, 64, 4), np.uint8),
    "all transparent over colour": pictures.with_alpha(pictures.stone(), np.zeros((128, 128))),
    "holes": _holes(),
    "nothing but holes": np.full((16, 16, 4), np.nan, np.float16),
    "vectors of no length": _zero_length(),
    "vectors of no length only": np.full((32, 32, 3), 127, np.uint8),
    "two channels beyond the disc": _beyond_the_disc().astype(np.uint8),
    "normals in a palette": unusual.few_colors(pictures.normals(pictures.height_field()), 24),
    "huge numbers": np.full((16, 16, 3), 3e38, np.float32) * np.linspace(-1, 1, 16, dtype=np.float32)[:, None, None],
}


@pytest.mark.parametrize("name", ["x.png", "x_n.png", "x_pma.png", "icon.png", "x_mask.png", "x_hdri.exr"])
@pytest.mark.parametrize("what", BAD)
@pytest.mark.filterwarnings("error")
def test_bad_input_is_measured_and_decided(what: str, name: str) -> None:
    assert decide(BAD[what], name).why


@pytest.mark.filterwarnings("error")
def test_normals_in_a_palette_are_normals() -> None:
    decision = decide(BAD["normals in a palette"])
    assert decision.kind is MapKind.NORMAL
    assert decision.convention is not None


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 12),
    st.integers(1, 12),
    st.integers(1, 5),
    st.sampled_from(["uint8", "uint16", "float16", "float32"]),
    st.integers(0, 2**32 - 1),
)
def test_anything_small_is_measured(height: int, width: int, channels: int, dtype: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    levels = rng.integers(0, rng.choice([2, 3, 256]), (height, width, channels))
    pixels = levels.astype(dtype) if dtype.startswith("u") else rng.normal(size=levels.shape).astype(dtype)
    with np.errstate(all="raise", under="ignore"):
        assert 0 <= decide(pixels, "x_n.png").confidence <= 1
