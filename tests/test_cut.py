"""How pictures are divided for the exact engine follows from their size, edges and model, and from what is asked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cg_upscaler.cut import PRIME, canonical_cut, smaller
from cg_upscaler.geometry import Bands, Cut, Edge, Edges, Size
from cg_upscaler.models import catalog
from cg_upscaler.models.shape import RRDBShape
from cg_upscaler.spec import ModelInfo
from tests.planning import find, planned, texture

X4 = catalog.PUBLISHED["realesrgan-x4plus"].info
COMPACT = catalog.PUBLISHED["realesr-animevideov3"].info
X2 = RRDBShape(unshuffle=2)
WRAP = Edges.both(Edge.WRAP)
MIRROR = Edges()
TALL = Size(1024, 1024)


def twice(size: Size, edges: Edges, model: ModelInfo = X4) -> tuple[Cut, Cut]:
    return canonical_cut(size, model, edges), canonical_cut(size, model, edges, exact=True)


def test_exact_primes_as_far_as_the_network_sees() -> None:
    usual, exact = twice(TALL, WRAP)
    assert isinstance(usual, Bands) and isinstance(exact, Bands)
    assert (usual.prime, exact.prime) == (PRIME, X4.horizon)
    assert exact.rows == usual.rows > 0


def test_exact_holds_too_when_memory_forces_bands_upon_a_picture() -> None:
    _, exact = twice(Size(64, 64), WRAP)
    assert isinstance(exact, Bands) and exact.rows == 0
    forced = smaller(exact)
    assert isinstance(forced, Bands) and forced.rows > 0 and forced.prime == X4.horizon


@pytest.mark.parametrize("edges", [MIRROR, Edges(Edge.WRAP, Edge.MIRROR), Edges(Edge.WRAP, Edge.CLAMP)])
def test_exact_changes_nothing_where_nothing_is_primed(edges: Edges) -> None:
    usual, exact = twice(TALL, edges)
    assert usual == exact


def test_a_width_that_is_no_multiple_is_primed_where_it_wraps() -> None:
    folded = replace(X4, multiple=X2.multiple, horizon=X2.horizon)
    usual, exact = twice(Size(1025, 1024), Edges(Edge.WRAP, Edge.MIRROR), folded)
    assert isinstance(exact, Bands) and exact.prime == X2.horizon
    assert usual != exact
    assert len(set(twice(TALL, Edges(Edge.WRAP, Edge.MIRROR), folded))) == 1


def test_a_network_that_sees_little_is_exact_as_it_is() -> None:
    usual, exact = twice(TALL, WRAP, COMPACT)
    assert usual == exact


def test_exact_reaches_the_key_of_the_jobs_that_it_changes() -> None:
    def model(name: str, scale: int) -> ModelInfo:
        return replace(X4, name="banded") if name == "banded" else find(name, scale)

    pixels = np.random.default_rng(0).integers(0, 255, (24, 24, 3), np.uint8)

    def key(edges: Edges, **how: object) -> str:
        return planned(texture(pixels), find=model, model="banded", edges=edges, **how).key("a source")

    assert key(WRAP, exact=True) != key(WRAP)
    assert key(MIRROR, exact=True) == key(MIRROR)
    assert planned(texture(pixels), edges=WRAP, exact=True) == planned(texture(pixels), edges=WRAP)  # by tiles
