"""Measures: each against an answer that is known beforehand."""

from __future__ import annotations

import numpy as np
import pytest

from cg_upscaler.geometry import Size
from cg_upscaler.maps import AlphaMode, ColorSpace, MapKind
from cg_upscaler.measure.angular import AG, XY, angles, off_unit, vectors
from cg_upscaler.measure.consistency import consistency, vector_consistency
from cg_upscaler.measure.coverage import coverage
from cg_upscaler.measure.drift import drift
from cg_upscaler.measure.figures import kept, likeness
from cg_upscaler.measure.flip import flip, flip_hdr
from cg_upscaler.measure.fringe import composite_error, fringe
from cg_upscaler.measure.highlight import highlight_error
from cg_upscaler.measure.levels import levels
from cg_upscaler.measure.noise import noise
from cg_upscaler.measure.panels import Crop, most_different
from cg_upscaler.measure.psnr import EQUAL, psnr
from cg_upscaler.measure.reduce import reduced
from cg_upscaler.measure.roll import roll_error
from cg_upscaler.measure.seam import seam
from cg_upscaler.measure.spectrum import detail_ratio
from cg_upscaler.measure.ssim import ssim
from cg_upscaler.measure.subject import shown, subject_of
from cg_upscaler.pixels.resample import enlarge, shrink
from cg_upscaler.pixels.rows import from_float, to_float
from cg_upscaler.pixels.transfer import linear_to_srgb
from cg_upscaler.spec import Depth, ImageSpec
from tests.pictures import disc, height_field, normals, stone

RNG = np.random.default_rng(1)


def gray(value: float, height: int = 8, width: int = 8, channels: int = 1) -> np.ndarray:
    return np.full((height, width, channels), value, np.float32)


def spec_of(channels: int, depth: Depth = Depth.UINT8, side: int = 16) -> ImageSpec:
    return ImageSpec(Size(side, side), channels, depth, "png", alpha=channels - 1 if channels in (2, 4) else None)


# Differences


def test_psnr_is_twenty_decibels_a_tenth() -> None:
    assert psnr(gray(0.5), gray(0.6)) == pytest.approx(20, abs=1e-4)
    assert psnr(gray(5), gray(6), peak=10) == pytest.approx(20, abs=1e-4)
    assert psnr(gray(0.5), gray(0.5)) == EQUAL


def test_psnr_sees_only_what_has_weight() -> None:
    other = gray(0.5, 600)
    other[300:] = 1.0
    weights = gray(1.0, 600)
    weights[300:] = 0
    assert psnr(gray(0.5, 600), other, weights=weights) == EQUAL
    assert psnr(gray(0.5, 600), other) == pytest.approx(10 * np.log10(1 / 0.125), abs=1e-4)


def test_ssim_of_one_window_is_the_formula() -> None:
    x, y = (RNG.random((11, 11, 1)).astype(np.float32) for _ in range(2))
    bell = np.exp(-np.square(np.arange(11) - 5) / (2 * 1.5**2))
    weights = np.outer(bell, bell) / np.outer(bell, bell).sum()
    mean = [(weights * p[:, :, 0]).sum() for p in (x, y)]
    var = [(weights * (p[:, :, 0] - m) ** 2).sum() for p, m in zip((x, y), mean, strict=True)]
    shared = (weights * (x[:, :, 0] - mean[0]) * (y[:, :, 0] - mean[1])).sum()
    expected = (2 * mean[0] * mean[1] + 1e-4) * (2 * shared + 9e-4)
    expected /= (mean[0] ** 2 + mean[1] ** 2 + 1e-4) * (var[0] + var[1] + 9e-4)
    assert ssim(x, y) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 3, 3), (1, 40, 4), (30, 20, 3)])
def test_ssim_of_equal_pictures_is_one(shape: tuple[int, int, int]) -> None:
    picture = RNG.random(shape).astype(np.float32)
    assert ssim(picture, picture) == pytest.approx(1)


