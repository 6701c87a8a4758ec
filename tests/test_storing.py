"""A result is the same kind of file as its source; what is asked for comes about, and what cannot be kept is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cg_upscaler.errors import UnsupportedImage
from cg_upscaler.geometry import Size
from cg_upscaler.library.chains import as_before, to_blocks
from cg_upscaler.library.config.format import AskedMips, Chain, Format, to_channels, to_mips
from cg_upscaler.library.storing import Content, Stored, changes, plan_storing
from cg_upscaler.library.survey import survey
from cg_upscaler.maps import AlphaMode, ColorSpace, MapKind
from cg_upscaler.pixels.views import Array
from cg_upscaler.spec import Depth, ImageSpec, Storage

COLOUR = Content(MapKind.BASE_COLOR, AlphaMode.NONE, ColorSpace.SRGB, pictured=True)
CUTOUT = replace(COLOUR, alpha=AlphaMode.CUTOUT)
NORMAL = Content(MapKind.NORMAL, AlphaMode.NONE, ColorSpace.DATA, pictured=False)
MASK = replace(NORMAL, kind=MapKind.ROUGHNESS)
LIGHT = replace(COLOUR, kind=MapKind.ENVIRONMENT, color_space=ColorSpace.LINEAR)
DATA = replace(NORMAL, kind=MapKind.DATA)


def spec_of(container: str, channels: int = 3, depth: Depth = Depth.UINT8, **storage: object) -> ImageSpec:
    alpha = channels - 1 if channels == 4 else None
    return ImageSpec(Size(16, 8), channels, depth, container, alpha=alpha, storage=Storage(**storage))  # type: ignore[arg-type]


def planned(spec: ImageSpec, content: Content = COLOUR, *, gray: bool = False, **asked: object) -> Stored:
    dtype = {Depth.UINT8: np.uint8, Depth.UINT16: np.uint16, Depth.HALF: np.float16, Depth.FLOAT: np.float32}[
        spec.depth
    ]
    pixels = np.random.default_rng(1).integers(0, 200, (8, 16, spec.channels)).astype(dtype)
    if gray:
        pixels[:] = pixels[:, :, :1]
    evidence = survey(Array(pixels), spec)
    return plan_storing(spec, evidence, content, Format(**asked), spec.size * 4)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "spec",
    [
        spec_of("dds", 4, encoding="bc7", levels=5, srgb=True),
        spec_of("dds", 4, encoding="bc3", levels=5, legacy=True),
        spec_of("dds", 2, encoding="bc5", levels=3, srgb=False),
        spec_of("dds", 1, encoding="bc4", levels=1, srgb=False),
        spec_of("dds", 4, encoding="bc1", levels=5, slices=3, srgb=True),
        spec_of("tga", 4, encoding="rle", from_bottom=True),
        spec_of("tif", 3, Depth.UINT16, encoding="lzw"),
        spec_of("exr", 4, Depth.HALF, encoding="piz"),
        spec_of("png", 3, Depth.UINT16),
    ],
    ids=lambda spec: f"{spec.container} {spec.storage.encoding}",
)
def test_unless_asked_a_result_is_stored_as_its_source(spec: ImageSpec) -> None:
    made = planned(spec)
    levels = {1: 1, 3: 5, 5: 7}[spec.storage.levels]
    assert made.spec.storage == replace(spec.storage, levels=levels)
    assert (made.spec.container, made.spec.depth, made.spec.channels) == (spec.container, spec.depth, spec.channels)
    assert (made.storing.swizzle, made.storing.curve, made.notes) == ("", None, ())
    assert not changes(spec, Format())


@pytest.mark.parametrize(
    ("spec", "content", "encoding", "channels"),
    [
        (spec_of("png", 3), COLOUR, "bc7", 3),
        (spec_of("png", 4), CUTOUT, "bc7", 4),
        (spec_of("png", 3), NORMAL, "bc5", 2),
        (spec_of("png", 1), MASK, "bc4", 1),
        (spec_of("exr", 3, Depth.HALF), LIGHT, "bc6h", 3),
        (spec_of("png", 4), replace(COLOUR, alpha=AlphaMode.OPAQUE), "bc7", 3),
    ],
)
def test_blocks_follow_from_what_a_map_is(spec: ImageSpec, content: Content, encoding: str, channels: int) -> None:
    made = planned(spec, content, container="dds")
    assert (made.spec.storage.encoding, made.spec.channels) == (encoding, channels)
    assert made.spec.storage.levels == 7  # what loads a DDS looks for them
    assert made.spec.storage.srgb is (content is not LIGHT and content.color_space is ColorSpace.SRGB)


def test_a_gray_mask_stored_as_colour_becomes_one_channel_and_data_loses_nothing() -> None:
    made = planned(spec_of("tga", 3), MASK, gray=True, container="dds")
    assert (made.spec.storage.encoding, made.storing.swizzle) == ("bc4", "r")
    for container in ("dds", "ktx2"):
        assert not planned(spec_of("png", 4), DATA, container=container).spec.lossy
        assert not planned(spec_of("png", 4), container=container, encoding="none").spec.lossy


def test_a_vtf_holds_normals_and_data_without_blocks() -> None:
    for content in (NORMAL, DATA):
        assert not planned(spec_of("png", 3), content, container="vtf").spec.lossy
    for channels, content, encoding in ((3, COLOUR, "bc1"), (4, CUTOUT, "bc3")):
        made = planned(spec_of("png", channels), content, container="vtf").spec
        assert (made.storage.encoding, made.storage.levels, made.lossy) == (encoding, 7, True)


def test_normals_are_given_their_third_channel_where_a_format_has_three() -> None:
    made = planned(spec_of("dds", 2, encoding="bc5"), NORMAL, container="png")
    assert (made.storing.swizzle, made.spec.channels) == ("rgz", 3)


def test_colour_changes_its_curve_between_integers_and_floats_and_masks_do_not() -> None:
    assert planned(spec_of("png"), container="exr").storing.curve is ColorSpace.LINEAR
    assert planned(spec_of("exr", 3, Depth.HALF), LIGHT, container="png").storing.curve is ColorSpace.SRGB
    assert planned(spec_of("png", 1), MASK, container="exr").storing.curve is None
    assert planned(spec_of("png"), container="exr").notes == ("uint8 samples become float",)


def test_a_depth_is_lowered_only_as_far_as_the_format_asks_and_that_is_said() -> None:
    made = planned(spec_of("png", 3, Depth.UINT16), container="tga")
    assert (made.spec.depth, made.notes) == (Depth.UINT8, ("uint16 samples become uint8",))
    with pytest.raises(UnsupportedImage, match="TGA cannot hold uint16 samples"):
        planned(spec_of("png", 3, Depth.UINT16), container="tga", depth=16)


def test_levels_that_a_format_has_no_place_for_are_named() -> None:
    made = planned(spec_of("dds", 4, encoding="bc7", levels=5), container="png")
    assert made.notes == ("PNG has no mip levels: only the first is written",)


def test_an_encoding_of_another_format_is_refused_where_both_are_asked_for_and_passed_over_where_not() -> None:
    pixels = np.zeros((8, 16, 3), np.uint8)
    spec = spec_of("png")
    layered = Format(container="png").model_copy(update={"encoding": "bc7"})  # a rule says the one, the run the other
    with pytest.raises(UnsupportedImage, match="PNG has no encoding 'bc7'"):
        plan_storing(spec, survey(Array(pixels), spec), COLOUR, layered, spec.size)
    made = planned(spec_of("png"), encoding="bc7")
    assert made.spec.storage.encoding == ""
    assert made.notes == ("PNG has no encoding 'bc7': stored as its source is",)


@pytest.mark.parametrize(
    ("source", "levels", "result", "expected"),
    [
        (Size(256, 256), 1, Size(1024, 1024), 1),
        (Size(256, 256), 9, Size(1024, 1024), 11),
        (Size(256, 256), 7, Size(1024, 1024), 9),
        (Size(256, 128), 6, Size(1024, 512), 8),
        (Size(100, 60), 7, Size(400, 240), 9),
        (Size(100, 60), 4, Size(300, 180), 6),
        (Size(4, 4), 1, Size(16, 16), 1),
    ],
)
def test_the_chain_ends_as_that_of_the_source_does(source: Size, levels: int, result: Size, expected: int) -> None:
    assert as_before(source, levels, result) == expected


def test_a_chain_to_four_texels_ends_there() -> None:
    for side in (1, 3, 4, 8, 100, 1024):
        size = Size(side, 4 * side)
        last = size.level(to_blocks(size) - 1)
        assert min(last.width, last.height) >= min(4, side)
        assert to_blocks(size) == 1 or min(size.level(to_blocks(size)).width, 4) < 4


def test_mips_are_asked_for_in_words_or_as_a_share() -> None:
    assert (to_mips(0.5), to_mips("none"), to_mips(True)) == (
        AskedMips(share=0.5),
        AskedMips(Chain.NONE),
        AskedMips(Chain.FULL),
    )
    for wrong in ("some", 0, 1.5, -1, None, "2x2"):
        with pytest.raises(ValueError, match="share of a full chain"):
            to_mips(wrong)


@pytest.mark.parametrize("wrong", ["rgbaa", "rx", "", True, None, 5.0])
def test_channels_that_make_no_sense_are_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match="letters of rgba"):
        to_channels(wrong)


def test_a_channel_that_is_not_there_is_told() -> None:
    with pytest.raises(UnsupportedImage, match=r"has 2 channels, and 'channels: bgr' takes one from 'b'"):
        planned(spec_of("tif", 2), NORMAL, channels="bgr")


@pytest.mark.parametrize(
    ("spec", "asked", "note"),
    [
        (spec_of("png", 4), {"container": "jpg"}, "not kept: its alpha"),
        (spec_of("png", 4), {"channels": "rgb"}, "not kept: its alpha"),
        (spec_of("png", 3), {"container": "dds", "encoding": "bc4"}, "its colours become gray"),
        (spec_of("png", 3), {"container": "dds", "encoding": "bc5"}, "not kept: its blue"),
        (spec_of("png", 3), {"mips": "full"}, "PNG has no mip levels: none are made"),
        (spec_of("png", 3), {"container": "dds", "header": "legacy"}, "BC7 has no header of DirectX 9"),
        (spec_of("exr", 3, Depth.HALF), {"container": "tga"}, "what is above 1 is cut off"),
    ],
)
def test_what_is_lost_or_has_no_effect_is_said(spec: ImageSpec, asked: dict[str, object], note: str) -> None:
    content = LIGHT if spec.depth.is_float else replace(COLOUR, alpha=AlphaMode.MASK if spec.alpha else AlphaMode.NONE)
    assert any(note in said for said in planned(spec, content, **asked).notes)


@pytest.mark.parametrize("container", ["dds", "ktx2", "vtf"])
@pytest.mark.parametrize("depth", [Depth.UINT8, Depth.UINT16, Depth.HALF, Depth.FLOAT])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("content", [COLOUR, MASK, DATA])
def test_everything_has_a_place_in_files_for_graphics_cards(
    container: str, depth: Depth, channels: int, content: Content
) -> None:
    made = planned(spec_of("tif", channels, depth), content, container=container)
    assert made.spec.channels >= min(channels, 2) or made.notes


def test_a_depth_that_blocks_do_not_have_takes_them_away() -> None:
    assert planned(spec_of("png", 3, Depth.UINT16), container="dds", depth=16).spec.storage.encoding == "none"
    with pytest.raises(UnsupportedImage, match="BC7 cannot hold uint16 samples"):
        planned(spec_of("png", 3, Depth.UINT16), container="dds", encoding="bc7", depth=16)


def test_a_palette_is_refused_where_it_would_not_be_written() -> None:
    with pytest.raises(UnsupportedImage, match="TGA holds no palettes"):
        planned(spec_of("png", 3), container="tga", channels="indexed")
