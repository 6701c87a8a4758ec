"""Depth and range: no step of 1/255 anywhere on the way, and light of any brightness."""

import numpy as np
import pytest

from cg_upscaler.api import Upscaler
from cg_upscaler.geometry import Edges, Size
from cg_upscaler.job import Band
from cg_upscaler.maps import BICUBIC, LINEAR, NEAREST, AlphaMode, ColorSpace, MapKind, Role
from cg_upscaler.pixels import transfer
from cg_upscaler.pixels.light import matched_light
from cg_upscaler.pixels.resample import shrink
from cg_upscaler.pixels.rows import from_float, to_float
from cg_upscaler.pixels.space import space_of
from cg_upscaler.pixels.views import Array
from cg_upscaler.pixels.windows import windowed
from cg_upscaler.upscale import upscale
from tests.fakes import BlurNetwork, FakeGenerators, group, job_of, noise


def run(pixels, one, *, network=None, **job):
    job = job_of(pixels, one, **job)
    generators = FakeGenerators(network or BlurNetwork())
    result = upscale(Array(pixels), job, generators, scratch=None, tick=lambda share: None)
    return result.rows(0, result.size.height)


def data(pixels, **more):
    settings = {"color_space": ColorSpace.DATA, "model": BICUBIC, **more}
    return group(Role.SCALAR, (0,), Array(pixels).size, **settings)


def light(pixels, **more):
    return group(Role.COLOR, (0, 1, 2), Array(pixels).size, color_space=ColorSpace.LINEAR, **more)


def ramp(width, channels, low=0, high=65535):
    row = np.linspace(low, high, width).round().astype(np.uint16)
    return np.broadcast_to(row[None, :, None], (4, width, channels)).copy()


INSIDE = slice(4, -4)
"""Of a result's columns: at its ends a ramp that does not tile is flattened by whatever lies beyond."""


@pytest.mark.parametrize(("kind", "channels"), [("height", 1), ("roughness", 3), ("packed", 4), ("base_color", 3)])
def test_a_wide_16_bit_ramp_has_every_level_that_it_should_have(kind, channels):
    """4096 wide, it rises by 16 levels a texel; four times as wide by four, so that each texel shows a new one."""
    pixels = ramp(4096, channels)
    if channels > 1:
        pixels[:, :, 1] = pixels[:, ::-1, 0]  # else it is a gray picture
    result = Upscaler(BICUBIC).array(pixels, kind)
    assert result.dtype == np.uint16
    line = result[8, INSIDE, 0].astype(int)
    assert len(np.unique(line)) == len(line)
    assert np.diff(line).min() > 0
    assert np.diff(line).max() <= 6  # 4 by the slope; roundings of two texels of the source, and of the result


def test_a_ramp_with_alpha_keeps_its_levels_in_colour_and_alpha():
    pixels = ramp(1024, 4, 2000, 60000)
    pixels[:, :, 1] = pixels[:, ::-1, 0]
    result = Upscaler(BICUBIC).array(pixels, "packed")
    for channel in (0, 3):
        assert (np.diff(result[8, INSIDE, channel].astype(int)) > 0).all()


def test_a_ramp_through_a_generator_keeps_its_levels():
    """Through model space and back, and matched; with a network that adds no steps of its own."""
    pixels = ramp(1024, 1, 2000, 60000)
    levels = from_float(run(pixels, data(pixels, model="fake"), kind=MapKind.HEIGHT), np.uint16)
    assert (np.diff(levels[8, INSIDE, 0].astype(int)) > 0).all()


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize(("low", "high"), [(-5.0, 1e4), (-300.0, -200.0), (0.0, 1e-3), (0.2, 0.8)])
def test_float_data_of_any_range_keep_their_values(dtype, low, high):
    unit = noise(24, 24, 1).astype(np.float64) / 255
    pixels = (low + (high - low) * unit**2).astype(dtype)
    result = run(pixels, data(pixels), kind=MapKind.HEIGHT)
    span = high - low
    assert np.abs(shrink(result, 4) - pixels.astype(np.float32)).mean() < 0.005 * span
    assert result.min() > low - 0.3 * span
    assert result.max() < high + 0.3 * span


