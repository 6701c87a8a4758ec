"""How pieces are made small, in the numbers in which a mean means something, and stored as games do."""

from __future__ import annotations

import numpy as np
import pytest

from cg_upscaler.library.config.training import Degradations, Lesson
from cg_upscaler.pixels import normals, transfer
from cg_upscaler.training import stored as files
from cg_upscaler.training.smaller import WAYS, smaller, way_of
from cg_upscaler.training.softened import SIGMAS, softened
from cg_upscaler.training.stored import FORMS, can_encode, shares, stored
from tests.surfaces import colours_of, heights, normals_of

SURFACE = normals_of(heights(64, 4))
PAINT = colours_of(heights(64, 4), 4)
blocks = pytest.mark.skipif(not can_encode(), reason="nothing encodes blocks here")


def degrees(a: np.ndarray, b: np.ndarray) -> float:
    a, b = (normals.normalise(normals.decode(each)) for each in (a, b))
    return float(np.degrees(2 * np.arcsin(np.clip(np.linalg.norm(a - b, axis=2) / 2, 0, 1))).mean())


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("factor", [2, 3, 4])
def test_one_value_stays_what_it_is(way: str, factor: int) -> None:
    flat = np.full((24, 24, 3), 0.25, np.float32)
    assert np.abs(smaller(flat, factor, way, Lesson.COLOR) - 0.25).max() < 1.01 / 255


@pytest.mark.parametrize("way", WAYS)
def test_colour_is_averaged_as_light(way: str) -> None:
    rows = np.zeros((32, 32, 3), np.float32)
    rows[::2] = 1
    middle = smaller(rows, 4, way, Lesson.COLOR)[3:-3, 3:-3]
    assert np.abs(middle - float(transfer.linear_to_srgb(np.array(0.5)))).max() < 0.03
    assert np.abs(smaller(rows[:, :, :1], 4, way, Lesson.MASK)[3:-3, 3:-3] - 0.5).max() < 0.03


@pytest.mark.parametrize("way", WAYS)
def test_vectors_are_averaged_as_vectors_and_stay_of_unit_length(way: str) -> None:
    small = smaller(SURFACE, 4, way, Lesson.NORMAL)
    vectors = normals.decode(small)
    assert np.abs(np.linalg.norm(vectors, axis=2) - 1).max() < 1e-3
    mean = normals.normalise(normals.decode(SURFACE).reshape(16, 4, 16, 4, 3).mean((1, 3)))
    assert degrees(small, normals.encode(mean, 3)) < (0.01 if way == "box" else 6)


def test_the_ways_differ() -> None:
    made = {way: smaller(SURFACE, 4, way, Lesson.NORMAL) for way in WAYS}
    assert degrees(made["box"], made["mips"]) > 0.05
    assert degrees(made["box"], made["lanczos"]) > 0.5


def test_lanczos_keeps_a_ramp_straight() -> None:
    ramp = np.tile(np.linspace(0.1, 0.9, 64, dtype=np.float32)[:, None, None], (1, 64, 1))
    small = smaller(ramp, 4, "lanczos", Lesson.HEIGHT)[4:-4, 8, 0]
    assert np.abs(np.diff(small, 2)).max() < 1e-4


def test_blur_takes_detail() -> None:
    plain, blurred = (smaller(PAINT, 4, "box", Lesson.COLOR, blur) for blur in (0.0, 0.7))
    assert blurred.std() < plain.std()


def test_ways_are_drawn_by_their_shares() -> None:
    rng = np.random.default_rng(0)
    drawn = [way_of(Degradations(box=3, mips=1, lanczos=0), rng) for _ in range(400)]
    assert 250 < drawn.count("box") < 350 and "lanczos" not in drawn


