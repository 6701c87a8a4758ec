"""The engine for programs."""

import cv2
import numpy as np
import pytest

from cg_upscaler import Upscaler, codecs
from cg_upscaler.errors import ForeignOutput, OutputError, UsageError
from cg_upscaler.geometry import Edge, Edges
from cg_upscaler.maps import AlphaMode, MapKind
from tests.fakes import noise


@pytest.fixture(scope="module")
def plain():
    return Upscaler(model="bicubic")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float16, np.float32])
@pytest.mark.parametrize("channels", [0, 1, 3, 4])
def test_an_array_comes_back_larger_in_its_own_type_and_shape(plain, dtype, channels):
    pixels = noise(12, 10, channels or 1)
    pixels = pixels.astype(np.uint16) * 257 if dtype is np.uint16 else pixels
    pixels = (pixels.astype(np.float32) / 255).astype(dtype) if np.dtype(dtype).kind == "f" else pixels
    pixels = pixels if channels else pixels[:, :, 0]
    before = pixels.copy()
    larger = plain.array(pixels, kind="base_color", alpha="mask" if channels == 4 else None)
    assert larger.dtype == dtype
    assert larger.shape == (48, 40, *pixels.shape[2:])
    assert np.array_equal(pixels, before)


def test_normals_given_as_such_are_unit_vectors_afterwards(plain):
    pixels = np.dstack([noise(16, 16, 2), np.full((16, 16), 230, np.uint8)])
    vectors = plain.array(pixels, kind=MapKind.NORMAL) / 127.5 - 1
    assert np.abs(np.linalg.norm(vectors, axis=2) - 1).max() < 0.01


def test_edges_are_the_callers(plain):
    pixels = noise(16, 16, 3)
    wrap = Edges.both(Edge.WRAP)
    rolled = plain.array(np.roll(pixels, 3, 1), kind="base_color", edges=wrap).astype(int)
    straight = plain.array(pixels, kind="base_color", edges=wrap).astype(int)
    assert np.abs(rolled - np.roll(straight, 12, 1)).max() <= 1


def test_how_far_a_model_looks_is_measured_where_it_is_not_known(plain, monkeypatch):
    asked = []
    monkeypatch.setattr("cg_upscaler.api.reach_on", lambda device: asked.append(device) or (lambda model: None))
    plain.array(noise(12, 10, 3), kind="base_color")
    assert [device.name for device in asked] == [plain._device.name]


def test_a_file_comes_back_with_the_job_that_did_it(plain, tmp_path):
    source = tmp_path / "rock_rough.png"
    source.write_bytes(cv2.imencode(".png", noise(9, 7, 1))[1].tobytes())
    job = plain.file(source, tmp_path / "larger.png")
    assert job.kind is MapKind.ROUGHNESS
    assert job.alpha is AlphaMode.NONE
    assert codecs.probe(tmp_path / "larger.png").size == codecs.probe(source).size * 4
    with pytest.raises(ForeignOutput, match="already"):
        plain.file(source, tmp_path / "larger.png")
    plain.file(source, tmp_path / "larger.png", overwrite=True)
    plain.file(source, tmp_path / "larger.tga")
    assert codecs.probe(tmp_path / "larger.tga").container == "tga"
    plain.file(source, tmp_path / "larger.hdr")  # which holds three channels of floats alone
    assert codecs.probe(tmp_path / "larger.hdr").size == codecs.probe(source).size * 4
    with pytest.raises(OutputError, match=r"larger\.xyz"):
        plain.file(source, tmp_path / "larger.xyz")


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (np.zeros((4, 4), np.int32), "int32"),
        (np.zeros((4, 0, 3), np.uint8), "shape"),
        (np.zeros((4, 4, 7), np.uint8), "shape"),
        (np.zeros(4, np.uint8), "shape"),
    ],
)
def test_what_is_no_picture_is_refused_in_words(plain, pixels, message):
    with pytest.raises(UsageError, match=message):
        plain.array(pixels)


@pytest.mark.parametrize("given", ["rock.png", None, [[0, 1], [2, 3]]])
def test_what_is_no_array_is_refused_in_words(plain, given):
    with pytest.raises(UsageError, match=r"is no array; pass a NumPy array"):
        plain.array(given)


def test_words_of_the_field_are_known_for_kinds(plain):
    with pytest.raises(UsageError, match=r"unknown 'albedo' \(did you mean 'base_color'\?\)"):
        plain.array(noise(4, 4, 3), kind="albedo")


def test_an_unknown_kind_is_refused_with_the_known_ones(plain):
    with pytest.raises(UsageError, match="roughness"):
        plain.array(noise(4, 4, 3), kind="ruoghness")


def test_data_is_not_upscaled_unless_told_what_it_is(plain):
    ids = np.zeros((64, 64, 3), np.uint8)
    ids[:32], ids[32:, :20], ids[40:, 30:] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    with pytest.raises(UsageError, match="data"):
        plain.array(ids)
    assert plain.array(ids, kind="base_color").shape == (256, 256, 3)


def test_at_scale_1_nothing_changes(tmp_path):
    pixels = noise(12, 10, 3)
    upscaler = Upscaler(model="bicubic", scale=1)
    same = upscaler.array(pixels, kind="base_color")
    assert np.array_equal(same, pixels) and same is not pixels
    source = tmp_path / "a.png"
    source.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    upscaler.file(source, tmp_path / "b.png", kind="base_color")
    assert (tmp_path / "b.png").read_bytes() == source.read_bytes()
    upscaler.file(source, tmp_path / "b.tga", kind="base_color")
    np.testing.assert_array_equal(codecs.read(tmp_path / "b.tga").pixels, codecs.read(source).pixels)


@pytest.mark.parametrize(("scale", "shape"), [(0.5, (6, 5, 3)), (3, (36, 30, 3)), (8, (96, 80, 3))])
def test_any_scale_of_the_list_can_be_asked_for(scale, shape):
    assert Upscaler(model="bicubic", scale=scale).array(noise(12, 10, 3), kind="base_color").shape == shape
