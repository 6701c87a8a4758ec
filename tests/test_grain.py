"""Grain: the source's own fine detail, continued; and none where there is none."""

import cv2
import numpy as np
import pytest

from cg_upscaler.geometry import Edge, Edges, Size
from cg_upscaler.job import Band
from cg_upscaler.maps import ColorSpace, Role
from cg_upscaler.measure.spectrum import detail_ratio
from cg_upscaler.pixels.grain import grained
from cg_upscaler.pixels.match import matched
from cg_upscaler.pixels.resample import enlarge, shrink
from cg_upscaler.pixels.rows import from_float, to_float
from cg_upscaler.pixels.views import Array
from cg_upscaler.pixels.windows import Local, windowed
from cg_upscaler.upscale import upscale
from tests.fakes import BlurNetwork, FakeGenerators, group, job_of, noise
from tests.pictures import disc, stone


def smooth(source, factor=4):
    """What a generator makes of it that irons all grain away."""
    result = windowed(Local(lambda window: enlarge(window, factor), 2, factor), Edges(), Array(source))
    return result.rows(0, result.size.height)


def with_grain(source, amount=1.0, *, factor=4, band=Band.ALL, edges=Edges()):
    result = windowed(grained(factor, amount, band), edges, Array(smooth(source, factor)), Array(source))
    held = windowed(matched(factor, 1.0, band, low=0, high=1), edges, result, Array(source))
    return held.rows(0, held.size.height)


def rock(side=96):
    """A grainy picture, (side, side, 3)."""
    return to_float(stone(side))


@pytest.mark.parametrize("factor", [2, 4])
def test_detail_comes_up_to_what_the_source_lets_expect(factor):
    truth = to_float(stone(96 * factor))
    source = shrink(truth, factor)
    none, half, full = (detail_ratio(source, with_grain(source, amount, factor=factor)) for amount in (0.0, 0.5, 1.0))
    expected = detail_ratio(source, truth)
    assert none < 0.35 * expected
    assert none < half < full
    assert 0.4 * expected < full < 1.5 * expected


def test_what_is_there_already_is_not_added_to():
    truth = to_float(stone(384))
    source = shrink(truth, 4)
    result = windowed(grained(4, 1.0, Band.ALL), Edges(), Array(truth), Array(source)).rows(0, 384)
    assert detail_ratio(source, result) < 1.25 * detail_ratio(source, truth)


@pytest.mark.parametrize("band", Band)
def test_grain_moves_neither_the_mean_nor_what_the_source_says(band):
    source = rock()
    result = with_grain(source, band=band)
    assert np.abs(result.mean((0, 1), dtype=np.float64) - source.mean((0, 1), dtype=np.float64)).max() * 255 < 0.1
    if band is Band.ALL:
        assert -10 * np.log10(np.square(shrink(result, 4) - source).mean()) > 55


def icon(side=64):
    """A disc with a smooth edge, a line and a letter-like corner, in flat colours: (side, side, 3)."""
    picture = np.full((side, side, 3), (0.2, 0.3, 0.5), np.float32)
    picture += disc(side)[:, :, None].astype(np.float32) * np.float32([0.7, 0.4, -0.4])
    cv2.line(picture, (5, 8), (58, 14), (0.9, 0.9, 0.9), 2, cv2.LINE_AA)
    picture[50:60, 4:7] = picture[57:60, 4:14] = 0.95
    return to_float(np.round(picture * 255).clip(0, 255).astype(np.uint8))


FLAT = {
    "one colour": np.full((48, 48, 3), 0.3, np.float32),
    "edges": np.where(np.indices((48, 48)).sum(0)[:, :, None] % 40 < 20, 0.2, 0.8).repeat(3, 2).astype(np.float32),
    "icon": icon(),
    "gradient": to_float((np.indices((64, 64)).sum(0)[:, :, None] * 1.3 + 20).astype(np.uint8).repeat(3, 2)),
    "dithered gradient": to_float(
        (np.arange(64) * 0.4 + 90 + np.random.default_rng(0).random((64, 64))).astype(np.uint8)[:, :, None].repeat(3, 2)
    ),
}


