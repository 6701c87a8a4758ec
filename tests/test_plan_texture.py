"""What is planned for one texture: its groups, sizes and passes, where its result goes, and what is refused and why."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cg_upscaler.errors import UnsupportedImage, UsageError
from cg_upscaler.geometry import Cells, Edge, Edges, Size
from cg_upscaler.job import Action, Band, Group, Job, Via
from cg_upscaler.library.classify import Decision
from cg_upscaler.library.config import Handling, TwoX
from cg_upscaler.library.config.settings import Means, Settled
from cg_upscaler.maps import (
    BICUBIC,
    COLORS,
    LINEAR,
    NEAREST,
    POLICIES,
    AlphaMode,
    ColorSpace,
    MapKind,
    Meaning,
    NormalConvention,
    Role,
)
from cg_upscaler.spec import Depth, Precision
from cg_upscaler.wire import from_plain, to_plain
from tests.planning import COLOR, OUT, SETTLED, noise, planned, texture


def shape(job: Job) -> list[tuple[Role, tuple[int, ...], tuple[int, ...], str]]:
    return [(group.role, group.channels, group.targets, group.model) for group in job.groups]


def only_group(job: Job) -> Group:
    (group,) = job.groups
    return group


# Channel groups


def test_colour_goes_together() -> None:
    job = planned(texture(noise(3)))
    group = only_group(job)
    assert shape(job) == [(Role.COLOR, (0, 1, 2), (0, 1, 2), "4x")]
    assert (group.color_space, group.fidelity, group.band) == (ColorSpace.SRGB, 1.0, Band.ALL)
    assert [(step.factor, step.via) for step in group.passes] == [(4, Via.DIRECT)]
    assert group.weights == "hash of 4x"
    assert not group.constant


def test_what_reading_loses_is_told() -> None:
    seen = texture(noise(3))
    seen = replace(seen, spec=replace(seen.spec, note="its ICC profile is not kept"))
    assert planned(seen).notes == ("its ICC profile is not kept",)


def test_gray_goes_as_one_channel_however_it_is_stored() -> None:
    gray = noise(1)
    assert shape(planned(texture(gray))) == [(Role.SCALAR, (0,), (0,), "4x")]
    assert shape(planned(texture(np.repeat(gray, 3, axis=2)))) == [(Role.SCALAR, (0,), (0, 1, 2), "4x")]
    almost = np.repeat(gray, 3, axis=2)
    almost[3, 3, 1] ^= 1
    assert shape(planned(texture(almost))) == [(Role.COLOR, (0, 1, 2), (0, 1, 2), "4x")]


def crisp(pixels: np.ndarray) -> np.ndarray:
    """The same with an alpha that is clear or solid, but for two lines between."""
    pixels[:, :, -1] = np.where(np.arange(pixels.shape[1]) < 5, 0, 255)
    pixels[:, 5, -1], pixels[:, 6, -1] = 60, 190
    return pixels


def test_soft_transparency_is_resampled() -> None:
    """A generator gives glows and smoke a hard rim."""
    job = planned(texture(noise(4), replace(COLOR, alpha=AlphaMode.BLEND)))
    assert shape(job)[1] == (Role.ALPHA, (3,), (3,), BICUBIC)


@pytest.mark.parametrize("alpha", [AlphaMode.BLEND, AlphaMode.CUTOUT])
def test_transparency_goes_through_the_generator_by_itself(alpha: AlphaMode) -> None:
    job = planned(texture(crisp(noise(4)), replace(COLOR, alpha=alpha)))
    assert shape(job)[1] == (Role.ALPHA, (3,), (3,), "4x")
    assert job.alpha is alpha
    assert job.groups[1].color_space is ColorSpace.DATA
    assert job.groups[1].fidelity == (0.0 if alpha is AlphaMode.CUTOUT else 1.0)
    assert job.groups[0].fidelity == 1.0


def test_alpha_of_unclear_meaning_is_resampled() -> None:
    job = planned(texture(noise(4), replace(COLOR, alpha=AlphaMode.MASK)))
    assert shape(job)[1] == (Role.SCALAR, (3,), (3,), BICUBIC)


def test_gray_with_alpha() -> None:
    job = planned(texture(crisp(noise(2)), replace(COLOR, alpha=AlphaMode.BLEND)))
    assert shape(job) == [(Role.SCALAR, (0,), (0,), "4x"), (Role.ALPHA, (1,), (1,), "4x")]


def test_what_is_constant_is_not_generated_whatever_it_is() -> None:
    pixels = noise(4)
    pixels[:, :, 3] = 255
    job = planned(texture(pixels, replace(COLOR, alpha=AlphaMode.OPAQUE)))
    assert [group.constant for group in job.groups] == [False, True]
    flat = np.full((8, 8, 3), 7, np.uint8)
    assert only_group(planned(texture(flat))).constant
    assert only_group(planned(texture(flat, replace(COLOR, kind=MapKind.NORMAL)))).constant


def test_the_key_of_a_constant_texture_does_not_depend_on_the_model() -> None:
    flat = texture(np.full((8, 8, 3), 7, np.uint8))
    assert planned(flat).key("hash") == planned(flat, model="gray").key("hash")


def test_a_channel_with_holes_is_not_constant() -> None:
    pixels = np.full((8, 8, 3), 0.5, np.float32)
    pixels[0, 0, 0] = np.nan
    assert not any(group.constant for group in planned(texture(pixels, name="rock.exr")).groups)


def test_channels_of_a_packed_map_never_meet() -> None:
    pixels = noise(4)
    pixels[:, :, 2] = 9
    job = planned(texture(pixels, replace(COLOR, kind=MapKind.PACKED, alpha=AlphaMode.MASK)))
    assert [group.channels for group in job.groups] == [(0,), (1,), (2,), (3,)]
    assert [group.role for group in job.groups] == [Role.SCALAR] * 4
    assert [group.model for group in job.groups if not group.constant] == ["4x"] * 3
    assert [group.constant for group in job.groups] == [False, False, True, False]
    assert {group.color_space for group in job.groups} == {ColorSpace.DATA}


@pytest.mark.parametrize(("channels", "alpha", "vector"), [(2, None, (0, 1)), (3, None, (0, 1, 2)), (4, 3, (0, 1, 2))])
def test_a_normal_map_is_one_group_of_vectors(channels: int, alpha: int | None, vector: tuple[int, ...]) -> None:
    normal = Decision(MapKind.NORMAL, "", 1.0, AlphaMode.MASK)
    job = planned(texture(noise(channels), normal, alpha=alpha), model=BICUBIC)
    assert job.groups[0].role is Role.NORMAL
    assert job.groups[0].channels == vector
    assert job.groups[0].color_space is ColorSpace.DATA
    assert shape(job)[1:] == [(Role.SCALAR, (3,), (3,), BICUBIC)] * (channels == 4)


def test_a_gray_normal_map_is_still_vectors() -> None:
    job = planned(texture(np.repeat(noise(1), 3, axis=2), replace(COLOR, kind=MapKind.NORMAL)))
    assert shape(job) == [(Role.NORMAL, (0, 1, 2), (0, 1, 2), "4x")]


def test_a_normal_map_of_one_channel_is_refused() -> None:
    with pytest.raises(UnsupportedImage, match=r"has two channels at least.*another kind"):
        planned(texture(noise(1), replace(COLOR, kind=MapKind.NORMAL)))


def test_signed_vectors_go_together_and_stay_signed() -> None:
    signed = noise(3, np.float32) * 2 - 1
    group = only_group(planned(texture(signed, replace(COLOR, kind=MapKind.NORMAL), name="rock_n.exr"), model=BICUBIC))
    assert (group.role, group.channels, group.signed) == (Role.NORMAL, (0, 1, 2), True)


def test_a_swizzled_normal_map_gives_its_vectors_and_leaves_the_rest() -> None:
    """DXT5nm: x in alpha, y in green, z rebuilt; what is in red and blue means nothing."""
    swizzled = replace(COLOR, kind=MapKind.NORMAL, alpha=AlphaMode.MASK, vectors=(3, 1))
    job = planned(texture(noise(4), swizzled), model=BICUBIC)
    assert shape(job)[0] == (Role.NORMAL, (3, 1), (3, 1), BICUBIC)
    assert [(group.role, group.channels) for group in job.groups[1:]] == [(Role.SCALAR, (0,)), (Role.SCALAR, (2,))]


@pytest.mark.parametrize("kind", [kind for kind in MapKind if kind is not MapKind.DATA])
@pytest.mark.parametrize("channels", [2, 3, 4])
def test_every_channel_is_the_target_of_exactly_one_group(kind: MapKind, channels: int) -> None:
    for alpha in (AlphaMode.NONE, AlphaMode.MASK, AlphaMode.BLEND):
        alpha_at = channels - 1 if channels == 4 else None
        job = planned(texture(noise(channels), Decision(kind, "", 1.0, alpha), name="rock.tif", alpha=alpha_at))
        targets = [target for group in job.groups for target in group.targets]
        assert sorted(targets) == list(range(channels))
        assert all(len(group.targets) in (len(group.channels), 3) for group in job.groups)


def test_float_colour_is_light_and_float_data_is_not() -> None:
    pixels = noise(3, np.float32)
    assert only_group(planned(texture(pixels, name="rock.exr"))).color_space is ColorSpace.LINEAR
    rough = replace(COLOR, kind=MapKind.ROUGHNESS)
    assert only_group(planned(texture(pixels, rough, name="rock.exr"))).color_space is ColorSpace.DATA


def test_an_integer_file_that_says_it_is_linear_is_believed_for_colour_only() -> None:
    assert only_group(planned(texture(noise(3), color_space=ColorSpace.LINEAR))).color_space is ColorSpace.LINEAR
    rough = replace(COLOR, kind=MapKind.ROUGHNESS)
    assert only_group(planned(texture(noise(3), rough, color_space=ColorSpace.SRGB))).color_space is ColorSpace.DATA


def test_a_palette_s_dither_is_not_matched_but_its_tones_are() -> None:
    group = only_group(planned(texture(noise(3), indexed=True)))
    assert (group.fidelity, group.band) == (1.0, Band.LOW)


def test_pure_black_and_white_is_not_matched() -> None:
    bilevel = np.where(noise(1) > 127, np.uint8(255), np.uint8(0))
    assert only_group(planned(texture(bilevel))).fidelity == 0.0
    assert only_group(planned(texture(noise(1)))).fidelity == 1.0


def test_of_a_lossy_file_only_the_coarse_part_is_held() -> None:
    assert only_group(planned(texture(noise(3), name="rock.jpg", lossy=True))).band is Band.LOW


def test_deep_textures_and_resampling_run_in_float32() -> None:
    assert only_group(planned(texture(noise(3)))).precision is Precision.MIXED
    assert only_group(planned(texture(noise(3, np.uint16)))).precision is Precision.FLOAT32
    assert only_group(planned(texture(noise(3)), model=BICUBIC)).precision is Precision.FLOAT32
    assert only_group(planned(texture(noise(3)), precision=Precision.BFLOAT16)).precision is Precision.BFLOAT16


# Scales


@pytest.mark.parametrize(
    ("model", "scale", "two_x", "via"),
    [
        ("4x", 4, TwoX.QUALITY, Via.DIRECT),
        ("4x", 2, TwoX.QUALITY, Via.REDUCE),
        ("4x", 2, TwoX.FAST, Via.SHRINK),
        ("2x", 2, TwoX.QUALITY, Via.DIRECT),
        ("2x", 2, TwoX.FAST, Via.DIRECT),
        ("8x", 4, TwoX.QUALITY, Via.REDUCE),
        ("8x", 2, TwoX.FAST, Via.REDUCE),
        (BICUBIC, 2, TwoX.QUALITY, Via.DIRECT),
        (BICUBIC, 4, TwoX.FAST, Via.DIRECT),
    ],
)
def test_how_a_model_gives_a_scale(model: str, scale: int, two_x: TwoX, via: Via) -> None:
    job = planned(texture(noise(3)), model=model, scale=scale, two_x=two_x)
    assert only_group(job).passes[0].via is via
    assert job.output_spec is not None
    assert job.output_spec.size == Size(24, 20) * scale


@pytest.mark.parametrize(("model", "scale"), [("2x", 3)])
def test_a_scale_that_a_model_cannot_give_is_refused(model: str, scale: int) -> None:
    with pytest.raises(UsageError, match=f"model {model} is {model} and cannot give {scale}x; choose a"):
        planned(texture(noise(3)), model=model, scale=scale)


def test_a_model_of_too_few_channels_is_refused_for_colour_only() -> None:
    with pytest.raises(UsageError, match=r"takes 1 channel\(s\), and color has 3; choose another model"):
        planned(texture(noise(3)), model="gray")
    assert only_group(planned(texture(noise(1)), model="gray")).model == "gray"


def test_the_cut_is_that_of_what_the_generator_sees() -> None:
    wide = texture(noise(3, side=65))  # 69 × 65: covered by a tile of 128; shrunk to 35 × 33, by one of 64
    assert only_group(planned(wide, scale=2)).passes[0].cut.tile == 128
    assert only_group(planned(wide, scale=2, two_x=TwoX.FAST)).passes[0].cut.tile == 64


# Packed maps

PACKED = Decision(MapKind.PACKED, "said so", 1.0, AlphaMode.MASK)
ORMH = {0: MapKind.OCCLUSION, 1: MapKind.ROUGHNESS, 2: MapKind.METALLIC, 3: MapKind.HEIGHT}


def holding(channels: dict[int, MapKind], **parts: Means) -> Settled:
    """Settings under which channels hold kinds by themselves, each with the model of its policy."""
    models = {kind: Means(POLICIES[kind].model or "4x") for kind in channels.values()}
    return replace(SETTLED, channels=channels, declared=True, parts={**models, **parts})  # type: ignore[arg-type]


def test_each_channel_of_a_packed_map_goes_as_what_it_is() -> None:
    job = planned(texture(noise(4), PACKED), holding(ORMH))
    assert [group.holds for group in job.groups] == list(ORMH.values())
    assert shape(job) == [
        (Role.SCALAR, (0,), (0,), "4x"),
        (Role.SCALAR, (1,), (1,), "4x"),
        (Role.SCALAR, (2,), (2,), "4x"),
        (Role.SCALAR, (3,), (3,), COLORS),
    ]


def test_x_and_y_of_a_normal_in_a_packed_map_stay_together() -> None:
    held = {0: MapKind.NORMAL, 1: MapKind.NORMAL, 2: MapKind.ROUGHNESS, 3: MapKind.OCCLUSION}
    job = planned(texture(noise(4), PACKED), holding(held))
    assert shape(job)[0] == (Role.NORMAL, (0, 1), (0, 1), BICUBIC)
    assert [group.channels for group in job.groups] == [(0, 1), (2,), (3,)]


def test_a_color_in_a_packed_map_stays_together_and_is_a_color() -> None:
    held = {**dict.fromkeys((0, 1, 2), MapKind.BASE_COLOR), 3: MapKind.ROUGHNESS}
    job = planned(texture(noise(4), PACKED), holding(held))
    assert [(group.role, group.color_space) for group in job.groups] == [
        (Role.COLOR, ColorSpace.SRGB),
        (Role.SCALAR, ColorSpace.DATA),
    ]


def test_data_and_what_is_unused_in_a_packed_map_is_nearest() -> None:
    job = planned(texture(noise(3), PACKED), holding({0: MapKind.DATA, 1: MapKind.ROUGHNESS}))
    assert {group.channels: group.model for group in job.groups} == {(0,): NEAREST, (1,): "4x", (2,): BICUBIC}


def test_declared_channels_that_a_file_lacks_are_noted() -> None:
    job = planned(texture(noise(3), PACKED), holding(ORMH))
    assert [group.channels for group in job.groups] == [(0,), (1,), (2,)]
    assert job.notes == ("'channels' declares A, and it has 3 channel(s): left out",)


def test_alpha_of_any_map_may_hold_a_map() -> None:
    job = planned(texture(noise(4), replace(COLOR, alpha=AlphaMode.MASK)), holding({3: MapKind.ROUGHNESS}))
    assert shape(job)[1] == (Role.SCALAR, (3,), (3,), "4x")
    assert job.groups[1].holds is MapKind.ROUGHNESS


# What is no picture


@pytest.mark.parametrize(
    ("meaning", "model"), [(Meaning.IDS, NEAREST), (Meaning.WEIGHTS, LINEAR), (Meaning.DISTANCE, LINEAR)]
)
def test_data_is_resampled_only_where_asked_and_as_fits(meaning: Meaning, model: str) -> None:
    data = texture(noise(3), Decision(MapKind.DATA, "", 1.0, AlphaMode.NONE, meaning=meaning))
    assert planned(data).action is Action.COPY
    job = planned(data, data=Handling.FIT)
    assert [(group.model, group.fidelity) for group in job.groups] == [(model, 0.0)] * 3
    assert job.output_spec is not None
    assert job.output_spec.size == Size(96, 80)


@pytest.mark.parametrize("meaning", [None, Meaning.LOOKUP, Meaning.POSITIONS])
def test_data_that_no_resampling_fits_is_copied_and_that_is_said(meaning: Meaning | None) -> None:
    job = planned(
        texture(noise(3), Decision(MapKind.DATA, "", 1.0, AlphaMode.NONE, meaning=meaning)), data=Handling.FIT
    )
    assert job.action is Action.COPY
    assert job.notes[0].startswith("no resampling keeps it what it is")


def test_pixel_art_stays_squares() -> None:
    art = texture(noise(4), Decision(MapKind.PIXEL_ART, "", 1.0, AlphaMode.CUTOUT))
    job = planned(art, model=NEAREST, size=70)
    assert {group.model for group in job.groups} == {NEAREST}
    assert {group.fidelity for group in job.groups} == {0.0}
    assert job.output_spec is not None
    assert job.output_spec.size == Size(48, 40)
    assert planned(art, model=NEAREST, scale=0.5).action is Action.COPY


def test_cells_of_a_sheet_never_wrap_and_have_to_divide_it() -> None:
    sheet = texture(noise(4, side=20))  # 24 × 20
    job = planned(sheet, cells=Cells(3, 2, 1), edges=Edges.both(Edge.WRAP))
    assert (job.cells, job.edges) == (Cells(3, 2, 1), Edges())
    assert job.groups[0].passes[0].cut.tile == 32
    with pytest.raises(UnsupportedImage, match=r"5×2 cells with gutters of 0 do not divide its 24×20 texels; correct"):
        planned(sheet, cells=Cells(5, 2))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("fx/explosion_4x4.png", True),
        ("coin6x2.png", False),  # 24 texels in 6 columns are too few for frames
        ("smoke2x1_loop.png", True),
        ("hit_5x2.png", False),  # does not divide it
        ("icon_24x20.png", False),
        ("poster_1x1.png", False),
        ("photo_1024x1024.png", False),
    ],
)
def test_a_grid_in_the_name_of_a_sprite_is_told(name: str, said: bool) -> None:
    pixels = noise(4, side=20) if "4x4" not in name else np.tile(noise(4, side=20), (2, 2, 1))
    sprite, color = replace(COLOR, kind=MapKind.SPRITE), replace(COLOR, alpha=AlphaMode.BLEND)
    for decision in (sprite, color):
        notes = [note for note in planned(texture(pixels, decision, name=name)).notes if "sheet of frames" in note]
        assert bool(notes) is said
    if said:
        grid = "4x4" if "4x4" in name else "2x1"
        assert notes == [f"its name says {grid}: if it is a sheet of frames, say 'cells: {grid}' in a rule"]
    told = planned(texture(pixels, sprite, name=name), cells=Cells(2, 2)).notes
    opaque = planned(texture(pixels, COLOR, name=name)).notes
    assert not any("sheet of frames" in note for note in (*told, *opaque))


def test_heights_on_vertices_are_only_resampled_and_that_is_said() -> None:
    heights = texture(noise(1)[:17, :17], Decision(MapKind.HEIGHT, "", 1.0, AlphaMode.NONE))
    job = planned(heights)
    assert job.vertices
    assert only_group(job).passes == ()
    assert only_group(job).model == BICUBIC
    assert job.notes == ("its texels stand on the vertices of a grid: resampled, and not put through 4x",)
    assert planned(heights, model=BICUBIC).notes == ()


# How each group goes


def test_eight_times_as_large_takes_two_passes_the_smaller_first() -> None:
    steps = only_group(planned(texture(noise(3)), scale=8)).passes
    assert [(step.factor, step.via) for step in steps] == [(2, Via.REDUCE), (4, Via.DIRECT)]
    assert steps[1].cut.tile == 64  # the second is shown twice as much
    steps = only_group(planned(texture(noise(3)), scale=8, model="2x")).passes
    assert [step.factor for step in steps] == [2, 2, 2]
    assert [step.factor for step in only_group(planned(texture(noise(3)), scale=8, model=BICUBIC)).passes] == [8]
    assert [step.via for step in only_group(planned(texture(noise(3)), scale=3)).passes] == [Via.REDUCE]


def test_what_only_shrinks_asks_no_generator() -> None:
    job = planned(texture(noise(3)), scale=0.5)
    assert (only_group(job).passes, only_group(job).model, only_group(job).weights) == ((), BICUBIC, "")
    assert job.output_spec is not None
    assert job.output_spec.size == Size(12, 10)


def test_what_keeps_its_size_is_copied() -> None:
    job = planned(texture(noise(3)), scale=1)
    assert (job.action, job.notes) == (Action.COPY, ("scale 1: copied",))


def test_flat_art_is_not_matched_unless_somebody_insists() -> None:
    flat = np.zeros((64, 64, 3), np.uint8)
    flat[8:40, 8:40], flat[30:60, 30:60] = (200, 30, 30), (20, 90, 180)
    assert only_group(planned(texture(flat))).fidelity == 0.0
    assert only_group(planned(texture(flat), insisted=True)).fidelity == 1.0
    assert only_group(planned(texture(flat, replace(COLOR, kind=MapKind.ROUGHNESS)))).fidelity == 1.0
    cutout = planned(texture(crisp(noise(4)), replace(COLOR, alpha=AlphaMode.CUTOUT)), insisted=True)
    assert cutout.groups[1].fidelity == 0.0


def test_premultiplied_transparency_goes_like_any_other() -> None:
    job = planned(texture(crisp(noise(4)), replace(COLOR, alpha=AlphaMode.PREMULTIPLIED)))
    assert shape(job)[1] == (Role.ALPHA, (3,), (3,), "4x")
    soft = planned(texture(noise(4), replace(COLOR, alpha=AlphaMode.PREMULTIPLIED)))
    assert shape(soft)[1] == (Role.ALPHA, (3,), (3,), BICUBIC)


def test_grain_and_gamma_are_of_pictures_that_are_drawn() -> None:
    job = planned(texture(crisp(noise(4)), replace(COLOR, alpha=AlphaMode.BLEND)), grain=0.5, gamma=0.8)
    assert [(group.grain, group.gamma) for group in job.groups] == [(0.5, 0.8), (0.0, 1.0)]
    resampled = planned(texture(noise(3)), model=BICUBIC, grain=0.5, gamma=0.8)
    assert (only_group(resampled).grain, only_group(resampled).gamma) == (0.0, 1.0)


def test_a_color_space_can_be_said() -> None:
    job = planned(texture(noise(3)), color_space=ColorSpace.LINEAR)
    assert job.output_spec is not None
    assert (only_group(job).color_space, job.output_spec.color_space) == (ColorSpace.LINEAR,) * 2
    normal = planned(texture(noise(3), replace(COLOR, kind=MapKind.NORMAL)), color_space=ColorSpace.SRGB)
    assert only_group(normal).color_space is ColorSpace.DATA


# Conventions

NORMAL = Decision(MapKind.NORMAL, "said so", 1.0, AlphaMode.NONE)
GL, DX = NormalConvention.OPENGL, NormalConvention.DIRECTX


@pytest.mark.parametrize(
    ("found", "sure", "said", "wanted", "flip"),
    [
        (GL, 0.9, None, DX, True),
        (DX, 0.9, None, DX, False),
        (None, 0.0, GL, DX, True),
        (DX, 0.9, GL, DX, True),
        (DX, 0.2, DX, DX, False),
        (GL, 0.9, None, None, False),
    ],
)
def test_normals_are_turned_on_request(
    found: NormalConvention | None,
    sure: float,
    said: NormalConvention | None,
    wanted: NormalConvention | None,
    flip: bool,
) -> None:
    decision = replace(NORMAL, convention=found, convention_confidence=sure)
    job = planned(texture(noise(3), decision), model=BICUBIC, convention=said, convert=wanted)
    assert only_group(job).flip is flip
    assert any("turned from opengl to directx" in note for note in job.notes) is flip


def test_normals_can_be_turned_at_their_own_size() -> None:
    decision = replace(NORMAL, convention=GL, convention_confidence=0.9)
    job = planned(texture(noise(3), decision), convert=DX, scale=1)
    assert (job.action, only_group(job).flip, only_group(job).passes) == (Action.UPSCALE, True, ())


@pytest.mark.parametrize("found", [None, GL])
def test_normals_of_no_known_convention_are_not_turned_by_guess(found: NormalConvention | None) -> None:
    decision = replace(NORMAL, convention=found, convention_confidence=0.2)
    with pytest.raises(UnsupportedImage, match=r"is to be converted to directx normals.*say 'normal_convention'"):
        planned(texture(noise(3), decision), convert=DX)
    flat = np.full((8, 8, 3), (128, 128, 255), np.uint8)
    assert not only_group(planned(texture(flat, decision), convert=DX)).flip


# Where it goes and as what


def test_the_result_is_the_same_kind_of_file_under_the_same_name() -> None:
    job = planned(texture(noise(4, np.uint16), replace(COLOR, alpha=AlphaMode.MASK), name="walls/a.b.tif"))
    assert Path(job.output) == OUT / "walls" / "a.b.tif"
    spec = job.output_spec
    assert spec is not None
    assert (spec.size, spec.channels, spec.depth, spec.alpha) == (Size(96, 80), 4, Depth.UINT16, 3)
    assert spec.container == "tif"
    assert job.scale == 4


def test_what_cannot_be_written_is_written_as_something_else_with_its_suffix_added() -> None:
    job = planned(texture(noise(3), name="lava_cc.psd", note="layers"))
    assert Path(job.output).name == "lava_cc.psd.png"
    assert job.output_spec is not None
    assert (job.output_spec.container, job.output_spec.lossy, job.output_spec.note) == ("png", False, "")
    assert any("PNG" in note.upper() for note in job.notes)


def test_data_gets_no_colour_tag_and_a_palette_becomes_plain_colour() -> None:
    rough = planned(texture(noise(3), replace(COLOR, kind=MapKind.ROUGHNESS), indexed=True))
    assert rough.output_spec is not None
    assert rough.output_spec.color_space is ColorSpace.DATA
    assert not rough.output_spec.indexed
    assert "a palette is written as plain colour" in rough.notes


def test_data_is_copied_as_it_is() -> None:
    job = planned(texture(noise(3), Decision(MapKind.DATA, "a look-up strip", 0.9, AlphaMode.NONE), name="lut.dds"))
    assert (job.action, job.groups, job.output_spec) == (Action.COPY, (), None)
    assert Path(job.output) == OUT / "lut.dds"
    assert job.why == "a look-up strip"
    assert job.megapixels == 0


def test_a_result_that_its_format_cannot_hold_is_refused() -> None:
    big = replace(texture(noise(3), name="sky.webp").spec, size=Size(5000, 100))
    with pytest.raises(UnsupportedImage, match="WebP cannot hold 20000×400, only up to 16383 texels a side"):
        planned(replace(texture(noise(3), name="sky.webp"), spec=big), max_size=30_000)


def test_a_result_is_no_larger_than_graphics_hardware_loads() -> None:
    what = texture(noise(3))
    job = planned(replace(what, spec=replace(what.spec, size=Size(5000, 100))))
    assert job.output_spec is not None
    assert job.output_spec.size == Size(15000, 300)
    assert job.notes == ("made 3x instead of 4x: no side may be longer than 16384 texels",)


def test_a_job_survives_the_wire() -> None:
    job = planned(texture(noise(4), replace(COLOR, alpha=AlphaMode.CUTOUT)))
    assert from_plain(Job, json.loads(json.dumps(to_plain(job)))) == job
