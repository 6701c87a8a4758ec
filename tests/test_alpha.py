"""Transparency: cut-outs keep their coverage and get smooth edges, premultiplied stays so, data in alpha is data."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cg_upscaler.geometry import Edge, Edges, Size
from cg_upscaler.job import Via
from cg_upscaler.maps import BICUBIC, NEAREST, AlphaMode, ColorSpace, Role
from cg_upscaler.measure.fringe import fringe
from cg_upscaler.pixels.coverage import passes_from, with_coverage_of
from cg_upscaler.pixels.resample import shrink
from cg_upscaler.pixels.rows import from_float, to_float
from cg_upscaler.pixels.stairs import without_stairs
from cg_upscaler.pixels.views import Array
from cg_upscaler.spec import Depth, Precision
from cg_upscaler.upscale import upscale
from tests.fakes import BlurNetwork, FakeGenerators, group, job_of, noise

COLOUR = (0, 1, 2)


@cache
def fine(shape: str, side: int) -> np.ndarray:
    """An ideal shape, (side, side, 1) of 0 … 1, with the smooth edge that it has at that size."""
    y, x = (np.mgrid[: side * 4, : side * 4] + 0.5) / (side * 4) - 0.5
    inside = {
        "disc": np.hypot(x - 0.01, y + 0.02) < 0.33,
        "lines": np.abs((x + 0.31 * y) * 6 % 1 - 0.5) < 0.15,
        "leaf": np.hypot(x, y) < 0.25 + 0.12 * np.sin(2.5 * np.arctan2(y, x)) ** 2,
        "slope": y > 0.3 * x,
    }[shape]
    return shrink(inside[:, :, None].astype(np.float32), 4)


def cutout(shape: str, side: int, *, hard: bool) -> np.ndarray:
    alpha = shrink(fine(shape, side * 4), 4)
    alpha = (alpha >= 0.5).astype(np.float32) if hard else alpha
    colour = np.broadcast_to(np.float32([0.3, 0.6, 0.2]), (side, side, 3)) * (alpha > 0)
    return from_float(np.dstack([colour, alpha]), np.uint8)


def run(pixels, mode, network=None, *, colour=None, fidelity=1.0, alpha_fidelity=0.0, model="fake", **more):
    """Upscale an RGBA picture as its planner would have it, and return it as its file would hold it."""
    size = Size(pixels.shape[1], pixels.shape[0])
    via = more.pop("via", Via.DIRECT)
    space = ColorSpace.LINEAR if pixels.dtype.kind == "f" else ColorSpace.SRGB
    role = Role.ALPHA if mode in (AlphaMode.CUTOUT, AlphaMode.BLEND, AlphaMode.PREMULTIPLIED) else Role.SCALAR
    groups = colour or (group(Role.COLOR, COLOUR, size, fidelity=fidelity, color_space=space, via=via),)
    alpha = group(role, (3,), size, fidelity=alpha_fidelity, color_space=ColorSpace.DATA, model=model, via=via)
    job = job_of(pixels, *groups, alpha, alpha=mode, **more)
    result = upscale(Array(pixels), job, FakeGenerators(network or BlurNetwork()), scratch=None, tick=lambda _: None)
    return from_float(result.rows(0, result.size.height), pixels.dtype)


# Stairs --------------------------------------------------------------------------------------------------------------


def smoothed(mask, edges=Edges()):
    return without_stairs(Array(mask), edges).rows(0, mask.shape[0])


@pytest.mark.parametrize("shape", ["disc", "slope", "lines", "leaf"])
def test_a_mask_without_stairs_is_closer_to_what_was_drawn(shape):
    drawn = shrink(fine(shape, 192), 4)
    hard = (drawn >= 0.5).astype(np.float32)
    before, after = (np.square(mask - drawn).mean() ** 0.5 for mask in (hard, smoothed(hard)))
    assert after < 0.65 * before


def test_straight_borders_corners_and_smooth_masks_stay_as_they_are():
    square = np.zeros((30, 40, 1), np.float32)
    square[5:20, 10:30] = 1
    soft = shrink(fine("disc", 96), 4)
    assert np.array_equal(smoothed(square), square)
    assert np.array_equal(smoothed(soft), soft)


def test_a_diagonal_at_45_degrees_is_exact():
    mask = (np.arange(24)[:, None] <= np.arange(24)[None])[:, :, None].astype(np.float32)
    assert smoothed(mask)[12, 10:15, 0].tolist() == [0, 0.125, 0.875, 1, 1]


def test_a_diagonal_line_of_single_texels_stays_in_one_piece():
    line = smoothed(np.eye(24, dtype=np.float32)[:, :, None])
    assert line[12, 12] >= 0.75 > 0.125 == line[12, 11] == line[11, 12]


@settings(max_examples=20)
@given(st.integers(0, 23), st.integers(0, 23))
def test_stairs_do_not_depend_on_where_the_picture_begins(down, across):
    mask = (noise(24, 24, 1, seed=2) > 128).astype(np.float32)
    wrap = Edges.both(Edge.WRAP)
    rolled = smoothed(np.roll(mask, (down, across), (0, 1)), wrap)
    assert np.array_equal(rolled, np.roll(smoothed(mask, wrap), (down, across), (0, 1)))


def test_stairs_do_not_depend_on_how_the_picture_is_read(monkeypatch):
    mask = (fine("lines", 60) > 0.5).astype(np.float32)
    whole = smoothed(mask)
    monkeypatch.setattr("cg_upscaler.pixels.rows.BLOCK", 60 * 7)
    assert np.array_equal(smoothed(mask), whole)


# Coverage ------------------------------------------------------------------------------------------------------------


NETWORKS = {
    "faithful": BlurNetwork(),
    "crisp": BlurNetwork(lambda tile: np.clip(4 * (tile - 0.5) + 0.5, 0, 1)),
    "thick": BlurNetwork(lambda tile: np.clip(2 * tile, 0, 1)),
    "hazy": BlurNetwork(lambda tile: tile * 0.9 + 0.05),
}


@pytest.mark.parametrize("threshold", [0.25, 0.5, 0.8])
@pytest.mark.parametrize("hard", [True, False])
@pytest.mark.parametrize("shape", ["disc", "lines", "leaf"])
@pytest.mark.parametrize("network", NETWORKS)
def test_coverage_is_that_of_the_source_whatever_the_generator_does(network, shape, hard, threshold):
    pixels = cutout(shape, 40, hard=hard)
    result = run(pixels, AlphaMode.CUTOUT, NETWORKS[network], alpha_threshold=threshold)
    before, after = (float((to_float(p[:, :, 3]) >= threshold).mean()) for p in (pixels, result))
    assert abs(after - before) < max(0.005 * before, 1 / 1600)


@pytest.mark.parametrize(("scale", "size"), [(4, Size(150, 90)), (2, Size(100, 60))])
def test_coverage_holds_at_any_size(scale, size):
    pixels = cutout("leaf", 50, hard=True)[:30]
    via = Via.DIRECT if scale == 4 else Via.REDUCE
    result = run(pixels, AlphaMode.CUTOUT, NETWORKS["thick"], scale=scale, size=size, via=via)
    before, after = ((p[:, :, 3] >= 128).mean() for p in (pixels, result))
    assert result.shape[:2] == (size.height, size.width)
    assert abs(after - before) < 1 / 1500


@pytest.mark.parametrize("depth", [Depth.UINT8, Depth.UINT16])
def test_what_passes_the_test_is_what_its_file_says(depth):
    dtype = np.dtype(depth.value)
    for threshold in (0.2, 1 / 3, 0.5, 0.999):
        first = np.float32(passes_from(threshold, depth))
        levels = from_float(np.array([first - 1e-6, first + 1e-6], np.float32), dtype).astype(np.float64)
        below, above = levels / depth.levels
        assert below < threshold - 1e-9 < above + 1e-6


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
def test_coverage_of_all_or_of_nothing_changes_nothing_that_passes(value):
    source, result = Array(np.full((4, 4, 1), value, np.float32)), np.full((16, 16, 1), value, np.float32)
    held = with_coverage_of(source, Array(result), 0.5, Depth.UINT8).rows(0, 16)
    assert ((held >= 0.5) == (value >= 0.5)).all()


def test_hard_cutouts_come_back_smooth_and_crisp():
    """A disc: closer to the ideal one than its staircase, with an edge about a texel wide."""
    pixels, ideal = cutout("disc", 48, hard=True), fine("disc", 192)[:, :, 0]
    alpha = to_float(run(pixels, AlphaMode.CUTOUT, NETWORKS["crisp"]))[:, :, 3]
    stairs = to_float(pixels)[:, :, 3].repeat(4, 0).repeat(4, 1)
    error = [float(np.square(shape - ideal).mean() ** 0.5) for shape in (stairs, alpha)]
    partial = [float(((shape > 0.05) & (shape < 0.95)).sum()) for shape in (ideal, alpha)]
    assert error[1] < 0.65 * error[0]
    assert partial[1] < 1.5 * partial[0]


def test_a_line_thinner_than_a_texel_does_not_fade():
    """At the source it is never solid; a generator that makes it so is not held back."""
    thin = np.zeros((32, 32, 4), np.uint8)
    thin[:, 15] = [90, 90, 90, 140]
    result = run(thin, AlphaMode.BLEND, NETWORKS["thick"])
    assert result[:, 62, 3].min() > 200


def test_clear_stays_clear_and_solid_solid_under_a_hazy_generator():
    pixels = cutout("disc", 40, hard=True)
    alpha = run(pixels, AlphaMode.CUTOUT, NETWORKS["hazy"])[:, :, 3]
    assert (alpha[:12] == 0).all()
    assert (alpha[70:90, 70:90] == 255).all()


def test_cutouts_roll_with_their_source_where_it_wraps():
    pixels = cutout("lines", 32, hard=True)
    settings = {"edges": Edges.both(Edge.WRAP)}
    plain = run(pixels, AlphaMode.CUTOUT, **settings)
    rolled = run(np.roll(pixels, (5, 11), (0, 1)), AlphaMode.CUTOUT, **settings)
    assert np.abs(rolled.astype(int) - np.roll(plain, (20, 44), (0, 1))).max() <= 1


def test_pixel_art_keeps_its_stairs():
    pixels = cutout("disc", 16, hard=True)
    alpha = run(pixels, AlphaMode.CUTOUT, model=NEAREST)[:, :, 3]
    assert np.array_equal(alpha, pixels[:, :, 3].repeat(4, 0).repeat(4, 1))


# Blend ---------------------------------------------------------------------------------------------------------------


def test_a_soft_glow_keeps_its_values_and_gets_no_dotted_rim():
    y, x = (np.mgrid[:192, :192] + 0.5) / 192 - 0.5
    ideal = np.clip(1.05 * np.exp(-14 * (x * x + y * y)) - 0.05, 0, 1).astype(np.float32)[:, :, None]
    pixels = from_float(np.dstack([np.full((48, 48, 3), 0.8, np.float32), shrink(ideal, 4)]), np.uint8)
    result = to_float(run(pixels, AlphaMode.BLEND, model=BICUBIC, alpha_fidelity=1.0))[:, :, 3:]
    assert np.abs(shrink(result, 4) - to_float(pixels)[:, :, 3:]).max() < 1 / 255
    assert np.abs(result - ideal).max() < 2.5 / 255


def test_alpha_that_is_not_matched_keeps_its_mean():
    pixels = cutout("leaf", 40, hard=False)
    alpha = run(pixels, AlphaMode.BLEND, BlurNetwork(lambda tile: np.clip(2 * tile - 0.45, 0, 1)))[:, :, 3]
    assert abs(alpha.mean() - pixels[:, :, 3].mean()) < 0.1


# Fringes -------------------------------------------------------------------------------------------------------------


def test_each_texel_of_a_glow_shows_its_own_colour():
    """Where alpha rises, colour may not show another mean than it has: what is brighter there would show more."""
    y, x = np.mgrid[:24, :24].astype(np.float32)
    away = np.hypot(x - 11.5, y - 11.5)
    colour = 20 + 220 * np.clip(1.3 - away[..., None] / [5, 6, 7], 0, 1)
    pixels = np.dstack([colour, 255 * np.clip(2 - away / 4, 0, 1)]).round().astype(np.uint8)
    result = to_float(run(pixels, AlphaMode.BLEND, alpha_fidelity=1.0))
    source, alpha = to_float(pixels), result[:, :, 3:]
    shown, wanted = shrink(result[:, :, :3] * alpha, 4), source[:, :, :3] * shrink(alpha, 4)
    partly = (source[:, :, 3] > 0.05) & (source[:, :, 3] < 0.95)
    assert np.abs(shown - wanted)[partly].mean() * 255 < 0.15
    assert np.abs(shrink(result[:, :, :3], 4) - source[:, :, :3])[partly].mean() * 255 < 0.2


def fruit(side: int) -> np.ndarray:
    """The truth: colour that changes slowly, cut out along a smooth edge; (4 · side, 4 · side, 4) of 0 … 1."""
    y, x = np.mgrid[: side * 4, : side * 4] / (side * 4 - 1) - 0.5
    return np.dstack([0.9 + 0.1 * x, 0.5 + 0.3 * y, 0.15 + 0.1 * x, fine("leaf", side * 4)]).astype(np.float32)


def as_they_are(pixels, network):
    """What the network gives for the four channels, with nothing held."""
    source = to_float(pixels)
    drawn = [network.run(picture, Precision.FLOAT32) for picture in (source[:, :, :3], source[:, :, 3:].repeat(3, 2))]
    return np.clip(np.dstack([drawn[0], drawn[1][:, :, :1]]), 0, 1)


@pytest.mark.parametrize("network", ["faithful", "crisp"])
@pytest.mark.parametrize("hidden", [(0, 0, 0), (1, 1, 1), (0, 1, 0)])
@pytest.mark.parametrize("mode", [AlphaMode.CUTOUT, AlphaMode.BLEND, AlphaMode.PREMULTIPLIED])
def test_fringes_are_a_quarter_of_those_of_four_channels_by_themselves(mode, hidden, network):
    truth = fruit(32)
    weight = shrink(truth[:, :, 3:], 4)
    seen = shrink(truth[:, :, :3] * truth[:, :, 3:], 4)
    straight = np.where(weight > 0, seen / np.maximum(weight, 1e-6), hidden)
    pixels = from_float(np.dstack([straight, weight]).astype(np.float32), np.uint8)
    naive = as_they_are(pixels, NETWORKS[network])
    if mode is AlphaMode.PREMULTIPLIED:
        pixels = from_float(np.dstack([seen, weight]), np.uint8)
    result = to_float(run(pixels, mode, NETWORKS[network]))
    if mode is AlphaMode.PREMULTIPLIED:
        result[:, :, :3] /= np.maximum(result[:, :, 3:], 1 / 255)
    errors = [fringe(*(((p[:, :, :3], p[:, :, 3:])) for p in (truth, picture))) for picture in (naive, result)]
    assert errors[1] < errors[0] / 4


# Premultiplied -------------------------------------------------------------------------------------------------------


def fire(side: int = 32) -> np.ndarray:
    """Smoke that covers at the left, sparks that only add light at the right; premultiplied."""
    y, x = np.mgrid[:side, :side] / (side - 1)
    alpha = np.clip(1.2 - 5 * np.hypot(x - 0.3, y - 0.5), 0, 1)
    sparks = np.exp(-60 * ((x - 0.78) ** 2 + (y - 0.5) ** 2))
    sparks[sparks < 0.02] = 0
    colour = np.float32([0.7, 0.5, 0.4]) * alpha[:, :, None] + np.float32([0.9, 0.6, 0.1]) * sparks[:, :, None]
    return from_float(np.dstack([colour, alpha]).astype(np.float32), np.uint8)


def test_premultiplied_comes_back_premultiplied_and_consistent():
    pixels = fire()
    result = run(pixels, AlphaMode.PREMULTIPLIED, NETWORKS["faithful"], alpha_fidelity=1.0)
    error = shrink(to_float(result), 4) - to_float(pixels)
    assert -20 * np.log10(np.square(error).mean() ** 0.5) > 50
    left = result[:, :64].astype(int)
    assert (left[:, :, :3] <= left[:, :, 3:] + 1).all()
    assert np.abs(result.mean((0, 1)) - pixels.mean((0, 1)))[:3].max() < 0.1


def test_light_without_alpha_survives():
    pixels = fire()
    pixels[:, :, 3] = 0
    constant = group(Role.ALPHA, (3,), Size(32, 32), constant=True)
    colour = (group(Role.COLOR, COLOUR, Size(32, 32)),)
    job = job_of(pixels, *colour, constant, alpha=AlphaMode.PREMULTIPLIED)
    result = upscale(Array(pixels), job, FakeGenerators(), scratch=None, tick=lambda _: None).rows(0, 128)
    assert (result[:, :, 3] == 0).all()
    assert np.abs(shrink(result, 4) - to_float(pixels)).max() < 3 / 255


def test_where_there_is_neither_colour_nor_alpha_nothing_comes_to_be():
    result = run(fire(), AlphaMode.PREMULTIPLIED, NETWORKS["hazy"], alpha_fidelity=1.0)
    assert (result[:8, :8] == 0).all()


def test_straight_colour_is_what_the_generator_sees():
    """White smoke: no gray may come in between, which a generator would take for an edge."""
    seen = []
    network = BlurNetwork(lambda tile: (seen.append(tile), tile)[1])
    pixels = fire()
    pixels[:, :, :3] = pixels[:, :, 3:]
    run(pixels, AlphaMode.PREMULTIPLIED, network, alpha_fidelity=1.0)
    assert seen[0][32:-32, 32:-32].min() > 0.99  # beyond lie zeros, for tests


def test_bright_light_keeps_its_range_when_premultiplied():
    pixels = to_float(fire())
    pixels[14:18, 8:12, :3] = 30
    result = run(pixels, AlphaMode.PREMULTIPLIED, alpha_fidelity=1.0)
    assert abs(result[58:70, 34:46, :3].max() / 30 - 1) < 0.3
    assert abs(result[:, :, :3].mean() / pixels[:, :, :3].mean() - 1) < 0.004


# Data in alpha -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [AlphaMode.MASK, AlphaMode.OPAQUE])
def test_alpha_that_is_no_transparency_does_not_touch_colour(mode):
    one, other = noise(20, 20, 4), noise(20, 20, 4)
    other[:, :, 3] = noise(20, 20, 1, seed=9)[:, :, 0] // 200 * 255
    assert np.array_equal(run(one, mode)[:, :, :3], run(other, mode)[:, :, :3])


# Bad input -----------------------------------------------------------------------------------------------------------


TRANSPARENT = (AlphaMode.CUTOUT, AlphaMode.BLEND, AlphaMode.PREMULTIPLIED)


@pytest.mark.parametrize("mode", TRANSPARENT)
@pytest.mark.parametrize("shape", [(1, 1), (1, 64), (3, 3)])
def test_the_smallest_pictures_pass(mode, shape):
    pixels = noise(*shape, 4)
    pixels[:, ::2, 3] = 255
    assert run(pixels, mode).shape == (shape[0] * 4, shape[1] * 4, 4)


@pytest.mark.parametrize("mode", TRANSPARENT)
def test_a_picture_of_which_nothing_is_visible_stays_invisible(mode):
    pixels = noise(12, 12, 4)
    pixels[:, :, 3] = 0
    if mode is AlphaMode.PREMULTIPLIED:
        pixels[:] = 0
    result = run(pixels, mode)
    assert (result[:, :, 3] == 0).all()


def test_a_mask_of_three_levels_keeps_them():
    pixels = noise(24, 24, 4)
    pixels[:, :8, 3], pixels[:, 8:16, 3], pixels[:, 16:, 3] = 0, 120, 255
    for mode in (AlphaMode.BLEND, AlphaMode.CUTOUT):
        result = run(pixels, mode, alpha_threshold=0.3)
        assert ((result[:, :, 3] >= 77).mean() - 2 / 3) == pytest.approx(0, abs=1e-3)
    assert (run(pixels, AlphaMode.BLEND)[:, 46:50, 3] == 120).all()


@pytest.mark.parametrize("mode", TRANSPARENT)
def test_nan_in_alpha_spreads_nowhere(mode):
    pixels = to_float(cutout("disc", 24, hard=False))
    pixels[10, 10, 3], pixels[0, 0, 3], pixels[12, 12, 0] = np.nan, np.inf, np.nan
    assert np.isfinite(run(pixels, mode)).all()
