"""What is planned for a library: each texture's groups, where its result goes, and what is refused and why."""

from __future__ import annotations

import json
import os
from dataclasses import fields, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from cg_upscaler.errors import Cancelled, ModelNotFound, UnsupportedImage, UsageError
from cg_upscaler.geometry import Cells, Edge, Edges, Size
from cg_upscaler.job import Action, Band, Group, Job, Outcome, Plan, Receipt, Via
from cg_upscaler.library.classify import Decision
from cg_upscaler.library.config import Config, Handling, TwoX, load
from cg_upscaler.library.plan import make_plan
from cg_upscaler.library.receipts import Receipts, hash_file
from cg_upscaler.library.settings import Means, Settled
from cg_upscaler.library.survey import survey
from cg_upscaler.library.texture import Texture, plan_texture
from cg_upscaler.maps import (
    BICUBIC,
    LINEAR,
    NEAREST,
    PLAIN,
    POLICIES,
    AlphaMode,
    ColorSpace,
    MapKind,
    Meaning,
    NormalConvention,
    Role,
)  # fmt: skip
from cg_upscaler.pixels.views import Array
from cg_upscaler.spec import Depth, DeviceInfo, ImageSpec, ModelInfo, Precision
from cg_upscaler.wire import from_plain, to_plain
from tests.pictures import height_field, normals

DEVICE = DeviceInfo("cpu", "a processor", Precision.MIXED, (Precision.FLOAT32, Precision.MIXED))
OUT = Path("out").absolute()
COLOR = Decision(MapKind.BASE_COLOR, "said so", 1.0, AlphaMode.NONE)
SETTLED = Settled(Means("4x"))
MEANS = {field.name for field in fields(Means)}


def find(name: str, scale: int) -> ModelInfo:
    if name in PLAIN:
        return ModelInfo(name, "resize", scale, 0, 2)
    return {
        "4x": ModelInfo("4x", "rrdb", 4, 3, 64, weights="hash of 4x"),
        "2x": ModelInfo("2x", "rrdb", 2, 3, 64, multiple=2),
        "8x": ModelInfo("8x", "rrdb", 8, 3, 64),
        "gray": ModelInfo("gray", "rrdb", 4, 1, 64),
    }[name]


def noise(channels: int, dtype: type = np.uint8, side: int = 20) -> NDArray[np.generic]:
    values = np.random.default_rng(channels).random((side, side + 4, channels), np.float32)
    if np.issubdtype(dtype, np.floating):
        return values.astype(dtype)
    return (values * np.iinfo(dtype).max).astype(dtype)  # type: ignore[type-var]


def texture(
    pixels: NDArray[np.generic], decision: Decision = COLOR, name: str = "rock.png", **changes: object
) -> Texture:
    height, width, channels = pixels.shape
    depth = {1: Depth.UINT8, 2: Depth.UINT16, 4: Depth.FLOAT}[pixels.dtype.itemsize]
    spec = ImageSpec(Size(width, height), channels, depth, Path(name).suffix[1:], alpha={2: 1, 4: 3}.get(channels))
    spec = replace(spec, **changes)  # type: ignore[arg-type]
    return Texture(name, Path("lib", name), spec, survey(Array(pixels), spec), decision)


def planned(what: Texture, settings: Settled = SETTLED, **changes: object) -> Job:
    means = {name: changes.pop(name) for name in MEANS & changes.keys()}
    settings = replace(settings, means=replace(settings.means, **means), **changes)  # type: ignore[arg-type]
    return plan_texture(what, settings, OUT, DEVICE, find)


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


def test_gray_goes_as_one_channel_however_it_is_stored() -> None:
    gray = noise(1)
    assert shape(planned(texture(gray))) == [(Role.SCALAR, (0,), (0,), "4x")]
    assert shape(planned(texture(np.repeat(gray, 3, axis=2)))) == [(Role.SCALAR, (0,), (0, 1, 2), "4x")]
    almost = np.repeat(gray, 3, axis=2)
    almost[3, 3, 1] ^= 1
    assert shape(planned(texture(almost))) == [(Role.COLOR, (0, 1, 2), (0, 1, 2), "4x")]


