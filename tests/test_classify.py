"""Each texture is known for what it is, and what tempts to be taken for something else is not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from cg_upscaler.library.classify import Decision, classify
from cg_upscaler.library.naming.names import by_name, see_through
from cg_upscaler.library.survey import survey
from cg_upscaler.maps import AlphaMode, MapKind, NormalConvention
from cg_upscaler.pixels.views import Array
from tests import pictures
from tests.pictures import as_bytes, spec_of

NORMALS = pictures.normals(pictures.height_field())


def decide(name: str, pixels: NDArray[np.generic], **rule: object) -> Decision:
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels
    spec = spec_of(pixels)
    return classify(name, spec, survey(Array(pixels), spec), **rule)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Ground010_1K_Color.png", MapKind.BASE_COLOR),
        ("Ground010_1K-JPG_NormalGL.jpg", MapKind.NORMAL),
        ("Ground010_1K_AmbientOcclusion.png", MapKind.OCCLUSION),
        ("brick_wall_diff_2k.jpg", MapKind.BASE_COLOR),
        ("brick_wall_nor_gl_2k.exr", MapKind.NORMAL),
        ("brick_wall_arm_2k.jpg", MapKind.PACKED),
        ("brick_wall_disp_2k.png", MapKind.HEIGHT),
        ("MetalBare001_COL_2K_METALNESS.png", MapKind.BASE_COLOR),
        ("MetalBare001_NRM16_2K_METALNESS.png", MapKind.NORMAL),
        ("MetalBare001_METALNESS_2K_METALNESS.png", MapKind.METALLIC),
        ("sbskhwl_4K_Displacement.jpg", MapKind.HEIGHT),
        ("Rock_BaseColor.1001.png", MapKind.BASE_COLOR),
        ("Rock_OcclusionRoughnessMetallic.png", MapKind.PACKED),
        ("wall_AlbedoTransparency.tga", MapKind.BASE_COLOR),
        ("wall_MetallicSmoothness.tga", MapKind.PACKED),
        ("T_Rock_ORM.tga", MapKind.PACKED),
        ("T_Rock_BC.tga", MapKind.BASE_COLOR),
        ("T_Metal_N.tga", MapKind.NORMAL),
        ("rock_n_2048.png", MapKind.NORMAL),
        ("rock_base_color.png", MapKind.BASE_COLOR),
        ("wallNormalMap.png", MapKind.NORMAL),
        ("WALL_HEIGHTMAP.png", MapKind.HEIGHT),
        ("dude_norm.png.cached.dds", MapKind.NORMAL),
        ("Rock/ao.png", MapKind.OCCLUSION),
        ("wall_si.png", MapKind.EMISSIVE),
        ("wall_cc.png", MapKind.BASE_COLOR),
        ("wall_sc.png", MapKind.SPECULAR),
        ("wall_gls.png", MapKind.GLOSS),
        ("leaf_opacity.png", MapKind.OPACITY),
        ("studio_hdri.exr", MapKind.ENVIRONMENT),
        ("sky/noon.exr", MapKind.ENVIRONMENT),
        ("icon-banana.png", MapKind.SPRITE),
        ("skid-particle1.png", MapKind.SPRITE),
        ("game/ui/back.png", MapKind.SPRITE),
        ("grade_lut.png", MapKind.DATA),
        ("hero_id.png", MapKind.DATA),
        ("river_flowmap.png", MapKind.DATA),
        ("font_msdf.png", MapKind.DATA),
        ("terrain_splatmap.png", MapKind.DATA),
        ("head_worldspace_normal.png", MapKind.DATA),
    ],
)
def test_names_tell_kinds(name: str, kind: MapKind) -> None:
    verdict = by_name(name)
    assert verdict is not None
    assert verdict.kind is kind


@pytest.mark.parametrize(
    "name",
    [
        "wall.png",
        "sRGB.png",
        "Wall2B.png",
        "n.png",
        "gfx_leaf_b.png",
        "wall_n_old2_x.png",
        "rocks_d_03_big.png",
        "dx.png",
    ],
)
def test_names_that_say_nothing(name: str) -> None:
    assert by_name(name) is None


@pytest.mark.parametrize(
    ("name", "convention"),
    [
        ("wall_normal_dx.png", NormalConvention.DIRECTX),
        ("wall_normal_ogl.png", NormalConvention.OPENGL),
        ("wall_NormalGL.png", NormalConvention.OPENGL),
        ("wall_nor_dx_4k.png", NormalConvention.DIRECTX),
        ("wall_normal.png", None),
    ],
)
def test_names_tell_conventions(name: str, convention: NormalConvention | None) -> None:
    assert by_name(name).convention is convention  # type: ignore[union-attr]


def test_see_through_things_are_known_by_name() -> None:
    assert see_through("nature/foliage/oak01.png") == "foliage"
    assert see_through("walls/brick.png") is None


def test_a_rule_wins() -> None:
    decision = decide("wall_n.png", NORMALS, kind=MapKind.BASE_COLOR, why="rule 3 (ui/**)")
    assert (decision.kind, decision.why, decision.confidence) == (MapKind.BASE_COLOR, "rule 3 (ui/**)", 1.0)
    assert decision.convention is None


def test_a_rule_about_alpha_wins() -> None:
    picture = pictures.with_alpha(pictures.stone(), pictures.height_field())
    assert decide("a.png", picture, alpha=AlphaMode.BLEND).alpha is AlphaMode.BLEND
    missing = decide("a.png", pictures.stone(), alpha=AlphaMode.BLEND)
    assert missing.alpha is AlphaMode.NONE
    assert "there is none" in missing.notes[0]


POSITIVES = {
    "normals": (NORMALS, MapKind.NORMAL),
    "normals of tiles": (pictures.normals(pictures.tiles_heights()), MapKind.NORMAL),
    "steep normals": (pictures.normals(pictures.height_field(), 25), MapKind.NORMAL),
    "sixteen-bit normals": (NORMALS.astype(np.uint16) * 257, MapKind.NORMAL),
    "photograph": (pictures.stone(), MapKind.BASE_COLOR),
    "hand-painted": (pictures.painted(), MapKind.BASE_COLOR),
    "gray picture": (as_bytes(pictures.height_field()), MapKind.BASE_COLOR),
    "sixteen-bit gray": ((pictures.height_field() * 65535).astype(np.uint16), MapKind.HEIGHT),
    "light": (pictures.stone().astype(np.float32) / 20, MapKind.ENVIRONMENT),
    "cut-out": (as_bytes(pictures.disc()), MapKind.OPACITY),
    "cut-out as RGB": (np.repeat(as_bytes(pictures.disc())[..., None], 3, 2), MapKind.OPACITY),
    "look-up strip 16": (pictures.lookup_strip(16), MapKind.DATA),
    "look-up strip 32, graded": (pictures.lookup_strip(32, grade=1.6), MapKind.DATA),
    "look-up column": (
        np.ascontiguousarray(pictures.lookup_strip(16).reshape(16, 16, 16, 3).transpose(1, 0, 2, 3)).reshape(
            256, 16, 3
        ),
        MapKind.DATA,
    ),
    "ramp": (np.repeat(pictures.sky(256, 1).transpose(1, 0, 2), 4, axis=0), MapKind.DATA),
    "upright ramp": (pictures.sky(256, 16), MapKind.DATA),
    "IDs": (pictures.ids(), MapKind.DATA),
    "splat weights": (pictures.splat(), MapKind.DATA),
    "four splat weights": (pictures.splat(channels=4), MapKind.DATA),
    "distance field": (as_bytes(pictures.distance_field()), MapKind.DATA),
    "distance field in alpha": (
        pictures.with_alpha(np.full((128, 128, 3), 255, np.uint8), pictures.distance_field()),
        MapKind.DATA,
    ),
}


@pytest.mark.parametrize("what", POSITIVES)
def test_pixels_alone_tell_kinds(what: str) -> None:
    pixels, kind = POSITIVES[what]
    decision = decide("x7f3q.png", pixels)
    assert decision.kind is kind, decision.why
    assert decision.why


def _radial(power: float) -> pictures.Picture:
    y, x = np.mgrid[:128, :128] / 63.5 - 1
    return as_bytes(np.clip(1 - np.hypot(x, y), 0, 1) ** power)


def _icon() -> pictures.Picture:
    icon = np.zeros((64, 64, 3), np.uint8)
    cv2.circle(icon, (32, 32), 20, (255, 40, 40), -1, cv2.LINE_AA)
    cv2.line(icon, (8, 8), (56, 50), (40, 255, 90), 3, cv2.LINE_AA)
    return icon


def _pixel_art() -> pictures.Picture:
    colors = np.array([(20, 20, 40), (200, 80, 60), (240, 200, 90), (70, 140, 200)], np.uint8)
    return colors[np.random.default_rng(2).integers(0, 4, (64, 64))]


TEMPTING = {
    "flat texture": np.full((64, 64, 3), (90, 140, 60), np.uint8),
    "gradient sky": pictures.sky(),
    "gradient sky across": np.ascontiguousarray(pictures.sky().transpose(1, 0, 2)),
    "gray gradient": np.repeat(as_bytes(np.linspace(0, 1, 256))[:, None], 256, 1),
    "diagonal gradient": as_bytes(np.add.outer(np.linspace(0, 0.5, 256), np.linspace(0, 0.5, 256))),
    "gloss": as_bytes(pictures.height_field() * 0.3 + 0.4),
    "blurred mask": cv2.GaussianBlur(as_bytes(pictures.disc()), (0, 0), 12),
    "soft glow": _radial(2.5),
    "hard cut-out": as_bytes(pictures.disc(smooth=False)),
    "smooth icon": _icon(),
    "tiny icon": pictures.ids(16),
    "pixel art": _pixel_art(),
    "picture of a strip's size": pictures.stone(256)[:16],
    "gradient of a strip's size": np.tile(pictures.sky(16, 256), (1, 1, 1)) // 2 + pictures.stone(256)[:16] // 4,
    "blue picture": as_bytes(pictures.height_field()[..., None] * [0.1, 0.1, 0.3] + [0.4, 0.42, 0.6]),
    "sky-blue picture": as_bytes(pictures.height_field()[..., None] * 0.1 + [0.5, 0.62, 0.9]),
    "red on black": as_bytes(pictures.disc()[..., None] * [1, 0, 0]),
    "one-colour picture": as_bytes(pictures.height_field()[..., None] * [0.6, 0, 0]),
    "noise": np.random.default_rng(1).integers(0, 256, (128, 128, 3), dtype=np.uint8),
}


@pytest.mark.parametrize("what", TEMPTING)
def test_pictures_are_taken_for_no_data(what: str) -> None:
    decision = decide("x7f3q.png", TEMPTING[what])
    assert decision.kind in (MapKind.BASE_COLOR, MapKind.OPACITY, MapKind.HEIGHT, MapKind.PIXEL_ART), decision.why


def test_a_normal_map_that_is_none_is_taken_for_color() -> None:
    decision = decide("wall_n.png", pictures.stone())
    assert decision.kind is MapKind.BASE_COLOR
    assert decision.notes[0].startswith("name ends in n, which says normal, but")
    assert "treated as base color" in decision.notes[0]
    assert (
        decide("wall_normal.png", as_bytes(pictures.height_field()))
        .notes[0]
        .startswith("name ends in normal, which says normal, but it is gray")
    )


def test_normals_under_another_name_are_normals() -> None:
    decision = decide("wall_bump.png", NORMALS)
    assert decision.kind is MapKind.NORMAL
    assert "treated as normal" in decision.notes[0]


def test_badly_normalised_normals_stay_normals() -> None:
    short = as_bytes((NORMALS / 255.0 * 2 - 1) * 0.75 / 2 + 0.5)
    assert decide("wall_n.png", short).kind is MapKind.NORMAL


def test_normals_in_object_space_are_left_alone() -> None:
    vectors = np.random.default_rng(0).normal(size=(64, 64, 3))
    vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
    assert decide("head_normal.png", as_bytes(vectors / 2 + 0.5)).kind is MapKind.DATA


def test_normals_stored_signed_are_normals() -> None:
    signed = (NORMALS / 255.0 * 2 - 1).astype(np.float32)
    assert decide("wall_normal.exr", signed).kind is MapKind.NORMAL
    assert decide("x.exr", signed).kind is MapKind.NORMAL


def test_swizzled_normals_are_normals_by_name_and_without() -> None:
    swizzled = np.dstack([np.full((128, 128), 255, np.uint8), NORMALS[..., 1], NORMALS[..., 1] * 0, NORMALS[..., 0]])
    for name in ("wall_n.dds", "x.dds"):
        decision = decide(name, swizzled)
        assert decision.kind is MapKind.NORMAL
        assert decision.vectors == (3, 1)


def test_normals_beside_a_mask_keep_it_apart() -> None:
    packed = np.dstack([NORMALS[..., :2], as_bytes(pictures.height_field(seed=8) * 0.4)])
    decision = decide("wall_normal.png", packed)
    assert decision.kind is MapKind.NORMAL
    assert decision.vectors == (0, 1)


def test_words_for_what_is_pictured_do_not_make_a_map() -> None:
    decision = decide("rusty_metal.png", pictures.stone())
    assert decision.kind is MapKind.BASE_COLOR
    assert "says metallic" in decision.notes[0]
    assert decide("lava_flow.png", pictures.stone()).kind is MapKind.BASE_COLOR
    assert decide("rusty_metal.png", as_bytes(pictures.height_field())).kind is MapKind.METALLIC


def test_data_by_name_stays_data() -> None:
    for name in ("wall_flowmap.png", "x_lut.png", "hero_idmask.png", "font_sdf.png"):
        assert decide(name, pictures.stone()).kind is MapKind.DATA


def test_weights_called_a_mask_are_data() -> None:
    assert decide("terrain_mask.png", pictures.splat()).kind is MapKind.DATA


def test_one_value_throughout_is_what_its_name_says() -> None:
    flat = np.full((16, 16, 3), 128, np.uint8)
    for name, kind in [("a_n.png", MapKind.NORMAL), ("a_r.png", MapKind.ROUGHNESS), ("a_id.png", MapKind.DATA)]:
        assert decide(name, flat).kind is kind
    assert decide("a.png", np.full((16, 16, 3), (128, 128, 255), np.uint8)).kind is MapKind.NORMAL


def test_alpha_of_no_evident_meaning_is_data() -> None:
    decision = decide("wall_cc.tga", pictures.with_alpha(pictures.stone(), pictures.height_field()))
    assert decision.alpha is AlphaMode.MASK
    assert decision.notes == ("alpha of unclear meaning: kept as data",)
    worn = np.where(pictures.height_field() > 0.3, 1.0, 0.9)
    assert decide("leaf.png", pictures.with_alpha(pictures.stone(), worn)).alpha is AlphaMode.MASK


def test_alpha_over_one_hidden_color_is_transparency() -> None:
    cut = pictures.disc()
    stone = pictures.stone()
    stone[cut == 0] = 0
    assert decide("x.png", pictures.with_alpha(stone, cut)).alpha is AlphaMode.CUTOUT
    soft = np.clip(pictures.distance_field() * 2 - 0.5, 0, 1)
    stone[as_bytes(soft) == 0] = 0
    stone[0, 0] = 90  # a stray colour makes no difference
    assert decide("x.png", pictures.with_alpha(stone, soft)).alpha is AlphaMode.BLEND


def test_alpha_over_visible_color_needs_a_name() -> None:
    picture = pictures.with_alpha(pictures.stone(), pictures.disc())
    assert decide("wall.png", picture).alpha is AlphaMode.MASK
    assert decide("foliage/oak.png", picture).alpha is AlphaMode.CUTOUT
    assert decide("wall_decal.png", picture).alpha is AlphaMode.BLEND


def test_alpha_of_other_maps_is_a_channel_of_its_own() -> None:
    cut = pictures.disc()
    hidden = NORMALS.copy()
    hidden[cut == 0] = 0
    assert decide("leaf_n.png", pictures.with_alpha(NORMALS, cut)).alpha is AlphaMode.MASK
    assert decide("leaf_spec.png", pictures.with_alpha(hidden, cut)).alpha is AlphaMode.MASK


def test_constant_alpha_is_opaque() -> None:
    opaque = np.ones((128, 128))
    assert decide("icon.png", pictures.with_alpha(pictures.stone(), opaque)).alpha is AlphaMode.OPAQUE
    nothing = decide("icon.png", pictures.with_alpha(pictures.stone(), opaque * 0))
    assert (nothing.alpha, nothing.notes) == (AlphaMode.OPAQUE, ("alpha is 0 throughout",))


def test_holes_are_noted() -> None:
    pixels = pictures.stone().astype(np.float32) / 255
    pixels[3, 3] = np.nan
    assert decide("wall_d.exr", pixels).notes == ("holds NaN or infinity",)