def test_small_numbers_beside_large_ones_keep_their_digits():
    """A coast beside a mountain: in units of 10,000 a step of a millimetre would be lost to float32's rounding."""
    pixels = np.broadcast_to(np.linspace(0, 0.01, 64, dtype=np.float32)[None, :, None], (16, 64, 1)).copy()
    pixels[:, :4] = 10000
    line = run(pixels, data(pixels), kind=MapKind.HEIGHT)[32, 80:-16, 0]
    assert (np.diff(line) > 0).all()
    assert np.abs(np.diff(line) / (0.01 / 63 / 4) - 1).max() < 0.05


@pytest.mark.parametrize("model", [NEAREST, LINEAR])
def test_plain_resampling_of_any_kind_takes_any_range(model):
    pixels = ((noise(12, 12, 1).astype(np.float32) - 128) * 40).astype(np.float32)
    space = space_of(Array(pixels), data(pixels, model=model))
    assert np.array_equal(space.leave(space.enter(pixels)), pixels)


def test_integers_stay_within_their_range():
    edges = np.kron(np.indices((4, 4)).sum(0) % 2, np.ones((6, 6)))[:, :, None].astype(np.uint16) * 65535
    result = run(edges, data(edges), kind=MapKind.HEIGHT)
    assert result.min() == 0
    assert result.max() == 1


def bicubic_light(source):
    return run(source, light(source, model=BICUBIC))


