"""Names tell which map a texture is, as each vendor and each tool writes them."""

from __future__ import annotations

import pytest

from cg_upscaler.library.naming.names import LIKELY, SURE, by_name
from cg_upscaler.maps import MapKind, Meaning, NormalConvention

BASE, NORMAL, ROUGH, GLOSS = MapKind.BASE_COLOR, MapKind.NORMAL, MapKind.ROUGHNESS, MapKind.GLOSS
METAL, AO, HEIGHT, GLOW = MapKind.METALLIC, MapKind.OCCLUSION, MapKind.HEIGHT, MapKind.EMISSIVE
CUT, SPEC, PACKED, ENV = MapKind.OPACITY, MapKind.SPECULAR, MapKind.PACKED, MapKind.ENVIRONMENT
SPRITE, PIXELS, DATA = MapKind.SPRITE, MapKind.PIXEL_ART, MapKind.DATA

VENDORS: dict[str, dict[str, MapKind | None]] = {
    "ambientCG": {
        "Bricks075A_1K-PNG_Color.png": BASE,
        "Bricks075A_1K-PNG_NormalGL.png": NORMAL,
        "Bricks075A_1K-PNG_NormalDX.png": NORMAL,
        "Bricks075A_1K-PNG_Roughness.png": ROUGH,
        "Bricks075A_1K-PNG_Displacement.png": HEIGHT,
        "Bricks075A_1K-PNG_AmbientOcclusion.png": AO,
        "Metal032_2K-JPG_Metalness.jpg": METAL,
        "Fence003_4K_Opacity.png": CUT,
        "Lava004_8K-JPG_Emission.jpg": GLOW,
        "Ground037_2K_Normal.jpg": NORMAL,
        "Leather027_4K_Roughness.exr": ROUGH,
        "DayEnvironmentHDRI001_1K-HDR.exr": ENV,
        "Tiles093_PREVIEW.jpg": None,
        "Bricks075A.png": None,
    },
    "Poly Haven": {
        "brick_wall_001_diffuse_4k.jpg": BASE,
        "brick_wall_001_diff_1k.png": BASE,
        "brown_mud_leaves_01_col_2k.jpg": BASE,
        "forest_floor_coll1_4k.jpg": BASE,
        "brick_wall_001_nor_gl_4k.exr": NORMAL,
        "brick_wall_001_nor_dx_4k.exr": NORMAL,
        "brick_wall_001_rough_4k.exr": ROUGH,
        "brick_wall_001_arm_4k.jpg": PACKED,
        "brick_wall_001_ao_4k.jpg": AO,
        "brick_wall_001_disp_4k.png": HEIGHT,
        "brick_wall_001_spec_4k.jpg": SPEC,
        "green_metal_rust_metal_4k.exr": METAL,
        "tree_small_02_translucent_4k.png": AO,
        "tree_small_02_alpha_4k.png": CUT,
        "rock_07_bump_2k.png": HEIGHT,
    },
    "Quixel Megascans": {
        "sbskhwl_4K_Albedo.jpg": BASE,
        "vktcdbzs_8K_BaseColor.exr": BASE,
        "sbskhwl_4K_Normal.jpg": NORMAL,
        "Aset_rock_granite_M_ucsjcfb_8K_Normal_LOD0.jpg": NORMAL,
        "sbskhwl_4K_NormalBump.jpg": NORMAL,
        "sbskhwl_4K_Roughness.jpg": ROUGH,
        "sbskhwl_4K_Gloss.jpg": GLOSS,
        "sbskhwl_4K_AO.jpg": AO,
        "sbskhwl_4K_Cavity.jpg": AO,
        "sbskhwl_4K_Displacement.exr": HEIGHT,
        "sbskhwl_4K_Bump.jpg": HEIGHT,
        "sbskhwl_4K_Metalness.jpg": METAL,
        "sbskhwl_4K_Opacity.jpg": CUT,
        "sbskhwl_4K_Specular.jpg": SPEC,
        "sbskhwl_4K_Translucency.jpg": AO,
        "T_Rock_sbskhwl_4K_ORDp.png": PACKED,
        "T_Rock_sbskhwl_4K_D.png": BASE,
    },
    "Poliigon": {
        "BricksFlemishRed001_COL_VAR1_3K.jpg": BASE,
        "BricksFlemishRed001_COL_3K.jpg": BASE,
        "BricksFlemishRed001_NRM_3K.jpg": NORMAL,
        "BricksFlemishRed001_NRM16_3K.tif": NORMAL,
        "BricksFlemishRed001_GLOSS_3K.jpg": GLOSS,
        "BricksFlemishRed001_REFL_3K.jpg": SPEC,
        "BricksFlemishRed001_DISP_3K.jpg": HEIGHT,
        "BricksFlemishRed001_DISP16_3K.tif": HEIGHT,
        "BricksFlemishRed001_BUMP_3K.jpg": HEIGHT,
        "BricksFlemishRed001_AO_3K.jpg": AO,
        "MetalBare001_COL_2K_METALNESS.png": BASE,
        "MetalBare001_METALNESS_2K_METALNESS.png": METAL,
        "MetalBare001_ROUGHNESS_2K_METALNESS.png": ROUGH,
        "LeavesOak001_ALPHAMASKED_4K.tif": BASE,
        "LeavesOak001_TRANSMISSION_4K.jpg": AO,
        "FabricPlain001_IDMAP_1K.png": DATA,
        "Poliigon_BrickWallReclaimed_8320_BaseColor.jpg": BASE,
        "Poliigon_BrickWallReclaimed_8320_ORM.jpg": PACKED,
    },
    "Substance": {
        "Robot_Body_BaseColor.png": BASE,
        "Robot_Body_Base_color.png": BASE,
        "Robot_Body_BaseColor.1001.png": BASE,
        "Robot_Body_Normal_OpenGL.png": NORMAL,
        "Robot_Body_Normal_DirectX.png": NORMAL,
        "Robot_Body_NormalOpenGL_1002.png": NORMAL,
        "Robot_Body_Mixed_AO.png": AO,
        "Robot_Body_Metallic.png": METAL,
        "Robot_Body_Height.png": HEIGHT,
        "Robot_Body_Emissive.png": GLOW,
        "Robot_Body_OcclusionRoughnessMetallic.png": PACKED,
        "Robot_Body_AlbedoTransparency.png": BASE,
        "Robot_Body_MetallicSmoothness.png": PACKED,
        "Robot_Body_SpecularSmoothness.png": SPEC,
        "Robot_Body_MaskMap.png": PACKED,
        "Robot_Body_BaseMap.png": BASE,
        "Robot_Body_Glossiness.png": GLOSS,
        "Robot_Body_ambient_occlusion.png": AO,
        "Robot_Body_normal_base.png": NORMAL,
        "Robot_Body_world_space_normals.png": DATA,
        "Robot_Body_curvature.png": AO,
        "Robot_Body_position.png": DATA,
        "Robot_Body_color_id.png": DATA,
    },
    "games": {
        "wall_cc.png": BASE,
        "wall_c.dds": BASE,
        "wall_nm.dds": NORMAL,
        "wall_nrm.tga": NORMAL,
        "wall_ddna.tif": NORMAL,
        "wall_local.tga": NORMAL,
        "wall_s.dds": SPEC,
        "wall_sm.dds": SPEC,
        "wall_glossy.jpg": GLOSS,
        "wall_g.tga": GLOSS,
        "wall_r.png": ROUGH,
        "wall_m.png": METAL,
        "wall_hm.jpg": HEIGHT,
        "wall_h.png": HEIGHT,
        "wall_si.png": GLOW,
        "wall_illum.vtf": GLOW,
        "wall_e.png": GLOW,
        "wall_orm.png": PACKED,
        "wall_rma.png": PACKED,
        "wall_mra.png": PACKED,
        "wall_MADS.tga": PACKED,
        "wall_PbrData.png": PACKED,
        "wall_masks.tga": PACKED,
    },
}


