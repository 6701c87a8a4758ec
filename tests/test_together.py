"""Small pictures that several threads ask for go through together, and none can tell."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from cg_upscaler.errors import OutOfMemory
from cg_upscaler.generate import together
from cg_upscaler.generate.together import Together
from cg_upscaler.geometry import Bands, Edge, Edges
from cg_upscaler.pixels.scratch import hold
from cg_upscaler.pixels.views import Array
from cg_upscaler.spec import Precision
from tests.test_stream import WIDE, WRAP, ZERO, picture, run, stream_of

SIZES = ((12, 12), (12, 12), (11, 12), (12, 9), (13, 13), (40, 3), (12, 12), (10, 12))


@pytest.fixture
def groups(monkeypatch):
    """How many pictures went through together, each time."""
    counts: list[int] = []
    original = together.banded

    def counting(network, views, precision, tick):
        counts.append(len(views))
        return original(network, views, precision, tick)

    monkeypatch.setattr(together, "banded", counting)
    return counts


def at_once(generator: Together, pictures, edges: Edges = ZERO) -> list:
    """Run pictures from a thread each. All but the first come while that one runs."""
    inside, others = threading.Event(), threading.Event()
    original = generator._run

    def held(group):
        if not inside.is_set():
            inside.set()
            others.wait(10)
        original(group)

    generator._run = held  # type: ignore[method-assign]

    def one(pixels):
        rows = generator.run(Array(pixels), Bands(0, 0, 0), edges, Precision.FLOAT32, lambda share: None)
        return hold(rows).rows(0, rows.size.height)

    with ThreadPoolExecutor(len(pictures)) as pool:
        first = pool.submit(one, pictures[0])
        assert inside.wait(10)
        rest = [pool.submit(one, pixels) for pixels in pictures[1:]]
        while len(generator._waiting) < len(rest):
            pass
        others.set()
        return [future.result(20) for future in (first, *rest)]


@pytest.mark.parametrize("edges", [ZERO, WRAP, Edges(Edge.WRAP, Edge.MIRROR)])
def test_a_picture_comes_out_the_same_to_the_bit_in_any_company(monkeypatch, groups, edges):
    stream = stream_of(monkeypatch, WIDE)
    pictures = [picture(*size, seed=i) for i, size in enumerate(SIZES)]
    alone = [run(stream, pixels, 0, edges) for pixels in pictures]
    for expected, got in zip(alone, at_once(Together(stream), pictures, edges), strict=True):
        assert np.array_equal(expected, got)
    assert sum(groups) == len(SIZES) and max(groups) > 1


def test_those_of_one_size_go_together_and_what_differs_much_does_not(monkeypatch, groups):
    pictures = [picture(8, 8), *[picture(16, 16, seed=i) for i in range(5)], picture(60, 4)]
    at_once(Together(stream_of(monkeypatch, WIDE)), pictures)
    assert sorted(groups) == [1, 1, 5]


def test_a_group_holds_no_more_than_fills_the_device(monkeypatch, groups):
    monkeypatch.setattr(together, "TOGETHER", 3 * 16 * 16)
    at_once(Together(stream_of(monkeypatch, WIDE)), [picture(16, 16, seed=i) for i in range(7)])
    assert max(groups) == 3 and sum(groups) == 7


def test_what_does_not_fit_together_goes_alone(monkeypatch, groups):
    stream, original = stream_of(monkeypatch, WIDE), together.banded

    def small(network, views, precision, tick):
        if len(views) > 1:
            raise OutOfMemory("a test says so")
        return original(network, views, precision, tick)

    monkeypatch.setattr(together, "banded", small)
    pictures = [picture(16, 16, seed=i) for i in range(4)]
    got = at_once(Together(stream), pictures)
    assert all(np.array_equal(run(stream, pixels, 0), result) for pixels, result in zip(pictures, got, strict=True))


def test_what_goes_wrong_with_a_group_reaches_all_of_it_and_the_next_goes_on(monkeypatch):
    stream, original = stream_of(monkeypatch, WIDE), together.banded
    generator = Together(stream)

    def broken(network, views, precision, tick):
        raise OSError("the device says so")

    monkeypatch.setattr(together, "banded", broken)
    with pytest.raises(OSError, match="the device says so"):
        at_once(generator, [picture(16, 16, seed=i) for i in range(4)])
    monkeypatch.setattr(together, "banded", original)
    pixels = picture(16, 16)
    rows = generator.run(Array(pixels), Bands(0, 0, 0), ZERO, Precision.FLOAT32, lambda share: None)
    assert np.array_equal(hold(rows).rows(0, 64), run(stream, pixels, 0))