def spots(source):
    """Return where the brightest texels are, at least four apart."""
    brightness = source.max(axis=2)
    found = []
    for index in np.argsort(brightness, axis=None)[::-1][: max(1, brightness.size // 1000)]:
        at = np.array(divmod(int(index), brightness.shape[1]))
        if all(np.abs(at - other).max() >= 4 for other in found):
            found.append(at)
    return found


def highlight_error(source, result):
    small = shrink(result, len(result) // len(source))
    return max(abs(float(small[y, x].sum() / source[y, x].sum()) - 1) for y, x in spots(source))


def sun(brightness=5000.0, sky=0.1):
    source = np.full((32, 32, 3), sky, np.float32)
    source[16, 13] = brightness
    return source


def lamps():
    """A dim room with lamps of many sizes and brightnesses, tinted."""
    source = (noise(48, 48, 3).astype(np.float32) / 255) ** 2.2 * 0.3
    for index in range(9):
        y, x = divmod(index, 3)
        source[8 + 14 * y : 9 + index // 4 + 14 * y, 8 + 14 * x : 10 + 14 * x] = np.float32([9, 7, 4]) * 2.0**index
    return source


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("source", [sun(), sun(60000.0, 1e-3), lamps()], ids=["sun", "brightest", "lamps"])
def test_highlights_come_back_within_five_percent(source, dtype):
    source = source.astype(dtype)
    result = from_float(bicubic_light(source), dtype)
    assert highlight_error(source.astype(np.float32), result.astype(np.float32)) < 0.05
    assert abs(result.mean(dtype=np.float64) / source.mean(dtype=np.float64) - 1) < 0.01


def test_highlights_come_back_through_a_generator_that_dims_them():
    source = lamps()
    dim = BlurNetwork(lambda tile: np.minimum(tile * 0.97, 0.9))
    assert highlight_error(source, run(source, light(source), network=dim)) < 0.05


@pytest.mark.parametrize("source", [sun(), lamps()], ids=["sun", "lamps"])
def test_light_is_never_negative(source):
    assert bicubic_light(source).min() >= 0


@pytest.mark.parametrize("network", [BlurNetwork(), BlurNetwork(lambda tile: tile + 0.2 * (tile - tile.mean()))])
def test_no_dark_ring_runs_along_an_edge_of_light_a_hundred_times_as_bright(network):
    source = np.full((32, 32, 3), 0.1, np.float32)
    source[:, 16:] = 10
    line = run(source, light(source), network=network)[64, :, 0]
    assert line[16:64].min() > 0.09
    assert line[64:112].max() < 11.5


def test_no_ring_runs_around_a_sun():
    result = bicubic_light(sun())
    around = np.ones(result.shape[:2], bool)
    around[60:72, 48:60] = False
    assert result.min() > 0.09
    assert result[around].max() < 0.12


def test_a_gradient_of_light_stays_one():
    source = np.broadcast_to(np.geomspace(0.01, 100, 64, dtype=np.float32)[None, :, None], (16, 64, 3)).copy()
    line = bicubic_light(source)[32, 16:-16, 0]
    assert (np.diff(line) > 0).all()
    ratio = line[1:] / line[:-1]
    assert ratio.max() / ratio.min() < 1.03


@pytest.mark.parametrize("band", Band)
def test_matched_light_does_not_depend_on_how_rows_are_asked_for(band):
    source = lamps()
    start = source.repeat(4, 0).repeat(4, 1) * 0.8
    out = windowed(matched_light(4, 1.0, band), Edges(), Array(start), Array(source))
    parts = np.concatenate([out.rows(top, min(top + 37, 192)) for top in range(0, 192, 37)])
    assert np.allclose(parts, out.rows(0, 192), rtol=1e-5, atol=1e-6)


def test_the_log_curve_loses_nothing_that_half_floats_hold():
    halves = np.arange(1, 0x7C00, 7, dtype=np.uint16).view(np.float16)
    pixels = halves.astype(np.float32)[None, :, None]
    back = transfer.expand(transfer.compress(pixels, 65504.0), 65504.0)
    sound = halves > 1e-4
    assert np.abs(back / pixels - 1)[0, sound].max() < 2**-11


def test_nan_and_infinity_of_a_file_do_not_reach_the_result():
    source = lamps()
    source[5, 5], source[20, 20, 1], source[30, 3, 2] = np.nan, np.inf, -np.inf
    result = bicubic_light(source)
    assert np.isfinite(result).all()
    assert result.min() >= 0
    away = np.s_[140:190, 140:190]
    assert np.allclose(result[away], bicubic_light(lamps())[away], rtol=0.2, atol=0.02)


def test_gamma_bends_what_a_generator_sees_and_is_undone():
    pixels = noise(16, 16, 1)
    seen = []

    def look(tile):
        seen.append(float(tile.mean()))
        return tile

    one = data(pixels, model="fake", fidelity=0.0)
    plain = run(pixels, one, network=BlurNetwork(look))
    bent = run(pixels, data(pixels, model="fake", fidelity=0.0, gamma=2.2), network=BlurNetwork(look))
    assert seen[1] < seen[0] - 0.1
    assert np.abs(bent - plain).max() < 0.1
    assert abs(bent.mean() - to_float(pixels).mean()) < 0.02


@pytest.mark.parametrize("gamma", [0.4, 1.0, 2.2])
@pytest.mark.parametrize("space", ColorSpace)
def test_the_way_into_model_space_has_a_way_back(space, gamma):
    pixels = lamps() if space is ColorSpace.LINEAR else noise(16, 16, 3).astype(np.float32) / 255
    one = group(Role.COLOR, (0, 1, 2), Size(16, 16), color_space=space, gamma=gamma)
    through = space_of(Array(pixels), one)
    assert np.allclose(through.leave(through.enter(pixels)), pixels, rtol=1e-3, atol=1e-5)


def test_alpha_of_light_is_no_light():
    source = np.dstack([lamps(), noise(48, 48, 1).astype(np.float32) / 255])
    result = Upscaler(BICUBIC).array(source, "environment", alpha=AlphaMode.MASK)
    assert result.dtype == np.float32
    assert result[:, :, 3].max() <= 1
    assert np.abs(shrink(result[:, :, 3:], 4) - source[:, :, 3:]).mean() < 0.02


def test_a_height_beside_infinity_does_not_ring():
    pixels = np.full((12, 12, 1), 3.0, np.float32)
    pixels[5:7, 5:7] = np.inf
    result = run(pixels, data(pixels), kind=MapKind.HEIGHT)
    assert result.min() >= 0
    assert result.max() <= 65504
