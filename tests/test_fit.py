"""Pictures come to any size: by whole factors or not, on texel centres or on the vertices of a grid."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cg_upscaler.geometry import Edge, Edges, Size
from cg_upscaler.pixels.fit import fitted
from cg_upscaler.pixels.rows import blocks
from cg_upscaler.pixels.views import Array
from tests.fakes import noise

SIDES = st.integers(1, 40)
FILLED = st.builds(Edges, *[st.sampled_from([Edge.WRAP, Edge.MIRROR, Edge.CLAMP])] * 2)


def fit(pixels, size, edges=Edges(), **more):
    result = fitted(Array(pixels), size, edges, **more)
    return result.rows(0, size.height)


@given(SIDES, SIDES, SIDES, SIDES, FILLED, st.booleans())
def test_a_constant_stays_constant(height, width, tall, wide, edges, vertices):
    pixels = np.full((height, width, 2), 0.37, np.float32)
    result = fit(pixels, Size(wide, tall), edges, vertices=vertices)
    assert result.shape == (tall, wide, 2)
    assert np.abs(result - 0.37).max() < 1e-6


def test_its_own_size_is_the_picture_itself():
    source = Array(noise(5, 7, 3))
    assert fitted(source, source.size, Edges()) is source


@given(st.integers(2, 12), st.integers(2, 12), st.integers(1, 6))
def test_the_texels_of_a_height_field_stay_on_their_vertices(height, width, factor):
    pixels = noise(height, width, 1).astype(np.float32) / 255
    result = fit(pixels, Size((width - 1) * factor + 1, (height - 1) * factor + 1), vertices=True)
    assert np.abs(result[::factor, ::factor] - pixels).max() < 1e-6


@given(st.integers(2, 9), st.integers(1, 4))
def test_a_ramp_between_vertices_stays_a_ramp(length, factor):
    ramp = np.linspace(0, 1, length, dtype=np.float32)[None, :, None].repeat(3, 0)
    wide = (length - 1) * factor + 1
    within = slice(2 * factor, wide - 2 * factor)  # the cubic sees two texels beyond, and the border reflects
    straight = np.linspace(0, 1, wide)
    assert np.abs(fit(ramp, Size(wide, 3), vertices=True)[0, within, 0] - straight[within]).max(initial=0) < 1e-6


@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 5), st.integers(1, 5), FILLED)
def test_a_whole_factor_down_is_a_box(height, width, down, across, edges):
    pixels = noise(height * down, width * across, 2)
    boxes = pixels.reshape(height, down, width, across, 2).mean(axis=(1, 3)) / 255
    assert np.abs(fit(pixels, Size(width, height), edges) - boxes).max() < 1e-6


@given(st.integers(2, 20), st.integers(2, 20), st.integers(2, 4))
def test_a_whole_factor_up_keeps_the_mean_of_what_wraps(height, width, factor):
    pixels = noise(height, width, 1)
    result = fit(pixels, Size(width, height) * factor, Edges.both(Edge.WRAP))
    assert abs(result.mean(dtype=np.float64) - pixels.mean() / 255) < 1e-6


@given(SIDES, SIDES, SIDES, SIDES, FILLED, st.booleans(), st.integers(1, 500))
def test_rows_are_the_same_however_they_are_asked_for(height, width, tall, wide, edges, vertices, texels):
    source = fitted(Array(noise(height, width, 1)), Size(wide, tall), edges, vertices=vertices)
    assert np.array_equal(np.concatenate(list(blocks(source, texels))), source.rows(0, tall))


@pytest.mark.parametrize(("factor", "step"), [(0.5, 2), (1.5, 2), (2.5, 2), (3, 1), (0.75, 4)])
def test_what_wraps_rolls_with_its_source(factor, step):
    pixels = noise(24, 16, 2)
    size, wrap = Size(int(16 * factor), int(24 * factor)), Edges.both(Edge.WRAP)
    rolled = fit(np.roll(pixels, (step, -step), (0, 1)), size, wrap)
    turn = int(step * factor)
    assert np.abs(rolled - np.roll(fit(pixels, size, wrap), (turn, -turn), (0, 1))).max() < 1e-5


def test_a_smaller_picture_does_not_alias():
    """Stripes a texel wide: at any size too small for them they become gray."""
    stripes = (np.arange(120) % 2).astype(np.float32)[None, :, None].repeat(120, 0)
    result = fit(stripes, Size(50, 50))
    assert np.abs(result[:, 4:-4] - 0.5).max() < 0.02
