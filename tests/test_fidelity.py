"""Fidelity: what a result holds of its source, with stand-ins for a generator and with the real one."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cg_upscaler.geometry import Edges, Size
from cg_upscaler.job import Band
from cg_upscaler.maps import Role
from cg_upscaler.pixels.match import matched
from cg_upscaler.pixels.resample import enlarge, shrink
from cg_upscaler.pixels.rows import from_float, to_float
from cg_upscaler.pixels.views import Array
from cg_upscaler.pixels.windows import Local, windowed
from cg_upscaler.upscale import upscale
from tests.fakes import BlurNetwork, FakeGenerators, group, job_of, noise

FIDELITIES = [0.0, 0.3, 0.7, 1.0]


def cubic(source):
    result = windowed(Local(lambda window: enlarge(window, 4), 2, 4), Edges(), Array(source))
    return result.rows(0, result.size.height)


def crisp(source):
    """A generator that makes edges as hard as it can, with a halo, and gets brightness and colour wrong."""
    soft = cubic(source)
    wide = cv2.GaussianBlur(soft, (0, 0), 3).reshape(soft.shape)
    return np.clip((soft + 2.5 * (soft - wide)) * 0.94 + np.float32([0.03, -0.01, 0.02]), 0, 1)


def dull(source):
    """A generator that smears across texels, and darkens."""
    soft = cubic(source)
    return np.clip(cv2.GaussianBlur(soft, (0, 0), 4).reshape(soft.shape) * 0.96, 0, 1)


def rippled(source):
    """A generator that weaves a pattern into everything, as x4plus does into sand."""
    y, x = np.indices((source.shape[0] * 4, source.shape[1] * 4))
    weave = 0.06 * np.sin((x + y) * 2.1)
    return np.clip(cubic(source) + weave[:, :, None], 0, 1).astype(np.float32)


STAND_INS = {"crisp": crisp, "dull": dull, "rippled": rippled}


def held(source, drawn, fidelity=1.0, band=Band.ALL):
    op = matched(4, fidelity, band, low=0, high=1)
    result = windowed(op, Edges(), Array(drawn), Array(source))
    return result.rows(0, result.size.height)


def as_file(pixels):
    return to_float(from_float(pixels, np.uint8))


def decibels(a, b):
    return float(-10 * np.log10(np.square(a.astype(np.float64) - b).mean() + 1e-12))


def drift(a, b):
    return float(np.abs(a.mean((0, 1), dtype=np.float64) - b.mean((0, 1), dtype=np.float64)).max() * 255)


def saturated(side=48, seed=0):
    """A picture with half of its texels at 0 and at 255, (side, side, 3)."""
    return as_file((to_float(noise(side, side, 3, seed)) - 0.5) * 6 + 0.5)


def edge(position, angle, low, high, side=32, fine=4):
    """The step from `low` to `high`, `position` texels from the centre, drawn at four times the size."""
    y, x = (np.mgrid[: side * 4 * fine, : side * 4 * fine] + 0.5) / (4 * fine) - side / 2
    inside = (x * np.cos(angle) + y * np.sin(angle) > position).astype(np.float32)
    return (low + (high - low) * shrink(inside[:, :, None], fine)).repeat(3, 2).astype(np.float32)


def covered(position, angle, side):
    """How much of each texel lies beyond a line, `position` texels from the centre: to the last bit, (side, side, 1).

    Samples would not do: what they count may fall by one along a line where the share itself only rises.
    """
    y, x = np.mgrid[:side, :side] + 0.5 - side / 2
    beyond = x * np.cos(angle) + y * np.sin(angle) - position
    wide, high = (np.maximum(np.abs(part(angle)), 1e-5) for part in (np.cos, np.sin))  # of a texel, seen along the line
    ends = ((1, wide + high), (-1, wide - high), (-1, high - wide), (1, -wide - high))
    area = sum(sign * np.square(np.maximum(beyond + end / 2, 0)) for sign, end in ends) / (2 * wide * high)
    return area[:, :, None]


def circle(radius, low, high, side=40, fine=8):
    """A disc of `high` on `low`, drawn at four times the size."""
    y, x = (np.mgrid[: side * 4 * fine, : side * 4 * fine] + 0.5) / (4 * fine) - side / 2 - 0.23
    inside = (np.hypot(x, y) < radius).astype(np.float32)
    return (low + (high - low) * shrink(inside[:, :, None], fine)).repeat(3, 2).astype(np.float32)


def beyond(picture, source):
    """How far a picture goes beyond the extremes of its source, in 0 … 1."""
    return max(float(picture.max() - source.max()), float(source.min() - picture.min()), 0.0)


@pytest.mark.parametrize("drawn", STAND_INS)
@pytest.mark.parametrize("source", ["noise", "saturated"])
def test_in_full_the_result_filtered_down_is_the_source(source, drawn):
    pixels = as_file(to_float(noise(48, 48, 3))) if source == "noise" else saturated()
    result = as_file(held(pixels, STAND_INS[drawn](pixels)))
    assert decibels(shrink(result, 4), pixels) > 60
    assert drift(result, pixels) < 0.05


@pytest.mark.parametrize("drawn", STAND_INS)
@pytest.mark.parametrize("fidelity", FIDELITIES)
@pytest.mark.parametrize("band", Band)
def test_at_any_fidelity_the_mean_stays(drawn, fidelity, band):
    for pixels in (as_file(to_float(noise(48, 48, 3))), saturated()):
        result = as_file(held(pixels, STAND_INS[drawn](pixels), fidelity, band))
        assert drift(result, pixels) < 0.3


@settings(max_examples=25, deadline=None)
@given(
    position=st.floats(-1, 1),
    angle=st.floats(0, np.pi),
    low=st.floats(0, 0.5),
    height=st.floats(0.02, 0.5),
    fidelity=st.sampled_from(FIDELITIES),
    drawn=st.sampled_from(sorted(STAND_INS)),
)
def test_at_a_straight_edge_nothing_rings(position, angle, low, height, fidelity, drawn):
    source = (low + height * covered(position, angle, side=24)).repeat(3, 2).astype(np.float32)
    result = held(source, STAND_INS[drawn](source), fidelity)
    inside = slice(3 * 4, -3 * 4)
    assert beyond(result[inside, inside], source) < 1e-5
    # At the borders the picture goes on mirrored, so that an edge has a corner there, which may stand out a little.
    assert beyond(result, source) < 0.01 * height + 1e-5


@pytest.mark.parametrize("fidelity", FIDELITIES)
def test_a_flat_area_stays_exactly_flat_whatever_is_drawn_there(fidelity):
    source = np.full((24, 24, 3), 0.4, np.float32)
    source[:, :8] = 0.9
    result = held(source, rippled(source), fidelity)
    assert np.abs(result[:, 10 * 4 :] - 0.4).max() < 1e-6


@pytest.mark.parametrize(("low", "high"), [(0, 1), (1, 0), (0.2, 0.8)])
@pytest.mark.parametrize("radius", [4.4, 7.1, 12.3])
def test_a_disc_comes_closer_to_the_ideal_one(radius, low, high):
    ideal = circle(radius, low, high)
    source = as_file(shrink(ideal, 4))
    for draw in (crisp, dull):
        drawn = draw(source)
        before, after = (np.sqrt(np.square(p - ideal).mean()) for p in (drawn, held(source, drawn)))
        assert after < before


def test_a_disc_has_no_stairs():
    """Stairs run along texels: on one, the border jumps between them, and crosses the ideal one at most of them."""
    ideal = circle(12.3, 0, 1)
    source = as_file(shrink(ideal, 4))
    result = held(source, crisp(source))
    rows = [(picture[:, :, 0] > 0.5).sum(1)[40:120] for picture in (ideal, result)]
    assert np.abs(rows[0].astype(int) - rows[1]).max() <= 2


@pytest.mark.parametrize("depth", [np.uint16, np.float32])
def test_deep_pictures_are_held_to_their_depth(depth):
    pixels = (noise(32, 32, 3).astype(np.float32) * 257).astype(np.uint16)
    pixels = pixels if depth is np.uint16 else (pixels / np.float32(65535)).astype(np.float32)
    job = job_of(pixels, group(Role.COLOR, (0, 1, 2), Size(32, 32)))
    dark = BlurNetwork(lambda tile: tile * 0.9)
    result = upscale(Array(pixels), job, FakeGenerators(dark), scratch=None, tick=lambda share: None).rows(0, 128)
    assert decibels(shrink(result, 4), to_float(pixels)) > 90


# The real generator ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def x4plus():
    from cg_upscaler.backends.devices import describe
    from cg_upscaler.generate.pool import Pool
    from cg_upscaler.models import catalog

    pool = Pool(describe("cpu"))

    def run(source, *, fidelity=1.0, grain=0.0):
        pixels = from_float(source, np.uint8)
        size = Size(pixels.shape[1], pixels.shape[0])
        job = job_of(
            pixels, group(Role.COLOR, (0, 1, 2), size, model=catalog.REFERENCE, fidelity=fidelity, grain=grain)
        )
        result = upscale(Array(pixels), job, pool, scratch=None, tick=lambda share: None)
        return as_file(result.rows(0, result.size.height))

    return run


@pytest.mark.weights
@pytest.mark.parametrize(
    ("position", "angle", "low", "high"), [(0, 0, 0.25, 0.75), (0.13, 0.35, 0.8, 1), (0.4, 0.785, 0.1, 0.4)]
)
def test_x4plus_overshoots_no_edge_more_than_bicubic_does(x4plus, position, angle, low, high):
    source = as_file(shrink(edge(position, angle, low, high), 4))
    assert beyond(x4plus(source), source) <= max(beyond(cubic(source), source), 0.5 / 255)


@pytest.mark.weights
def test_x4plus_draws_a_saturated_disc_as_round_as_it_is(x4plus):
    ideal = circle(7.1, 0, 1, side=28)
    source = as_file(shrink(ideal, 4))
    result = x4plus(source)
    assert np.sqrt(np.square(result - ideal).mean()) * 255 < 5  # bicubic: 13, x4plus as it is: 4.6
    assert decibels(shrink(result, 4), source) > 55


@pytest.mark.weights
@pytest.mark.parametrize("fidelity", [0.0, 1.0])
def test_x4plus_holds_the_mean_of_a_hard_picture_with_grain_on(x4plus, fidelity):
    source = saturated(36)
    result = x4plus(source, fidelity=fidelity, grain=1.0)
    assert drift(result, source) < (0.1 if fidelity == 1 else 0.3)
    if fidelity == 1:
        assert decibels(shrink(result, 4), source) > 55
