"""Textures that belong together are found by their names, and settle what each other's names leave open."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from cg_upscaler.geometry import Edge, Edges
from cg_upscaler.library.classify import Decision, classify
from cg_upscaler.library.naming.materials import Member, find_materials
from cg_upscaler.library.naming.names import LIKELY
from cg_upscaler.library.naming.neighbours import Neighbour, Neighbours
from cg_upscaler.library.sidecars.verdict import SidecarVerdict
from cg_upscaler.library.survey import survey
from cg_upscaler.maps import AlphaMode, ColorSpace, MapKind, NormalConvention
from cg_upscaler.pixels.views import Array
from tests import pictures
from tests.pictures import spec_of

BASE, NORMAL, ROUGH, GLOSS = MapKind.BASE_COLOR, MapKind.NORMAL, MapKind.ROUGHNESS, MapKind.GLOSS
METAL, AO, HEIGHT, GLOW = MapKind.METALLIC, MapKind.OCCLUSION, MapKind.HEIGHT, MapKind.EMISSIVE
CUT, SPEC, PACKED, ENV = MapKind.OPACITY, MapKind.SPECULAR, MapKind.PACKED, MapKind.ENVIRONMENT


def members(*names: str) -> dict[str, Member]:
    return {member.name: member for material in find_materials(names) for member in material.members}


def kinds(*names: str) -> dict[str, MapKind | None]:
    return {name: member.verdict.kind if member.verdict else None for name, member in members(*names).items()}


def groups(*names: str) -> set[frozenset[str]]:
    return {frozenset(member.name for member in material.members) for material in find_materials(names)}


# Grouping


@pytest.mark.parametrize(
    "names",
    [
        ("brick.png", "brick_n.png", "brick_r.png"),
        ("Brick_COLOR.png", "brick_normal.tga", "BRICK_ao.dds"),
        ("Bricks075A_1K-PNG_Color.png", "Bricks075A_1K-PNG_NormalGL.png", "Bricks075A_1K-PNG_NormalDX.png"),
        ("wall_diff_4k.jpg", "wall_nor_gl_2k.exr", "wall_arm_1k.jpg"),
        ("M001_COL_2K_METALNESS.png", "M001_NRM16_2K_METALNESS.tif", "M001_METALNESS_2K_METALNESS.png"),
        ("sbs_4K_Albedo.jpg", "sbs_4K_Normal_LOD0.jpg", "sbs_8K_Displacement.exr"),
        ("Robot_Base_color.1001.png", "Robot_Normal_OpenGL.1001.png", "Robot_Mixed_AO.1001.png"),
        ("albedo.png", "normal.png", "ao.png"),
        ("T_Rock_D.tga", "T_Rock_N.tga", "T_Rock.tga"),
        ("albedo_rock.png", "normal_rock.png", "roughness_rock.png"),
        ("dude.tga", "dude_norm.png.cached.dds", "dude_spec.png"),
        ("brick.png", "brick.dds"),
        ("3td_Brick_01.jpg", "3td_Brick_01_NRM.png"),
    ],
)
def test_a_materials_maps_are_found_together(names: tuple[str, ...]) -> None:
    assert groups(*names) == {frozenset(names)}


@pytest.mark.parametrize(
    "names",
    [
        ("a/brick_d.png", "b/brick_n.png"),
        ("brick_01_d.png", "brick_02_n.png"),
        ("Wall1_d.png", "Wall2_n.png"),
        ("Wall2A_n.png", "Wall2B_d.png"),
        ("wall_old_d.png", "wall_new_n.png"),
        ("wall.png", "walls.png"),
        ("rock_100_d.png", "rock_200_n.png"),
        ("leaf_a.png", "leaf_b.png"),
    ],
)
def test_what_does_not_belong_together_stays_apart(names: tuple[str, ...]) -> None:
    assert groups(*names) == {frozenset({name}) for name in names}


def test_materials_come_in_the_order_of_their_names_and_know_them() -> None:
    found = find_materials(["b/a_n.png", "a.png", "b/a.png", "c/normal.png"])
    assert [material.name for material in found] == ["b/a", "a", "c"]
    assert [member.name for member in found[0].members] == ["b/a_n.png", "b/a.png"]


def test_nothing_gives_no_materials() -> None:
    assert find_materials([]) == ()


def test_a_sidecars_material_counts_over_names() -> None:
    said = {
        "hero_body.png": SidecarVerdict(BASE, "in hero.gltf", material="hero.gltf Skin"),
        "bumps.png": SidecarVerdict(NORMAL, "in hero.gltf", material="hero.gltf Skin"),
        "hero_eye.png": SidecarVerdict(BASE, "in hero.gltf", material="hero.gltf Eye"),
    }
    names = ["hero_body.png", "bumps.png", "hero_eye.png", "hero_eye_n.png", "hero_hat.png"]
    found = find_materials(names, said)
    assert {material.name: [member.name for member in material.members] for material in found} == {
        "hero.gltf Skin": ["hero_body.png", "bumps.png"],
        "hero.gltf Eye": ["hero_eye.png", "hero_eye_n.png"],
        "hero_hat": ["hero_hat.png"],
    }


def test_large_folders_are_read() -> None:
    names = [f"wall{i}_{ending}.png" for i in range(500) for ending in ("d", "n", "spec")]
    assert len(find_materials(names)) == 500


# Siblings


def test_what_others_are_maps_of_is_the_base_color() -> None:
    assert kinds("brick.png", "brick_n.png", "brick_r.png")["brick.png"] is BASE
    verdict = members("brick.png", "brick_n.png", "brick_r.png")["brick.png"].verdict
    assert verdict is not None
    assert (verdict.why, verdict.confidence) == ("beside brick_n, brick_r", 0.9)
    assert kinds("rusty_metal.png", "rusty_metal_nm.png")["rusty_metal.png"] is BASE
    assert kinds("paint_metallic.png", "paint_metallic_n.png", "paint_metallic_r.png")["paint_metallic.png"] is BASE


def test_where_there_is_a_base_color_the_bare_name_says_nothing() -> None:
    assert kinds("brick.png", "brick_basecolor.png", "brick_normal.png")["brick.png"] is None


def test_a_sure_word_is_believed_beside_one_other() -> None:
    assert kinds("wall_roughness.png", "wall_roughness_ao.png")["wall_roughness.png"] is ROUGH


def test_a_shared_beginning_names_no_map() -> None:
    read = kinds("normal_house.png", "normal_house_d.png", "normal_house_n.png", "normal_tree.png", "normal_tree_d.png")
    assert list(read.values()) == [None, BASE, NORMAL, None, BASE]
    assert kinds("normal_a_house.png", "normal_b_house.png")["normal_a_house.png"] is NORMAL


def test_a_shared_ending_names_no_map() -> None:
    read = kinds(*(f"rock_{word}_2K_METALNESS.png" for word in ("COL", "NRM", "ROUGHNESS", "METALNESS")))
    assert list(read.values()) == [BASE, NORMAL, ROUGH, METAL]
    read = kinds("rock_d_mossy.png", "rock_n_mossy.png", "rock_h_mossy.png", "rock_d.png", "rock_n.png")
    assert list(read.values()) == [BASE, NORMAL, HEIGHT, BASE, NORMAL]
    read = kinds("floor_d_metal.png", "floor_n_metal.png", "floor_r_metal.png")
    assert list(read.values()) == [BASE, NORMAL, ROUGH]


def test_materials_with_a_shared_ending_stay_apart() -> None:
    assert len(groups("rock_d_mossy.png", "rock_n_mossy.png", "rock_d.png", "rock_n.png")) == 2


def test_letters_that_count_on_name_no_map() -> None:
    assert set(kinds(*(f"leaf_{letter}.png" for letter in "abcdefgh")).values()) == {None}


def test_letters_are_believed_in_a_set() -> None:
    read = kinds("w_b.png", "w_n.png", "w_r.png", "w_m.png", "w_o.png", "w_h.png", "w_e.png")
    assert list(read.values()) == [BASE, NORMAL, ROUGH, METAL, AO, HEIGHT, GLOW]
    confidence = {name: member.verdict.confidence for name, member in members(*read).items() if member.verdict}
    assert min(confidence.values()) > LIKELY


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (("w_s.png", "w_d.png", "w_n.png"), SPEC),
        (("w_s.png", "w_d.png", "w_n.png", "w_metallic.png"), GLOSS),
        (("w_s.png", "w_d.png", "w_n.png", "w_specular.png"), GLOSS),
        (("w_m.png", "w_d.png", "w_n.png"), METAL),
        (("w_m.png", "w_d.png", "w_n.png", "w_spec.png"), PACKED),
        (("w_m.png", "w_d.png", "w_n.png", "w_metallic.png"), PACKED),
        (("w_d.png", "w_albedo.png", "w_n.png"), HEIGHT),
        (("w_a.png", "w_d.png", "w_n.png"), CUT),
        (("w_a.png", "w_n.png", "w_r.png"), BASE),
        (("w_o.png", "w_ao.png", "w_n.png"), CUT),
        (("w_b.png", "w.png", "w_n.png", "w_r.png"), HEIGHT),
        (("w_reflection.png", "w_d.png", "w_n.png"), SPEC),
    ],
)
def test_a_letter_means_what_its_set_lacks(names: tuple[str, ...], kind: MapKind) -> None:
    assert kinds(*names)[names[0]] is kind


def test_a_picture_of_something_is_not_made_a_surface_by_its_siblings() -> None:
    assert kinds("icon_sword.png", "icon_sword_n.png")["icon_sword.png"] is MapKind.SPRITE
    assert kinds("ui/button.png", "ui/button_n.png")["ui/button.png"] is MapKind.SPRITE
    assert kinds("sky/dome.png", "sky/dome_n.png")["sky/dome.png"] is BASE


# What is missing


def missing(*names: str) -> dict[str, tuple[str, ...]]:
    return {material.name: material.missing for material in find_materials(names) if material.missing}


def test_what_the_others_of_a_folder_have_is_missed() -> None:
    whole = [f"walls/{name}_{ending}.png" for name in ("brick", "stone", "mud") for ending in ("color", "normal", "ao")]
    assert missing(*whole) == {}
    assert missing(*(name for name in whole if name != "walls/mud_color.png")) == {
        "walls/mud": ("no base color, which the other materials of walls/ have",)
    }
    two_without = [name for name in whole if name not in ("walls/mud_ao.png", "walls/stone_ao.png")]
    assert missing(*two_without) == {}
    assert missing("a_color.png", "a_normal.png", "b_normal.png", "b_ao.png") == {}


# UDIM


def tiles(*numbers: int, maps: tuple[str, ...] = ("BaseColor", "Normal")) -> list[str]:
    return [f"Robot_{kind}.{number}.exr" for kind in maps for number in numbers]


def test_a_udim_set_is_one_material_whose_tiles_know_each_other() -> None:
    (material,) = find_materials(tiles(1001, 1002, 1011, 1012))
    around = {member.name: member.neighbours for member in material.members}
    assert around["Robot_Normal.1001.exr"] == Neighbours(
        right=Neighbour("Robot_Normal.1002.exr"), top=Neighbour("Robot_Normal.1011.exr")
    )
    assert around["Robot_Normal.1012.exr"] == Neighbours(
        left=Neighbour("Robot_Normal.1011.exr"), bottom=Neighbour("Robot_Normal.1002.exr")
    )
    assert material.missing == ()


def test_rows_of_tiles_are_ten_long() -> None:
    found = members(*tiles(1001, 1010, 1011, maps=("color",)))
    assert found["Robot_color.1010.exr"].neighbours == Neighbours()
    assert found["Robot_color.1001.exr"].neighbours.top == Neighbour("Robot_color.1011.exr")


def test_missing_tiles_are_named() -> None:
    (material,) = find_materials([*tiles(1001, 1002, 1004), "Robot_Roughness.1001.exr"])
    assert material.missing == (
        "there is no tile 1003",
        "Robot_Roughness has no tile 1002, which other maps have",
        "Robot_Roughness has no tile 1004, which other maps have",
    )


@pytest.mark.parametrize("form", ["rock_1001_{}.png", "rock_{}_1001.png", "rock_{}_u0_v0.png", "rock_{}.u1_v1.png"])
def test_tiles_are_written_in_many_ways(form: str) -> None:
    other = form.replace("1001", "1002").replace("u0_v0", "u1_v0").replace("u1_v1", "u2_v1")
    found = members(*(name.format(kind) for name in (form, other) for kind in ("color", "normal")))
    assert found[form.format("normal")].neighbours.right == Neighbour(other.format("normal"))
    assert found[form.format("color")].verdict is not None


def test_a_number_alone_is_no_tile() -> None:
    assert len(groups("plate_1950.png", "plate_1807.png", "plate_1234.png")) == 3
    assert members("plate_1950.png", "plate_1807.png")["plate_1950.png"].neighbours == Neighbours()


# Sky boxes

SCHEMES = {
    "quake": ("ft", "bk", "up", "dn", "rt", "lf"),
    "axes": ("px", "nx", "py", "ny", "pz", "nz"),
    "signs": ("posx", "negx", "posy", "negy", "posz", "negz"),
    "words": ("left", "right", "up", "down", "front", "back"),
    "sides": ("Left", "Right", "Top", "Bottom", "Front", "Back"),
}
OUTWARD = [(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)]


def quake_face(word: str, side: int) -> NDArray[np.float64]:
    """Look out of a Quake sky: `st_to_vec` and the order of suffixes of gl_warp.c, transcribed."""
    to_vector = {
        "rt": (3, -1, 2),
        "lf": (-3, 1, 2),
        "bk": (1, 3, 2),
        "ft": (-1, -3, 2),
        "up": (-2, -1, 3),
        "dn": (2, -1, -3),
    }
    centres = (np.arange(side) + 0.5) / side * 2 - 1
    s, t = np.meshgrid(centres, -centres)
    parts = {1: s, 2: t, 3: np.ones_like(s)}
    return light(np.stack([np.sign(axis) * parts[abs(axis)] for axis in to_vector[word]]))


def gl_face(word: str, side: int) -> NDArray[np.float64]:
    """Look out of a cube map as OpenGL 4.6 has it in table 8.19."""
    centres = (np.arange(side) + 0.5) / side * 2 - 1
    s, t = np.meshgrid(centres, centres)
    one = np.ones_like(s)
    direction = {
        "px": (one, -t, -s),
        "nx": (-one, -t, s),
        "py": (s, one, t),
        "ny": (s, -one, -t),
        "pz": (s, -t, one),
        "nz": (-s, -t, -one),
    }[word]
    return light(np.stack(direction))


def light(direction: NDArray[np.float64]) -> NDArray[np.float64]:
    """A smooth sky without any symmetry."""
    x, y, z = direction / np.linalg.norm(direction, axis=0)
    return np.sin(2 * x + 0.5) + np.cos(3 * y + 0.2 * x) + np.sin(1.7 * z + y) * x


@pytest.mark.parametrize(("scheme", "look"), [("quake", quake_face), ("axes", gl_face)])
def test_faces_of_a_sky_box_meet_where_it_is_said(scheme: str, look: object) -> None:
    assert callable(look)
    side = 256
    names = {f"env/dusk_{word}.tga": look(word, side) for word in SCHEMES[scheme]}
    found = members(*names)
    seen = 0
    for name, picture in names.items():
        for edge, (neighbour, turned) in around(found[name].neighbours, names).items():
            own, other = {
                "left": (picture[:, 0], turned[:, -1]),
                "right": (picture[:, -1], turned[:, 0]),
                "top": (picture[0], turned[-1]),
                "bottom": (picture[-1], turned[0]),
            }[edge]
            assert np.abs(own - other).max() < 0.05, f"{name} {edge} {neighbour}"
            seen += 1
    assert seen == 24


def around(
    neighbours: Neighbours, pictures: dict[str, NDArray[np.float64]]
) -> dict[str, tuple[str, NDArray[np.float64]]]:
    found = {edge: getattr(neighbours, edge) for edge in ("left", "right", "top", "bottom")}
    return {edge: (to.name, np.rot90(pictures[to.name], to.turns)) for edge, to in found.items() if to is not None}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_all_ways_to_name_a_sky_box_turn_into_one_cube(scheme: str) -> None:
    names = {side: f"dusk_{word}.png" for side, word in enumerate(SCHEMES[scheme])}
    axes = {side: f"dusk_{word}.png" for side, word in enumerate(SCHEMES["axes"])}
    renamed = dict(zip(axes.values(), names.values(), strict=True))
    wanted = {name: member.neighbours for name, member in members(*axes.values()).items()}
    found = {name: member.neighbours for name, member in members(*names.values()).items()}
    for name, neighbours in wanted.items():
        for edge in ("left", "right", "top", "bottom"):
            to, other = getattr(neighbours, edge), getattr(found[renamed[name]], edge)
            assert (renamed[to.name], to.turns) == (other.name, other.turns)


def test_a_sky_box_is_one_material_of_light() -> None:
    for names in (
        [f"gfx/env/desert{word}.tga" for word in SCHEMES["quake"]],
        [f"sky/{word}.png" for word in SCHEMES["axes"]],
        [f"Sunset{word}.png" for word in SCHEMES["sides"]],
    ):
        (material,) = find_materials(names)
        assert {member.verdict.kind for member in material.members if member.verdict} == {ENV}
        assert material.missing == ()


def test_a_missing_face_is_named() -> None:
    names = [f"gfx/env/desert{word}.tga" for word in SCHEMES["quake"] if word != "dn"]
    (material,) = find_materials(names)
    assert material.missing == ("the sky box has no face dn",)
    sky = find_materials([f"sky_{word}.png" for word in SCHEMES["sides"] if word != "Top"])
    assert [material.missing for material in sky] == [("the sky box has no face top",)]


def test_what_has_sides_is_no_sky_box() -> None:
    assert len(groups("door_front.png", "door_back.png")) == 2
    assert len(groups(*(f"house_{word}.png" for word in ("front", "back", "left", "right", "top")))) == 5
    assert kinds("shelf_left.png", "shelf_right.png")["shelf_left.png"] is None


# The decision as a whole

NORMALS = pictures.normals(pictures.height_field())


def decide(
    name: str, pixels: NDArray[np.generic], sidecar: SidecarVerdict | None = None, *beside: str, **rule: object
) -> Decision:
    spec = spec_of(pixels)
    siblings = members(name, *beside)[name] if beside else None
    seen = survey(Array(pixels), spec)
    return classify(name, spec, seen, sidecar=sidecar, siblings=siblings, **rule)  # type: ignore[arg-type]


def test_a_rule_comes_before_a_sidecar() -> None:
    said = SidecarVerdict(NORMAL, "a normal map in a.png.meta")
    assert decide("a.png", NORMALS, said, kind=BASE, why="rule 1").kind is BASE


def test_a_sidecar_comes_before_a_name() -> None:
    said = SidecarVerdict(HEIGHT, "$heightmap in a.vmt")
    decision = decide("wall_spec.png", pictures.stone(), said)
    assert (decision.kind, decision.why) == (HEIGHT, "$heightmap in a.vmt")
    assert "name ends in spec, but $heightmap in a.vmt" in decision.notes


def test_siblings_come_before_pixels() -> None:
    gray = np.repeat(pictures.as_bytes(pictures.height_field())[..., None], 3, axis=2)
    assert decide("brick.png", gray, None, "brick_n.png", "brick_r.png").why == "beside brick_n, brick_r"


def test_pixels_contradict_a_sidecar() -> None:
    said = SidecarVerdict(NORMAL, "a normal map in a.png.meta", convention=NormalConvention.OPENGL)
    decision = decide("a.png", pictures.stone(), said)
    assert (decision.kind, decision.convention) == (BASE, None)
    assert decision.notes[0].startswith("a normal map in a.png.meta, which says normal, but")
    assert "treated as base color" in decision.notes[0]


def test_a_sidecar_that_says_no_color_rules_out_pictures() -> None:
    said = SidecarVerdict(None, "sRGB is off in a.png.meta", color_space=ColorSpace.DATA)
    assert decide("a.png", pictures.stone(), said).kind is PACKED
    assert decide("a_d.png", pictures.stone(), said).kind is BASE
    assert decide("a.png", NORMALS, said).kind is NORMAL


def test_a_sidecar_tells_what_alpha_is() -> None:
    picture = pictures.with_alpha(pictures.stone(), pictures.height_field())
    cut = SidecarVerdict(BASE, "in a.gltf", alpha=AlphaMode.CUTOUT, alpha_threshold=0.3)
    decision = decide("a.png", picture, cut)
    assert (decision.alpha, decision.alpha_threshold) == (AlphaMode.CUTOUT, 0.3)
    assert decide("leaf.png", picture, SidecarVerdict(BASE, "", alpha=AlphaMode.MASK)).alpha is AlphaMode.MASK
    assert decide("a.png", picture, SidecarVerdict(None, "", transparent=True)).alpha is AlphaMode.BLEND
    assert decide("a.png", pictures.stone(), cut).alpha is AlphaMode.NONE


def test_a_sidecar_tells_what_channels_hold() -> None:
    said = SidecarVerdict(PACKED, "in a.gltf", channels=(PACKED, ROUGH, METAL))
    assert decide("a.png", pictures.stone(), said).channels == (PACKED, ROUGH, METAL)


def test_a_sidecar_forbids_to_wrap_and_does_not_make_it() -> None:
    for edge, said in ((Edge.WRAP, Edge.WRAP), (Edge.MIRROR, Edge.CLAMP), (Edge.MIRROR, Edge.MIRROR)):
        sidecar = SidecarVerdict(None, "sampled in a.png.meta", edges=Edges(Edge.WRAP, said))
        assert decide("a_n.png", NORMALS, sidecar).edges == Edges(Edge.WRAP, edge)
    ramp = np.repeat(pictures.sky(128, 128), 1, axis=0)
    assert decide("a_d.png", ramp, SidecarVerdict(None, "", edges=Edges.both(Edge.WRAP))).edges.y is not Edge.WRAP