def test_flip_grows_with_the_difference_and_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("flip_evaluator")
    picture = to_float(stone(32))
    near, far = (np.clip(picture + step, 0, 1) for step in (0.02, 0.2))
    assert flip(picture, picture) == 0
    assert 0 < flip(picture, near) < flip(picture, far) < 1
    assert 0 < flip_hdr(picture * 20, near * 20) < flip_hdr(picture * 20, far * 20) < 1
    assert 0 <= flip_hdr(gray(0), gray(0)) <= flip_hdr(gray(0), gray(1)) <= 1
    assert capfd.readouterr() == ("", "")


# What a result kept


def test_drift_is_of_what_is_seen_in_the_channel_that_moved_most() -> None:
    before, after = gray(0.5, channels=3), gray(0.5, 16, 16, 3)
    after[:, :, 1] += 10 / 255
    assert drift(before, after) == pytest.approx(10, abs=1e-3)
    alpha = gray(1.0)
    alpha[4:] = 0
    before[4:] = 1  # hidden
    assert drift(before, gray(0.5, 16, 16, 3), (alpha, gray(1.0, 16, 16))) == pytest.approx(0, abs=1e-4)
    assert drift(before, after, (gray(0), gray(0, 16, 16))) == 0
    assert drift(gray(100), gray(101)) == pytest.approx(2.55)


def test_a_result_of_equal_means_is_consistent_and_one_with_others_is_not() -> None:
    source = RNG.random((6, 5, 3)).astype(np.float32)
    result = source.repeat(4, 0).repeat(4, 1)
    wave = np.tile(np.float32([[1, -1], [-1, 1]]) * 0.2, (12, 10))[:, :, None]
    assert consistency(source, result + wave) > 100
    assert consistency(source, result + np.float32(0.01)) == pytest.approx(40, abs=0.01)


def test_vectors_are_consistent_if_their_mean_points_the_same_way() -> None:
    flat = np.zeros((4, 4, 3), np.float32)
    flat[:, :, 2] = 1
    leaning = flat.repeat(2, 0).repeat(2, 1)
    leaning[::2, :, 0], leaning[1::2, :, 0] = 0.6, -0.6
    leaning[:, :, 2] = 0.8
    assert vector_consistency(flat, leaning) == EQUAL
    leaning[1::2, :, 0] = 0.6
    assert vector_consistency(flat, leaning) < 20


def test_angles_are_in_degrees_and_exact_when_small() -> None:
    field = to_float(normals(height_field(32))) * 2 - 1
    field /= np.linalg.norm(field, axis=2, keepdims=True)
    up = np.zeros((8, 8, 3), np.float32)
    up[:, :, 2] = 1
    for degrees in (0.01, 10.0, 90.0):
        tilted = up.copy()
        tilted[:, :, 0], tilted[:, :, 2] = np.sin(np.radians(degrees)), np.cos(np.radians(degrees))
        assert angles(up, tilted * 0.5).mean == pytest.approx(degrees, rel=1e-4)
    assert angles(field, field).worst == 0
    one = up.copy()
    one[0, 0] = (0, 0, -1)
    assert angles(up, one).worst == pytest.approx(180)
    assert angles(up, one).p95 == 0
    assert off_unit(np.float32([[[0, 0, 0.5], [0, 1, 0]]])) == pytest.approx((0.25, 0.5))


def test_all_layouts_of_a_normal_map_give_the_same_vectors() -> None:
    stored = to_float(normals(height_field(16)))
    field = vectors(stored)
    swizzled = np.dstack([gray(1.0, 16, 16), stored[:, :, 1], gray(0.0, 16, 16), stored[:, :, 0]])
    assert angles(field, vectors(stored[:, :, :2], XY)).mean < 1
    assert angles(field, vectors(swizzled, AG)).mean < 1
    np.testing.assert_array_equal(vectors(field, signed=True), field)


