"""Mip levels keep what a map means: light, vectors, coverage, place."""

import os
import subprocess
import sys
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
WRAPPED = Edges.both(Edge.WRAP)
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


def foliage(side=128, seed=3, threshold=1.0):
    """Leaves: green where they are, magenta where nobody sees it; alpha is all or nothing."""
    rng = np.random.default_rng(seed)
    field = np.tile(rng.normal(0, 1, (side, side)).astype(np.float32), (3, 3))
    field = cv2.GaussianBlur(field, (0, 0), 1.2)[side : 2 * side, side : 2 * side]
    alpha = (field / field.std() > threshold).astype(np.float32)
    pixels = np.where(alpha[:, :, None] > 0, np.float32([0.2, 0.6, 0.1]), np.float32([1, 0, 1]))
    return np.dstack([pixels, alpha]).astype(np.float32)


@EVERY
@pytest.mark.parametrize("threshold", [0.25, 0.5, 0.9])
@pytest.mark.parametrize("leaves", [1.2, -0.6])
def test_a_cutout_keeps_its_coverage_at_every_level(how, threshold, leaves):
    pixels = foliage(threshold=leaves)
    wanted = (pixels[:, :, 3] >= threshold).mean()
    made = chain(
        pixels, colour(), transparency(), how=how, alpha=AlphaMode.CUTOUT, alpha_threshold=threshold, edges=WRAPPED
    )
    plain = chain(pixels, colour(), data(3), how=how, alpha=AlphaMode.MASK, edges=WRAPPED)
    for level in made:
        passing = np.round(level[:, :, 3] * 255) >= threshold * 255
        assert abs(passing.sum() - wanted * passing.size) <= 1
    off = [abs((level[:, :, 3] >= threshold).mean() - wanted) / wanted for level in plain[:5]]
    assert max(off) > 0.2


