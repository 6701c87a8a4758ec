"""Packed maps: each channel by itself, as what it is, and none hears of another."""

import numpy as np
import pytest

from cg_upscaler.api import Upscaler
from cg_upscaler.geometry import Edge, Edges, Size
from cg_upscaler.job import Band
from cg_upscaler.maps import BICUBIC, AlphaMode, ColorSpace, MapKind, Role
from cg_upscaler.pixels.rows import from_float
from cg_upscaler.pixels.views import Array
from cg_upscaler.upscale import upscale
from tests.fakes import BlurNetwork, FakeGenerators, group, job_of, noise

HOLDS = (MapKind.OCCLUSION, MapKind.ROUGHNESS, MapKind.METALLIC, MapKind.HEIGHT)


def run(pixels, groups, dtype, **job):
    job = job_of(pixels, *groups, kind=MapKind.PACKED, alpha=AlphaMode.MASK, **job)
    result = upscale(Array(pixels), job, FakeGenerators(), scratch=None, tick=lambda share: None)
    return from_float(result.rows(0, result.size.height), dtype)


def packed(size, count=4, **more):
    """A height is resampled, all else is generated; all matched."""
    return [
        group(
            Role.SCALAR,
            (index,),
            size,
            color_space=ColorSpace.DATA,
            model=BICUBIC if HOLDS[index] is MapKind.HEIGHT else "fake",
            holds=HOLDS[index],
            **more,
        )
        for index in range(count)
    ]


def disturbed(pixels, channel):
    """Another picture in one channel, as different as can be: values at either end of the range included."""
    changed = pixels.copy()
    top = np.iinfo(pixels.dtype).max
    changed[:, :, channel] = np.where(noise(*pixels.shape[:2], 1, seed=9)[:, :, 0] > 128, top, 0)
    return changed


@pytest.mark.parametrize(("count", "channel"), [(count, channel) for count in (2, 3, 4) for channel in range(count)])
@pytest.mark.parametrize(("dtype", "band"), [(np.uint8, Band.ALL), (np.uint16, Band.LOW)])
def test_a_change_in_one_channel_reaches_no_other(count, channel, dtype, band):
    pixels = noise(20, 24, count).astype(dtype) * (1 if dtype is np.uint8 else 257)
    groups = packed(Size(24, 20), count, band=band)
    before, after = (
        run(one, groups, dtype, edges=Edges.both(Edge.WRAP)) for one in (pixels, disturbed(pixels, channel))
    )
    others = [index for index in range(count) if index != channel]
    assert np.array_equal(before[:, :, others], after[:, :, others])
    assert not np.array_equal(before[:, :, channel], after[:, :, channel])


@pytest.mark.parametrize("channels", [3, 4])
def test_no_channel_hears_of_another_from_file_to_file(channels):
    """As the planner has it, and not as a test does."""
    upscaler = Upscaler(BICUBIC)
    pixels = noise(32, 32, channels)
    before = upscaler.array(pixels, MapKind.PACKED)
    for channel in range(channels):
        after = upscaler.array(disturbed(pixels, channel), MapKind.PACKED)
        others = [index for index in range(channels) if index != channel]
        assert np.array_equal(before[:, :, others], after[:, :, others])
        assert not np.array_equal(before[:, :, channel], after[:, :, channel])


def test_a_constant_channel_stays_what_it_is_beside_busy_ones():
    pixels = noise(32, 32, 4)
    pixels[:, :, 2] = 37
    result = Upscaler(BICUBIC).array(pixels, MapKind.PACKED)
    assert (result[:, :, 2] == 37).all()


@pytest.mark.parametrize("hidden", [0, 255])
def test_colour_does_not_care_for_an_alpha_that_is_data(hidden):
    """No bleeding, no weighing: all of it may be hidden, were it transparency."""
    pixels = noise(32, 32, 4)
    plain = Upscaler(BICUBIC).array(pixels, MapKind.PACKED)
    pixels[:, :, 3] = hidden
    pixels[3, 4, 3] = 128
    result = Upscaler(BICUBIC).array(pixels, MapKind.PACKED)
    assert np.array_equal(result[:, :, :3], plain[:, :, :3])


def test_a_packed_height_is_resampled_whatever_generates_the_rest():
    pixels = noise(20, 20, 4)
    strange = BlurNetwork(lambda tile: 1 - tile)
    groups = packed(Size(20, 20))
    job = job_of(pixels, *groups, kind=MapKind.PACKED, alpha=AlphaMode.MASK)
    results = [
        upscale(Array(pixels), job, FakeGenerators(network), scratch=None, tick=lambda share: None).rows(0, 80)
        for network in (BlurNetwork(), strange)
    ]
    assert np.array_equal(results[0][:, :, 3], results[1][:, :, 3])
    assert not np.array_equal(results[0][:, :, 0], results[1][:, :, 0])


def test_data_are_under_no_curve():
    """A mask half black and half white is half everywhere in between: in light it would be 0.74."""
    pixels = np.zeros((16, 16, 3), np.uint8)
    pixels[:, 8:] = 255
    pixels[:, :, 1:] = noise(16, 16, 2)  # else it is a gray picture
    result = Upscaler(BICUBIC, scale=2).array(pixels, MapKind.PACKED)
    assert abs(result[:, :, 0].mean() - 127.5) < 0.5
