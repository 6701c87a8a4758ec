"""Mip levels keep what a map means: light, vectors, coverage, place."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image

from cg_upscaler.geometry import Cells, Edge, Edges, Size
from cg_upscaler.job import MipFilter, Mips
from cg_upscaler.maps import NEAREST, AlphaMode, ColorSpace, MapKind, Role
from cg_upscaler.pixels.mips import levels
from cg_upscaler.pixels.views import Array
from cg_upscaler.spec import Depth, Storage
from tests.fakes import group, job_of

COLOUR, ALPHA = (0, 1, 2), (3,)
DATA = ColorSpace.DATA
EVERY = pytest.mark.parametrize("how", list(MipFilter))


def job_for(pixels, *groups, how=MipFilter.KAISER, mips=None, count=None, depth=Depth.UINT8, **more):
    height, width, channels = pixels.shape
    size = Size(width, height)
    job = job_of(np.zeros((4, 4, channels), np.uint8), *groups, mips=mips or Mips(how), **more)
    spec = replace(job.output_spec, size=size, depth=depth, storage=Storage(levels=count or size.levels))
    return replace(job, output_spec=spec)


def chain(pixels, *groups, normals=None, own=None, **more):
    """All levels below the first, as arrays."""
    job = job_for(pixels, *groups, **more)
    made = levels(Array(pixels), job, scratch=None, normals=None if normals is None else Array(normals), own=own)
    return [level.rows(0, level.size.height) for level in made]


def colour(channels=COLOUR, **more):
    return group(Role.COLOR, channels, Size(4, 4), **more)


def data(*channels, **more):
    return group(Role.SCALAR, channels, Size(4, 4), **{"color_space": DATA} | more)


def transparency(channel=3):
    return group(Role.ALPHA, (channel,), Size(4, 4), color_space=DATA)


def vectors(*channels, **more):
    return group(Role.NORMAL, channels, Size(4, 4), color_space=DATA, **more)


def random(height, width, channels, seed=0):
    return np.random.default_rng(seed).random((height, width, channels), np.float32)


def bumps(side=64, seed=0, strength=0.8):
    """Unit vectors, stored 0 … 1."""
    slopes = cv2.GaussianBlur(np.random.default_rng(seed).normal(0, 1, (side, side, 2)).astype(np.float32), (0, 0), 1.5)
    raw = np.dstack([slopes * strength / slopes.std(), np.ones((side, side), np.float32)])
    return (raw / np.linalg.norm(raw, axis=2, keepdims=True) / 2 + 0.5).astype(np.float32)


def as_light(stored):
    """IEC 61966-2-1, written once more."""
    stored = np.asarray(stored, np.float64)
    return np.where(stored <= 0.04045, stored / 12.92, ((stored + 0.055) / 1.055) ** 2.4)


@pytest.mark.parametrize("size", [(16, 16), (17, 9), (5, 64), (1, 7), (1, 1), (31, 2)])
def test_levels_have_the_sizes_that_graphics_apis_give_them(size):
    height, width = size
    made = chain(random(height, width, 3), colour())
    assert [level.shape[:2] for level in made] == [
        (max(1, height >> k), max(1, width >> k)) for k in range(1, max(size).bit_length())
    ]


def test_a_partial_chain_ends_where_it_is_told_to():
    assert len(chain(random(16, 16, 3), colour(), count=3)) == 2
    assert chain(random(16, 16, 3), colour(), count=1) == []


@EVERY
def test_what_is_the_same_everywhere_stays_so(how):
    pixels = np.full((21, 37, 4), 1, np.float32) * np.array([10, 128, 250, 77], np.float32) / 255
    for level in chain(pixels, colour(), transparency(), how=how, alpha=AlphaMode.BLEND):
        assert np.allclose(level, pixels[0, 0], atol=2e-6)


def test_colour_is_filtered_in_light_and_numbers_as_they_are():
    board = np.indices((8, 8)).sum(axis=0) % 2
    pixels = np.repeat(board[:, :, None], 4, axis=2).astype(np.float32)
    for level in chain(pixels, colour(), data(3), how=MipFilter.BOX):
        assert np.allclose(as_light(level[:, :, :3]), 0.5, atol=1e-4)
        assert np.allclose(level[:, :, 3], 0.5, atol=1e-6)


def test_a_box_is_the_one_that_pillow_has():
    pixels = random(48, 80, 1)
    for level in chain(pixels, data(0), how=MipFilter.BOX)[:4]:
        size = level.shape[1::-1]
        expected = Image.fromarray(pixels[:, :, 0]).resize(size, Image.Resampling.BOX)
        assert np.allclose(level[:, :, 0], np.asarray(expected), atol=1e-5)


@EVERY
@pytest.mark.parametrize("size", [(64, 64), (45, 70), (33, 129), (7, 50)])
def test_nothing_moves_from_level_to_level(how, size):
    height, width = size
    y, x = (np.arange(length) + 0.5 for length in size)
    blob = np.exp(-(((y / height - 0.55) / 0.12) ** 2))[:, None] * np.exp(-(((x / width - 0.4) / 0.12) ** 2))
    pixels = (0.25 + blob[:, :, None] / 2).astype(np.float32)  # neither end of the range is near
    for level in chain(pixels, data(0), how=how)[:3]:
        plane = level[:, :, 0].astype(np.float64) - 0.25
        rows, columns = plane.sum(axis=1), plane.sum(axis=0)
        at = [float((line * (np.arange(len(line)) + 0.5)).sum() / line.sum() / len(line)) for line in (rows, columns)]
        if min(level.shape[:2]) > 8:
            assert at == pytest.approx([0.55, 0.4], abs=0.02 / min(level.shape[:2]))


@EVERY
@pytest.mark.parametrize("axis", [0, 1])
def test_a_tileable_stays_one_whichever_texel_it_starts_with(how, axis):
    pixels = random(64, 32, 3)
    edges = Edges.both(Edge.WRAP)
    straight = chain(pixels, colour(), how=how, edges=edges, count=4)
    rolled = chain(np.roll(pixels, 8, axis), colour(), how=how, edges=edges, count=4)
    for number, (one, other) in enumerate(zip(straight, rolled, strict=True), 1):
        assert np.allclose(np.roll(one, 8 >> number, axis), other, atol=1e-5)


def test_each_axis_has_its_own_edge():
    pixels = np.zeros((16, 16, 1), np.float32)
    pixels[:, -1], pixels[-1] = 1, 0.5
    across, down = (
        chain(pixels, data(0), how=MipFilter.TRIANGLE, edges=edges, count=2)[0][:, :, 0]
        for edges in (Edges(Edge.WRAP, Edge.CLAMP), Edges(Edge.CLAMP, Edge.WRAP))
    )
    assert np.abs(across[2:-2, 0]).max() > 0.001 > np.abs(down[2:-2, 0]).max()
    assert np.abs(down[0, 2:-2]).max() > 0.001 > np.abs(across[0, 2:-2]).max()


@EVERY
@pytest.mark.parametrize("channels", [(0, 1, 2), (0, 1)])
@pytest.mark.parametrize("signed", [False, True])
def test_normals_are_averaged_as_vectors_and_stored_at_unit_length(how, channels, signed):
    stored = bumps()
    true = stored * 2 - 1
    pixels = true[:, :, list(channels)] if signed else stored[:, :, list(channels)]
    for number, level in enumerate(chain(pixels, vectors(*channels, signed=signed), how=how), 1):
        got = level if signed else level * 2 - 1
        if len(channels) == 3:
            assert np.allclose(np.linalg.norm(got, axis=2), 1, atol=1e-5)
        else:
            got = np.dstack([got, np.sqrt(np.maximum(0, 1 - (got**2).sum(axis=2)))])
        if how is MipFilter.BOX:
            side = 64 >> number
            mean = true.reshape(side, 64 // side, side, 64 // side, 3).mean(axis=(1, 3))
            assert np.allclose(got, mean / np.linalg.norm(mean, axis=2, keepdims=True), atol=1e-4)


def test_a_vector_that_covers_less_does_not_count_more():
    """Made of unit length at each level, one corner of a level would turn the whole of the next."""
    stored = np.full((4, 4, 3), (0.5, 0.5, 1), np.float32)
    stored[:2, :2] = bumps(2, strength=3)  # nearly cancels out
    expected = (stored * 2 - 1).mean(axis=(0, 1))
    last = chain(stored, vectors(0, 1, 2), how=MipFilter.BOX)[-1][0, 0] * 2 - 1
    assert np.allclose(last, expected / np.linalg.norm(expected), atol=1e-5)
