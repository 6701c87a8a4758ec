"""What is written comes back: every container, depth and channel count, also to readers that are not ours."""

from __future__ import annotations

import re
import subprocess
import sys

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from cg_upscaler import codecs
from cg_upscaler.errors import OutputError
from cg_upscaler.geometry import Size
from cg_upscaler.maps import ColorSpace
from cg_upscaler.spec import Depth, ImageSpec
from tests.image_files import noise, spec_for, write

LOSSLESS = [
    (suffix, dtype, channels)
    for suffix, dtypes, counts in (
        (".png", ("uint8", "uint16"), (1, 2, 3, 4)),
        (".tga", ("uint8",), (1, 2, 3, 4)),
        (".bmp", ("uint8",), (1, 3, 4)),
        (".tif", ("uint8", "uint16", "float16", "float32"), (1, 2, 3, 4)),
        (".exr", ("float16", "float32"), (1, 2, 3, 4)),
        (".webp", ("uint8",), (3, 4)),
    )
    for dtype in dtypes
    for channels in counts
]


@pytest.mark.parametrize(("suffix", "dtype", "channels"), LOSSLESS)
def test_a_lossless_file_returns_every_sample(tmp_path, suffix, dtype, channels):
    pixels = noise(dtype, channels)
    path = write(tmp_path / f"a{suffix}", pixels)
    image = codecs.read(path)
    np.testing.assert_array_equal(image.pixels, pixels, strict=True)
    assert image.spec == codecs.probe(path)
    assert image.spec.alpha == (channels - 1 if channels in (2, 4) else None)
    assert image.spec.depth.value in (dtype, {"float16": "half", "float32": "float"}.get(dtype))
    assert (image.spec.container, image.spec.lossy, image.spec.indexed) == (suffix[1:], False, False)
    linear = dtype.startswith("float")
    assert image.spec.color_space is (ColorSpace.LINEAR if linear else ColorSpace.SRGB)


