"""The blended engine: the result does not depend on how the image was cut."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cg_upscaler.backends.resize import ResizeNetwork
from cg_upscaler.errors import NonFinite
from cg_upscaler.generate.tiles import Tiles, pieces
from cg_upscaler.geometry import Edge, Edges, Span, Tiled
from cg_upscaler.pixels.edges import take
from cg_upscaler.pixels.resample import enlarge
from cg_upscaler.pixels.scratch import hold
from cg_upscaler.pixels.views import Array
from cg_upscaler.spec import ModelInfo, Precision
from tests.fakes import BlurNetwork, noise

EDGES = st.builds(Edges, st.sampled_from(Edge), st.sampled_from(Edge))


def run(pixels, cut, edges=Edges(), network=None, tick=lambda share: None):
    generator = Tiles(network or ResizeNetwork(4))
    rows = generator.run(Array(pixels), cut, edges, Precision.FLOAT32, tick)
    return hold(rows).rows(0, pixels.shape[0] * 4)


@settings(max_examples=150)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 17), st.integers(0, 9), st.integers(0, 6), EDGES)
def test_tiled_equals_untiled_for_a_local_network_at_any_size_tile_and_overlap(h, w, tile, overlap, context, edges):
    pixels = noise(h, w, 3)
    reach = 2
    cut = Tiled(tile, padding=overlap + context + reach, overlap=overlap, border=reach)
    extended = take(Array(pixels), Span(-4, h + 4), Span(-4, w + 4), edges)
    untiled = enlarge(extended, 4)[16:-16, 16:-16]
    assert np.abs(run(pixels, cut, edges) - untiled).max() < 1e-5


@given(st.integers(1, 60), st.integers(1, 20), st.integers(0, 24), st.sampled_from(Edge))
def test_blend_weights_sum_to_one_everywhere(length, tile, overlap, edge):
    total = np.zeros(length * 4)
    for piece in pieces(length, Tiled(tile, overlap, overlap, 0), edge, 4):
        assert (piece.weights >= 0).all()
        total[piece.gives.start * 4 : piece.gives.stop * 4] += piece.weights
    assert np.allclose(total, 1, atol=1e-6)


def test_a_flat_field_stays_flat():
    flat = np.full((50, 70, 3), 77, np.uint8)
    assert np.abs(run(flat, Tiled(16, 8, 4, 2)) - 77 / 255).max() < 1e-6


@pytest.mark.parametrize(("tile", "whole"), [(64, (True, True)), (40, (True, False)), (16, (False, False))])
def test_a_network_that_wraps_by_itself_is_given_no_context_along_whole_axes(tile, whole):
    class Wrapping(BlurNetwork):
        def run_wrapped(self, window, precision, wraps):
            asked.append((wraps.y, wraps.x, window.shape[:2]))
            return self.run(window, precision)

    asked = []
    run(noise(32, 48, 3), Tiled(tile, 6, 4, 2), Edges.both(Edge.WRAP), Wrapping())
    assert {call[:2] for call in asked} == ({whole} if any(whole) else set())
    for _, _, (height, width) in asked:
        assert (height == 32) is whole[0] and (width == 48) is whole[1]


@pytest.mark.parametrize("roll", [1, 7, 16, 31])
@pytest.mark.parametrize("axis", [0, 1])
def test_rolling_a_wrapped_source_rolls_the_result(roll, axis):
    pixels, cut, wrap = noise(32, 48, 3), Tiled(16, 6, 4, 2), Edges.both(Edge.WRAP)
    rolled = run(np.roll(pixels, roll, axis), cut, wrap)
    assert np.abs(rolled - np.roll(run(pixels, cut, wrap), 4 * roll, axis)).max() < 1e-5


def test_a_hard_difference_between_tiles_is_blended_smoothly():
    """A network that adds its own call number to each tile: the result must pass from one to the next by degrees."""
    network = BlurNetwork()
    network.fn = lambda pixels: np.full_like(pixels, network.calls)
    across = run(np.zeros((8, 128, 3), np.uint8), Tiled(64, 16, 16, 0), network=network)[16, :, 0]
    assert across[0] == 1 and across[-1] == 2
    assert (np.diff(across) >= 0).all() and np.diff(across).max() < 0.02


def test_progress_rises_to_one():
    shares = []
    run(noise(40, 40, 3), Tiled(16, 4, 4, 2), tick=shares.append)
    assert shares == sorted(shares) and shares[-1] == 1 and len(shares) == 9


def test_nan_from_a_network_is_never_passed_on():
    def poison(pixels):
        pixels[9, 9] = np.nan  # within the border of 2 nothing is handed over
        return pixels

    with pytest.raises(NonFinite, match="float32"):
        run(noise(8, 8, 3), Tiled(16, 2, 0, 2), network=BlurNetwork(poison))


def test_pixel_unshuffle_groups_the_same_texels_in_every_tile():
    """A network that gives each group of 2 × 2 texels its mean: tiles must begin on the groups' own grid."""

    def grouped(window):
        means = window.reshape(window.shape[0] // 2, 2, window.shape[1] // 2, 2, 3).mean((1, 3))
        return means.repeat(4, 0).repeat(4, 1)

    class Unshuffling:
        info = ModelInfo("unshuffling", "fake", scale=2, channels=3, reach=2, multiple=2)

        def run(self, window, precision):
            return grouped(window)

    pixels = noise(42, 36, 3)
    cut = Tiled(13, 3, 1, 3)
    tiled = hold(Tiles(Unshuffling()).run(Array(pixels), cut, Edges(), Precision.FLOAT32, lambda _: None))
    assert np.allclose(tiled.rows(0, 84), grouped(pixels.astype(np.float32) / 255), atol=1e-6)