@blocks
@pytest.mark.parametrize("form", [*files.BLOCKS, "jpeg", "palette"])
@pytest.mark.parametrize("lesson", list(Lesson))
def test_every_form_gives_nearly_what_went_in_and_loses_something(form: str, lesson: Lesson) -> None:
    if form == "bc5" and lesson is Lesson.COLOR:
        pytest.skip("two channels hold no colour, and no share leads there")
    small = {
        Lesson.NORMAL: SURFACE,
        Lesson.COLOR: PAINT,
        Lesson.MASK: PAINT[:, :, :1],
        Lesson.HEIGHT: PAINT[:, :, 1:2],
    }[lesson]
    kept = stored(small, form, lesson, 80)
    assert kept.shape == small.shape and kept.dtype == np.float32
    assert 1e-5 < np.abs(kept - small).mean() < 0.04


@blocks
def test_normals_lose_less_in_the_blocks_that_are_made_for_them() -> None:
    lost = {form: degrees(SURFACE, stored(SURFACE, form, Lesson.NORMAL)) for form in ("bc1", "bc3", "bc5")}
    assert lost["bc5"] < lost["bc1"] and lost["bc3"] < lost["bc1"]


@blocks
def test_blocks_are_those_of_this_packages_files(tmp_path) -> None:
    """What is learnt from is what a DDS written here holds."""
    from dataclasses import replace

    from cg_upscaler import codecs
    from cg_upscaler.spec import Storage
    from tests.image_files import spec_for

    levels = np.round(PAINT * 255).astype(np.uint8)
    path = tmp_path / "a.dds"
    with codecs.create(path, replace(spec_for(levels, ".dds"), storage=Storage(encoding="bc1"))) as sink:
        sink.put(levels.astype(np.float32) / 255)
        sink.commit()
    there = codecs.read(path).pixels[:, :, :3]
    assert (there == np.round(stored(PAINT, "bc1", Lesson.COLOR) * 255)).all()


def test_lower_quality_of_jpeg_loses_more() -> None:
    low, high = (np.abs(stored(PAINT, "jpeg", Lesson.COLOR, quality) - PAINT).mean() for quality in (40, 95))
    assert low > 1.5 * high


def test_heights_keep_16_bits() -> None:
    ramp = np.tile(np.linspace(0.5, 0.501, 64, dtype=np.float32)[None, :, None], (8, 1, 1))
    assert len(np.unique(stored(ramp, "plain", Lesson.HEIGHT))) > 50
    assert len(np.unique(stored(ramp, "plain", Lesson.MASK))) <= 2


def test_shares_add_up_and_leave_out_what_a_map_is_not_kept_in() -> None:
    for lesson in Lesson:
        found = shares(Degradations(), lesson)
        assert tuple(found) == FORMS and sum(found.values()) == pytest.approx(1)
        assert found["bc5"] == 0 or lesson is Lesson.NORMAL


def test_blocks_are_left_out_where_nothing_encodes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "can_encode", lambda: False)
    found = shares(Degradations(), Lesson.COLOR)
    assert not any(found[name] for name in files.BLOCKS) and sum(found.values()) == pytest.approx(1)


# Softened


@pytest.mark.parametrize("sigma", SIGMAS)
def test_what_is_softened_is_smooth_and_keeps_its_contrast(sigma: float) -> None:
    rough = np.random.default_rng(1).random((64, 64, 3), np.float32)
    soft = softened(rough, sigma, Lesson.COLOR)
    steps = [np.abs(np.diff(each, axis=1)).mean() / each.std() for each in (rough, soft)]
    assert steps[1] < 0.8 * steps[0]
    assert 0 <= soft.min() and soft.max() <= 1
    assert soft.std() > 0.1 * rough.std()  # what a blur takes of noise is more than is given back


@pytest.mark.parametrize("sigma", SIGMAS)
def test_softened_vectors_are_of_unit_length_and_point_up(sigma: float) -> None:
    vectors = normals.decode(softened(SURFACE, sigma, Lesson.NORMAL))
    assert np.abs(np.linalg.norm(vectors, axis=2) - 1).max() < 1e-3
    assert vectors[:, :, 2].min() > 0
    assert vectors[:, :, :2].std() > 0.3 * normals.decode(SURFACE)[:, :, :2].std()


def test_one_value_is_as_smooth_as_can_be() -> None:
    flat = np.full((24, 24, 1), 0.25, np.float32)
    assert np.abs(softened(flat, 4.0, Lesson.MASK) - flat).max() < 1e-6