def test_coverage_counts_what_passes_the_test() -> None:
    source, result = gray(0.0, 10, 10), gray(0.0, 40, 40)
    source[:5], result[:21] = 0.5, 0.9
    found = coverage(source, result)
    assert (found.source, found.result) == (0.5, 0.525)
    assert found.relative == pytest.approx(0.05)
    assert found.texels == pytest.approx(2.5)
    assert coverage(source, result, 0.6).relative == 1
    assert coverage(gray(0.0), gray(0.0)).relative == 0


def test_a_seam_shows_where_a_picture_does_not_tile_and_lines_within_are_none() -> None:
    tileable = height_field(64)[:, :, None].astype(np.float32)
    assert seam(tileable).worst < 1
    step = np.linspace(0, 1, 64, dtype=np.float32)[None, :, None].repeat(64, 0)
    assert seam(step).x > 200
    assert seam(step).y == 0
    mortar = gray(0.8, 64, 64)
    mortar[::16] = 0.1
    mortar[-1] = 0.1
    assert seam(mortar).worst == 0
    assert seam(gray(0.5, 1, 1)).worst == 0


def test_the_roll_error_of_what_rolls_along_is_nothing() -> None:
    result = RNG.random((12, 8, 3)).astype(np.float32)
    assert roll_error(result, np.roll(result, (4, 3), (0, 1)), (4, 3)).worst == 0
    other = np.roll(result, (4, 3), (0, 1))
    other[0, 0, 0] += 2 / 255
    assert roll_error(result, other, (4, 3)).worst == pytest.approx(2, abs=1e-3)


def test_levels_of_a_ramp_and_of_one_that_went_through_eight_bits() -> None:
    ramp = np.linspace(0, 65535, 4096).astype(np.uint16).reshape(64, 64, 1)
    assert levels(ramp).count == 4096
    assert levels(ramp).step == 17
    coarse = from_float(to_float(from_float(to_float(ramp), "uint8")), "uint16")
    assert (levels(coarse).count, levels(coarse).step) == (256, 257)


def test_detail_is_one_of_what_goes_on_as_it_began_and_none_of_what_is_smooth() -> None:
    # A field whose power falls with the third power of frequency, at every scale.
    frequency = np.hypot(np.fft.fftfreq(512)[:, None], np.fft.fftfreq(512)[None])
    frequency[0, 0] = 1
    field = np.fft.ifft2(np.fft.fft2(RNG.normal(size=(512, 512))) / frequency**1.5).real
    field = ((field - field.mean()) / field.std() * 0.1 + 0.5)[:, :, None].astype(np.float32)
    source = shrink(field, 4)
    assert detail_ratio(source, field) == pytest.approx(1, abs=0.4)
    assert (detail_ratio(source, enlarge(source, 4)) or 0) < 0.1
    assert (detail_ratio(source, field + RNG.normal(0, 0.02, field.shape).astype(np.float32)) or 0) > 3
    assert detail_ratio(gray(0.5, 32, 32), gray(0.5, 128, 128)) is None
    assert detail_ratio(source, source) is None


def test_highlights_are_held_against_the_mean_of_what_became_of_them() -> None:
    source = gray(0.1, 40, 40, 3)
    source[7, 9] = 50
    result = source.repeat(4, 0).repeat(4, 1)
    assert highlight_error(source, result) == pytest.approx(0, abs=1e-6)
    result[28:30, 36:40] = 45
    assert highlight_error(source, result) == pytest.approx(0.05, abs=1e-4)


def test_noise_is_counted_where_the_source_is_flat_only() -> None:
    source = gray(0.5, 20, 20, 3)
    source[:, 10:] = 1
    result = source.repeat(4, 0).repeat(4, 1)
    result[:, 36:44] = 0.7  # about the edge
    found = noise(source, result)
    assert found.mean == 0
    assert found.flat == pytest.approx(0.8)
    result[:, :16] += 3 / 255
    assert noise(source, result).mean == pytest.approx(3 * 4 / 16, abs=1e-3)
    assert noise(RNG.random((9, 9, 1)).astype(np.float32), gray(0, 36, 36)).flat == 0