@pytest.mark.parametrize(
    ("name", "kind"), [pytest.param(name, kind, id=name) for names in VENDORS.values() for name, kind in names.items()]
)
def test_each_vendors_names_are_read(name: str, kind: MapKind | None) -> None:
    verdict = by_name(name)
    assert (verdict.kind if verdict else None) is kind


TRICKY: dict[str, MapKind | None] = {
    # endings that are no endings
    "sRGB.png": None,
    "Wall2B.png": None,
    "n.png": None,
    "d.dds": None,
    "gfx_leaf_b.png": None,
    "rocks_d_03_big.png": None,
    "wall_n_old2_x.png": None,
    "dx.png": None,
    "opengl.png": None,
    "abnormal.png": None,
    "anormaly_01.png": None,
    "colorado.png": None,
    "heighten.png": None,
    "maskerade.png": None,
    "Baroque.png": None,
    "shadow_map.png": None,
    "city_map.png": None,
    "_.png": None,
    "...png": None,
    "2048.png": None,
    "1001.exr": None,
    "4k.png": None,
    # doubled, mixed and odd endings
    "dude_norm.png.cached.dds": NORMAL,
    "dude_diff.tga.dds": BASE,
    "wall_n.TGA": NORMAL,
    "WALL_NORMALMAP.PNG": NORMAL,
    "wallNormalMap_final.png": NORMAL,
    "wall.normal.png": NORMAL,
    "wall normal 2k.png": NORMAL,
    "wall-normal-1024x1024.png": NORMAL,
    "wall (normal).png": NORMAL,
    "wall[n].png": NORMAL,
    "rock_n_2048.png": NORMAL,
    "rock_normal_16bit.png": NORMAL,
    "rock_height_16-bit_raw.exr": HEIGHT,
    "rock_BaseColor_<UDIM>.exr": BASE,
    "rock_BaseColor.1011.exr": BASE,
    "rock_Normal_u1_v2.exr": NORMAL,
    "rock_base_color_v003.png": BASE,
    "rock_ambient_occlusion.png": AO,
    "ROCK_AMBIENT_OCCLUSION_4K.png": AO,
    # a word that rules out another
    "head_object_space_normal.png": DATA,
    "head_ObjectSpaceNormal.png": DATA,
    "head_bent_normal.png": NORMAL,
    "light_map_normal.png": NORMAL,
    "normal_gloss.png": NORMAL,
    "detail_mask.png": PACKED,
    # what is pictured
    "icon-banana.png": SPRITE,
    "skid-particle1.png": SPRITE,
    "grass_billboard.png": SPRITE,
    "noon_skybox.png": ENV,
    "pixel_art/knight.png": PIXELS,
    "pixelart/knight.png": PIXELS,
    "art/16bit/knight.png": PIXELS,
    "8bit/hero.png": PIXELS,
    "hero_8bit.png": None,
    "16bit/terrain_height.png": HEIGHT,
    # data
    "grading_lut.png": DATA,
    "river_flow_map.png": DATA,
    "font_msdf.png": DATA,
    "terrain_splat0.png": DATA,
    "blue_noise_64.png": DATA,
    "light_rgbm.png": DATA,
    "skin_motion_vectors.exr": DATA,
    # other scripts and odd characters
    "стена_normal.png": NORMAL,
    "壁_n.png": NORMAL,
    "mur_détail_n.png": NORMAL,
    "壁.png": None,
}


