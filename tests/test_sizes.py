"""How large results become: scales, targets, caps, powers of two, vertices, whole factors, and materials together."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cg_upscaler.geometry import Size
from cg_upscaler.library.sizes import SCALES, Asked, factor, sized, together

SIDES = st.integers(1, 5000)


@pytest.mark.parametrize(
    ("scale", "size", "passes"),
    [
        (0.5, Size(50, 30), 1),
        (1, Size(100, 60), 1),
        (2, Size(200, 120), 2),
        (3, Size(300, 180), 3),
        (4, Size(400, 240), 4),
        (8, Size(800, 480), 8),
    ],
)
def test_a_scale_multiplies_both_sides(scale: float, size: Size, passes: int) -> None:
    result = sized(Size(100, 60), Asked(scale))
    assert (result.size, result.passes, result.notes) == (size, passes, ())


def test_half_of_one_texel_is_one_texel() -> None:
    assert sized(Size(1, 3), Asked(0.5)).size == Size(1, 2)


@pytest.mark.parametrize(
    ("target", "size", "passes"),
    [
        (400, Size(400, 240), 4),
        (100, Size(100, 60), 1),
        (30, Size(30, 18), 1),
        (150, Size(150, 90), 2),
        (210, Size(210, 126), 2),  # a little more than a pass gives is filtered up
        (250, Size(250, 150), 4),
        (600, Size(600, 360), 8),
        (Size(128, 128), Size(128, 128), 2),
        (Size(400, 60), Size(400, 60), 4),
    ],
)
def test_a_target_is_met_whatever_the_source_is(target: int | Size, size: Size, passes: int) -> None:
    result = sized(Size(100, 60), Asked(target=target))
    assert (result.size, result.passes) == (size, passes)


def test_nothing_is_made_more_than_eight_times_as_large() -> None:
    result = sized(Size(100, 60), Asked(target=4096))
    assert (result.size, result.passes) == (Size(800, 480), 8)
    assert result.notes == ("made 8x instead of 41x: 8 times is the most",)


@pytest.mark.parametrize(
    ("source", "scale", "size"),
    [
        (Size(4096, 4096), 4, Size(16384, 16384)),
        (Size(5000, 100), 4, Size(15000, 300)),
        (Size(8192, 4096), 4, Size(16384, 8192)),
        (Size(16384, 16), 8, Size(16384, 16)),
        (Size(20000, 100), 4, Size(10000, 50)),
        (Size(40000, 100), 4, Size(16384, 41)),
    ],
)
def test_a_cap_lowers_the_scale_to_the_largest_that_keeps_to_it(source: Size, scale: float, size: Size) -> None:
    result = sized(source, Asked(scale))
    assert result.size == size
    assert bool(result.notes) == (result.size != Size(int(source.width * scale), int(source.height * scale)))
    assert all("no side may be longer than 16384 texels" in note for note in result.notes)


@given(SIDES, SIDES, st.sampled_from(SCALES), st.integers(1, 20000))
def test_no_side_is_longer_than_the_cap_and_the_shape_stays(w: int, h: int, scale: float, cap: int) -> None:
    result = sized(Size(w, h), Asked(scale, max_size=cap)).size
    assert max(result.width, result.height) <= cap
    longest = max(w, h)
    assert abs(result.width * longest - max(result.width, result.height) * w) <= longest
    assert abs(result.height * longest - max(result.width, result.height) * h) <= longest


@pytest.mark.parametrize(
    ("source", "scale", "size", "said"),
    [
        (Size(1024, 512), 4, Size(4096, 2048), False),
        (Size(1024, 512), 3, Size(2048, 1024), True),
        (Size(1000, 700), 4, Size(4096, 2048), True),
        (Size(100, 60), 1, Size(128, 64), True),
    ],
)
def test_powers_of_two_are_below_and_for_other_sources_nearest(
    source: Size, scale: float, size: Size, said: bool
) -> None:
    result = sized(source, Asked(scale, power_of_two=True))
    assert result.size == size
    assert any("powers of two" in note for note in result.notes) == said


@given(SIDES, SIDES, st.sampled_from(SCALES), st.sampled_from([64, 1000, 4096]))
def test_powers_of_two_keep_to_the_cap(w: int, h: int, scale: float, cap: int) -> None:
    result = sized(Size(w, h), Asked(scale, max_size=cap, power_of_two=True)).size
    assert all(side & (side - 1) == 0 and side <= cap for side in (result.width, result.height))


@pytest.mark.parametrize(
    ("asked", "size"),
    [
        (Asked(4), 2049),
        (Asked(0.5), 257),
        (Asked(3), 1025),
        (Asked(8), 4097),
        (Asked(target=2048), 2049),
        (Asked(target=1025), 1025),
        (Asked(8, max_size=4096), 2049),
        (Asked(4, power_of_two=True), 2049),
    ],
)
def test_heights_on_vertices_stay_on_vertices(asked: Asked, size: int) -> None:
    result = sized(Size(513, 513), replace(asked, heights=True))
    assert (result.size, result.passes, result.vertices) == (Size(size, size), 1, True)


def test_only_heights_stand_on_vertices_and_only_where_both_sides_do() -> None:
    assert sized(Size(513, 513), Asked(4)).size == Size(2052, 2052)
    assert not sized(Size(513, 512), Asked(4, heights=True)).vertices
    assert not sized(Size(3, 3), Asked(4, heights=True)).vertices
    assert sized(Size(513, 257), Asked(4, heights=True)).size == Size(2049, 1025)


@pytest.mark.parametrize(
    ("asked", "by"),
    [
        (Asked(4), 4),
        (Asked(3), 3),
        (Asked(0.5), 1),
        (Asked(target=250), 2),
        (Asked(target=90), 1),
        (Asked(target=4000), 8),
        (Asked(3, power_of_two=True), 2),
        (Asked(target=Size(410, 200)), 4),
        (Asked(4, max_size=350), 3),
    ],
)
def test_what_takes_whole_factors_gets_whole_factors(asked: Asked, by: int) -> None:
    result = sized(Size(100, 64), replace(asked, whole=True))
    assert (result.size, result.passes) == (Size(100, 64) * by, by)


# Materials


def test_a_cap_on_one_texture_lowers_its_material_together() -> None:
    large, small = factor(Size(8192, 8192), Asked(4)), factor(Size(2048, 2048), Asked(4))
    most = together([large, small])
    assert most == 2
    assert sized(Size(8192, 8192), Asked(4), most).size == Size(16384, 16384)
    result = sized(Size(2048, 2048), Asked(4), most)
    assert result.size == Size(4096, 4096)
    assert result.notes == ("made 2x instead of 4x: its material allows no more than 2x",)


def test_members_that_nothing_limits_keep_what_was_said_of_each() -> None:
    assert together([factor(Size(512, 512), Asked(4)), factor(Size(512, 512), Asked(2))]) is None


def test_a_target_size_is_that_of_the_largest_of_a_material() -> None:
    asked = Asked(target=2048)
    sources = [Size(1024, 1024), Size(512, 256)]
    most = together(factor(source, asked) for source in sources)
    assert [sized(source, asked, most).size for source in sources] == [Size(2048, 2048), Size(1024, 512)]


@given(st.lists(st.tuples(SIDES, SIDES), min_size=1, max_size=4), st.sampled_from(SCALES), st.integers(8, 9000))
def test_all_members_of_a_material_grow_by_one_factor(sides: list[tuple[int, int]], scale: float, cap: int) -> None:
    asked = Asked(scale, max_size=cap)
    sources = [Size(*pair) for pair in sides]
    most = together(factor(source, asked) for source in sources)
    by = Fraction(scale) if most is None else most
    for source in sources:
        size = sized(source, asked, most).size
        assert abs(size.width - source.width * by) <= 1
        assert abs(size.height - source.height * by) <= 1