def test_what_is_clear_or_solid_stays_so_at_every_level():
    pixels = np.ones((32, 32, 4), np.float32)
    pixels[:, :20, 3] = 0
    pixels[::2, 16:24, 3] = 1
    for level in chain(pixels, colour(), transparency(), how=MipFilter.BOX, alpha=AlphaMode.CUTOUT)[:3]:
        side = level.shape[1]
        assert (level[:, : side // 2, 3] == 0).all()
        assert (level[:, side * 3 // 4 :, 3] == 1).all()


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_where_all_or_nothing_is_seen_alpha_stays_what_it_is(alpha):
    pixels = random(16, 16, 4)
    pixels[:, :, 3] = alpha
    for level in chain(pixels, colour(), transparency(), alpha=AlphaMode.CUTOUT):
        assert (level[:, :, 3] == alpha).all()


@EVERY
@pytest.mark.parametrize("alpha", [AlphaMode.CUTOUT, AlphaMode.BLEND])
def test_hidden_colour_does_not_show(how, alpha):
    """Nor where a filter's negative lobes take the weight away that a colour is divided by."""
    for level in chain(foliage(), colour(), transparency(), how=how, alpha=alpha):
        seen = level[:, :, 3] > (0.05 if alpha is AlphaMode.CUTOUT else 1 / 255)  # what is bent shows more
        assert np.allclose(level[seen][:, :3], [0.2, 0.6, 0.1], atol=0.02)
    own = chain(foliage(), colour(), data(3), how=how, alpha=AlphaMode.MASK)
    assert np.abs(own[2][:, :, :3] - [0.2, 0.6, 0.1]).max() > 0.3  # a mask hides nothing


def test_hidden_colour_stays_what_it_is_where_nothing_is_seen():
    pixels = random(32, 32, 4)
    pixels[:, :, 3] = 0
    straight = chain(pixels[:, :, :3], colour(), how=MipFilter.TRIANGLE)
    for level, plain in zip(chain(pixels, colour(), transparency(), alpha=AlphaMode.BLEND), straight, strict=True):
        assert np.allclose(level[:, :, :3], plain, atol=1e-3)


def test_premultiplied_colour_is_averaged_as_it_is():
    pixels = foliage()
    pixels[:, :, :3] *= pixels[:, :, 3:]
    level = chain(pixels, colour(), transparency(), how=MipFilter.BOX, alpha=AlphaMode.PREMULTIPLIED)[0]
    light = as_light(pixels[:, :, :3]).reshape(64, 2, 64, 2, 3).mean(axis=(1, 3))
    assert np.allclose(as_light(level[:, :, :3]), light, atol=1e-4)
    assert np.allclose(level[:, :, 3], pixels[:, :, 3].reshape(64, 2, 64, 2).mean(axis=(1, 3)), atol=1e-6)


def test_lobes_leave_no_numbers_that_a_file_cannot_hold():
    board = np.zeros((32, 32, 1), np.float32)
    board[:, 16:] = 1
    for level in chain(board, data(0)):
        assert level.min() >= 0
        assert level.max() <= 1


@EVERY
def test_a_sun_has_no_dark_ring(how):
    pixels = np.full((64, 64, 3), 0.5, np.float32)
    pixels[30:33, 29:35] = 20000
    for level in chain(pixels, colour(color_space=ColorSpace.LINEAR), how=how, depth=Depth.HALF):
        assert level.min() >= 0.4999
    assert chain(pixels, colour(color_space=ColorSpace.LINEAR), how=how, depth=Depth.HALF)[-1].max() > 20


def test_float_numbers_of_any_range_keep_it():
    pixels = random(32, 32, 1) * 500 - 1000
    for level in chain(pixels, data(0), depth=Depth.FLOAT):
        assert -1000 <= level.min() <= level.max() <= -500
        assert level.mean() == pytest.approx(pixels.mean(), abs=15)


@pytest.mark.parametrize("kind", [MapKind.DATA, MapKind.PIXEL_ART])
def test_of_ids_each_texel_is_the_one_in_its_middle(kind):
    pixels = random(48, 40, 3)
    for number, level in enumerate(chain(pixels, colour(model=NEAREST), kind=kind, count=4), 1):
        half = (1 << number) // 2
        assert np.array_equal(level, pixels[half :: 1 << number, half :: 1 << number][: 48 >> number, : 40 >> number])
    mixed = chain(pixels, colour(model=NEAREST), count=2)[0]
    assert not np.isin(mixed, pixels).all()  # a surface that is only enlarged without a filter


def test_channels_that_hold_one_value_are_not_touched_by_arithmetic():
    pixels = random(9, 9, 4).astype(np.float32)
    pixels[:, :, 3] = 1 / 3
    for level in chain(pixels, colour(), group(Role.ALPHA, ALPHA, Size(4, 4), color_space=DATA, constant=True)):
        assert (level[:, :, 3] == np.float32(1 / 3)).all()


def test_a_gray_picture_in_three_channels_stays_gray():
    pixels = np.repeat(random(16, 16, 1), 3, axis=2)
    gray = data(0, targets=COLOUR)
    for level in chain(pixels, gray):
        assert (level == level[:, :, :1]).all()


def test_the_pictures_of_a_sheet_do_not_mix():
    pixels = np.zeros((32, 32, 1), np.float32)
    pixels[:16, :16] = 1
    for level in chain(pixels, data(0), cells=Cells(2, 2), count=5):
        side = level.shape[0] // 2
        expected = np.zeros_like(level)
        expected[:side, :side] = 1
        assert np.allclose(level, expected, atol=1e-6)


def rough(*channels, **more):
    return data(*channels, holds=MapKind.ROUGHNESS, **more)


BY_NORMALS = Mips(MipFilter.BOX, normals="n.png")


def test_flat_normals_change_no_roughness():
    flat = np.full((32, 32, 3), np.float32([128, 128, 255]) / 255, np.float32)
    for pixels in (random(32, 32, 1), np.zeros((32, 32, 1), np.float32)):
        plain = chain(pixels, rough(0), how=MipFilter.BOX)
        for level, without in zip(chain(pixels, rough(0), mips=BY_NORMALS, normals=flat), plain, strict=True):
            assert np.array_equal(level, without)


def test_roughness_is_widened_by_what_toksvig_says():
    normals = bumps(32)
    levels = chain(np.full((32, 32, 1), 0.3, np.float32), rough(0), mips=BY_NORMALS, normals=normals)
    for number, level in enumerate(levels, 1):
        side = 32 >> number
        mean = (normals * 2 - 1).reshape(side, 32 // side, side, 32 // side, 3).mean(axis=(1, 3))
        length = np.linalg.norm(mean.astype(np.float64), axis=2)
        power = 2 / 0.3**4 - 2
        power *= length / (length + power * (1 - length))
        assert np.allclose(level[:, :, 0], (2 / (power + 2)) ** 0.25, atol=2e-3)


@pytest.mark.parametrize("side", [8, 32, 64, 100])
def test_roughness_never_falls_and_gloss_never_rises_whatever_the_size_of_the_normals(side):
    pixels, normals = random(32, 32, 2), bumps(side)
    groups = (rough(0), data(1, holds=MapKind.GLOSS))
    plain = chain(pixels, *groups, how=MipFilter.BOX)
    wider = chain(pixels, *groups, mips=BY_NORMALS, normals=normals)
    for level, without in zip(wider, plain, strict=True):
        assert (level[:, :, 0] >= without[:, :, 0]).all()
        assert (level[:, :, 1] <= without[:, :, 1]).all()
        assert 0 <= level.min() <= level.max() <= 1
    assert wider[-1][0, 0, 0] > plain[-1][0, 0, 0] + 0.02


def test_gloss_is_roughness_upside_down():
    pixels, normals = random(32, 32, 1), bumps(32)
    one = chain(pixels, rough(0), mips=BY_NORMALS, normals=normals)
    other = chain(1 - pixels, data(0, holds=MapKind.GLOSS), mips=BY_NORMALS, normals=normals)
    for level, inverse in zip(one, other, strict=True):
        assert np.allclose(level, 1 - inverse, atol=1e-5)


def test_roughness_that_is_the_same_everywhere_is_widened_too():
    normals = bumps(32)
    pixels = np.full((32, 32, 3), 0.3, np.float32)
    one = group(Role.COLOR, COLOUR, Size(4, 4), color_space=DATA, constant=True)
    last = chain(pixels, one, kind=MapKind.ROUGHNESS, mips=BY_NORMALS, normals=normals)[-1]
    assert last.min() > 0.4
    other = chain(pixels, one, kind=MapKind.METALLIC, mips=BY_NORMALS, normals=normals)[-1]
    assert other.max() == np.float32(0.3)


def test_levels_made_by_hand_are_taken_where_they_fit():
    pixels = random(32, 16, 3)
    drawn = {
        level: np.full((max(1, 16 >> level), max(1, 8 >> level), 3), level / 10, np.float32) for level in range(1, 5)
    }
    job = job_for(pixels, colour(), mips=Mips(kept=True))
    spec = replace(job.source_spec, size=Size(8, 16), storage=Storage(levels=4))  # all but the last two
    job = replace(job, source_spec=spec)
    made = list(levels(Array(pixels), job, scratch=None, own=lambda level: Array(drawn[level])))
    for number, level in enumerate(made, 1):
        got = level.rows(0, level.size.height)
        if 2 <= number <= 4:
            assert np.array_equal(got, drawn[number - 1])
        else:
            assert got.std() > 0 or number == 5
            assert not np.isin(got, [0.1, 0.2, 0.3, 0.4]).any()
    without = list(
        levels(Array(pixels), replace(job, mips=Mips()), scratch=None, own=lambda level: Array(drawn[level]))
    )
    assert without[1].rows(0, 1).std() > 0


def test_levels_made_by_hand_come_in_the_channels_and_the_convention_of_the_result():
    pixels, drawn = bumps(16), bumps(4, seed=1)
    one = vectors(2, 0, 1, targets=COLOUR, flip=True)
    job = job_for(pixels, one, mips=Mips(kept=True))
    job = replace(job, source_spec=replace(job.source_spec, size=Size(8, 8), storage=Storage(levels=2)))
    made = list(levels(Array(pixels), job, scratch=None, own=lambda level: Array(drawn)))
    expected = drawn[:, :, [2, 0, 1]] * np.float32([1, -1, 1]) + np.float32([0, 1, 0])
    assert np.allclose(made[1].rows(0, 4), expected, atol=1e-6)


class Counting:
    """A picture that is computed as it is read, and says how many rows were asked for at once."""

    def __init__(self, size, channels):
        self.size, self.channels, self.most = size, channels, 0

    def rows(self, start, stop):
        self.most = max(self.most, stop - start)
        return random(stop - start, self.size.width, self.channels, seed=start)


def test_no_more_than_a_few_rows_of_the_first_level_are_held(tmp_path):
    first = Counting(Size(64, 5000), 4)
    job = job_for(np.zeros((4, 4, 4), np.uint8), colour(), transparency(), alpha=AlphaMode.BLEND)
    job = replace(job, output_spec=replace(job.output_spec, size=first.size, storage=Storage(levels=3)))
    assert [level.size for level in levels(first, job, scratch=tmp_path)] == [Size(32, 2500), Size(16, 1250)]
    assert first.most < 100


def test_a_result_does_not_depend_on_which_rows_are_asked_for_first():
    pixels = random(300, 20, 4)
    job = job_for(pixels, colour(), transparency(), alpha=AlphaMode.BLEND)
    level = next(levels(Array(pixels), job, scratch=None))
    assert np.array_equal(level.rows(100, 120), level.rows(0, 150)[100:120])


@EVERY
def test_beside_what_is_seen_lies_a_colour_that_may_be_mixed_in(how):
    """Renderers interpolate colour and alpha apart: what is hidden one texel away shows."""
    pixels = foliage(threshold=0.2)
    for level in chain(pixels, colour(), transparency(), how=how, alpha=AlphaMode.BLEND, edges=WRAPPED)[:2]:
        seen = level[:, :, 3] > 0.75
        near = np.logical_or.reduce([np.roll(seen, step, axis) for step in (-1, 1) for axis in (0, 1)])
        assert np.abs(level[near][:, :3] - [0.2, 0.6, 0.1]).max() < 0.05


def test_lobes_draw_no_haze_about_a_shape():
    pixels = np.ones((64, 64, 4), np.float32)
    pixels[:, :32, 3] = 0
    level = chain(pixels, colour(), transparency(), alpha=AlphaMode.BLEND)[0][:, :, 3]
    assert level[:, :15].max() < 1e-6
    assert level[:, 17:].min() > 1 - 1e-6


def test_bytes_do_not_depend_on_how_many_threads_there_are():
    code = """
import hashlib, numpy as np
from tests.test_mips import chain, colour, random, transparency
from cg_upscaler.maps import AlphaMode
made = chain(random(501, 700, 4), colour(), transparency(), alpha=AlphaMode.CUTOUT)
print(hashlib.sha256(b"".join(level.tobytes() for level in made)).hexdigest())
"""
    found = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for threads in ("1", "2")
    ]
    assert found[0] == found[1]
    assert len(found[0].strip()) == 64
