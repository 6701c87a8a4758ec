"""One texture through its job."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from cg_upscaler.errors import Cancelled, UsageError
from cg_upscaler.geometry import Edge, Edges, Size, Tiled
from cg_upscaler.job import Band, Via
from cg_upscaler.maps import BICUBIC, AlphaMode, ColorSpace, MapKind, Role
from cg_upscaler.pixels.resample import shrink
from cg_upscaler.pixels.rows import pour, to_float
from cg_upscaler.pixels.transfer import srgb_to_linear
from cg_upscaler.pixels.views import Array
from cg_upscaler.upscale import upscale
from tests.fakes import FAKE_INFO, BlurNetwork, FakeGenerators, group, job_of, noise

COLOUR, ALL = (0, 1, 2), (0, 1, 2, 3)


def quiet(share):
    pass


def run(pixels, *groups, network=None, tick=quiet, **job):
    result = upscale(
        Array(pixels), job_of(pixels, *groups, **job), FakeGenerators(network or BlurNetwork()), scratch=None, tick=tick
    )
    return result.rows(0, result.size.height)


def normal_map(height: int, width: int, dtype=np.uint8):
    slopes = noise(height, width, 2).astype(np.float32) / 128 - 1
    vectors = np.dstack([slopes, np.ones((height, width), np.float32)])
    vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
    return np.round((vectors / 2 + 0.5) * np.iinfo(dtype).max).astype(dtype)


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (7, 3), (33, 20)])
@pytest.mark.parametrize(("scale", "via"), [(4, Via.DIRECT), (2, Via.REDUCE), (2, Via.SHRINK)])
def test_any_size_from_one_texel_up_comes_back_exactly_scaled(shape, scale, via):
    pixels = noise(*shape, 3)
    result = run(pixels, group(Role.COLOR, COLOUR, Size(shape[1], shape[0]), via=via), scale=scale)
    assert result.shape == (shape[0] * scale, shape[1] * scale, 3)
    assert np.abs(shrink(result, scale) - to_float(pixels)).max() < 0.1


def test_native_2x_models_are_run_as_they_are():
    pixels = noise(9, 12, 3)
    network = BlurNetwork(info=FAKE_INFO.__class__("two", "fake", scale=2, channels=3, reach=6))
    assert run(pixels, group(Role.COLOR, COLOUR, Size(12, 9)), network=network, scale=2).shape == (18, 24, 3)


def test_the_quality_way_keeps_what_the_fast_way_loses():
    """A checkerboard: shrunk first, it is gone; generated first, it is still there."""
    checks = (np.indices((16, 16)).sum(0) % 2 * 200 + 20).astype(np.uint8)[:, :, None].repeat(3, 2)
    contrast = {
        via: run(checks, group(Role.COLOR, COLOUR, Size(16, 16), via=via, fidelity=0.0), scale=2).std()
        for via in (Via.REDUCE, Via.SHRINK)
    }
    assert contrast[Via.REDUCE] > 0.1 > 0.01 > contrast[Via.SHRINK]


@pytest.mark.parametrize("fidelity", [0.0, 0.3, 1.0])
def test_colour_drift_of_a_generator_is_taken_back(fidelity):
    pixels = noise(48, 40, 3)
    dark = BlurNetwork(lambda tile: tile * 0.9)
    held = run(pixels, group(Role.COLOR, COLOUR, Size(40, 48), fidelity=fidelity), network=dark)
    assert np.abs(held.mean((0, 1)) - to_float(pixels).mean((0, 1))).max() * 255 < 0.1


def test_a_flat_texture_stays_flat_even_with_a_noisy_generator():
    flat = np.full((24, 24, 3), 90, np.uint8)
    result = run(flat, group(Role.COLOR, COLOUR, Size(24, 24), constant=True))
    assert np.array_equal(result, np.full((96, 96, 3), np.float32(90) / np.float32(255)))


def test_a_constant_group_runs_no_network():
    pixels = noise(8, 8, 4)
    pixels[:, :, 3] = 31
    network = BlurNetwork()
    groups = (group(Role.COLOR, COLOUR, Size(8, 8)), group(Role.SCALAR, (3,), Size(8, 8), constant=True))
    result = run(pixels, *groups, network=network, alpha=AlphaMode.OPAQUE)
    assert network.calls == 1
    assert (result[:, :, 3] == np.float32(31) / np.float32(255)).all()


def test_a_change_in_one_scalar_channel_reaches_no_other():
    pixels = noise(20, 20, 4)
    groups = [group(Role.SCALAR, (i,), Size(20, 20), color_space=ColorSpace.DATA) for i in ALL]
    before = run(pixels, *groups, kind=MapKind.PACKED)
    changed = pixels.copy()
    changed[:, :, 1] = 255 - changed[:, :, 1]
    after = run(changed, *groups, kind=MapKind.PACKED)
    assert np.array_equal(before[:, :, [0, 2, 3]], after[:, :, [0, 2, 3]])
    assert np.abs(before[:, :, 1] - after[:, :, 1]).max() > 0.3


def test_gray_in_rgb_stays_gray():
    pixels = noise(12, 12, 1).repeat(3, 2)
    tint = BlurNetwork(lambda tile: tile * np.float32([1, 0.8, 0.6]))
    result = run(pixels, group(Role.SCALAR, (0,), Size(12, 12), targets=COLOUR), network=tint)
    assert np.array_equal(result[:, :, 0], result[:, :, 1])
    assert np.array_equal(result[:, :, 0], result[:, :, 2])


@pytest.mark.parametrize(("scale", "via"), [(4, Via.DIRECT), (2, Via.REDUCE), (2, Via.SHRINK)])
@pytest.mark.parametrize("model", [BICUBIC, "fake"])
def test_normals_come_back_at_unit_length(scale, via, model):
    pixels = normal_map(20, 28)
    via = Via.DIRECT if model == BICUBIC else via
    one = group(Role.NORMAL, COLOUR, Size(28, 20), color_space=ColorSpace.DATA, model=model, via=via)
    vectors = run(pixels, one, scale=scale, kind=MapKind.NORMAL) * 2 - 1
    assert np.abs(np.linalg.norm(vectors, axis=2) - 1).max() < 1e-5
    source = to_float(pixels) * 2 - 1
    mean = shrink(vectors, scale)
    cosine = (mean * source).sum(2) / np.linalg.norm(mean, axis=2) / np.linalg.norm(source, axis=2)
    assert np.degrees(np.arccos(cosine.clip(-1, 1))).mean() < (8 if via is Via.SHRINK else 2.5)


def test_two_channel_normals_stay_two_channels():
    pixels = normal_map(16, 16)[:, :, :2].copy()
    result = run(pixels, group(Role.NORMAL, (0, 1), Size(16, 16), model=BICUBIC), kind=MapKind.NORMAL)
    assert result.shape == (64, 64, 2)
    assert np.abs(shrink(result, 4) - to_float(pixels)).mean() < 0.02


def leaf(hidden: int):
    """A green disc with a soft edge; what is hidden is of one value."""
    yy, xx = np.mgrid[:32, :32]
    alpha = np.clip(12 - np.hypot(yy - 16, xx - 16), 0, 1)
    colour = np.where(alpha[:, :, None] > 0, np.array([60, 140, 50]), hidden)
    return np.dstack([colour, np.round(alpha * 255)]).astype(np.uint8)


@pytest.mark.parametrize("hidden", [0, 255])
def test_no_fringe_where_transparent_texels_hide_black_or_white(hidden):
    pixels = leaf(hidden)
    groups = (group(Role.COLOR, COLOUR, Size(32, 32)), group(Role.ALPHA, (3,), Size(32, 32)))
    result = run(pixels, *groups, alpha=AlphaMode.BLEND)
    seen = result[:, :, 3] > 0.02
    assert np.abs(result[seen][:, :3] * 255 - [60, 140, 50]).max() < 1


def test_a_haze_of_the_generator_does_not_show_where_all_is_clear_or_solid():
    pixels = leaf(0)
    hazy = BlurNetwork(lambda tile: tile * 0.96 + 0.02)
    groups = (group(Role.COLOR, COLOUR, Size(32, 32)), group(Role.ALPHA, (3,), Size(32, 32), fidelity=0.0))
    alpha = run(pixels, *groups, network=hazy, alpha=AlphaMode.BLEND)[:, :, 3]
    assert (alpha[:8] == 0).all()
    assert (alpha[60:68, 60:68] == 1).all()


def test_alpha_of_unclear_meaning_leaves_colour_alone():
    pixels = leaf(0)
    groups = (group(Role.COLOR, COLOUR, Size(32, 32)), group(Role.SCALAR, (3,), Size(32, 32)))
    with_alpha = run(pixels, *groups, alpha=AlphaMode.MASK)
    without = run(pixels[:, :, :3].copy(), groups[0])
    assert np.array_equal(with_alpha[:, :, :3], without)


def test_a_16_bit_ramp_keeps_its_levels_rises_throughout_and_steps_no_further_than_bicubic():
    ramp = np.linspace(2000, 60000, 256).round().astype(np.uint16)
    pixels = np.broadcast_to(ramp[None, :, None], (8, 256, 1)).copy()
    size = Size(256, 8)
    height = {"color_space": ColorSpace.DATA, "model": BICUBIC}
    matched = run(pixels, group(Role.SCALAR, (0,), size, **height), kind=MapKind.HEIGHT)
    bicubic = Image.fromarray(pixels[:, :, 0].astype(np.float32)).resize((1024, 32), Image.Resampling.BICUBIC)
    levels = np.floor(matched[16, :, 0].astype(np.float64) * 65535 + 0.5)
    assert len(np.unique(levels)) == 1024
    assert (np.diff(levels) > 0).all()
    assert np.diff(levels).max() <= np.diff(np.asarray(bicubic)[16]).max()


def test_wrapped_textures_roll_with_their_source():
    pixels = noise(32, 24, 4)
    groups = (group(Role.COLOR, COLOUR, Size(24, 32)), group(Role.ALPHA, (3,), Size(24, 32)))
    settings = {"edges": Edges.both(Edge.WRAP), "alpha": AlphaMode.BLEND}
    plain = run(pixels, *groups, **settings)
    rolled = run(np.roll(pixels, (5, 11), (0, 1)), *groups, **settings)
    assert np.abs(rolled - np.roll(plain, (20, 44), (0, 1))).max() * 255 < 0.1


def test_light_comes_back_with_its_range():
    pixels = noise(24, 24, 3).astype(np.float32) / 255
    pixels[10:14, 10:14] = 40
    result = run(pixels, group(Role.COLOR, COLOUR, Size(24, 24), color_space=ColorSpace.LINEAR))
    assert result.min() >= 0
    assert abs(result[44:52, 44:52].mean() / 40 - 1) < 0.05
    assert abs(result.mean() / pixels.mean() - 1) < 0.02


def test_float_data_of_any_range_survives():
    pixels = (noise(20, 20, 1).astype(np.float32) - 100) * 30
    one = group(Role.SCALAR, (0,), Size(20, 20), color_space=ColorSpace.DATA, model="fake")
    result = run(pixels, one, kind=MapKind.HEIGHT)
    assert np.abs(shrink(result, 4) - pixels).max() < 0.02 * np.ptp(pixels)


def test_nan_and_infinity_in_a_source_do_not_spread():
    pixels = noise(16, 16, 3).astype(np.float32) / 255
    pixels[3, 3], pixels[8, 8, 1], pixels[0, 0, 2] = np.nan, np.inf, -np.inf
    result = run(pixels, group(Role.COLOR, COLOUR, Size(16, 16), color_space=ColorSpace.LINEAR))
    assert np.isfinite(result).all()


def test_block_compressed_sources_get_no_blocks_back():
    pixels = noise(64, 64, 3)
    blocks = (noise(16, 16, 3, seed=5).astype(int) // 8 - 16).repeat(4, 0).repeat(4, 1)
    source = np.clip(pixels.astype(int) + blocks, 0, 255).astype(np.uint8)
    clean = BlurNetwork(lambda tile: tile)
    low = run(source, group(Role.COLOR, COLOUR, Size(64, 64), band=Band.LOW), network=clean)
    assert np.abs(low.mean((0, 1)) - to_float(source).mean((0, 1))).max() * 255 < 0.1


def test_a_generator_that_takes_three_channels_is_not_given_two():
    pixels = noise(8, 8, 2)
    with pytest.raises(UsageError, match="takes 3"):
        run(pixels, group(Role.COLOR, (0, 1), Size(8, 8)))


def test_progress_covers_all_groups_and_can_stop_the_work():
    pixels = noise(20, 20, 4)
    groups = (group(Role.COLOR, COLOUR, Size(20, 20)), group(Role.ALPHA, (3,), Size(20, 20)))
    shares = []
    run(pixels, *groups, tick=shares.append, alpha=AlphaMode.BLEND)
    assert shares == [0.5, 1.0]

    def stop(share):
        raise Cancelled

    with pytest.raises(Cancelled):
        run(pixels, *groups, tick=stop, alpha=AlphaMode.BLEND)


@pytest.mark.parametrize("via", [Via.DIRECT, Via.REDUCE])
def test_peak_memory_of_a_tall_narrow_picture_does_not_grow_with_its_height(tmp_path, monkeypatch, via):
    monkeypatch.setattr("cg_upscaler.pixels.scratch.SCRATCH_IN_MEMORY", 0)
    monkeypatch.setattr("cg_upscaler.pixels.rows.BLOCK", 1 << 13)

    class Nowhere:
        def put(self, rows):
            pass

    def peak(height):
        pixels = noise(height, 16, 3)
        one = group(Role.COLOR, COLOUR, Size(16, height), via=via)
        one = replace(one, passes=(replace(one.passes[0], cut=Tiled(64, 8, 2, 6)),))
        job = job_of(pixels, one, scale=4 if via is Via.DIRECT else 2)
        tracemalloc.start()
        pour(upscale(Array(pixels), job, FakeGenerators(), scratch=tmp_path, tick=quiet), Nowhere())
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(64)  # what is imported at first use counts as well
    assert peak(2048) < 1.05 * peak(512)


def test_the_mean_of_what_is_visible_holds_under_soft_transparency():
    """Colour and alpha that change together: enlarged apart, they would weigh each other differently."""
    pixels = noise(32, 32, 4)
    pixels[:, :, :3] = pixels[:, :, 3:] // 2 + pixels[:, :, :3] // 2
    size = Size(32, 32)
    groups = (group(Role.COLOR, COLOUR, size), group(Role.ALPHA, (3,), size, fidelity=0.0))
    sharp = BlurNetwork(lambda tile: 0.5 + 1.5 * (tile - 0.5))
    result = run(pixels, *groups, network=sharp, alpha=AlphaMode.BLEND).astype(np.float64)
    source = to_float(pixels).astype(np.float64)
    means = [(p[:, :, :3] * p[:, :, 3:]).sum((0, 1)) / p[:, :, 3].sum() for p in (source, result)]
    assert np.abs(means[0] - means[1]).max() * 255 < 0.05


def test_the_mean_of_light_holds():
    pixels = noise(24, 24, 3).astype(np.float32) / 255
    pixels[10:12, 10:14] = 40
    one = group(Role.COLOR, COLOUR, Size(24, 24), color_space=ColorSpace.LINEAR)
    result = run(pixels, one, network=BlurNetwork(lambda tile: tile * 0.9))
    assert abs(result.mean(dtype=np.float64) / pixels.mean(dtype=np.float64) - 1) < 1e-4


@pytest.mark.parametrize(
    ("times", "passes"),
    [
        (0.5, ()),
        (1, ()),
        (1.5, (Via.DIRECT,)),
        (2.5, (Via.DIRECT,)),
        (3, (Via.DIRECT,)),
        (3, (Via.REDUCE,)),
        (8, (Via.DIRECT, Via.REDUCE)),
    ],
)
def test_any_factor_gives_its_size_and_keeps_the_mean(times, passes):
    """In stored numbers where it grows; where it shrinks, in light: that is how it looks from afar."""
    checks = (np.indices((24, 32)).sum(0) % 2 * 40 + 90).astype(np.uint8)[:, :, None]
    pixels = noise(24, 32, 3) // 2 + checks // 2
    one = group(Role.COLOR, COLOUR, Size(32, 24))
    factors = {Via.DIRECT: 4, Via.REDUCE: 3 if times == 3 else 2}
    one = replace(one, passes=tuple(replace(one.passes[0], factor=factors[via], via=via) for via in passes))
    scale = int(np.prod([step.factor for step in one.passes]))
    size = Size(int(32 * times), int(24 * times))
    result = run(pixels, one, scale=scale, size=size)
    assert result.shape == (size.height, size.width, 3)
    light = srgb_to_linear if times < 1 else np.asarray
    before, after = (light(picture).mean((0, 1), dtype=np.float64) for picture in (to_float(pixels), result))
    assert np.abs(before - after).max() * 255 < 0.05
    if times > 3:
        assert np.abs(shrink(result, times) - to_float(pixels)).mean() * 255 < 0.5


def test_heights_on_vertices_stay_where_they_are():
    heights = noise(17, 33, 1).astype(np.uint16) * 250
    one = group(Role.SCALAR, (0,), Size(33, 17), color_space=ColorSpace.DATA, model=BICUBIC)
    result = run(heights, replace(one, passes=()), size=Size(129, 65), kind=MapKind.HEIGHT, vertices=True)
    assert result.shape == (65, 129, 1)
    assert np.abs(result[::4, ::4] - to_float(heights)).max() < 1e-6