def test_a_fringe_is_colour_that_shows_and_not_what_is_hidden() -> None:
    alpha = disc(64)[:, :, None].astype(np.float32)
    colour = gray(0.8, 64, 64, 3)
    hidden = np.where(alpha > 0, colour, 0).astype(np.float32)
    dark = np.where((alpha > 0) & (alpha < 1), 0, colour).astype(np.float32)
    for error in (fringe, composite_error):
        assert error((colour, alpha), (hidden, alpha)) == 0
        assert (error((colour, alpha), (dark, alpha)) or 0) > 1
        assert error((colour, gray(1.0, 64, 64)), (dark, alpha)) is None


def test_an_edge_that_runs_elsewhere_is_no_fringe_but_composites_otherwise() -> None:
    alpha, colour = disc(64)[:, :, None].astype(np.float32), gray(0.8, 64, 64, 3)
    hidden = np.where(alpha > 0, colour, 0).astype(np.float32)
    moved = np.roll(alpha, 1, 1)
    assert fringe((hidden, alpha), (colour, moved)) == pytest.approx(0, abs=1e-3)
    assert (composite_error((hidden, alpha), (colour, moved)) or 0) > 1


# What a texture is


def test_colour_is_made_smaller_in_light_and_weighted_by_what_is_seen() -> None:
    board = np.zeros((4, 4, 3), np.float32)
    board[::2, ::2] = board[1::2, 1::2] = 1
    colour = subject_of(spec_of(3), MapKind.BASE_COLOR)
    assert reduced(board, 4, colour)[0, 0, 0] == pytest.approx(linear_to_srgb(np.float32(0.5)), abs=1e-6)
    assert reduced(board, 4, subject_of(spec_of(3), MapKind.ROUGHNESS))[0, 0, 0] == 0.5
    leaf = subject_of(spec_of(4), MapKind.BASE_COLOR, AlphaMode.CUTOUT)
    with_alpha = np.dstack([gray(0.6, 4, 4, 3), gray(0.0, 4, 4)])
    with_alpha[:, :2, :3] = 0
    with_alpha[:, 2:, 3] = 1
    assert reduced(with_alpha, 4, leaf)[0, 0] == pytest.approx((0.6, 0.6, 0.6, 0.5), abs=1e-6)
    assert reduced(with_alpha, 4, leaf, threshold=0.5)[0, 0, 3] == 1
    assert reduced(with_alpha, 4, subject_of(spec_of(4), MapKind.BASE_COLOR, AlphaMode.MASK))[0, 0, 0] < 0.5


def test_vectors_are_made_smaller_as_vectors() -> None:
    stored = to_float(normals(height_field(32), strength=20))
    small = reduced(stored, 4, subject_of(spec_of(3), MapKind.NORMAL))
    assert off_unit(vectors(small))[1] < 1e-5
    assert angles(vectors(small), shrink(vectors(stored), 4)).mean < 1


@pytest.mark.parametrize(
    ("kind", "channels", "mode", "colour", "data", "alpha"),
    [
        (MapKind.BASE_COLOR, 3, AlphaMode.NONE, (0, 1, 2), (), None),
        (MapKind.BASE_COLOR, 4, AlphaMode.CUTOUT, (0, 1, 2), (), 3),
        (MapKind.BASE_COLOR, 4, AlphaMode.MASK, (0, 1, 2), (3,), None),
        (MapKind.SPRITE, 2, AlphaMode.BLEND, (0,), (), 1),
        (MapKind.PACKED, 3, AlphaMode.NONE, (0,), (1, 2), None),
        (MapKind.NORMAL, 4, AlphaMode.MASK, (), (3,), None),
    ],
)
def test_channels_are_what_kind_and_alpha_say(
    kind: MapKind, channels: int, mode: AlphaMode, colour: tuple[int, ...], data: tuple[int, ...], alpha: int | None
) -> None:
    subject = subject_of(spec_of(channels), kind, mode)
    assert (subject.colour, subject.data, subject.alpha) == (colour, data, alpha)


