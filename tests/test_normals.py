"""Normal maps: vectors in every layout, of every quality, in either convention, never worse than bicubic."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cg_upscaler.geometry import Edge, Edges, Size
from cg_upscaler.job import Band, Pass, Via
from cg_upscaler.maps import BICUBIC, ColorSpace, MapKind, Role
from cg_upscaler.measure.angular import angles
from cg_upscaler.pixels import normals
from cg_upscaler.pixels.resample import enlarge, shrink
from cg_upscaler.pixels.rows import from_float, to_float
from cg_upscaler.pixels.sharpness import sharpness
from cg_upscaler.pixels.views import Array
from cg_upscaler.pixels.windows import Local, windowed
from cg_upscaler.upscale import upscale
from tests.fakes import BlurNetwork, FakeGenerators, group, job_of, noise

XYZ = (0, 1, 2)


def run(pixels, channels=XYZ, *, network=None, edges=Edges(), scale=4, **more):
    size = Size(pixels.shape[1], pixels.shape[0])
    settings = {"model": BICUBIC, "color_space": ColorSpace.DATA, **more}
    # Whatever holds no vector goes by itself, as the planner has it.
    rest = [index for index in range(pixels.shape[2]) if index not in channels]
    scalars = [group(Role.SCALAR, (index,), size, color_space=ColorSpace.DATA, model=BICUBIC) for index in rest]
    job = job_of(
        pixels, group(Role.NORMAL, channels, size, **settings), *scalars, edges=edges, kind=MapKind.NORMAL, scale=scale
    )
    generators = FakeGenerators(network or BlurNetwork())
    result = upscale(Array(pixels), job, generators, scratch=None, tick=lambda share: None)
    return result.rows(0, result.size.height)


def vectors_of(heights, strength=4.0):
    dx, dy = np.gradient(heights.astype(np.float64), axis=1), np.gradient(heights.astype(np.float64), axis=0)
    return normals.normalise(np.dstack([-dx * strength, dy * strength, np.ones_like(dx)]).astype(np.float32))


def hills(side=192, power=2.5, seed=0):
    """Rough ground; the higher the power, the smoother."""
    rng = np.random.default_rng(seed)
    spectrum = np.fft.fft2(rng.normal(size=(side, side)))
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side)[None])
    field = np.fft.ifft2(spectrum / np.maximum(frequency, 1 / side) ** power).real
    return vectors_of(field / np.abs(field).std() * 1.5)


def bevels(side=192):
    """Flat panels with narrow hard edges, none of them on a multiple of four texels."""
    at = (np.arange(side) + 5) % 64
    ramp = np.minimum(at, 64 - at).clip(0, 2)
    return vectors_of(np.minimum(ramp[:, None], ramp[None]).astype(np.float32), strength=1.0)


def levels(vectors, dtype=np.uint8):
    return from_float(normals.encode(vectors, 3), dtype)


def source_of(truth, dtype=np.uint8):
    return levels(normals.normalise(shrink(truth, 4)), dtype)


def enlarged(source):
    out = windowed(Local(lambda window: enlarge(window, 4), 2, 4), Edges(), Array(source))
    return out.rows(0, out.size.height)


def by_opencv(source):
    size = source.shape[1] * 4, source.shape[0] * 4
    return cv2.resize(source, size, interpolation=cv2.INTER_CUBIC)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("power", [1.5, 2.5, 3.0, 4.0, None])
def test_no_map_comes_back_worse_than_by_bicubic(power, dtype):
    truth = bevels() if power is None else hills(power=power, seed=1)
    stored = source_of(truth, dtype)
    source = normals.decode(to_float(stored))
    ours = angles(truth, normals.decode(run(stored))).mean
    assert ours <= angles(truth, enlarged(source)).mean * 1.0001
    assert ours <= angles(truth, by_opencv(source)).mean * 1.0001


def test_stone_is_sharpened_and_neither_bevels_nor_rounding_are():
    exact = {name: normals.normalise(shrink(truth, 4)) for name, truth in (("stone", hills()), ("panel", bevels()))}
    assert sharpness(Array(exact["stone"]), Edges()) > 0.5
    assert sharpness(Array(exact["panel"]), Edges()) == 0
    smooth = normals.normalise(normals.decode(to_float(source_of(hills(power=4.0)))))
    assert sharpness(Array(smooth), Edges(), 255) == 0


def test_how_sharp_a_map_is_does_not_hang_on_where_it_begins():
    source = normals.decode(to_float(source_of(hills(), np.uint16)))
    wrap = Edges.both(Edge.WRAP)
    found = [sharpness(Array(np.roll(source, by, (0, 1))), wrap) for by in ((0, 0), (2, 6), (1, 0), (5, 7))]
    assert found[1] == pytest.approx(found[0], abs=1e-6)
    assert np.ptp(found) < 0.1


def test_a_tileable_normal_map_rolls_with_its_source():
    stored = source_of(hills())
    wrap = Edges.both(Edge.WRAP)
    plain, rolled = run(stored, edges=wrap), run(np.roll(stored, (3, 10), (0, 1)), edges=wrap)
    assert np.abs(rolled - np.roll(plain, (12, 40), (0, 1))).max() * 255 < 1


def test_the_noise_of_a_codec_is_not_sharpened():
    stored = source_of(hills(), np.uint16)
    lossy = normals.decode(run(stored, band=Band.LOW))
    bicubic = normals.normalise(enlarged(normals.normalise(normals.decode(to_float(stored)))))
    assert angles(lossy, bicubic).worst < 0.01
    assert angles(normals.decode(run(stored)), bicubic).worst > 1


def test_fidelity_zero_is_plain_bicubic():
    stored = source_of(hills(), np.uint16)
    bicubic = normals.normalise(enlarged(normals.normalise(normals.decode(to_float(stored)))))
    assert angles(normals.decode(run(stored, fidelity=0.0)), bicubic).worst < 0.01


def test_a_generator_on_normals_is_matched_and_made_unit_length():
    stored = source_of(hills())
    bent = BlurNetwork(lambda tile: tile * np.float32(0.8) + np.float32([0.2, 0, 0]))
    loose, held = (run(stored, network=bent, model="fake", fidelity=fidelity) * 2 - 1 for fidelity in (0.0, 1.0))
    source = to_float(stored) * 2 - 1
    for result in (loose, held):
        assert np.abs(np.linalg.norm(result, axis=2) - 1).max() < 1e-5
    assert angles(source, shrink(loose, 4)).mean > 8
    assert angles(source, shrink(held, 4)).mean < 1.5


def test_16_bit_normals_keep_their_steps():
    """A slope so gentle that 8 bits show it as nine flat steps."""
    x = np.linspace(-0.03, 0.03, 64, dtype=np.float32)
    truth = normals.normalise(np.dstack([np.tile(x, (8, 1)), np.zeros((8, 64)), np.ones((8, 64))]).astype(np.float32))
    result = from_float(run(levels(truth, np.uint16)), np.uint16)
    assert len(np.unique(result[16, 8:-8, 0])) == 256 - 16
    assert (np.diff(result[16, 8:-8, 0].astype(int)) > 0).all()


def test_no_curve_is_applied_to_vectors_whatever_the_file_says():
    stored = source_of(hills(), np.uint16)
    assert np.array_equal(run(stored), run(stored, color_space=ColorSpace.SRGB))


@pytest.mark.parametrize("channels", [(0, 1), (3, 1), (1, 0)], ids=["BC5", "DXT5nm", "swapped"])
def test_layouts_of_two_channels_hold_the_same_vectors(channels):
    truth = hills()
    truth[:, :, 2] = np.abs(truth[:, :, 2])
    whole = source_of(truth, np.uint16)
    stored = np.full((*whole.shape[:2], max(channels) + 1), 40000, np.uint16)
    stored[:, :, channels[0]], stored[:, :, channels[1]] = whole[:, :, 0], whole[:, :, 1]
    result = run(stored, channels)
    assert result.shape[2] == stored.shape[2]
    vectors = normals.decode(result[:, :, list(channels)])
    assert angles(normals.decode(run(whole)), vectors).mean < 0.1
    others = [index for index in range(stored.shape[2]) if index not in channels]
    assert np.abs(result[:, :, others] - np.float32(40000 / 65535)).max(initial=0) < 1e-6


def test_signed_vectors_of_float_files_come_back_signed():
    vectors = normals.normalise(shrink(hills(), 4))
    signed = run(vectors, signed=True)
    unsigned = run(normals.encode(vectors, 3))
    assert signed.min() < -0.5
    assert np.allclose(signed, unsigned * 2 - 1, atol=1e-5)


def test_values_outside_the_disc_are_brought_to_its_rim_in_their_direction():
    stored = np.array([[[1.0, 1.0], [1.0, 0.5], [0.0, 0.9]]], np.float32)
    vectors = normals.decode(stored)
    assert np.allclose(vectors[0, 0], [0.5**0.5, 0.5**0.5, 0], atol=1e-6)
    assert np.allclose(vectors[0, 1], [1, 0, 0], atol=1e-6)
    assert np.allclose(np.linalg.norm(vectors, axis=2), 1, atol=1e-6)
    assert vectors[0, 2, 0] / vectors[0, 2, 1] == pytest.approx(-1 / 0.8, rel=1e-5)


@pytest.mark.parametrize("channels", [2, 3])
def test_garbage_comes_back_as_unit_vectors(channels):
    stored = np.random.default_rng(0).integers(0, 256, (24, 24, channels)).astype(np.uint8)
    vectors = normals.decode(run(stored, tuple(range(channels))))
    assert np.abs(np.linalg.norm(vectors, axis=2) - 1).max() < 1e-5


@pytest.mark.parametrize("nothing", [[np.nan] * 3, [0.0, 0.0, 0.0], [np.inf, 0.0, 0.0], [3e38, 3e38, 3e38]])
def test_what_points_nowhere_becomes_flat(nothing):
    signed = np.tile(np.float32([0, 0, 1]), (12, 12, 1))
    signed[4:8, 4:8] = nothing
    result = run(signed, signed=True)
    assert np.isfinite(result).all()
    assert np.allclose(result, [0, 0, 1], atol=1e-4)


@pytest.mark.parametrize("unused", [0, 5], ids=["black", "black of a JPEG"])
def test_black_between_islands_becomes_flat_and_bends_nothing(unused):
    stored = np.full((16, 16, 3), (128, 128, 255), np.uint8)
    stored[:, 8:] = unused
    vectors = normals.decode(run(stored))
    assert angles(vectors, np.broadcast_to(np.float32([0, 0, 1]), vectors.shape)).worst < 0.5


def test_the_few_colours_of_a_palette_stay_unit_vectors():
    few = source_of(hills(side=128)) // 32 * 32 + 16
    vectors = normals.decode(run(few, band=Band.LOW))
    assert np.abs(np.linalg.norm(vectors, axis=2) - 1).max() < 1e-5


@given(arrays(np.uint16, (5, 5, 3)), st.sampled_from([np.uint8, np.uint16]))
def test_converted_twice_every_level_is_what_it_was(deep, dtype):
    stored = (deep >> 8).astype(np.uint8) if dtype is np.uint8 else deep
    once = from_float(normals.flipped(to_float(stored)), dtype)
    assert np.array_equal(once[:, :, 1].astype(int), np.iinfo(dtype).max - stored[:, :, 1].astype(int))
    assert np.array_equal(once[:, :, [0, 2]], stored[:, :, [0, 2]])
    assert np.array_equal(from_float(normals.flipped(to_float(once)), dtype), stored)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_other_convention_is_the_same_map_with_y_mirrored_exactly(dtype):
    stored = levels(normals.normalise(shrink(hills(), 4)), dtype)
    stored[:12] = np.iinfo(dtype).max // 2 + np.array([0, 0, 100])  # where a half lies between two levels
    stored[:12, 20:] += np.array([0, 1, 0], dtype)
    same, other = (from_float(run(stored, flip=flip), dtype).astype(int) for flip in (False, True))
    assert np.array_equal(other[:, :, [0, 2]], same[:, :, [0, 2]])
    assert np.array_equal(other[:, :, 1], np.iinfo(dtype).max - same[:, :, 1])


def test_the_convention_is_turned_once_however_many_passes():
    stored = source_of(hills(side=96))
    twice = (2, 2)
    size = Size(24, 24)
    one = group(Role.NORMAL, XYZ, size, model=BICUBIC, color_space=ColorSpace.DATA)
    passes = tuple(Pass(factor, Via.DIRECT, one.passes[0].cut) for factor in twice)
    results = []
    for flip in (False, True):
        job = job_of(stored, replace(one, passes=passes, flip=flip), kind=MapKind.NORMAL)
        result = upscale(Array(stored), job, FakeGenerators(), scratch=None, tick=lambda share: None)
        results.append(result.rows(0, 96))
    assert np.allclose(results[1][:, :, 1], 1 - results[0][:, :, 1], atol=1e-6)


def test_a_flat_map_of_one_value_is_turned_too():
    stored = np.full((8, 8, 3), (128, 100, 250), np.uint8)
    result = from_float(run(stored, constant=True, flip=True), np.uint8)
    assert (result == (128, 155, 250)).all()


def test_signed_vectors_are_turned_by_their_sign():
    vectors = normals.normalise(shrink(hills(), 4))
    same, other = run(vectors, signed=True), run(vectors, signed=True, flip=True)
    assert np.array_equal(other, same * np.float32([1, -1, 1]))


def test_alpha_of_a_normal_map_goes_by_itself():
    stored = np.dstack([source_of(hills(side=64)), noise(16, 16, 1)])
    changed = stored.copy()
    changed[:, :, 3] = 255 - changed[:, :, 3]
    before, after = run(stored), run(changed)
    assert np.array_equal(before[:, :, :3], after[:, :, :3])
    assert not np.allclose(before[:, :, 3], after[:, :, 3])


@pytest.mark.parametrize("shape", [(1, 1), (1, 64), (3, 3), (31, 2)])
def test_small_maps_come_back_whole(shape):
    stored = source_of(hills(side=256))[: shape[0], : shape[1]].copy()
    result = run(stored)
    assert result.shape == (shape[0] * 4, shape[1] * 4, 3)
    assert np.abs(np.linalg.norm(result * 2 - 1, axis=2) - 1).max() < 1e-5
