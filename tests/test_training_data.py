"""What a training learns from: which textures, whose, split how, turned how, and cut from where."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from cg_upscaler.errors import UsageError
from cg_upscaler.geometry import Wraps
from cg_upscaler.library.config.training import Lesson
from cg_upscaler.maps import MapKind
from cg_upscaler.training import turns
from cg_upscaler.training.batches import Batches, draw, weights_of
from cg_upscaler.training.course import gather
from cg_upscaler.training.pieces import Held, cut, decoded
from cg_upscaler.training.split import place, split, spread
from cg_upscaler.training.textures import Catch, Texture, find_textures
from tests.surfaces import asked, colours_of, heights, library, normals_of, write


def catch(*materials: str, maps: int = 2) -> Catch:
    textures = tuple(
        Texture(f"{name}_{number}.png", Path("x"), (0, 0), name, MapKind.NORMAL, (0, 1, 2))
        for name in materials
        for number in range(maps)
    )
    return Catch(textures, (), {})


def held(pixels: np.ndarray, wraps: Wraps | None = None) -> Held:
    texture = Texture("a.png", Path("a.png"), (0, 0), "a", MapKind.NORMAL, (0, 1, 2), wraps=wraps or Wraps())
    return Held(texture, np.round(pixels * 65535).astype(np.uint16))


# Splitting


def test_no_material_is_in_two_parts(tmp_path: Path) -> None:
    parts = split(catch(*(f"wall{i}" for i in range(60))), asked(tmp_path))
    materials = [{texture.material for texture in part} for part in (parts.learnt, parts.validation, parts.held_out)]
    assert sum(map(len, materials)) == 60 == len(set.union(*materials))
    assert len(materials[0]) > 40 and len(materials[1]) > 1 and len(materials[2]) > 1


def test_a_material_stays_in_its_part_when_others_come(tmp_path: Path) -> None:
    few, many = (split(catch(*(f"wall{i}" for i in range(count))), asked(tmp_path)) for count in (60, 120))
    for before, after in ((few.learnt, many.learnt), (few.validation, many.validation), (few.held_out, many.held_out)):
        assert {texture.name for texture in before} <= {texture.name for texture in after}


def test_names_that_differ_in_case_alone_are_in_one_place() -> None:
    assert place("Walls/Brick") == place("walls/brick")


@pytest.mark.parametrize("count", [3, 4, 5])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.45])
def test_each_part_has_a_material_however_few_there_are(tmp_path: Path, count: int, share: float) -> None:
    parts = split(catch(*(f"m{i}" for i in range(count))), asked(tmp_path, validation=share, held_out=share))
    assert parts.learnt and parts.validation and parts.held_out


def test_too_few_materials_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"only 2 of the materials here .*rock, wall"):
        split(catch("wall", "rock"), asked(tmp_path))


def test_what_is_measured_is_of_as_many_materials_as_there_are() -> None:
    chosen = spread(catch("a", "b", "c", maps=5).textures, 3)
    assert {texture.material for texture in chosen} == {"a", "b", "c"}


# Finding


def test_a_library_of_other_maps_is_refused_with_what_it_holds(tmp_path: Path) -> None:
    for seed in range(4):
        write(tmp_path / "library" / f"wall{seed}_albedo.png", colours_of(heights(64, seed), seed))
    training = asked(tmp_path)
    with pytest.raises(UsageError, match="normal is learnt from normal, and here is 4 base_color"):
        split(find_textures(training), training)


def test_textures_smaller_than_a_piece_are_passed_over_and_named(tmp_path: Path) -> None:
    library(tmp_path / "library", 4)
    write(tmp_path / "library" / "tiny_normal.png", normals_of(heights(24, 9)))
    found = find_textures(asked(tmp_path))
    assert [(each.name, each.message) for each in found.passed] == [
        ("tiny_normal.png", "24×24 is smaller than the pieces of 32² that are learnt from")
    ]


def test_a_library_of_small_textures_alone_is_refused(tmp_path: Path) -> None:
    library(tmp_path / "library", 4, side=24)
    training = asked(tmp_path)
    with pytest.raises(UsageError, match=r"none of the textures .* 24×24 is smaller .* and 3 more; lower 'crop'"):
        split(find_textures(training), training)


def test_what_cannot_be_read_is_listed_and_stops_nothing(tmp_path: Path) -> None:
    library(tmp_path / "library", 4)
    path = tmp_path / "library" / "broken_normal.png"
    path.write_bytes((tmp_path / "library" / "panel00_normal.png").read_bytes()[:900])
    lessons = gather(asked(tmp_path))
    assert [problem.name for problem in lessons.problems] == ["broken_normal.png"]
    assert len(lessons.learnt) == 2


def test_a_texture_that_is_there_twice_is_never_learnt_from_and_measured_by(tmp_path: Path) -> None:
    library(tmp_path / "library", 6)
    before = gather(asked(tmp_path))
    out = before.held_out[0].texture
    for copy in range(12):
        (tmp_path / "library" / f"copy{copy}_normal.png").write_bytes(out.path.read_bytes())
    after = gather(asked(tmp_path))
    measured = {each.pixels.tobytes() for each in (*after.validation, *after.held_out)}
    assert not measured & {each.pixels.tobytes() for each in after.learnt}
    assert len(after.learnt) >= 3


def test_both_conventions_of_normals_are_learnt_as_one(tmp_path: Path) -> None:
    up = normals_of(heights(96, 1))
    down = up.copy()
    down[:, :, 1] = 1 - down[:, :, 1]
    for seed in range(3):
        write(tmp_path / "library" / f"other{seed}_normal.png", normals_of(heights(96, 10 + seed)))
    write(tmp_path / "library" / "wall_normal_gl.png", up)
    write(tmp_path / "library" / "tower_normal_dx.png", down)
    found = find_textures(asked(tmp_path))
    assert found.turned == 1
    textures = {texture.name: texture for texture in found.textures}
    both = [textures[name] for name in ("wall_normal_gl.png", "tower_normal_dx.png")]
    a, b = (decoded(texture, texture.path, Lesson.NORMAL) for texture in both)
    assert np.abs(a - b).max() < 1.5 / 255 < np.abs(up - down).max()


def test_a_layout_of_two_channels_is_learnt_as_vectors(tmp_path: Path) -> None:
    """DXT5nm keeps x in alpha and y in green."""
    vectors = normals_of(heights(64, 3))
    packed = np.dstack([np.ones((64, 64)), vectors[:, :, 1], np.zeros((64, 64)), vectors[:, :, 0]])
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), np.round(packed[:, :, [2, 1, 0, 3]] * 255).astype(np.uint8))
    texture = Texture("a.png", path, (0, 0), "a", MapKind.NORMAL, (3, 1))
    assert np.abs(decoded(texture, path, Lesson.NORMAL) - vectors).max() < 0.02


def test_real_pairs_are_shown_as_they_are(tmp_path: Path) -> None:
    library(tmp_path / "library", 5)
    for number in range(5):
        write(tmp_path / "small" / f"panel{number:02}_normal.png", np.full((24, 24, 3), (0.5, 0.5, 1.0), np.float32))
    training = asked(tmp_path, pairs=tmp_path / "small")
    lessons = gather(training)
    assert lessons.pairs == 5
    drawn = draw(lessons.learnt, weights_of(lessons.learnt), training, 0, 0)
    assert np.abs(drawn.small - (0.5, 0.5, 1.0)).max() < 0.01 < drawn.large.std()


def test_a_pair_of_another_size_is_named_and_made_small_here(tmp_path: Path) -> None:
    library(tmp_path / "library", 5)
    write(tmp_path / "small" / "panel00_normal.png", normals_of(heights(30, 0)))
    training = asked(tmp_path, pairs=tmp_path / "small", most=9)
    lessons = gather(training)
    assert [each.name for each in lessons.problems] == ["panel00_normal.png"]
    assert "30×30, and not 24×24" in lessons.problems[0].message


def test_a_folder_of_pairs_with_other_names_is_refused(tmp_path: Path) -> None:
    library(tmp_path / "library", 4)
    write(tmp_path / "small" / "else.png", normals_of(heights(30, 0)))
    with pytest.raises(UsageError, match="holds no texture by the name"):
        gather(asked(tmp_path, pairs=tmp_path / "small"))


# Turning and cutting


@pytest.mark.parametrize("way", range(turns.COUNT))
def test_vectors_turn_with_the_surface_that_they_stand_on(way: int) -> None:
    field = heights(40, 5)
    surface = turns.turned(field[:, :, None], way)[:, :, 0]
    assert np.abs(turns.turned(normals_of(field), way, vectors=True) - normals_of(surface)).max() < 1e-5


def test_the_ways_to_turn_a_square_are_all_different() -> None:
    square = np.arange(9, dtype=np.float32).reshape(3, 3, 1)
    assert len({turns.turned(square, way).tobytes() for way in range(turns.COUNT)}) == turns.COUNT


def test_a_piece_of_a_tileable_goes_on_at_its_other_side() -> None:
    y, x = np.mgrid[:40, :40] / 40
    tile = np.dstack([x, y, x * 0]).astype(np.float32)
    around = False
    for seed in range(20):
        piece = cut(held(tile, Wraps(x=True, y=True)), 32, 4, 4, np.random.default_rng(seed)).large
        assert piece.shape == (40, 40, 3)
        steps = np.diff(piece[0, :, 0])
        assert set(np.round(steps * 40).astype(int)) <= {1, -39}
        around |= bool((steps[4:-4] < 0).any())
    assert around


def test_a_piece_of_what_does_not_tile_lies_within_it() -> None:
    y, x = np.mgrid[:48, :48] / 48
    ramp = np.dstack([x, y, x * 0]).astype(np.float32)
    for seed in range(20):
        inner = cut(held(ramp), 32, 4, 4, np.random.default_rng(seed)).large[4:-4, 4:-4]
        assert (np.diff(inner[0, :, 0]) > 0).all() and (np.diff(inner[:, 0, 1]) > 0).all()


def test_a_tileable_smaller_than_a_piece_is_learnt_from(tmp_path: Path) -> None:
    small = held(normals_of(heights(24, 0)), Wraps(x=True, y=True))
    assert cut(small, 32, 4, 4, np.random.default_rng(0)).large.shape == (40, 40, 3)


def test_equal_numbers_draw_equal_pieces_whoever_asks(tmp_path: Path) -> None:
    library(tmp_path / "library", 5)
    training = asked(tmp_path)
    learnt = gather(training).learnt
    made = Batches(learnt, training, threads=0).make(7)
    ahead = Batches(learnt, training, threads=2).since(5)
    batches = [next(ahead) for _ in range(3)]
    ahead.close()  # type: ignore[attr-defined]
    assert (batches[2].small == made.small).all() and (batches[2].large == made.large).all()
    assert not (batches[1].large == made.large).all()
    other = Batches(learnt, training.model_copy(update={"seed": 1}), threads=0).make(7)
    assert not (other.large == made.large).all()


def test_packed_maps_are_learnt_channel_by_channel(tmp_path: Path) -> None:
    for seed in range(4):
        fields = [heights(96, seed * 3 + channel) for channel in range(3)]
        packed = np.dstack([(field - field.min()) / np.ptp(field) for field in fields]).astype(np.float32)
        write(tmp_path / "library" / f"wall{seed}_ORM.png", packed)
    lessons = gather(asked(tmp_path, teach="mask"))
    assert {each.texture.name.partition("#")[2] for each in lessons.learnt} == {"r", "g", "b"}
    assert all(each.channels == 1 for each in lessons.learnt)


def test_colour_under_clear_alpha_is_bled_before_it_is_learnt(tmp_path: Path) -> None:
    pixels = np.zeros((32, 32, 4), np.uint8)
    pixels[8:24, 8:24] = (40, 200, 90, 255)
    path = tmp_path / "leaf.png"
    cv2.imwrite(str(path), pixels)
    texture = Texture("leaf.png", path, (0, 0), "leaf", MapKind.BASE_COLOR, (0, 1, 2), alpha=3)
    assert np.abs(decoded(texture, path, Lesson.COLOR) * 255 - (90, 200, 40)).max() < 1
    assert (decoded(replace(texture, alpha=None), path, Lesson.COLOR)[0, 0] == 0).all()
