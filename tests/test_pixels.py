"""Verbs on pixels: resampling, transfer curves, normals, bleed, splitting and merging."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cg_upscaler.geometry import Edge, Edges
from cg_upscaler.maps import AlphaMode, ColorSpace, Role
from cg_upscaler.pixels import normals, transfer
from cg_upscaler.pixels.alpha import bleed
from cg_upscaler.pixels.channels import merge_channels, split_channels
from cg_upscaler.pixels.holes import without_holes
from cg_upscaler.pixels.resample import enlarge, halve, shrink
from cg_upscaler.pixels.views import Array
from cg_upscaler.pixels.windows import Local, windowed
from tests.fakes import group, job_of, noise


def test_enlarging_reproduces_ramps_exactly():
    ramp = np.broadcast_to(np.arange(20, dtype=np.float32)[None, :, None], (6, 20, 1))
    steps = np.diff(enlarge(np.ascontiguousarray(ramp), 4)[12, 8:-8, 0])
    assert np.allclose(steps, 0.25, atol=1e-5)


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_enlarging_mirrored_keeps_the_mean(factor):
    source = Array(noise(17, 9, 3))
    out = windowed(Local(lambda w: enlarge(w, factor), 2, factor), Edges(), source)
    assert np.allclose(out.rows(0, 17 * factor).mean((0, 1)), source.rows(0, 17).mean((0, 1)), atol=1e-5)


def test_colour_is_halved_in_linear_light():
    checks = Array((np.indices((8, 8)).sum(0) % 2 * 255).astype(np.uint8)[:, :, None])
    assert np.allclose(halve(checks, ColorSpace.SRGB).rows(0, 4), 0.7354, atol=1e-3)  # the sRGB code of half the light
    assert np.allclose(halve(checks, ColorSpace.DATA).rows(0, 4), 0.5)


@given(st.floats(-2, 2, width=32))
def test_the_srgb_curve_and_its_inverse_cancel(value):
    x = np.array([[[value]]], np.float32)
    assert np.allclose(transfer.linear_to_srgb(transfer.srgb_to_linear(x)), x, atol=1e-6)


@given(st.floats(0, 60000, width=32), st.floats(1.5, 60000, width=32))
def test_the_log_curve_is_reversible_and_keeps_the_peak_in_range(value, peak):
    x = np.array([[[min(value, peak)]]], np.float32)
    squeezed = transfer.compress(x, peak)
    assert 0 <= squeezed.min() and squeezed.max() <= 1 + 1e-6
    assert np.allclose(transfer.expand(squeezed, peak), x, rtol=1e-4, atol=1e-6)


def test_normals_survive_decoding_and_encoding():
    pixels = noise(9, 9, 3).astype(np.float32) / 255
    assert np.allclose(normals.encode(normals.decode(pixels), 3), pixels, atol=1e-6)


def test_normalised_vectors_have_unit_length_and_no_direction_becomes_up():
    vectors = np.array([[[3, 4, 0], [0, 0, 0], [1e-9, 0, 0], [0, 0, -2]]], np.float32)
    unit = normals.normalise(vectors)
    assert np.allclose(np.linalg.norm(unit, axis=2), 1)
    assert unit[0, 1].tolist() == unit[0, 2].tolist() == [0, 0, 1]
    assert unit[0, 3].tolist() == [0, 0, -1]


def test_two_channel_normals_get_their_z_even_outside_the_disc():
    pixels = np.array([[[0.5, 0.5], [0.8, 0.5], [1.0, 1.0]]], np.float32)
    z = normals.decode(pixels)[0, :, 2]
    assert np.allclose(z, [1, 0.8, 0], atol=1e-6)


def cutout(size: int = 32):
    yy, xx = np.mgrid[:size, :size]
    alpha = (np.hypot(yy - size / 2, xx - size / 3) < size / 4).astype(np.float32)[:, :, None]
    colour = np.where(alpha > 0, np.float32([0.2, 0.6, 0.3]), np.float32([0, 0, 0]))
    return colour.astype(np.float32), alpha


def test_bleeding_fills_hidden_colour_and_leaves_visible_colour_alone():
    colour, alpha = cutout()
    filled = bleed(colour, alpha, Edges())
    assert np.allclose(filled, [0.2, 0.6, 0.3], atol=1e-5)
    textured = noise(32, 32, 3).astype(np.float32) / 255
    filled = bleed(textured, alpha, Edges())
    assert np.array_equal(filled[alpha[:, :, 0] > 0], textured[alpha[:, :, 0] > 0])
    hidden = filled[alpha[:, :, 0] == 0]
    visible = textured[alpha[:, :, 0] > 0]
    assert hidden.min() >= visible.min() and hidden.max() <= visible.max()


def test_bleeding_a_rolled_tileable_gives_the_rolled_fill():
    colour = noise(40, 24, 3).astype(np.float32) / 255
    alpha = (noise(40, 24, 1, seed=3) > 150).astype(np.float32)
    wrap = Edges.both(Edge.WRAP)
    rolled = bleed(np.roll(colour, (7, 5), (0, 1)), np.roll(alpha, (7, 5), (0, 1)), wrap)
    assert np.allclose(rolled, np.roll(bleed(colour, alpha, wrap), (7, 5), (0, 1)), atol=1e-5)


def test_bleeding_reaches_texels_far_from_anything_visible():
    alpha = np.zeros((8, 400, 1), np.float32)
    alpha[:, :2] = 1
    colour = np.zeros((8, 400, 3), np.float32)
    colour[:, :2] = 0.7
    assert np.allclose(bleed(colour, alpha, Edges()), 0.7, atol=1e-5)


def test_an_all_transparent_picture_keeps_its_colour():
    colour = noise(8, 8, 3).astype(np.float32) / 255
    assert np.array_equal(bleed(colour, np.zeros((8, 8, 1), np.float32), Edges()), colour)


@pytest.mark.parametrize("edge", Edge)
def test_bleeding_works_at_any_size(edge):
    for shape in ((1, 1), (1, 50), (3, 3)):
        colour, alpha = np.ones((*shape, 3), np.float32), np.zeros((*shape, 1), np.float32)
        alpha[0, 0] = 1
        assert np.allclose(bleed(colour, alpha, Edges.both(edge)), 1, atol=1e-5)


def test_split_and_merge_are_inverse():
    pixels = noise(12, 10, 4)
    size = Array(pixels).size
    groups = (group(Role.SCALAR, (3,), size), group(Role.COLOR, (0, 1, 2), size))
    splits = split_channels(Array(pixels), job_of(pixels, *groups))
    merged = merge_channels([(split.group, split.source) for split in splits])
    assert np.array_equal(merged.rows(0, 12), Array(pixels).rows(0, 12))


def test_gray_stored_as_rgb_comes_back_as_gray():
    gray = noise(6, 6, 1).repeat(3, 2)
    splits = split_channels(Array(gray), job_of(gray, group(Role.SCALAR, (0,), Array(gray).size, targets=(0, 1, 2))))
    merged = merge_channels([(split.group, split.source) for split in splits])
    assert np.array_equal(merged.rows(0, 6), Array(gray).rows(0, 6))


def test_alpha_of_unclear_meaning_does_not_touch_colour():
    colour, alpha = cutout()
    pixels = (np.concatenate([colour, alpha], 2) * 255).astype(np.uint8)
    size = Array(pixels).size
    for mode, role, touched in ((AlphaMode.MASK, Role.SCALAR, False), (AlphaMode.CUTOUT, Role.ALPHA, True)):
        groups = (group(Role.COLOR, (0, 1, 2), size), group(role, (3,), size))
        split = split_channels(Array(pixels), job_of(pixels, *groups, alpha=mode))[0]
        changed = not np.array_equal(split.source.rows(0, 32), Array(pixels[:, :, :3]).rows(0, 32))
        assert changed is touched


def test_numbers_that_no_generator_can_take_are_replaced():
    pixels = np.array([[[np.nan, np.inf, -np.inf, 0.5, 3.4e38, -1e6]]], np.float32)
    assert without_holes(pixels)[0, 0].tolist() == [0, 65504, -65504, 0.5, 65504, -1e6]
    whole = np.ones((2, 2, 1), np.float32)
    assert without_holes(whole) is whole


def test_a_box_is_the_mean():
    assert shrink(np.arange(16, dtype=np.float32).reshape(4, 4, 1), 2)[:, :, 0].tolist() == [[2.5, 4.5], [10.5, 12.5]]
