"""A texture wraps where it runs on beyond its border, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from cg_upscaler import codecs
from cg_upscaler.geometry import Edge, Edges
from cg_upscaler.library.survey import survey
from cg_upscaler.library.survey.wrap import edges_of
from cg_upscaler.maps import MapKind
from cg_upscaler.pixels.views import Array
from tests import pictures
from tests.pictures import as_bytes, spec_of

WRAP, MIRROR, CLAMP = Edge.WRAP, Edge.MIRROR, Edge.CLAMP
BOTH, NEITHER = Edges.both(WRAP), Edges()
EXAMPLES = Path(__file__).parent.parent / "examples" / "textures"


def edges(pixels: NDArray[np.generic], kind: MapKind = MapKind.BASE_COLOR) -> Edges:
    spec = spec_of(pixels)
    return edges_of(kind, spec, survey(Array(np.ascontiguousarray(pixels)), spec))


def wall(side: int = 128, *, joint: int = 2, cut: tuple[int, int] = (0, 0)) -> pictures.Picture:
    """Bricks of differing shades in dark mortar; `cut` is where the border runs through it."""
    shade = np.random.default_rng(8).uniform(0.45, 0.8, (side // 16, side // 32))
    rows = np.arange(side) // 16
    columns = (np.arange(side)[None] + (rows % 2)[:, None] * 16) % side // 32
    bricks = shade[rows[:, None], columns]
    mortar = (np.arange(side) % 16 < joint)[:, None] | ((np.arange(side)[None] + (rows % 2)[:, None] * 16) % 32 < joint)
    light = np.where(mortar, 0.2, bricks) + np.random.default_rng(9).normal(0, 0.03, (side, side))
    return np.roll(as_bytes(light[..., None] * [0.9, 0.7, 0.6]), cut, (0, 1))


TILEABLE = {
    "stone": pictures.stone(),
    "normals": pictures.normals(pictures.height_field()),
    "flat normals with grooves": pictures.normals(pictures.tiles_heights()),
    "mortar at the border": wall(),
    "mortar split by the border": wall(cut=(-1, -1)),
    "border through bricks": wall(cut=(7, 5)),
    "gray heights": as_bytes(pictures.height_field())[..., None],
    "heights of 16 bits": (pictures.height_field() * 65535).astype(np.uint16)[..., None],
    "half floats beyond 1": (pictures.height_field()[..., None] * [9.0, 7, 5]).astype(np.float16),
    "a hole in it": pictures.with_alpha(pictures.stone(), 1 - pictures.disc()),
}


@pytest.mark.parametrize("what", TILEABLE)
def test_what_tiles_wraps(what: str) -> None:
    assert edges(TILEABLE[what]) == BOTH


@pytest.mark.parametrize("what", ["stone", "normals", "border through bricks", "mortar at the border"])
def test_codecs_do_not_hide_that_it_tiles(what: str) -> None:
    _, jpeg = cv2.imencode(".jpg", TILEABLE[what], [cv2.IMWRITE_JPEG_QUALITY, 75])
    assert edges(cv2.imdecode(jpeg, cv2.IMREAD_UNCHANGED)) == BOTH


def panelled() -> pictures.Picture:
    """A door: a hard frame on one side, panels with hard edges within, nothing that continues."""
    door = np.full((256, 128, 3), (150, 110, 70), np.uint8)
    for top in (20, 100, 180):
        cv2.rectangle(door, (24, top), (104, top + 60), (70, 50, 30), 3)
    door[:, :6], door[:6] = (200, 205, 210), (200, 205, 210)
    grain = pictures.height_field(512, 2)[::2, ::4]
    return as_bytes(
        door / 255.0 * (0.8 + 0.4 * grain[..., None]) + np.random.default_rng(1).normal(0, 0.01, door.shape)
    )


def bush() -> pictures.Picture:
    """Leaves that reach the lower border, and no other."""
    y = np.mgrid[:128, :128][0]
    return pictures.with_alpha(pictures.stone(), (pictures.disc() > 0) | ((y > 64) & (pictures.height_field() > 0.5)))


def button() -> pictures.Picture:
    """A disc that touches all four borders, lit from the upper left."""
    y, x = np.mgrid[:64, :64] - 31.5
    light = 0.5 - (x + y) / 160
    return pictures.with_alpha(as_bytes(light[..., None] * [0.6, 0.7, 1]), np.clip(32.5 - np.hypot(x, y), 0, 1))


def valley() -> pictures.Picture:
    """Smooth heights that lead out of the picture at different places, and a pole whose edges are harder than that."""
    y, x = np.mgrid[:128, :128] / 127
    heights = 0.2 + 0.6 * np.exp(-(((y - 0.4 - 0.15 * x) / 0.2) ** 2))
    heights[:, 60:64] = 1 - heights[:, 60:64]
    return as_bytes(heights)[..., None]


NOT_TILEABLE = {
    "a bush": bush()[:, 8:120],
    "a round button": button(),
    "a cut of stone": pictures.stone(256)[40:168, 60:188],
    "a cut of normals": pictures.normals(pictures.height_field(256))[20:148, 70:198],
    "a cut of heights": as_bytes(pictures.height_field(256))[30:158, 50:178, None],
    "a door": panelled(),
    "a glow on black": as_bytes(cv2.GaussianBlur(pictures.disc(), (0, 0), 5)[..., None] * [1, 0.6, 0.2]),
    "a leaf on nothing": pictures.with_alpha(pictures.stone(), pictures.disc()),
    "heights on vertices": (pictures.height_field(129) * 65535).astype(np.uint16)[..., None],
    "one colour": np.full((64, 64, 3), 128, np.uint8),
    "few texels": pictures.stone()[:6, :6],
}


@pytest.mark.parametrize("what", NOT_TILEABLE)
def test_what_ends_at_its_border_does_not_wrap(what: str) -> None:
    assert edges(NOT_TILEABLE[what]) == NEITHER


def test_a_hard_line_inside_excuses_no_seam_between_smooth_borders() -> None:
    assert edges(valley()).x is MIRROR


def test_each_axis_is_judged_by_itself() -> None:
    across = pictures.stone(256)[60:188]
    assert edges(across) == Edges(WRAP, MIRROR)
    assert edges(across.transpose(1, 0, 2)) == Edges(MIRROR, WRAP)
    assert edges(pictures.sky()) == Edges(WRAP, MIRROR)


def test_a_roll_changes_nothing() -> None:
    for cut in ((3, 100), (64, 64), (120, 9)):
        assert edges(np.roll(pictures.stone(), cut, (0, 1))) == BOTH


def test_a_large_picture_is_judged_like_a_small_one() -> None:
    large = np.tile(pictures.stone(256), (5, 6, 1))
    assert edges(large) == BOTH
    assert edges(large[:1100, :1300]) == NEITHER


def test_a_panorama_wraps_around_and_ends_above_and_below() -> None:
    light = (pictures.height_field(128)[::2] * 4).astype(np.float32)[..., None].repeat(3, 2)
    assert edges(light, MapKind.ENVIRONMENT) == Edges(WRAP, CLAMP)
    assert edges(pictures.stone(), MapKind.ENVIRONMENT) == NEITHER


def test_sprites_never_wrap() -> None:
    assert edges(pictures.stone(), MapKind.SPRITE) == NEITHER


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("architecture/brick/3td_BrickOldRound_01.jpg", BOTH),
        ("architecture/brick/3td_BrickOldRound_01_NRM.png", BOTH),
        ("architecture/door/door.jpg", NEITHER),
        ("environment/forest/forest_floor.jpg", NEITHER),
        ("environment/forest/forest_floor_nm.jpg", NEITHER),
        ("environment/ground/Ground010_1K_Color.png", NEITHER),
        ("environment/ground/Ground010_1K_Normal.png", NEITHER),
        ("foliage/gfx_leaf_b.png", NEITHER),
    ],
)
def test_real_textures_are_known(file: str, expected: Edges) -> None:
    image = codecs.read(EXAMPLES / file)
    assert edges_of(MapKind.BASE_COLOR, image.spec, survey(image, image.spec)) == expected


def grains(side: int, seed: int) -> pictures.Picture:
    """Grains of about a texel, which tile: neighbouring lines have only a little to do with each other."""
    noise = np.random.default_rng(seed).normal(0, 1, (side, side, 3)).astype(np.float32)
    soft = sum(np.roll(noise, (y, x), (0, 1)) * weight for (y, x), weight in np.ndenumerate(np.ones((2, 2))))
    return as_bytes(0.5 + 0.06 * soft)


def test_grains_tile_although_their_lines_are_hardly_alike() -> None:
    assert [edges(grains(96, seed)) for seed in range(12)] == [BOTH] * 12
    cut = [edges(grains(160, seed)[:96, :96]) for seed in range(12)]
    assert sum(found == BOTH for found in cut) <= 2