@pytest.mark.parametrize("name", TRICKY)
def test_tricky_names_are_not_misread(name: str) -> None:
    verdict = by_name(name)
    assert (verdict.kind if verdict else None) is TRICKY[name]


@pytest.mark.parametrize(
    ("name", "convention"),
    [
        ("wall_Normal_OpenGL.png", NormalConvention.OPENGL),
        ("wall_Normal_DirectX.png", NormalConvention.DIRECTX),
        ("wall_NormalOpenGL.png", NormalConvention.OPENGL),
        ("wall_nor_gl_4k.exr", NormalConvention.OPENGL),
        ("wall_nor_dx_4k.exr", NormalConvention.DIRECTX),
        ("wall_1K-JPG_NormalDX.jpg", NormalConvention.DIRECTX),
        ("wall_normal_ogl.png", NormalConvention.OPENGL),
        ("wall_normal_d3d.png", NormalConvention.DIRECTX),
        ("wall_normal.png", None),
        ("dx_wall_normal.png", None),
    ],
)
def test_names_tell_which_way_green_points(name: str, convention: NormalConvention | None) -> None:
    verdict = by_name(name)
    assert verdict is not None
    assert verdict.convention is convention


@pytest.mark.parametrize(
    ("name", "channels"),
    [
        ("a_ORM.png", (AO, ROUGH, METAL)),
        ("a_arm_4k.jpg", (AO, ROUGH, METAL)),
        ("a_RMA.png", (ROUGH, METAL, AO)),
        ("a_MRA.png", (METAL, ROUGH, AO)),
        ("a_OcclusionRoughnessMetallic.png", (AO, ROUGH, METAL)),
        ("a_MetallicSmoothness.tga", (METAL, PACKED, PACKED, GLOSS)),
        ("a_MaskMap.png", (METAL, AO, PACKED, GLOSS)),
        ("a_ORDp.png", (AO, ROUGH, HEIGHT)),
        ("a_mask.png", ()),
        ("a_normal.png", ()),
    ],
)
def test_names_tell_what_channels_hold(name: str, channels: tuple[MapKind, ...]) -> None:
    verdict = by_name(name)
    assert verdict is not None
    assert verdict.channels == channels


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("grading_lut.png", Meaning.LOOKUP),
        ("toon_ramp.png", Meaning.RAMP),
        ("hero_id.png", Meaning.IDS),
        ("terrain_splatmap.png", Meaning.WEIGHTS),
        ("river_flowmap.png", Meaning.FLOW),
        ("font_msdf.png", Meaning.DISTANCE),
        ("flag_vat.exr", Meaning.POSITIONS),
        ("smoke_motionvectors.png", Meaning.MOTION),
        ("head_object_space_normals.png", Meaning.OBJECT_NORMALS),
        ("sky_rgbm.png", Meaning.ENCODED),
        ("luts/warm.png", Meaning.LOOKUP),
        ("wall_n.png", None),
    ],
)
def test_names_tell_what_data_is(name: str, meaning: Meaning | None) -> None:
    verdict = by_name(name)
    assert verdict is not None
    assert verdict.meaning is meaning


def test_words_of_two_meanings_are_believed_less() -> None:
    def confidence(name: str) -> float:
        verdict = by_name(name)
        assert verdict is not None
        return verdict.confidence

    assert confidence("wall_metallic.png") == SURE
    assert confidence("wall_metal.png") == confidence("wall_m.png") == LIKELY
    assert confidence("normal_house.png") < LIKELY
