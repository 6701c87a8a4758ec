"""The memory that is planned for a picture is what the exact engine takes for it: no less, and not much more."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode

from cg_upscaler.cut import BAND_ROWS, MOST_ACROSS, canonical_cut, least_memory, widest
from cg_upscaler.demand import HEAD_STRIP, memory, weights
from cg_upscaler.errors import OutOfMemory
from cg_upscaler.geometry import Bands, Edge, Edges, Size
from cg_upscaler.models import catalog
from cg_upscaler.models.shape import CompactShape, RRDBShape, Shape
from cg_upscaler.pixels.views import Array
from cg_upscaler.spec import ModelInfo, Precision
from tests.test_stream import info_of, named, picture, stream_of

SHAPES = (
    RRDBShape(width=16, growth=8, blocks=2),
    RRDBShape(width=8, growth=4, blocks=2),  # of channels that do not fill vectors: torch's arithmetic
    RRDBShape(width=16, growth=8, blocks=1, unshuffle=2),
    RRDBShape(width=16, growth=8, blocks=1, unshuffle=4),
    CompactShape(width=16, hidden=3),
    CompactShape(width=32, hidden=8, scale=2),
)
X4 = catalog.PUBLISHED["realesrgan-x4plus"].info
COMPACT = catalog.PUBLISHED["realesr-animevideov3"].info
MIRROR = Edges()
WRAP = Edges.both(Edge.WRAP)
FINE = Precision.FLOAT32


class Held(TorchDispatchMode):
    """Counts the bytes of all tensors that are there at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.there: dict[int, tuple[StorageWeakRef, int]] = {}
        self.most = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        for tensor in out if isinstance(out, (tuple, list)) else (out,):
            if isinstance(tensor, torch.Tensor):
                storage = tensor.untyped_storage()
                self.there[storage._cdata] = StorageWeakRef(storage), storage.nbytes()
        self.there = {key: held for key, held in self.there.items() if not held[0].expired()}
        self.most = max(self.most, sum(size for _, size in self.there.values()))
        return out


def taken(monkeypatch: pytest.MonkeyPatch, shape: Shape, size: Size, cut: Bands, edges: Edges, how: Precision) -> int:
    stream = stream_of(monkeypatch, shape)

    def through(size: Size, cut: Bands) -> None:
        for _ in stream.run(Array(picture(size.height, size.width)), cut, edges, how, lambda share: None):
            pass

    through(Size(8, 8), Bands(0, 0, 0))  # what is made once of the weights
    with Held() as held:
        through(size, cut)
    return held.most


CASES = (
    # narrow and wide, low and high, whole and in bands of one row, of a few, and of more than there are
    (Size(33, 40), 0, MIRROR, Precision.FLOAT32),
    (Size(24, 64), 0, MIRROR, Precision.MIXED),
    (Size(96, 16), 0, WRAP, Precision.BFLOAT16),
    (Size(32, 24), 0, WRAP, Precision.MIXED),
    (Size(32, 24), 1, MIRROR, Precision.FLOAT32),
    (Size(16, 120), 8, WRAP, Precision.FLOAT32),
    (Size(80, 60), 8, MIRROR, Precision.BFLOAT16),
    (Size(32, 120), 32, WRAP, Precision.MIXED),
    (Size(64, 24), 64, MIRROR, Precision.FLOAT32),
)


@pytest.mark.parametrize(("size", "rows", "edges", "how"), CASES)
@pytest.mark.parametrize("shape", SHAPES, ids=named)
def test_what_is_planned_is_what_is_taken(monkeypatch, shape, size, rows, edges, how):
    cut = Bands(rows, border=8, prime=16)
    planned = memory(size, cut, info_of(shape), edges, how)
    assert planned >= taken(monkeypatch, shape, size, cut, edges, how) >= 0.6 * planned


def test_the_head_computes_in_the_strips_that_are_planned():
    from cg_upscaler.generate import rrdb

    assert rrdb.STRIP == HEAD_STRIP