@pytest.mark.parametrize(
    ("suffix", "dtype", "channels"), [case for case in LOSSLESS if case[1] == "uint8" and case[:3:2] != (".bmp", 4)]
)
def test_pillow_reads_the_same_bytes(tmp_path, suffix, dtype, channels):
    pixels = noise(dtype, channels)
    with Pillow.open(write(tmp_path / f"a{suffix}", pixels)) as picture:
        assert picture.mode == {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[channels]
        np.testing.assert_array_equal(np.asarray(picture).reshape(pixels.shape), pixels)


@pytest.mark.parametrize(("suffix", "channels"), [(".png", 1), (".png", 3), (".png", 4), (".tif", 1), (".tif", 3)])
def test_opencv_reads_the_same_16_bits(tmp_path, suffix, channels):
    pixels = noise("uint16", channels)
    found = cv2.imread(str(write(tmp_path / f"a{suffix}", pixels)), cv2.IMREAD_UNCHANGED)
    order = {1: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[channels]
    np.testing.assert_array_equal(found.reshape(pixels.shape)[:, :, order], pixels, strict=True)


def test_a_bmp_holds_alpha_as_its_fourth_byte(tmp_path):
    pixels = noise("uint8", 4)
    data = write(tmp_path / "a.bmp", pixels).read_bytes()
    start = int.from_bytes(data[10:14], "little")
    stored = np.frombuffer(data[start : start + pixels.size], np.uint8).reshape(pixels.shape)
    np.testing.assert_array_equal(stored[::-1, :, [2, 1, 0, 3]], pixels)


def test_opencv_reads_the_same_floats_from_a_tiff(tmp_path):
    pixels = noise("float32", 3)
    found = cv2.imread(str(write(tmp_path / "a.tif", pixels)), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(found[:, :, ::-1], pixels)


def test_two_channels_without_alpha_stay_two_channels(tmp_path):
    pixels = noise("uint8", 2)
    image = codecs.read(write(tmp_path / "a.tif", pixels, alpha=None))
    assert image.spec.alpha is None
    np.testing.assert_array_equal(image.pixels, pixels)
    with pytest.raises(OutputError, match="two channels unless the second is alpha"):
        write(tmp_path / "a.png", pixels, alpha=None)


def test_all_16_bit_levels_come_back(tmp_path):
    pixels = np.arange(1 << 16, dtype=np.uint16).reshape(256, 256, 1)
    np.testing.assert_array_equal(codecs.read(write(tmp_path / "a.png", pixels)).pixels, pixels)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_jpeg_is_close_and_says_that_it_is_lossy(tmp_path, channels):
    ramp = np.linspace(0, 255, 64).astype(np.uint8)
    pixels = np.stack([ramp[:, None] // (1 + i) + ramp[None] // 4 for i in range(channels)], axis=2).astype(np.uint8)
    pixels = np.minimum(pixels, 200).astype(np.uint8)
    path = write(tmp_path / "a.jpg", pixels)
    image = codecs.read(path)
    assert image.spec.lossy and image.spec.channels == channels
    assert np.abs(image.pixels.astype(int) - pixels).mean() < 1.5
    if channels == 3:
        with Pillow.open(path) as picture:
            assert [layer[1:3] for layer in picture.layer] == [(1, 1)] * 3  # 4:4:4


def test_radiance_keeps_what_it_can_hold(tmp_path):
    pixels = np.exp(np.random.default_rng(0).uniform(-5, 9, (9, 13, 3))).astype(np.float32)
    once = codecs.read(write(tmp_path / "a.hdr", pixels))
    assert np.abs(once.pixels - pixels).max(axis=2)[..., None].max() <= (pixels.max(axis=2) / 128).max()
    assert (np.abs(once.pixels - pixels).max(axis=2) <= pixels.max(axis=2) / 128).all()
    np.testing.assert_array_equal(codecs.read(write(tmp_path / "b.hdr", once.pixels)).pixels, once.pixels)
    assert once.spec.color_space is ColorSpace.LINEAR


@pytest.mark.parametrize("suffix", [".png", ".tga", ".tif", ".webp", ".bmp"])
def test_colour_under_alpha_zero_survives(tmp_path, suffix):
    pixels = noise("uint8", 4)
    pixels[:, :, 3] = 0
    np.testing.assert_array_equal(codecs.read(write(tmp_path / f"a{suffix}", pixels)).pixels, pixels)


def test_half_floats_are_clipped_and_not_made_infinite(tmp_path):
    sink = codecs.create(tmp_path / "a.exr", ImageSpec(Size(2, 1), 1, Depth.HALF, "exr"))
    sink.put(np.array([[[1e6], [-1e6]]], np.float32))
    sink.commit()
    assert codecs.read(tmp_path / "a.exr").pixels.ravel().tolist() == [65504, -65504]


def test_integers_are_rounded_and_clipped(tmp_path):
    sink = codecs.create(tmp_path / "a.png", ImageSpec(Size(5, 1), 1, Depth.UINT8, "png"))
    sink.put(np.array([-1, 0.5, 100.4 / 255, 2, np.nan], np.float32).reshape(1, 5, 1))
    sink.commit()
    assert codecs.read(tmp_path / "a.png").pixels.ravel().tolist() == [0, 128, 100, 255, 0]


@pytest.mark.parametrize("space", list(ColorSpace))
def test_no_file_claims_a_colour_space(tmp_path, space):
    data = write(tmp_path / "a.png", noise("uint8", 3), color_space=space).read_bytes()
    assert not [chunk for chunk in (b"sRGB", b"gAMA", b"cHRM", b"iCCP", b"cICP") if chunk in data]


@pytest.mark.parametrize("suffix", [".png", ".tga", ".bmp", ".tif", ".exr", ".jpg", ".webp", ".hdr"])
def test_equal_pictures_give_equal_bytes_however_their_rows_come(tmp_path, suffix, monkeypatch):
    dtype = "float32" if suffix in (".exr", ".hdr") else "uint8"
    pixels = np.abs(noise(dtype, 3, 40, 90))
    files = [write(tmp_path / f"{block}{suffix}", pixels, block) for block in (90, 33, 1)]
    first, *others = [path.read_bytes() for path in files]
    assert all(other == first for other in others)
    assert b"202" not in first[:600] or b":" not in first[:600]  # no date


@pytest.mark.parametrize(
    ("suffix", "dtype", "channels", "reason"),
    [
        (".bmp", "uint8", 2, "BMP cannot hold 2 channels, only 1, 3, 4"),
        (".jpg", "uint16", 3, "JPEG cannot hold uint16 samples, only uint8"),
        (".jpg", "uint8", 4, "JPEG cannot hold 4 channels, only 1, 3"),
        (".png", "float16", 3, "PNG cannot hold half samples, only uint8 or uint16"),
        (".hdr", "float32", 1, "Radiance HDR cannot hold 1 channels, only 3"),
        (".webp", "uint8", 1, "WebP cannot hold 1 channels, only 3, 4"),
        (".exr", "uint8", 3, "OpenEXR cannot hold uint8 samples, only half or float"),
        (".dds", "uint16", 3, "DDS has no format for 3 channels of uint16 samples"),
        (".psd", "uint8", 3, "PSD cannot be written yet"),
        (".gif", "uint8", 3, "no file can be written as '.gif'"),
    ],
)
def test_what_a_container_cannot_hold_is_refused_before_anything_is_written(tmp_path, suffix, dtype, channels, reason):
    with pytest.raises(OutputError, match=reason):
        write(tmp_path / f"a{suffix}", noise(dtype, channels))
    assert list(tmp_path.iterdir()) == []


def test_a_side_too_long_for_a_container_is_refused(tmp_path):
    spec = ImageSpec(Size(20000, 1), 3, Depth.UINT8, "webp")
    with pytest.raises(OutputError, match="only up to 16383 texels a side"):
        codecs.create(tmp_path / "a.webp", spec)
    assert codecs.output_container(spec)[0] == "png"


@pytest.mark.parametrize(
    ("container", "depth", "channels", "alpha", "expected"),
    [
        ("png", Depth.UINT16, 4, 3, "png"),
        ("dds", Depth.UINT8, 4, 3, "dds"),
        ("dds", Depth.HALF, 3, None, "dds"),
        ("dds", Depth.UINT8, 2, None, "dds"),
        ("psd", Depth.UINT16, 3, None, "png"),
    ],
)
def test_each_source_has_a_container_for_its_result(container, depth, channels, alpha, expected):
    found, note = codecs.output_container(ImageSpec(Size(4, 4), channels, depth, container, alpha=alpha))
    assert found == expected
    assert (note == "") == (container == expected)
    if note:
        assert re.match(rf"{container.upper()} (cannot be|is not) written( by plans)? yet: written as", note)


def test_suffixes_are_known_in_any_case(tmp_path):
    assert codecs.is_texture(tmp_path / "A.TGA") and not codecs.is_texture(tmp_path / "a.txt")
    pixels = noise("uint8", 3)
    np.testing.assert_array_equal(codecs.read(write(tmp_path / "A.PNG", pixels)).pixels, pixels)
    assert codecs.container_of(tmp_path / "a.JPEG") == "jpg" and codecs.container_of(tmp_path / "a.txt") == ""


@pytest.mark.parametrize("name", ["wh?at=1.png", "a#b.png", "100%d.png", "ü ñ 草.png", "a" * 250 + ".png"])
def test_odd_names_are_only_names(tmp_path, name):
    if sys.platform == "win32" and ("?" in name or len(name) > 200):
        pytest.skip("not a name there")
    pixels = noise("uint8", 3)
    np.testing.assert_array_equal(codecs.read(write(tmp_path / name, pixels)).pixels, pixels)


def test_an_image_is_a_source_of_rows(tmp_path):
    pixels = noise("uint16", 3)
    image = codecs.read(write(tmp_path / "a.png", pixels))
    assert (image.size, image.channels) == (Size(13, 9), 3)
    rows = image.rows(2, 5)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows, pixels[2:5] / 65535, atol=1e-7)


PEAK = """
import sys, numpy as np, psutil
from pathlib import Path
from cg_upscaler import codecs
from cg_upscaler.geometry import Size
from cg_upscaler.spec import Depth, ImageSpec
rows = np.random.default_rng(0).random((64, 512, 4), np.float32)
def run(height, suffix, depth):
    with codecs.create(Path(sys.argv[1]) / f"tall{suffix}", ImageSpec(Size(512, height), 4, depth, suffix[1:])) as sink:
        for _ in range(height // 64):
            sink.put(rows)
        sink.discard()
cases = ((".png", Depth.UINT8), (".tif", Depth.UINT16), (".exr", Depth.HALF))
for case in cases:
    run(512, *case)
before = psutil.Process().memory_info().rss
peaks = []
for case in cases:
    run(8192, *case)
    peaks.append(psutil.Process().memory_info().rss - before)
print(max(peaks) >> 20)
"""


def test_a_tall_picture_takes_no_more_memory_than_a_low_one(tmp_path):
    child = subprocess.run([sys.executable, "-c", PEAK, str(tmp_path)], capture_output=True, text=True, check=True)
    assert int(child.stdout) < 12  # MiB more; its pixels are 16 to 32


def test_spec_for_is_what_probe_says(tmp_path):
    pixels = noise("uint8", 4)
    spec = spec_for(pixels, ".png", color_space=ColorSpace.SRGB)
    assert codecs.probe(write(tmp_path / "a.png", pixels)) == spec
