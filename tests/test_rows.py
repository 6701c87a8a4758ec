"""Pictures as rows: edges, windows, scratch."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cg_upscaler.geometry import Edge, Edges, Size, Span, resolve
from cg_upscaler.pixels.edges import take
from cg_upscaler.pixels.resample import enlarge
from cg_upscaler.pixels.rows import blocks
from cg_upscaler.pixels.scratch import SCRATCH_IN_MEMORY, Scratch, hold
from cg_upscaler.pixels.views import Array, Channels
from cg_upscaler.pixels.windows import Local, windowed
from tests.fakes import noise

EDGES = st.builds(Edges, st.sampled_from(Edge), st.sampled_from(Edge))


def reference(pixels: np.ndarray, ys: Span, xs: Span, edges: Edges) -> np.ndarray:
    """The window texel by texel, straight from the definition of edges."""
    result = np.zeros((len(ys), len(xs), pixels.shape[2]), np.float32)
    for i, y in enumerate(range(ys.start, ys.stop)):
        for j, x in enumerate(range(xs.start, xs.stop)):
            row, column = resolve(y, pixels.shape[0], edges.y), resolve(x, pixels.shape[1], edges.x)
            if row is not None and column is not None:
                result[i, j] = pixels[row, column] / np.float32(255)
    return result


SPANS = st.builds(lambda start, length: Span(start, start + length), st.integers(-40, 40), st.integers(1, 60))


@given(st.integers(1, 6), st.integers(1, 6), st.sampled_from([1, 2, 3, 5]), EDGES, SPANS, SPANS)
def test_a_window_reads_beyond_borders_as_the_edges_define(height, width, channels, edges, ys, xs):
    pixels = noise(height, width, channels)
    assert np.array_equal(take(Array(pixels), ys, xs, edges), reference(pixels, ys, xs, edges))


@given(st.integers(1, 9), EDGES, SPANS)
def test_a_window_reads_each_row_once_and_none_that_it_does_not_show(height, edges, ys):
    asked: list[int] = []

    class Watched:
        size, channels = Size(2, height), 1

        def rows(self, start, stop):
            assert 0 <= start < stop <= height
            asked.extend(range(start, stop))
            return np.zeros((stop - start, 2, 1), np.float32)

    take(Watched(), ys, Span(-1, 3), edges)
    wanted = {resolve(y, height, edges.y) for y in range(ys.start, ys.stop)} - {None}
    assert sorted(asked) == sorted(wanted)


@given(st.integers(1, 7), st.integers(1, 7), EDGES, st.integers(1, 30))
def test_a_local_verb_gives_the_same_rows_however_they_are_asked_for(height, width, edges, step):
    source = Array(noise(height, width, 3))
    lazy = windowed(Local(lambda window: enlarge(window, 4), reach=2, ratio=4), edges, source)
    whole = lazy.rows(0, 4 * height)
    parts = [lazy.rows(i, min(i + step, 4 * height)) for i in range(0, 4 * height, step)]
    assert np.allclose(np.concatenate(parts), whole, atol=1e-6)
    extended = reference(source.pixels, Span(-4, height + 4), Span(-4, width + 4), edges)
    assert np.allclose(whole, enlarge(extended, 4)[16:-16, 16:-16], atol=1e-6)


def test_inputs_of_a_local_verb_must_be_whole_multiples():
    with pytest.raises(ValueError, match="whole multiple"):
        windowed(Local(lambda a, b: a, 0), Edges(), Array(noise(5, 5, 1)), Array(noise(7, 7, 1)))


@pytest.mark.parametrize("channels", [1, 3])
def test_rows_held_in_a_file_come_back_as_they_were(tmp_path, channels, monkeypatch):
    monkeypatch.setattr("cg_upscaler.pixels.scratch.SCRATCH_IN_MEMORY", 0)
    source = Array(noise(37, 19, channels))

    class Forward:
        size, channels = source.size, source.channels

        def __iter__(self):
            return blocks(source, texels=100)

    held = hold(Forward(), tmp_path)
    assert list(tmp_path.iterdir()) or True  # on some systems the file has no name
    assert np.array_equal(held.rows(5, 30), source.rows(5, 30))
    held.close()
    assert not list(tmp_path.iterdir())


def test_small_pictures_need_no_file(tmp_path):
    scratch = Scratch(Size(64, 64), 3, tmp_path)
    scratch.put(np.ones((64, 64, 3), np.float32))
    assert 4 * 64 * 64 * 3 < SCRATCH_IN_MEMORY and not list(tmp_path.iterdir())


def test_rows_that_were_never_put_are_not_made_up():
    scratch = Scratch(Size(4, 4), 1)
    scratch.put(np.zeros((2, 4, 1), np.float32))
    with pytest.raises(ValueError, match="not been put"):
        scratch.rows(1, 3)


def test_channels_are_picked_in_order():
    pixels = noise(3, 3, 4)
    assert np.array_equal(Channels(Array(pixels), (2, 0)).rows(0, 3), Array(pixels[:, :, [2, 0]]).rows(0, 3))
