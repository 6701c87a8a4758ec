"""What is measured of pixels is exact where it says so, and does not depend on how they are read."""

from __future__ import annotations

import json

import numpy as np
import pytest
from numpy.typing import NDArray

from cg_upscaler.geometry import Size
from cg_upscaler.library.survey import SAMPLE, survey
from cg_upscaler.library.survey.evidence import AlphaClass, Evidence, HiddenColor
from cg_upscaler.pixels.rows import Pixels
from cg_upscaler.pixels.views import Array
from cg_upscaler.spec import Depth, ImageSpec
from cg_upscaler.wire import from_plain, to_plain
from tests import pictures
from tests.pictures import spec_of


def look(pixels: NDArray[np.generic]) -> Evidence:
    return survey(Array(pixels), spec_of(pixels))


def test_evidence_travels_as_json() -> None:
    evidence = look(pictures.with_alpha(pictures.stone(), pictures.disc()))
    assert from_plain(Evidence, json.loads(json.dumps(to_plain(evidence)))) == evidence


def test_one_texel_among_millions_is_seen() -> None:
    pixels = np.full((1500, 1400, 4), 200, np.uint8)
    assert all(look(pixels).constant)
    assert look(pixels).gray
    assert look(pixels).alpha.values is AlphaClass.CONSTANT
    pixels[1021, 733] = (200, 201, 200, 199)  # in none of the windows of the sample
    evidence = look(pixels)
    assert evidence.constant == (True, False, True, False)
    assert not evidence.gray
    assert evidence.alpha.values is AlphaClass.GRADIENT
    assert evidence.low == pytest.approx((200 / 255, 200 / 255, 200 / 255, 199 / 255))


class Counting:
    """A picture of noise that exists only while it is read."""

    size, channels = Size(4096, 4096), 3

    def __init__(self) -> None:
        self.most = 0

    def rows(self, start: int, stop: int) -> Pixels:
        self.most = max(self.most, stop - start)
        rows = np.random.default_rng(start).random((stop - start, 64, 3), np.float32)
        return np.tile(rows, (1, 64, 1))


def test_a_large_picture_is_read_in_blocks() -> None:
    image = Counting()
    assert image.size.pixels > 10 * SAMPLE
    survey(image, ImageSpec(image.size, 3, Depth.UINT8, "png"))
    assert image.most * image.size.width <= 2 * SAMPLE


def test_equal_pictures_give_equal_evidence() -> None:
    pixels = np.tile(pictures.stone(), (10, 9, 1))
    assert look(pixels) == look(pixels.copy())


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_holes_are_reported_and_harm_no_figure(dtype: type) -> None:
    pixels = (pictures.stone() / 255).astype(dtype)
    whole = look(pixels)
    pixels[5, 5], pixels[6, 6, 0], pixels[7, 7, 1] = np.nan, np.inf, -np.inf
    evidence = look(pixels)
    assert whole.finite
    assert not evidence.finite
    assert evidence.high == pytest.approx(whole.high, abs=0.02)
    assert evidence.low == pytest.approx(whole.low, abs=0.02)
    json.dumps(to_plain(evidence), allow_nan=False)


def test_a_picture_of_nothing_but_holes_is_measured() -> None:
    assert look(np.full((4, 4, 3), np.nan, np.float32)).low == (0, 0, 0)


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1, 4), (1, 5000, 3), (3, 3, 2), (70000, 17, 3), (2, 2, 5)])
@pytest.mark.filterwarnings("error")
def test_any_shape_is_measured(shape: tuple[int, int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    assert len(look(pixels).low) == shape[2]


def test_sixteen_bits_are_told_apart() -> None:
    pixels = np.full((8, 8, 1), 40000, np.uint16)
    assert look(pixels).constant == (True,)
    pixels[3, 3] = 40001
    assert look(pixels).constant == (False,)


def test_alpha_is_classed() -> None:
    stone = pictures.stone()

    def alpha(values: NDArray[np.floating]) -> AlphaClass:
        return look(pictures.with_alpha(stone, values)).alpha.values

    assert look(stone).alpha.values is AlphaClass.NONE
    assert alpha(np.full((128, 128), 0.5)) is AlphaClass.CONSTANT
    assert alpha(pictures.disc(smooth=False)) is AlphaClass.BINARY
    assert alpha(pictures.disc()) is AlphaClass.BINARY
    assert alpha(pictures.height_field()) is AlphaClass.GRADIENT
    assert alpha(pictures.distance_field()) is AlphaClass.GRADIENT


def test_leaves_with_many_smooth_edges_are_a_cut_out() -> None:
    alpha = np.tile(pictures.disc(16), (8, 8))
    evidence = look(pictures.with_alpha(pictures.stone(), alpha)).alpha
    assert evidence.clear + evidence.solid < 0.9
    assert evidence.values is AlphaClass.BINARY


def test_hidden_color_is_classed() -> None:
    cut = pictures.disc(smooth=False)
    stone = pictures.stone()
    assert look(pictures.with_alpha(stone, np.ones_like(cut))).alpha.hidden is HiddenColor.NONE
    assert look(pictures.with_alpha(stone, cut)).alpha.hidden is HiddenColor.LIKE_VISIBLE
    stone[cut == 0] = 0
    assert look(pictures.with_alpha(stone, cut)).alpha.hidden is HiddenColor.ONE
    stone[cut == 0] = np.random.default_rng(0).integers(200, 255, ((cut == 0).sum(), 3))
    assert look(pictures.with_alpha(stone, cut)).alpha.hidden is HiddenColor.OTHER


def test_normals_are_unit_vectors_and_pictures_are_not() -> None:
    assert look(pictures.normals(pictures.height_field())).vectors.unit > 0.99
    assert look(pictures.stone()).vectors.unit < 0.3


def test_rising_high_values_are_kept() -> None:
    pixels = np.linspace(0, 40, 64 * 64 * 3, dtype=np.float32).reshape(64, 64, 3)
    assert max(look(pixels).high) == 40


def test_smoothed_edges_do_not_make_transparency_soft() -> None:
    y, x = np.mgrid[:24, :24]
    away = np.hypot(x - 11.5, y - 11.5)
    sharp, glow = np.clip(8.5 - away, 0, 1), np.clip(1.3 - away / 9, 0, 1)
    pixels = [np.dstack([np.full((24, 24, 3), 200), 255 * alpha]).round().astype(np.uint8) for alpha in (sharp, glow)]
    disc, particle = (look(picture).alpha for picture in pixels)
    assert disc.soft == 0
    assert particle.soft > 0.5
