"""The exact engine gives what the whole picture would, however it is cut and whatever goes through beside it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from cg_upscaler.backends.torch_ import TorchNetwork
from cg_upscaler.errors import Cancelled, NonFinite, OutOfMemory
from cg_upscaler.generate.stream import Stream
from cg_upscaler.geometry import Bands, Edge, Edges, Span, Wraps
from cg_upscaler.models.load import Architecture
from cg_upscaler.models.shape import CompactShape, RRDBShape, Shape
from cg_upscaler.pixels.edges import take
from cg_upscaler.pixels.scratch import hold
from cg_upscaler.pixels.views import Array
from cg_upscaler.spec import ModelInfo, Precision
from tests.tiny import COMPACT, RRDB, RRDB_1X, RRDB_2X, network

WIDE = RRDBShape(width=16, growth=16, blocks=2)  # of channels that fill vectors: the CPU's own arithmetic
WIDE_COMPACT = CompactShape(width=16, hidden=3)
SHAPES = (RRDB, RRDB_2X, RRDB_1X, COMPACT, WIDE, WIDE_COMPACT)
HEIGHTS = (1, 2, 3, 5, 31, 65)  # 65 is one more than a band
BANDS = (1, 2, 3, 7, 64)
ZERO = Edges.both(Edge.ZERO)
WRAP = Edges.both(Edge.WRAP)
NOT_AT_ALL = Wraps()


def named(shape: Shape) -> str:
    return f"{shape.architecture}-{shape.width}-{shape.scale}x"


def info_of(shape: Shape) -> ModelInfo:
    return ModelInfo(
        "tiny",
        shape.architecture,
        shape.scale,
        shape.channels,
        shape.reach,
        multiple=shape.multiple,
        horizon=shape.horizon,
        held=shape.held,
        live=shape.live,
    )


def lifted(shape: Shape) -> Architecture:
    """A tiny network whose results are about a half, and not black."""
    tiny = network(shape)
    tiny.ends[1].bias.add_(0.5)
    return tiny


def stream_of(monkeypatch: pytest.MonkeyPatch, shape: Shape, tiny: Architecture | None = None) -> Stream:
    tiny = tiny or lifted(shape)
    monkeypatch.setattr("cg_upscaler.backends.torch_.load", lambda info: tiny)
    return Stream(TorchNetwork(info_of(shape), "cpu"))


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((height, width, 3), np.float32)


def run(stream: Stream, pixels, rows: int, edges: Edges = ZERO, *, border=0, prime=0, precision=Precision.FLOAT32):
    result = hold(stream.run(Array(pixels), Bands(rows, border, prime), edges, precision, lambda share: None))
    return result.rows(0, result.size.height)


def whole(shape: Shape, pixels: np.ndarray, wraps: Wraps = NOT_AT_ALL) -> np.ndarray:
    """The network as it stands in `models`, upon the whole picture."""
    tiny = lifted(shape)
    tiny.wrap(wraps)
    with torch.inference_mode():
        return tiny(torch.from_numpy(pixels).permute(2, 0, 1)[None])[0].permute(1, 2, 0).numpy()


@pytest.mark.parametrize("height", HEIGHTS)
@pytest.mark.parametrize("shape", SHAPES, ids=named)
def test_bands_of_any_height_give_what_the_whole_picture_does(monkeypatch, shape, height):
    stream, unit = stream_of(monkeypatch, shape), shape.multiple
    for width in (1, 13):
        pixels = picture(height * unit, width * unit)
        expected = whole(shape, pixels)
        for rows in (*BANDS, 0):
            assert np.abs(run(stream, pixels, rows) - expected).max() < 1e-5


@pytest.mark.parametrize("shape", SHAPES, ids=named)
def test_what_wraps_both_ways_is_what_circular_padding_gives(monkeypatch, shape):
    stream, unit = stream_of(monkeypatch, shape), shape.multiple
    for height, width in ((1, 3), (2, 5), (37, 9)):
        pixels = picture(height * unit, width * unit)
        expected = whole(shape, pixels, Wraps(x=True, y=True))
        assert np.abs(run(stream, pixels, 0, WRAP) - expected).max() < 1e-5
        sideways = run(stream, pixels, 3, Edges(Edge.WRAP, Edge.ZERO))
        assert np.abs(sideways - whole(shape, pixels, Wraps(x=True))).max() < 1e-5


@pytest.mark.parametrize("shape", SHAPES, ids=named)
def test_bands_that_are_primed_as_far_as_the_network_sees_wrap_exactly(monkeypatch, shape):
    stream = stream_of(monkeypatch, shape)
    pixels = picture(20 * shape.multiple, 9 * shape.multiple)
    primed = run(stream, pixels, 7, WRAP, prime=shape.horizon)
    assert np.abs(primed - whole(shape, pixels, Wraps(x=True, y=True))).max() < 1e-5


@pytest.mark.parametrize("shape", [WIDE, RRDB_2X, COMPACT], ids=named)
def test_rolling_a_wrapped_picture_rolls_the_result(monkeypatch, shape):
    stream, unit = stream_of(monkeypatch, shape), shape.multiple
    pixels = picture(24 * unit, 20 * unit)
    rolled = run(stream, np.roll(pixels, (5 * unit, 3 * unit), (0, 1)), 0, WRAP)
    expected = np.roll(run(stream, pixels, 0, WRAP), (5 * unit * shape.scale, 3 * unit * shape.scale), (0, 1))
    assert np.abs(rolled - expected).max() < 1e-5


@pytest.mark.parametrize("edge", [Edge.MIRROR, Edge.CLAMP])
@pytest.mark.parametrize("shape", [WIDE, RRDB_2X, RRDB_1X, WIDE_COMPACT], ids=named)
def test_borders_are_continued_as_edges_say_and_any_size_goes(monkeypatch, shape, edge):
    stream, unit, edges = stream_of(monkeypatch, shape), shape.multiple, Edges.both(edge)
    for height, width in ((1, 1), (7, 5), (22, 10)):
        pixels = picture(height, width)
        down, across = (-(-(length + 4 * unit) // unit) * unit for length in (height, width))
        shown = take(Array(pixels), Span(-4 * unit, down), Span(-4 * unit, across), edges)
        at = slice(4 * unit * shape.scale, (4 * unit + height) * shape.scale)
        to = slice(4 * unit * shape.scale, (4 * unit + width) * shape.scale)
        expected = whole(shape, shown)[at, to]
        for rows in (3, 0):
            assert np.abs(run(stream, pixels, rows, edges, border=4 * unit) - expected).max() < 1e-5


def test_equal_cuts_give_equal_bytes_whatever_the_threads(monkeypatch):
    pixels, threads = picture(50, 33), torch.get_num_threads()
    results = []
    for count in (1, 2, 3):
        torch.set_num_threads(count)
        results.append(run(stream_of(monkeypatch, WIDE), pixels, 16))
    torch.set_num_threads(threads)
    assert all(np.array_equal(results[0], other) for other in results[1:])


def test_mixed_precision_is_near_float32(monkeypatch):
    pixels = picture(40, 24)
    fine = run(stream_of(monkeypatch, WIDE), pixels, 16)
    for precision in (Precision.MIXED, Precision.BFLOAT16):
        coarse = run(stream_of(monkeypatch, WIDE), pixels, 16, precision=precision)
        assert 0 < np.abs(coarse - fine).max() < 0.05


def test_mixed_precision_sums_as_the_whole_network_does(monkeypatch):
    pixels = picture(30, 24)
    stream = stream_of(monkeypatch, WIDE)
    banded = run(stream, pixels, 7, precision=Precision.MIXED)
    assert np.abs(banded - stream.network.run(pixels, Precision.MIXED)).max() < 1 / 255


@pytest.mark.parametrize("band", range(8))
def test_out_of_memory_at_any_band_raises_it_and_the_next_run_is_right(monkeypatch, band):
    stream, pixels = stream_of(monkeypatch, WIDE), picture(40, 12)
    expected = run(stream, pixels, 8)
    picture_of, calls = "cg_upscaler.generate.stream._picture", []
    original = __import__("cg_upscaler.generate.stream", fromlist=["_picture"])._picture

    def fails(*arguments):
        calls.append(None)
        if len(calls) == band + 1:
            raise RuntimeError("CUDA out of memory. A test says so.")
        return original(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(picture_of, fails)
        with pytest.raises(OutOfMemory, match="12×40 texels in bands of 8 rows does not fit"):
            run(stream, pixels, 8)
    assert np.array_equal(run(stream, pixels, 8), expected)


@pytest.mark.parametrize("band", range(8))
def test_a_run_that_is_cancelled_within_a_band_ends_there(monkeypatch, band):
    stream, pixels = stream_of(monkeypatch, WIDE), picture(40, 12)
    told = []

    def tick(share: float) -> None:
        told.append(share)
        if len(told) == band + 1:
            raise Cancelled

    with pytest.raises(Cancelled):
        hold(stream.run(Array(pixels), Bands(8, 0, 0), ZERO, Precision.FLOAT32, tick))
    assert len(told) == band + 1 and told == sorted(told)
    assert run(stream, pixels, 8).shape == (160, 48, 3)  # the device is free


def test_float16_that_overflows_is_found(monkeypatch):
    tiny = lifted(WIDE)
    tiny.conv_body.weight.mul_(1e8)
    stream = stream_of(monkeypatch, WIDE, tiny)
    device = replace(stream.network.device, supported=tuple(Precision))
    stream.network.device = device
    with pytest.raises(NonFinite, match="gave NaN or infinity in float16; run it in float32"):
        run(stream, picture(20, 12), 8, precision=Precision.FLOAT16)


def test_a_picture_that_memory_cannot_hold_is_refused_before_it_is_begun(monkeypatch):
    monkeypatch.setattr("cg_upscaler.generate.stream.free_bytes", lambda device: 100_000)
    with pytest.raises(OutOfMemory, match=r"of memory, and .* free; .* not even the narrowest picture fits"):
        run(stream_of(monkeypatch, WIDE), picture(40, 100), 1)


def test_memory_depends_on_the_width_and_the_band_alone(monkeypatch):
    """Counted in what windows hold, which is what there is beside the rows of one step."""
    from cg_upscaler.generate import window

    made = []
    monkeypatch.setattr("cg_upscaler.generate.rrdb.STRIP", 1)
    monkeypatch.setattr(window, "zeros", partial(counted, made), raising=True)
    counts = []
    for height in (200, 400):
        made.clear()
        run(stream_of(monkeypatch, WIDE), picture(height, 12), 8)
        counts.append(sum(made))
    assert counts[0] == counts[1]


def counted(made: list[int], *shape, **more):
    tensor = torch.zeros(*shape, **more)
    made.append(tensor.numel() * tensor.element_size())
    return tensor