models = st.sampled_from([X4, COMPACT])
precisions = st.sampled_from([Precision.FLOAT32, Precision.MIXED, Precision.FLOAT16])
edges_ = st.sampled_from([MIRROR, WRAP, Edges(Edge.WRAP, Edge.CLAMP), Edges.both(Edge.ZERO)])
lengths = st.integers(32, 20_000)


@given(lengths, st.integers(1, 1000), lengths, st.sampled_from((0, *BAND_ROWS)), models, edges_, precisions)
def test_a_wider_picture_needs_more(width, more, height, rows, model, edges, how):
    cut = Bands(rows, 8, 80)
    narrow = memory(Size(width, height), cut, model, edges, how)
    assert narrow < memory(Size(width + more, height), cut, model, edges, how)


@given(lengths, st.integers(1000, 10**6), st.sampled_from(BAND_ROWS), models, edges_, precisions)
def test_in_bands_a_higher_picture_needs_no_more(width, height, rows, model, edges, how):
    cut = Bands(rows, 8, 80)
    one, other = (memory(Size(width, high), cut, model, edges, how) for high in (1000, height))
    assert one == other


@given(st.integers(1, 20_000), st.integers(1, 5000), models, edges_)
def test_no_picture_needs_more_than_its_whole_trunk_would(width, height, model, edges):
    size = Size(width, height)
    cut = canonical_cut(size, model, edges)
    assert isinstance(cut, Bands)
    whole = memory(size, replace(cut, rows=0), model, edges, FINE)
    assert memory(size, cut, model, edges, FINE) <= whole or size.pixels <= 1 << 16


def test_a_picture_much_wider_than_high_goes_through_at_once():
    assert canonical_cut(Size(16384, 64), X4).rows == 0
    assert canonical_cut(Size(16384, 1024), X4).rows > 0


@given(st.integers(10**7, 10**11), st.integers(1, 5000), models, edges_, precisions)
def test_the_widest_picture_that_fits_does_and_a_wider_one_does_not(available, height, model, edges, how):
    cut = Bands(8, 8, 80)
    width = widest(available, height, cut, model, edges, how)
    assert width == 0 or least_memory(Size(width, height), cut, model, edges, how) <= available
    assert width == MOST_ACROSS or least_memory(Size(width + 1, height), cut, model, edges, how) > available


def test_what_does_not_fit_is_refused_with_the_width_that_does(monkeypatch):
    shape, size, available = SHAPES[0], Size(300, 60), 30_000_000
    monkeypatch.setattr("cg_upscaler.generate.stream.free_bytes", lambda device: available)
    stream, cut = stream_of(monkeypatch, shape), Bands(64, 8, 16)

    def through(width: int, cut: Bands) -> None:
        source = Array(picture(size.height, width))
        list(stream.run(source, cut, MIRROR, FINE, lambda share: None))

    def smallest(width: int) -> Bands:
        cuts = [replace(cut, rows=rows) for rows in (0, *BAND_ROWS)]
        return min(cuts, key=lambda one: memory(Size(width, size.height), one, info_of(shape), MIRROR, FINE))

    fits = widest(available, size.height, cut, info_of(shape), MIRROR, FINE)
    with pytest.raises(OutOfMemory, match=rf"in the smallest bands pictures of up to {fits} texels in width fit"):
        through(size.width, cut)
    assert 0 < fits < size.width
    through(fits, smallest(fits))
    with pytest.raises(OutOfMemory):
        through(fits + 1, smallest(fits + 1))


def test_weights_are_held_once_in_their_precision_and_on_the_cpu_in_a_second_form():
    info = ModelInfo("any", "rrdb", 4, 3, 64, parameters=1000, held=1)
    assert weights(info, Precision.FLOAT32, "cuda:0") == 4000
    assert weights(info, Precision.MIXED, "cpu") == weights(info, Precision.FLOAT16, "cuda:0") == 2000
    assert weights(info, Precision.FLOAT32, "cpu") == 20_000
    assert weights(replace(info, held=0), Precision.FLOAT32, "cpu") == 4000  # run tile by tile, by torch