def test_light_is_shown_under_a_curve_and_other_floats_by_their_range() -> None:
    assert shown(gray(0.5), ColorSpace.LINEAR)(gray(0.5))[0, 0, 0] == pytest.approx(0.735, abs=1e-3)
    assert shown(gray(100), ColorSpace.LINEAR)(gray(100))[0, 0, 0] == pytest.approx(1)
    assert shown(gray(-3), ColorSpace.DATA)(gray(-3))[0, 0, 0] == 0


@pytest.mark.parametrize("side", [1, 3, 24])
@pytest.mark.parametrize(
    ("kind", "channels", "mode", "dtype"),
    [
        (MapKind.BASE_COLOR, 3, AlphaMode.NONE, "uint8"),
        (MapKind.BASE_COLOR, 4, AlphaMode.CUTOUT, "uint8"),
        (MapKind.SPRITE, 4, AlphaMode.BLEND, "uint16"),
        (MapKind.SPRITE, 4, AlphaMode.PREMULTIPLIED, "uint8"),
        (MapKind.NORMAL, 3, AlphaMode.NONE, "uint8"),
        (MapKind.NORMAL, 4, AlphaMode.MASK, "uint16"),
        (MapKind.HEIGHT, 1, AlphaMode.NONE, "uint16"),
        (MapKind.PACKED, 3, AlphaMode.NONE, "uint8"),
        (MapKind.ENVIRONMENT, 3, AlphaMode.NONE, "float16"),
    ],
)
def test_every_kind_of_any_size_is_measured(
    kind: MapKind, channels: int, mode: AlphaMode, dtype: str, side: int
) -> None:
    depth = {"uint8": Depth.UINT8, "uint16": Depth.UINT16, "float16": Depth.HALF}[dtype]
    subject = subject_of(spec_of(channels, depth, side), kind, mode)
    numbers = RNG.random((side, side, channels)).astype(np.float32) * (9 if dtype == "float16" else 1)
    source = from_float(numbers, dtype)
    result = source.repeat(4, 0).repeat(4, 1)
    told, alike = kept(source, result, subject), likeness(to_float(result), to_float(result), subject)
    assert alike.psnr == EQUAL
    # A mean of unit vectors is of unit length again, and of single steps nothing else is left.
    assert told.consistency > 90
    assert (told.drift is None) == (kind is MapKind.NORMAL) == (alike.degrees == 0)
    assert (told.coverage is None) == (mode is not AlphaMode.CUTOUT)
    assert (told.highlights is None) == (kind is not MapKind.ENVIRONMENT)
    assert (alike.flip is None) == (kind in (MapKind.NORMAL, MapKind.HEIGHT, MapKind.PACKED))


def test_what_is_hidden_counts_for_nothing() -> None:
    subject = subject_of(spec_of(4), MapKind.BASE_COLOR, AlphaMode.CUTOUT)
    alpha = (disc(32, smooth=False) > 0)[:, :, None].astype(np.float32)
    picture = np.dstack([to_float(stone(32)), alpha])
    other = np.where(alpha > 0, picture, np.dstack([gray(1.0, 32, 32, 3), alpha])).astype(np.float32)
    assert likeness(picture, other, subject).psnr == EQUAL
    assert kept(from_float(picture, "uint8"), from_float(other, "uint8"), subject).drift == 0


def test_the_crop_is_where_pictures_differ_most() -> None:
    before, after = gray(0.5, 40, 60, 3), gray(0.5, 40, 60, 3)
    after[20:28, 30:38] = 1
    assert most_different(before, after, 8) == Crop(30, 20, 8)
    assert most_different(before, after, 999).side == 40