def crisp(pixels: np.ndarray) -> np.ndarray:
    """The same with an alpha that is clear or solid, but for a line between."""
    pixels[:, :, -1] = np.where(np.arange(pixels.shape[1]) < 5, 0, 255)
    pixels[:, 5:9, -1] = 90
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
@pytest.mark.parametrize("channels", [2, 3, 4, 5])
def test_every_channel_is_the_target_of_exactly_one_group(kind: MapKind, channels: int) -> None:
    for alpha in (AlphaMode.NONE, AlphaMode.MASK, AlphaMode.BLEND):
        alpha_at = channels - 1 if channels in (4, 5) else None
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
        (BICUBIC, 2, TwoX.QUALITY, Via.DIRECT),
        (BICUBIC, 4, TwoX.FAST, Via.DIRECT),
    ],
)
def test_how_a_model_gives_a_scale(model: str, scale: int, two_x: TwoX, via: Via) -> None:
    job = planned(texture(noise(3)), model=model, scale=scale, two_x=two_x)
    assert only_group(job).passes[0].via is via
    assert job.output_spec is not None
    assert job.output_spec.size == Size(24, 20) * scale


@pytest.mark.parametrize(("model", "scale"), [("2x", 3), ("8x", 4), ("8x", 2)])
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
        (Role.SCALAR, (3,), (3,), BICUBIC),
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
    assert job.notes == ("has 3 channel(s): A declared in 'channels' is not there",)


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


@pytest.mark.parametrize("name", ["lava_cc.dds", "lava_cc.psd"])
def test_what_cannot_be_written_is_written_as_something_else_with_its_suffix_added(name: str) -> None:
    job = planned(texture(noise(3), name=name, lossy=name.endswith("dds"), note="BC1, 9 mips"))
    assert Path(job.output).name == f"{name}.png"
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
    with pytest.raises(UnsupportedImage, match="20000×400, and a WEBP file holds 16383 texels a side"):
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


# A whole library


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return tmp_path / "library"