@pytest.mark.parametrize("name", FLAT)
def test_flat_art_smooth_gradients_and_dither_gain_no_noise(name):
    source = FLAT[name]
    op = windowed(grained(4, 1.0, Band.ALL), Edges(), Array(smooth(source)), Array(source))
    assert np.abs(op.rows(0, op.size.height) - smooth(source)).max() * 255 < 0.5


def test_flat_areas_beside_grain_stay_flat():
    source = rock(64)
    source[:, 32:] = 0.5
    result = with_grain(source)
    assert np.abs(result[:, 34 * 4 :] - 0.5).max() * 255 < 0.5
    assert result[:, : 24 * 4].std() > with_grain(source, 0.0)[:, : 24 * 4].std()


def test_grain_has_the_colour_and_the_direction_of_its_source():
    rng = np.random.default_rng(1)
    lines = cv2.GaussianBlur(rng.normal(0, 0.15, (96, 96)).astype(np.float32), (15, 1), 3)  # along x, as wood
    source = (0.5 + lines[:, :, None] * np.float32([1, 0.6, 0.2])).clip(0, 1)
    added = with_grain(source) - with_grain(source, 0.0)
    across, along = np.diff(added, axis=0).std(), np.diff(added, axis=1).std()
    assert across > 1.5 * along
    red, green, blue = added.reshape(-1, 3).std(0)
    assert green / red == pytest.approx(0.6, abs=0.05)
    assert blue / red == pytest.approx(0.2, abs=0.05)


def test_grain_rolls_with_its_source():
    source = rock(48)
    wrap = Edges.both(Edge.WRAP)

    def run(pixels):
        result = windowed(grained(4, 1.0, Band.ALL), wrap, Array(pixels.repeat(4, 0).repeat(4, 1)), Array(pixels))
        return result.rows(0, 192)

    rolled = run(np.roll(source, (5, 11), (0, 1)))
    assert np.abs(rolled - np.roll(run(source), (20, 44), (0, 1))).max() * 255 < 0.1


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_grain_does_not_depend_on_how_rows_are_asked_for(factor):
    source = rock(40)
    out = windowed(grained(factor, 1.0, Band.ALL), Edges(), Array(smooth(source, factor)), Array(source))
    height = out.size.height
    parts = np.concatenate([out.rows(i, min(i + 13, height)) for i in range(0, height, 13)])
    assert np.abs(parts - out.rows(0, height)).max() * 255 < 0.01


def test_a_group_with_grain_comes_back_grainier_and_as_true():
    pixels = noise(48, 48, 3)
    results = []
    for amount in (0.0, 1.0):
        job = job_of(pixels, group(Role.COLOR, (0, 1, 2), Size(48, 48), grain=amount))
        result = upscale(Array(pixels), job, FakeGenerators(BlurNetwork()), scratch=None, tick=lambda share: None)
        results.append(result.rows(0, 192))
    plain, grainy = results
    assert detail_ratio(to_float(pixels), grainy) > 2 * detail_ratio(to_float(pixels), plain)
    assert np.abs(shrink(grainy, 4) - to_float(pixels)).max() < 0.01


def test_a_texture_with_grain_rolls_with_its_source_through_the_whole_pipeline():
    pixels = from_float(rock(48), np.uint8)

    def run(texture):
        job = job_of(texture, group(Role.COLOR, (0, 1, 2), Size(48, 48), grain=1.0), edges=Edges.both(Edge.WRAP))
        result = upscale(Array(texture), job, FakeGenerators(), scratch=None, tick=lambda share: None)
        return result.rows(0, 192)

    rolled = run(np.roll(pixels, (7, 20), (0, 1)))
    assert np.abs(rolled - np.roll(run(pixels), (28, 80), (0, 1))).max() * 255 < 0.1


def test_light_with_grain_is_never_negative_nor_brighter_than_its_sun():
    light = rock(48) ** 2 * 4
    light[20:23, 20:23] = 300
    job = job_of(light, group(Role.COLOR, (0, 1, 2), Size(48, 48), color_space=ColorSpace.LINEAR, grain=1.0))
    result = upscale(Array(light), job, FakeGenerators(), scratch=None, tick=lambda share: None).rows(0, 192)
    assert np.isfinite(result).all()
    assert result.min() >= 0
    assert np.abs(result.mean() / light.mean() - 1) < 0.02
