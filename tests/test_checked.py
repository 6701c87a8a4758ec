"""What a generator gives is looked at: NaN, infinity, and one colour in place of a picture are never passed off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest

from cg_upscaler.errors import Blank, NonFinite
from cg_upscaler.generate.adapt import adapting
from cg_upscaler.generate.checked import Checked
from cg_upscaler.generate.tiles import Tiles
from cg_upscaler.geometry import Edges, Size, Tiled
from cg_upscaler.job import Job
from cg_upscaler.maps import Role
from cg_upscaler.pixels.rows import Pixels
from cg_upscaler.pixels.scratch import hold
from cg_upscaler.pixels.views import Array
from cg_upscaler.spec import Precision
from cg_upscaler.upscale import upscale
from tests.fakes import BlurNetwork, FakeGenerators, group, job_of, noise

FAST, SURE = Precision.BFLOAT16, Precision.FLOAT32


@dataclass
class Given:
    """Rows that come in blocks of seven."""

    pixels: Pixels

    @property
    def size(self) -> Size:
        return Size(self.pixels.shape[1], self.pixels.shape[0])

    @property
    def channels(self) -> int:
        return self.pixels.shape[2]

    def __iter__(self) -> Iterator[Pixels]:
        for start in range(0, len(self.pixels), 7):
            yield self.pixels[start : start + 7]


def pour(result: Pixels, source: np.ndarray | None = None, precision: Precision = FAST) -> None:
    checked = Checked(Given(result), Array(noise(8, 8, 3) if source is None else source), "esrgan", precision)
    assert (checked.size, checked.channels) == (Size(32, 32), 3)
    np.testing.assert_array_equal(np.concatenate(list(checked)), result)


def flat(*colour: float) -> Pixels:
    return np.full((32, 32, 3), colour, np.float32)


def one_texel(value: float, side: int = 64) -> np.ndarray:
    pixels = np.zeros((side, side, 3), np.uint8)
    pixels[5, 5] = value
    return pixels


def test_rows_are_passed_on_as_they_are() -> None:
    pour(np.random.default_rng(0).normal(0.5, 1, (32, 32, 3)).astype(np.float32))


@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("row", [0, 9, 31])
def test_nan_and_infinity_are_found_before_their_block_is_passed_on(poison: float, row: int) -> None:
    result = np.random.default_rng(0).random((32, 32, 3), np.float32)
    result[row, 3, 1] = poison
    rows = iter(Checked(Given(result), Array(noise(8, 8, 3)), "esrgan", FAST))
    for _ in range(row // 7):
        next(rows)
    with pytest.raises(NonFinite, match="esrgan gave NaN or infinity in bfloat16; run it in float32"):
        next(rows)


@pytest.mark.parametrize("value", [0.0, -0.0, -3.0, 0.001])
def test_an_all_black_result_of_a_picture_is_found(value: float) -> None:
    with pytest.raises(Blank, match="esrgan gave an all-black picture in bfloat16; run it in float32"):
        pour(flat(value))


def test_what_is_black_but_for_noise_around_zero_is_all_black() -> None:
    with pytest.raises(Blank, match="all-black"):
        pour(np.random.default_rng(0).normal(-0.01, 0.002, (32, 32, 3)).astype(np.float32))


@pytest.mark.parametrize("colour", [(0.5, 0.5, 0.5), (1, 1, 1), (0.1, 0.9, 0.4), (7, 9, 8)])
def test_one_colour_throughout_is_found(colour: tuple[float, ...]) -> None:
    with pytest.raises(Blank, match="gave one colour throughout"):
        pour(flat(*colour))


def test_in_float32_another_model_is_the_way_out() -> None:
    with pytest.raises(Blank, match="all-black picture in float32; choose another model"):
        pour(flat(0), precision=SURE)


@pytest.mark.parametrize(
    "source",
    [
        np.zeros((8, 8, 3), np.uint8),
        np.full((8, 8, 3), 77, np.uint8),
        noise(8, 8, 3) % 5,  # nearly black
        200 + noise(8, 8, 3) % 4,
        one_texel(60),  # a speck, which a generator may take for noise
    ],
    ids=["black", "flat", "nearly black", "nearly flat", "a speck"],
)
def test_a_source_that_shows_nothing_may_come_out_as_one_colour(source: np.ndarray) -> None:
    for value in (0, 0.3):
        pour(flat(value), source)


def test_one_bright_texel_in_the_result_is_no_failure() -> None:
    for row in (0, 13, 31):
        result = flat(0)
        result[row, 4] = 0.1
        pour(result)


def test_contrast_of_one_channel_is_something() -> None:
    source = np.zeros((8, 8, 3), np.uint8)
    source[:4, :, 2] = 30
    with pytest.raises(Blank):
        pour(flat(0), source)


@pytest.mark.parametrize("tile", [4, 16])
def test_tiles_are_checked(tile: int) -> None:
    def tiles(fn: object, pixels: np.ndarray) -> None:
        generator = Tiles(BlurNetwork(fn))  # type: ignore[arg-type]
        hold(generator.run(Array(pixels), Tiled(tile, 2, 1, 2), Edges(), FAST, lambda share: None))

    pixels = noise(12, 12, 3)
    with pytest.raises(Blank, match="fake gave an all-black picture in bfloat16"):
        tiles(lambda seen: seen * 0, pixels)
    with pytest.raises(NonFinite, match="fake gave NaN or infinity in bfloat16"):
        tiles(lambda seen: seen * np.float32(np.inf), pixels)
    tiles(lambda seen: seen * 0, pixels % 3)


@dataclass
class BlackUnless(BlurNetwork):
    """A network that overflows in every precision but one."""

    right: Precision | None = SURE

    def run(self, window: Pixels, precision: Precision) -> Pixels:
        return super().run(window, precision) * np.float32(precision is self.right)


def in_mixed(network: BlurNetwork) -> tuple[np.ndarray, tuple[str, ...]]:
    pixels = noise(12, 12, 3)
    job = job_of(pixels, replace(group(Role.COLOR, (0, 1, 2), Size(12, 12)), precision=Precision.MIXED))

    def attempt(now: Job) -> Pixels:
        result = upscale(Array(pixels), now, FakeGenerators(network), scratch=None, tick=lambda share: None)
        return result.rows(0, result.size.height)

    return adapting(job, attempt)


def test_a_texture_that_came_out_black_is_done_again_in_float32_with_a_note() -> None:
    result, notes = in_mixed(BlackUnless())
    assert result.std() > 0.05
    assert notes == ("fake gave an all-black picture in mixed: done again in float32",)


def test_what_is_black_in_float32_too_is_a_failure() -> None:
    with pytest.raises(Blank, match="all-black picture in float32; choose another model"):
        in_mixed(BlackUnless(right=None))