def put(path: Path, pixels: NDArray[np.generic] | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    ok, data = cv2.imencode(".png", noise(3) if pixels is None else pixels)
    assert ok
    path.write_bytes(data.tobytes())
    return path


def config_for(library: Path, text: str = "", **overrides: object) -> Config:
    file = library.parent / "game.yaml"
    file.write_text(text, encoding="utf-8")
    return load(file, **{"source": library, "output": library.parent / "out", "model": BICUBIC, **overrides})


def plan_of(library: Path, text: str = "", *, only: tuple[str, ...] = (), **overrides: object) -> Plan:
    return make_plan(config_for(library, text, **overrides), device=DEVICE, only=only)


def test_a_library_is_planned_in_the_order_of_its_names(library: Path) -> None:
    for name in ("b/rock.png", "a.png", "B2.png", "c.png"):
        put(library / name)
    plan = plan_of(library)
    assert [job.name for job in plan.jobs] == ["a.png", "b/rock.png", "B2.png", "c.png"]
    assert [Path(job.output).relative_to(plan.output).as_posix() for job in plan.jobs] == [j.name for j in plan.jobs]
    assert plan.problems == ()
    assert not Path(plan.output).exists()
    assert [job.name for job in plan_of(library, only=("b/**",)).jobs] == ["b/rock.png"]


def test_equal_libraries_give_equal_plans_and_plans_survive_the_wire(library: Path) -> None:
    for i in range(6):
        put(library / f"{i}_n.png", noise(3, side=20 + i))
    plan = plan_of(library)
    assert plan_of(library) == plan
    assert from_plain(Plan, json.loads(json.dumps(to_plain(plan)))) == plan


def test_a_texture_that_cannot_be_read_stops_nothing(library: Path) -> None:
    put(library / "good.png")
    put(library / "truncated.png").write_bytes((library / "good.png").read_bytes()[:200])
    (library / "empty.png").touch()
    (library / "pointer.png").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n")
    plan = plan_of(library)
    assert [job.name for job in plan.jobs] == ["good.png"]
    assert [problem.name for problem in plan.problems] == ["empty.png", "pointer.png", "truncated.png"]
    assert all("\n" not in problem.message for problem in plan.problems)


def test_a_texture_beyond_the_pixel_limit_is_a_problem(library: Path) -> None:
    put(library / "rock.png")
    assert len(plan_of(library, "pixel_limit: 100").problems) == 1


def test_rules_name_kinds_skip_and_set(library: Path) -> None:
    for name in ("a.png", "old/b.png", "c.png"):
        put(library / name)
    text = """
rules:
  - match: a.png
    kind: normal
    edges: wrap
  - match: old/
    skip: made anew
  - match: nothing_here.png
    scale: 2
"""
    plan = plan_of(library, text)
    a, c, b = plan.jobs
    assert (a.kind, a.confidence, a.edges) == (MapKind.NORMAL, 1.0, Edges.both(Edge.WRAP))
    assert "rule 'a.png' (game.yaml:3)" in a.why
    assert (b.action, b.why) == (Action.SKIP, "made anew (rule 'old/' (game.yaml:6))")
    assert c.kind is MapKind.BASE_COLOR
    assert plan.notes == ("rule 'nothing_here.png' (game.yaml:8) matches no texture",)
    assert plan_of(library, text, only=("c.png",)).notes == ()


def test_a_skipped_texture_is_not_even_read(library: Path) -> None:
    library.mkdir()
    (library / "broken.png").touch()
    plan = plan_of(library, "rules: [{match: broken.png, skip: known to be broken}]")
    assert plan.problems == ()
    assert plan.jobs[0].action is Action.SKIP


def test_a_rule_can_have_data_upscaled_and_pictures_copied(library: Path) -> None:
    put(library / "fire_lut.png")
    put(library / "rock_color.png")
    assert plan_of(library).jobs[0].action is Action.COPY
    text = "rules: [{match: '*_lut.png', kind: base_color}, {match: rock*, kind: data}]"
    lut, rock = plan_of(library, text).jobs
    assert (lut.action, lut.kind) == (Action.UPSCALE, MapKind.BASE_COLOR)
    assert (rock.action, rock.kind) == (Action.COPY, MapKind.DATA)


def test_files_that_are_no_textures_are_counted(library: Path) -> None:
    put(library / "a.png")
    (library / "notes.txt").touch()
    assert "notes.txt" in plan_of(library).notes[0]
    with pytest.raises(UsageError, match=r"notes\.txt: is no texture by its name"):
        plan_of(library / "notes.txt", output=library.parent / "out")


def test_one_file_is_a_library_too(library: Path) -> None:
    put(library / "a.png")
    put(library / "b.png")
    (job,) = plan_of(library / "a.png").jobs
    assert job.name == "a.png"


def test_an_empty_library_is_an_empty_plan_and_a_missing_one_an_error(library: Path) -> None:
    library.mkdir()
    assert plan_of(library).jobs == ()
    with pytest.raises(UsageError, match="no such file or folder"):
        plan_of(library / "missing", output=library.parent / "out")


def test_sources_that_map_to_one_output_are_both_refused(library: Path) -> None:
    from PIL import Image

    put(library / "lava.dds.png")
    Image.fromarray(noise(3)).save(library / "lava.dds")
    put(library / "lava.png")
    plan = plan_of(library)
    assert [job.name for job in plan.jobs] == ["lava.png"]
    messages = {problem.name: problem.message for problem in plan.problems}
    assert "lava.dds.png" in messages["lava.dds"]
    assert messages["lava.dds.png"].startswith("its result and that of lava.dds would be one file")


def test_names_that_differ_in_case_only_are_both_refused(library: Path) -> None:
    put(library / "a" / "rock.png")
    put(library / "A" / "Rock.png")
    if len(list(library.iterdir())) == 1:
        pytest.skip("this file system does not tell them apart")
    plan = plan_of(library)
    assert plan.jobs == ()
    assert len(plan.problems) == 2


def test_the_library_is_no_output_folder(library: Path) -> None:
    put(library / "a.png")
    with pytest.raises(UsageError, match="the output folder is the library itself"):
        plan_of(library, output=library / "sub" / "..")
    with pytest.raises(UsageError, match="the output folder is the library itself"):
        plan_of(library / "a.png", output=library)
    with pytest.raises(UsageError, match="is no folder"):
        plan_of(library, output=library / "a.png")


def test_a_result_never_takes_the_place_of_a_source(library: Path) -> None:
    put(library / "library" / "a.png")
    put(library / "a.png")
    plan = plan_of(library, output=library.parent)
    assert [job.name for job in plan.jobs] == ["a.png"]
    messages = {problem.name: problem.message for problem in plan.problems}
    assert messages == {"library/a.png": "its result would overwrite the source a.png; choose another output folder"}


def test_a_link_does_not_lead_out_of_the_output_folder(library: Path) -> None:
    put(library / "sub" / "a.png")
    out, elsewhere = library.parent / "out", library.parent / "elsewhere"
    out.mkdir()
    elsewhere.mkdir()
    try:
        (out / "sub").symlink_to(elsewhere, target_is_directory=True)
    except OSError:
        pytest.skip("no links here")
    (problem,) = plan_of(library).problems
    assert problem.message == "its result would lie outside of the output folder; remove the link that leads there"


@pytest.mark.parametrize("out", ["out", "library/out", "library"])
def test_outputs_of_a_run_are_never_its_sources(library: Path, out: str) -> None:
    source = put(library / "x" / "a.png")
    folder = library.parent / out
    result = put(folder / "result.png")
    job = replace(planned(texture(noise(3))), output=str(result))
    with Receipts(folder) as receipts:
        receipts.intend(job, "key", "source")
        receipts.record(Receipt("a.png", Outcome.DONE, str(result), "key", "", hash_file(result)))
    plan = plan_of(library, output=library.parent / "another")
    assert [Path(job.source) for job in plan.jobs] == [source]


def test_a_texture_that_was_seen_is_not_read_again(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(library / "a.png")
    config = config_for(library)
    with Receipts(config.output) as receipts:
        first = make_plan(config, device=DEVICE, receipts=receipts)

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr("cg_upscaler.library.look.codecs.read", refuse)
    with Receipts(config.output, read_only=True) as receipts:
        assert make_plan(config, device=DEVICE, receipts=receipts) == first


def test_progress_is_told_and_can_stop_the_plan(library: Path) -> None:
    for i in range(5):
        put(library / f"{i}.png")
    told: list[tuple[int, int]] = []
    make_plan(config_for(library), device=DEVICE, on_progress=lambda done, total: told.append((done, total)))
    assert told == [(i, 5) for i in range(1, 6)]

    def stop(done: int, total: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        make_plan(config_for(library), device=DEVICE, on_progress=stop)


def test_a_model_that_is_not_there_stops_the_plan(library: Path) -> None:
    put(library / "a.png")
    with pytest.raises(ModelNotFound, match=r"no such weights file"):
        plan_of(library, model="missing.pth")


def test_models_are_found_beside_the_configuration(library: Path) -> None:
    put(library / "a.png")
    with pytest.raises(ModelNotFound) as caught:
        plan_of(library, "rules: [{match: a.png, model: models/own.pth}]")
    assert caught.value.where == os.path.join(library.parent, "models", "own.pth")


def test_a_dry_run_creates_nothing(library: Path) -> None:
    put(library / "a.png")
    config = config_for(library)
    before = sorted(library.parent.rglob("*"))
    with Receipts(config.output, read_only=True) as receipts:
        make_plan(config, device=DEVICE, receipts=receipts)
    assert sorted(library.parent.rglob("*")) == before


# Rules with conditions, profiles, materials, neighbours


def sizes(plan: Plan) -> dict[str, int]:
    return {job.name: job.output_spec.size.width if job.output_spec else 0 for job in plan.jobs}


def test_a_rule_can_ask_what_a_texture_is(library: Path) -> None:
    put(library / "a_color.png", noise(3, side=60))
    put(library / "b_color.png", noise(3, side=20))
    put(library / "b_rough.png", noise(1, side=20))
    text = """
rules:
  - when: {kind: base_color, side: "<=32"}
    scale: 8
  - when: {kind: [roughness, gloss], channels: 1, depth: 8}
    scale: 2
  - when: {side: ">4096"}
    skip: too large
"""
    plan = plan_of(library, text)
    assert sizes(plan) == {"a_color.png": 256, "b_color.png": 192, "b_rough.png": 48}
    assert plan.notes == ("rule '**' (game.yaml:7) matches no texture",)


def test_a_rule_can_set_the_kind_by_size_and_skip_by_kind(library: Path) -> None:
    put(library / "a.png", noise(3, side=10))
    put(library / "b_rough.png", noise(1))
    text = """
rules:
  - when: {side: "<20"}
    kind: pixel_art
  - when: {kind: roughness}
    skip: made anew
"""
    a, b = plan_of(library, text).jobs
    assert (a.kind, a.confidence) == (MapKind.PIXEL_ART, 1.0)
    assert (b.action, b.why) == (Action.SKIP, "made anew (rule '**' (game.yaml:5))")


def test_a_rule_can_ask_for_the_material(library: Path) -> None:
    for name in ("brick_color.png", "brick_rough.png", "wood_color.png"):
        put(library / "walls" / name)
    plan = plan_of(library, "rules: [{when: {material: 'walls/brick*'}, scale: 2}]")
    assert sizes(plan) == {"walls/brick_color.png": 48, "walls/brick_rough.png": 48, "walls/wood_color.png": 96}


def test_declared_channels_make_a_packed_map(library: Path) -> None:
    put(library / "a_mix.png", noise(4))
    (job,) = plan_of(library, "rules: [{match: '*_mix.*', channels: {r: occlusion, g: gloss, b: metallic}}]").jobs
    assert job.kind is MapKind.PACKED
    assert "rule '*_mix.*'" in job.why
    assert [group.holds for group in job.groups] == [MapKind.OCCLUSION, MapKind.GLOSS, MapKind.METALLIC, None]


def test_alpha_said_of_a_kind_reaches_those_that_have_it(library: Path) -> None:
    leaf = np.repeat(noise(1), 4, axis=2)
    leaf[:, :, 3] = np.where(np.arange(24) < 9, 0, 255)
    put(library / "a_color.png", leaf)
    put(library / "b_color.png", noise(3))
    a, b = plan_of(library, "kinds: {base_color: {alpha: cutout, alpha_threshold: 0.25}}").jobs
    assert (a.alpha, a.alpha_threshold) == (AlphaMode.CUTOUT, 0.25)
    assert b.alpha is AlphaMode.NONE
    assert b.notes == ()


def test_a_material_is_lowered_together(library: Path) -> None:
    put(library / "rock_color.png", noise(3, side=40))
    put(library / "rock_rough.png", noise(1, side=16))
    put(library / "wood_rough.png", noise(1, side=16))
    plan = plan_of(library, "max_size: 100")
    assert sizes(plan) == {"rock_color.png": 88, "rock_rough.png": 40, "wood_rough.png": 80}
    notes = {job.name: job.notes for job in plan.jobs}
    assert notes["rock_color.png"] == ("made 2x instead of 4x: no side may be longer than 100 texels",)
    assert notes["rock_rough.png"] == ("made 2x instead of 4x: its material allows no more than 2x",)


def tiles_of(picture: NDArray[np.generic]) -> dict[str, NDArray[np.generic]]:
    """Four UDIM tiles of one picture: 1011 1012 over 1001 1002."""
    half = picture.shape[0] // 2
    return {
        "1011": picture[:half, :half],
        "1012": picture[:half, half:],
        "1001": picture[half:, :half],
        "1002": picture[half:, half:],
    }


def test_tiles_that_go_on_in_each_other_are_seen_together(library: Path) -> None:
    ramp = np.add.outer(np.arange(96), np.arange(96)).astype(np.uint8)
    for number, tile in tiles_of(np.dstack([ramp, ramp // 2, 255 - ramp])).items():
        put(library / f"skin_color.{number}.png", tile)
    frames = {job.name: job.frame for job in plan_of(library).jobs}
    corner = frames["skin_color.1001.png"]
    assert corner is not None
    assert [Path(side.source).name if side else None for side in (corner.left, corner.right, corner.top)] == [
        None,
        "skin_color.1002.png",
        "skin_color.1011.png",
    ]
    assert corner.bottom is None
    assert all(frame is not None and len(frame.neighbours) == 2 for frame in frames.values())


def faces(side: int = 32) -> dict[str, NDArray[np.generic]]:
    """A sky of a smooth colour in each direction, as the six faces of a cube map of OpenGL."""
    x, y, z = np.eye(3)
    axes = {
        "px": (-z, -y, x),
        "nx": (z, -y, -x),
        "py": (x, z, y),
        "ny": (x, -z, -y),
        "pz": (x, -y, z),
        "nz": (-x, -y, -z),
    }
    at = (np.arange(side) + 0.5) / side * 2 - 1
    sky = {}
    for name, (right, down, outward) in axes.items():
        towards = outward + at[None, :, None] * right + at[:, None, None] * down
        towards /= np.linalg.norm(towards, axis=2, keepdims=True)
        sky[name] = (towards @ [[1, 0.2, 0], [0, 1, 0.3], [0.4, 0, 1]] * 80 + 127).astype(np.uint8)
    return sky


def test_faces_of_a_sky_box_are_seen_with_those_around_them_turned_into_place(library: Path) -> None:
    for name, face in faces().items():
        put(library / f"sky_{name}.png", face)
    frames = {job.name: job.frame for job in plan_of(library).jobs}
    assert all(frame is not None and len(frame.neighbours) == 4 for frame in frames.values())
    up = frames["sky_py.png"]
    assert up is not None
    assert up.right is not None
    assert (Path(up.right.source).name, up.right.turns % 2) == ("sky_px.png", 1)


def test_a_face_that_does_not_fit_its_neighbours_is_by_itself(library: Path) -> None:
    sky = faces()
    sky["py"] = np.rot90(sky["py"])  # as another engine has it
    for name, face in sky.items():
        put(library / f"sky_{name}.png", face)
    frames = {job.name: job.frame for job in plan_of(library).jobs}
    assert frames["sky_py.png"] is None
    side = frames["sky_px.png"]
    assert side is not None
    assert side.top is None
    assert len(side.neighbours) == 3


def test_tiles_that_break_off_and_tiles_of_other_sizes_are_by_themselves(library: Path) -> None:
    put(library / "skin_color.1001.png", np.full((48, 48, 3), 40, np.uint8))
    put(library / "skin_color.1002.png", np.full((48, 48, 3), 200, np.uint8))
    put(library / "skin_color.1003.png", np.full((32, 32, 3), 200, np.uint8))
    jobs = plan_of(library).jobs
    assert [job.frame for job in jobs] == [None, None, None]
    assert jobs[1].notes == ("skin_color.1003.png beside it has another size or type: their border may show",)


def test_what_a_material_lacks_is_noted(library: Path) -> None:
    for name in ("a", "b", "c"):
        put(library / f"{name}_color.png")
        put(library / f"{name}_rough.png")
        put(library / f"{name}_n.png", normals(height_field(32)))
    (library / "b_n.png").unlink()
    assert any("b: no normal" in note for note in plan_of(library).notes)
    assert plan_of(library, only=("a*",)).notes == ()


def test_neighbours_of_a_library_that_was_seen_before_give_the_same_plan(library: Path) -> None:
    for number, tile in tiles_of(noise(3, side=64)[:64, :64]).items():
        put(library / f"skin_color.{number}.png", tile)
    config = config_for(library)
    with Receipts(config.output) as receipts:
        assert make_plan(config, device=DEVICE, receipts=receipts) == make_plan(config, device=DEVICE)


def test_what_an_importer_was_told_reaches_the_plan(library: Path) -> None:
    put(library / "thing.png", normals(height_field(32))[..., ::-1])
    (library / "thing.png.meta").write_text("TextureImporter:\n  textureType: 1\n  flipGreenChannel: 0\n")
    (job,) = plan_of(library, "convert_normals: directx").jobs
    assert job.kind is MapKind.NORMAL
    assert "thing.png.meta" in job.why
    assert job.groups[0].flip
