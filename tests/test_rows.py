"""Pictures as rows: edges, windows, scratch."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cg_upscaler.geometry import Edge, Edges, Size, Span, resolve
from cg_upscaler.pixels.edges import take
from cg_upscaler.pixels.resample import enlarge
from cg_upscaler.pixels.rows import blocks, from_float
from cg_upscaler.pixels.scratch import SCRATCH_IN_MEMORY, Scratch, hold, kept
from cg_upscaler.pixels.views import Array, Channels, Mapped, Merged
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


def test_a_small_picture_that_is_kept_is_computed_once_and_a_large_one_each_time(monkeypatch):
    computed: list[int] = []

    def count(pixels):
        computed.append(len(pixels))
        return pixels

    picture = Mapped(Array(noise(8, 8, 3)), count, 3)
    once = kept(picture)
    assert np.array_equal(once.rows(2, 5), once.rows(0, 8)[2:5]) and sum(computed) == 8
    monkeypatch.setattr("cg_upscaler.pixels.scratch.KEPT", 4 * 8 * 8 * 3 - 1)
    assert kept(picture) is picture


def test_what_is_read_from_a_scratch_may_be_written_to():
    scratch = Scratch(Size(4, 4), 1)
    scratch.put(np.zeros((4, 4, 1), np.float32))
    scratch.rows(0, 4)[:] = 1
    assert not scratch.rows(0, 4).any()


def test_rows_that_were_never_put_are_not_made_up():
    scratch = Scratch(Size(4, 4), 1)
    scratch.put(np.zeros((2, 4, 1), np.float32))
    with pytest.raises(ValueError, match="not been put"):
        scratch.rows(1, 3)


def test_channels_are_picked_in_order():
    pixels = noise(3, 3, 4)
    assert np.array_equal(Channels(Array(pixels), (2, 0)).rows(0, 3), Array(pixels[:, :, [2, 0]]).rows(0, 3))


def test_channels_that_are_all_there_come_as_they_are():
    pixels = noise(3, 5, 3)
    whole = Array(pixels).rows(1, 3)
    assert np.array_equal(Channels(Array(pixels), (0, 1, 2)).rows(1, 3), whole)
    assert np.array_equal(Merged(((Array(pixels), (0, 1, 2)),)).rows(1, 3), whole)
    turned = Merged(((Array(pixels), (2, 1, 0)),)).rows(1, 3)
    assert np.array_equal(turned, whole[:, :, ::-1]) and turned.flags.c_contiguous
    assert np.array_equal(Merged(((Array(pixels[:, :, :1]), (0, 1)),)).rows(1, 3), whole[:, :, [0, 0]])


def nearest_levels(numbers: np.ndarray, dtype: type) -> np.ndarray:
    """The nearest level of each, in integers: a float32 is a whole number of 2⁻¹⁴⁹, and 2⁻⁶⁰ hold all that matter."""
    held = np.where(np.isnan(numbers), 0, np.clip(numbers, 0, 1)).astype(np.float64)
    most = int(np.iinfo(dtype).max)
    return np.array([(int(x * 2**60) * most * 2 + 2**60) >> 61 for x in held.tolist()], dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_numbers_become_the_nearest_level_even_right_beside_the_half(dtype):
    most = np.iinfo(dtype).max
    halves = ((np.arange(0, most, 1 if most == 255 else 37) + 0.5) / most).astype(np.float32)
    steps = np.arange(-8, 9, dtype=np.int32)  # the floats on either side, one by one
    beside = (halves.view(np.int32)[:, None] + steps).view(np.float32).ravel()
    odd = np.array([np.nan, np.inf, -np.inf, -1, -1e-30, -0.0, 0, 1, 1 + 1e-6, 5, 1e-45, 0.5], np.float32)
    numbers = np.concatenate([beside, odd])
    assert np.array_equal(from_float(numbers, dtype), nearest_levels(numbers, dtype))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_many_numbers_become_levels_as_few_do(dtype):
    numbers = np.linspace(-0.1, 1.1, 100_003, dtype=np.float32)
    few = [from_float(numbers[at : at + 1000], dtype) for at in range(0, len(numbers), 1000)]
    assert np.array_equal(from_float(numbers, dtype), np.concatenate(few))
    exact = np.floor(np.clip(numbers, 0, 1).astype(np.float64) * np.iinfo(dtype).max + 0.5)
    assert np.array_equal(from_float(numbers, dtype), exact)
    assert from_float(numbers[:99].reshape(11, 3, 3)[:, ::-1], dtype).shape == (11, 3, 3)
