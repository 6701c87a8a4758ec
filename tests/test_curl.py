"""Which way green points is seen from the slopes, and claimed only where they are those of a surface."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from cg_upscaler import codecs
from cg_upscaler.library.classify import Decision, classify
from cg_upscaler.library.survey import survey
from cg_upscaler.maps import MapKind, NormalConvention
from cg_upscaler.pixels.views import Array
from tests import pictures, unusual
from tests.pictures import as_bytes, spec_of

GL, DX = NormalConvention.OPENGL, NormalConvention.DIRECTX
NORMALS = pictures.normals(pictures.height_field())
"""Y+, as OpenGL has it."""
FLIPPED = np.dstack([NORMALS[..., 0], 255 - NORMALS[..., 1], NORMALS[..., 2]])
EXAMPLES = Path(__file__).parent.parent / "examples" / "textures"


def decide(name: str, pixels: NDArray[np.generic]) -> Decision:
    spec = spec_of(pixels)
    return classify(name, spec, survey(Array(np.ascontiguousarray(pixels)), spec))


@pytest.mark.parametrize(("pixels", "convention"), [(NORMALS, GL), (FLIPPED, DX)])
def test_the_sign_of_green_is_seen(pixels: pictures.Picture, convention: NormalConvention) -> None:
    for name in ("wall_n.png", "x.png"):
        decision = decide(name, pixels)
        assert decision.convention is convention
        assert decision.convention_confidence > 0.9


def test_turning_a_map_by_half_a_turn_keeps_its_convention() -> None:
    turned = 255 - NORMALS[::-1, ::-1, :2]
    assert decide("wall_n.png", np.dstack([turned, NORMALS[::-1, ::-1, 2]])).convention is GL


@pytest.mark.parametrize(
    "pixels",
    [
        np.full((64, 64, 3), (128, 128, 255), np.uint8),
        pictures.normals(np.tile(np.sin(np.arange(128) / 10)[None], (128, 1)), 2.0),
        np.random.default_rng(0).integers(120, 136, (128, 128, 3), np.uint8) // [1, 1, 255] + [0, 0, 255],
    ],
    ids=["flat", "one-directional", "noise"],
)
def test_what_does_not_tell_is_not_claimed(pixels: NDArray[np.generic]) -> None:
    decision = decide("wall_n.png", pixels.clip(0, 255).astype(np.uint8))
    assert decision.kind is MapKind.NORMAL
    assert decision.convention is None
    assert decision.convention_confidence == 0


def test_a_name_against_its_pixels_is_noted() -> None:
    decision = decide("wall_normal_gl.png", FLIPPED)
    assert decision.convention is GL
    assert decision.convention_confidence < 0.5
    assert any("its slopes are those of a surface in directx" in note for note in decision.notes)
    agreed = decide("wall_normal_dx.png", FLIPPED)
    assert (agreed.convention, agreed.notes) == (DX, ())


def test_a_flow_is_no_surface() -> None:
    assert decide("x.png", unusual.flow()).kind is not MapKind.NORMAL


Z = NORMALS[..., 2]
ONES, NOTHING = np.full_like(Z, 255), np.zeros_like(Z)
OTHER = as_bytes(pictures.height_field(seed=8) * 0.4)


@pytest.mark.parametrize(
    ("channels", "vectors"),
    [
        ((NORMALS[..., 0], NORMALS[..., 1], Z), (0, 1, 2)),
        ((NORMALS[..., 0], NORMALS[..., 1], Z, OTHER), (0, 1, 2)),
        ((ONES, NORMALS[..., 1], NOTHING, NORMALS[..., 0]), (3, 1)),
        ((NORMALS[..., 1], NORMALS[..., 1], NORMALS[..., 1], NORMALS[..., 0]), (3, 1)),
        ((NOTHING, NORMALS[..., 1], Z, NORMALS[..., 0]), (3, 1, 2)),
        ((NORMALS[..., 0], NORMALS[..., 1], OTHER), (0, 1)),
        ((NORMALS[..., 0], NORMALS[..., 1], NOTHING), (0, 1)),
    ],
    ids=["XYZ", "XYZ and gloss", "DXT5nm", "AG", "RXGB", "XY and another", "XY"],
)
def test_vectors_are_found_in_their_channels(channels: tuple[pictures.Picture, ...], vectors: tuple[int, ...]) -> None:
    decision = decide("wall_n.dds", np.dstack(channels))
    assert decision.kind is MapKind.NORMAL
    assert decision.vectors == vectors
    assert decision.convention is GL
    if vectors != (3, 1) or channels[0] is ONES:
        assert decide("x.dds", np.dstack(channels)).vectors == vectors


def test_two_channels_are_x_and_y() -> None:
    pixels = np.ascontiguousarray(NORMALS[..., :2])
    spec = pictures.spec_of(NORMALS)
    two = type(spec)(spec.size, 2, spec.depth, "dds")
    decision = classify("x.dds", two, survey(Array(pixels), two))
    assert (decision.kind, decision.vectors, decision.convention) == (MapKind.NORMAL, (0, 1), GL)


def test_signed_vectors_are_normals() -> None:
    signed = (FLIPPED / 255.0 * 2 - 1).astype(np.float32)
    spec = spec_of(signed)
    evidence = survey(Array(signed), spec)
    assert evidence.vectors.signed
    decision = classify("x.exr", spec, evidence)
    assert (decision.kind, decision.convention) == (MapKind.NORMAL, DX)


@pytest.mark.parametrize(
    ("file", "convention"),
    [
        ("architecture/brick/3td_BrickOldRound_01_NRM.png", DX),
        ("environment/ground/Ground010_1K_Normal.png", DX),
        ("environment/forest/forest_floor_nm.jpg", GL),
    ],
)
def test_real_maps_are_told_apart(file: str, convention: NormalConvention) -> None:
    image = codecs.read(EXAMPLES / file)
    decision = classify("x.png", image.spec, survey(image, image.spec))
    assert (decision.kind, decision.convention) == (MapKind.NORMAL, convention)
