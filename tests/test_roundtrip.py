"""Each container comes back as it was: depth, channels, compression, rows, tiles, layers, windows.

Sources are made and results are read by other libraries than the codecs: Pillow, tifffile, OpenEXR, or byte by byte.
"""

from __future__ import annotations

import struct

import numpy as np
import pytest
from PIL import Image as Pillow

from cg_upscaler import codecs
from cg_upscaler.errors import OutputError
from cg_upscaler.spec import Depth, Storage
from tests.image_files import noise, tga, write
from tests.retold import retold

tifffile = pytest.importorskip("tifffile")
OpenEXR = pytest.importorskip("OpenEXR")

EXR_LOSSLESS = {"none": "NO", "rle": "RLE", "zip": "ZIP", "zips": "ZIPS", "piz": "PIZ"}
EXR_LOSSY = {"pxr24": "PXR24", "b44": "B44", "b44a": "B44A", "dwaa": "DWAA", "dwab": "DWAB"}
NUMBERS = {"none": 1, "lzw": 5, "zip": 8, "packbits": 32773}


def repeated(pixels, factor=2):
    return np.repeat(np.repeat(pixels, factor, axis=0), factor, axis=1)


def save_exr(path, channels, **header):
    kind = OpenEXR.tiledimage if "tiles" in header else OpenEXR.scanlineimage
    OpenEXR.File({"compression": OpenEXR.ZIP_COMPRESSION, "type": kind, **header}, dict(channels)).write(str(path))
    return path


def exr_compression(name):
    return getattr(OpenEXR, f"{(EXR_LOSSLESS | EXR_LOSSY)[name]}_COMPRESSION")


@pytest.mark.parametrize("encoding", list(NUMBERS))
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16", "float32"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_tiff_keeps_its_compression_and_every_sample(tmp_path, encoding, dtype, channels):
    pixels = noise(dtype, channels)
    source = write(tmp_path / "a.tif", pixels, storage=Storage(encoding=encoding))
    assert codecs.probe(source).storage.encoding == encoding
    with tifffile.TiffFile(retold(source, tmp_path / "b.tif", 2)) as file:
        page = file.pages[0]
        assert page.compression == NUMBERS[encoding]
        if encoding != "none" and page.predictor != 1:  # tifffile needs another library for these
            assert page.predictor == (3 if dtype.startswith("float") else 2)
        found = file.asarray() if encoding == "none" else codecs.read(tmp_path / "b.tif").pixels
    np.testing.assert_array_equal(found.reshape(18, 26, channels), repeated(pixels))


@pytest.mark.parametrize(
    ("pillow", "encoding"), [("tiff_lzw", "lzw"), ("tiff_adobe_deflate", "zip"), ("packbits", "packbits")]
)
def test_pillow_reads_what_became_of_its_tiff(tmp_path, pillow, encoding):
    pixels = noise("uint8", 3)
    Pillow.fromarray(pixels).save(tmp_path / "a.tif", compression=pillow)
    with Pillow.open(retold(tmp_path / "a.tif", tmp_path / "b.tif", 2)) as picture:
        assert picture.info["compression"] == pillow
        np.testing.assert_array_equal(np.asarray(picture), repeated(pixels))
    assert codecs.probe(tmp_path / "b.tif").storage.encoding == encoding


def test_a_jpeg_in_a_tiff_becomes_zip_and_is_told(tmp_path):
    Pillow.fromarray(noise("uint8", 3, 32, 32)).save(tmp_path / "a.tif", compression="jpeg")
    spec = codecs.probe(tmp_path / "a.tif")
    assert (spec.storage.encoding, spec.lossy) == ("jpeg", True)
    assert codecs.kept_encoding("tif", spec.storage.encoding) == "zip"
    with Pillow.open(retold(tmp_path / "a.tif", tmp_path / "b.tif")) as picture:
        assert picture.info["compression"] == "tiff_adobe_deflate"


def test_a_tiled_tiff_stays_tiled(tmp_path):
    pixels = noise("uint16", 3, 70, 50)
    tifffile.imwrite(tmp_path / "a.tif", pixels, tile=(32, 16), photometric="rgb")
    with tifffile.TiffFile(retold(tmp_path / "a.tif", tmp_path / "b.tif", 2, storage=Storage(encoding="none"))) as file:
        assert (file.pages[0].tilewidth, file.pages[0].tilelength) == (16, 32)
        np.testing.assert_array_equal(file.asarray(), repeated(pixels))


@pytest.mark.parametrize("encoding", list(EXR_LOSSLESS))
@pytest.mark.parametrize("dtype", ["float16", "float32"])
@pytest.mark.parametrize("letters", ["Y", "RGB", "RGBA"])
def test_an_exr_keeps_its_compression_and_every_sample(tmp_path, encoding, dtype, letters):
    pixels = noise(dtype, len(letters))
    held = {letter: np.ascontiguousarray(pixels[:, :, i]) for i, letter in enumerate(letters)}
    source = save_exr(tmp_path / "a.exr", held, compression=exr_compression(encoding))
    assert codecs.probe(source).storage.encoding == encoding
    file = OpenEXR.File(str(retold(source, tmp_path / "b.exr", 2)), separate_channels=True)
    assert file.header()["compression"] == exr_compression(encoding)
    for i, letter in enumerate(letters):
        np.testing.assert_array_equal(file.channels()[letter].pixels, repeated(pixels[:, :, i]))


@pytest.mark.parametrize("encoding", list(EXR_LOSSY))
def test_a_lossy_exr_keeps_its_compression_and_stays_close(tmp_path, encoding):
    ramp = np.linspace(0.1, 1, 64)[:, None] * np.linspace(0.2, 1, 64)[None]
    pixels = np.stack([ramp, ramp**2, 1 - ramp], axis=2).astype(np.float16)
    source = save_exr(tmp_path / "a.exr", {"RGB": pixels}, compression=exr_compression(encoding))
    assert codecs.probe(source).lossy == (encoding != "pxr24")
    file = OpenEXR.File(str(retold(source, tmp_path / "b.exr")))
    assert file.header()["compression"] == exr_compression(encoding)
    error = np.abs(file.channels()["RGB"].pixels.astype(float) - pixels.astype(float))
    assert np.sqrt((error**2).mean()) < 10 ** (-45 / 20)


def test_how_much_dwa_may_lose_is_kept(tmp_path):
    header = {"compression": OpenEXR.DWAA_COMPRESSION, "dwaCompressionLevel": 12.5}
    source = save_exr(tmp_path / "a.exr", {"RGB": noise("float16", 3)}, **header)
    assert OpenEXR.File(str(retold(source, tmp_path / "b.exr"))).header()["dwaCompressionLevel"] == 12.5


def test_an_exr_keeps_the_names_of_its_channels(tmp_path):
    pixels = noise("float16", 4)
    held = {f"beauty.{letter}": np.ascontiguousarray(pixels[:, :, i]) for i, letter in enumerate("RGBA")}
    file = OpenEXR.File(str(retold(save_exr(tmp_path / "a.exr", held), tmp_path / "b.exr", 2)), separate_channels=True)
    assert sorted(file.channels()) == sorted(held)
    np.testing.assert_array_equal(file.channels()["beauty.G"].pixels, repeated(pixels[:, :, 1]))


def test_layers_that_are_alike_come_back_as_layers(tmp_path):
    rng = np.random.default_rng(0)
    names = [f"{layer}.{letter}" for layer in ("beauty", "aov", "light") for letter in "RGB"]
    held = {name: rng.random((9, 13), np.float32).astype(np.float16) for name in names}
    held["depth.Z"] = rng.random((9, 13), np.float32)
    source = save_exr(tmp_path / "a.exr", held)
    spec = codecs.probe(source)
    assert (spec.storage.slices, spec.channels) == (3, 3)
    assert codecs.unkept(spec, "exr") == ("channel depth.Z",)
    file = OpenEXR.File(str(retold(source, tmp_path / "b.exr", 2)), separate_channels=True)
    assert sorted(file.channels()) == sorted(names)
    for name in names:
        np.testing.assert_array_equal(file.channels()[name].pixels, repeated(held[name]))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.exr", "b.exr"]


def test_parts_that_are_alike_come_back_as_parts(tmp_path):
    pictures = [noise("float16", 3), noise("float16", 4)[:, :, :3].copy()]
    header = {"compression": OpenEXR.PIZ_COMPRESSION, "type": OpenEXR.scanlineimage}
    parts = [
        OpenEXR.Part({**header, "name": name, "shot": f"{name} 7"}, {"RGB": pixels})
        for name, pixels in zip(("left", "right"), pictures, strict=True)
    ]
    OpenEXR.File(parts).write(str(tmp_path / "a.exr"))
    assert codecs.probe(tmp_path / "a.exr").storage.slices == 2
    found = OpenEXR.File(str(retold(tmp_path / "a.exr", tmp_path / "b.exr", 2))).parts
    assert [part.header["name"] for part in found] == ["left", "right"]
    assert [part.header["shot"] for part in found] == ["left 7", "right 7"]
    for part, pixels in zip(found, pictures, strict=True):
        assert part.header["compression"] == OpenEXR.PIZ_COMPRESSION
        np.testing.assert_array_equal(part.channels["RGB"].pixels, repeated(pixels))


def test_windows_of_an_exr_grow_with_it(tmp_path):
    corner = np.array([-3, 5], np.int32)
    header = {
        "dataWindow": (corner, corner + np.array([12, 8], np.int32)),
        "displayWindow": (np.array([0, 0], np.int32), np.array([19, 29], np.int32)),
    }
    pixels = noise("float16", 3)
    source = save_exr(tmp_path / "a.exr", {"RGB": pixels}, **header)
    file = OpenEXR.File(str(retold(source, tmp_path / "b.exr", 2)))
    low, high = file.header()["dataWindow"]
    assert (low.tolist(), high.tolist()) == ([-6, 10], [19, 27])
    low, high = file.header()["displayWindow"]
    assert (low.tolist(), high.tolist()) == ([0, 0], [39, 59])
    np.testing.assert_array_equal(file.channels()["RGB"].pixels, repeated(pixels))


def test_a_tiled_exr_stays_tiled(tmp_path):
    tiles = OpenEXR.TileDescription()
    tiles.xSize, tiles.ySize, tiles.mode = 32, 16, OpenEXR.ONE_LEVEL
    pixels = noise("float16", 3, 70, 50)
    source = save_exr(tmp_path / "a.exr", {"RGB": pixels}, tiles=tiles)
    file = OpenEXR.File(str(retold(source, tmp_path / "b.exr", 2)))
    found = file.header()["tiles"]
    assert (found.xSize, found.ySize, file.header()["type"]) == (32, 16, OpenEXR.tiledimage)
    np.testing.assert_array_equal(file.channels()["RGB"].pixels, repeated(pixels))


def test_slices_without_names_become_layers(tmp_path):
    pixels = np.concatenate([noise("float16", 3), noise("float16", 3) + 1])
    spec = codecs.probe(write(tmp_path / "a.exr", pixels[:9], storage=Storage(slices=1)))
    from dataclasses import replace

    spec = replace(spec, storage=Storage(slices=2))
    with codecs.create(tmp_path / "b.exr", spec) as sink:
        sink.put(pixels[:9].astype(np.float32))
        sink.put(pixels[9:].astype(np.float32))
        sink.commit()
    file = OpenEXR.File(str(tmp_path / "b.exr"), separate_channels=True)
    np.testing.assert_array_equal(file.channels()["slice0001.R"].pixels, pixels[9:, :, 0])
    with pytest.raises(OutputError, match="2 mip levels"):
        codecs.create(tmp_path / "c.exr", replace(spec, storage=Storage(levels=2, slices=2)))


@pytest.mark.parametrize("compression", [None, "tga_rle"])
@pytest.mark.parametrize("orientation", [1, -1])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_tga_keeps_its_run_lengths_and_the_order_of_its_rows(tmp_path, compression, orientation, channels):
    pixels = noise("uint8", channels) // 100
    picture = Pillow.fromarray(pixels[:, :, 0] if channels == 1 else pixels)
    picture.save(tmp_path / "a.tga", compression=compression, orientation=orientation)
    spec = codecs.probe(tmp_path / "a.tga")
    assert (spec.storage.encoding, spec.storage.from_bottom) == ("rle" if compression else "none", orientation < 0)
    head = retold(tmp_path / "a.tga", tmp_path / "b.tga", 2).read_bytes()[:18]
    assert head[2:3] == (tmp_path / "a.tga").read_bytes()[2:3] and bool(head[17] & 0x20) == (orientation > 0)
    with Pillow.open(tmp_path / "b.tga") as found:
        np.testing.assert_array_equal(np.asarray(found).reshape(18, 26, channels), repeated(pixels))


def test_a_tga_keeps_its_comment_and_who_made_it(tmp_path):
    extension = bytearray(495)
    extension[:2] = struct.pack("<H", 495)
    extension[2:7], extension[43:48] = b"Smith", b"moss?"
    extension[-1] = 3
    texels = noise("uint8", 4, 4, 4)[:, :, [2, 1, 0, 3]].tobytes()
    data = bytearray(tga(4, 4, bits=32, flags=0x28, data=b"rock7" + texels))
    data[0] = 5
    place = len(data)
    (tmp_path / "a.tga").write_bytes(data + extension + struct.pack("<II", place, 0) + b"TRUEVISION-XFILE.\0")
    assert codecs.probe(tmp_path / "a.tga").carries == ("text",)
    found = retold(tmp_path / "a.tga", tmp_path / "b.tga", 2).read_bytes()
    assert found[0] == 5 and found[18:23] == b"rock7"
    start = struct.unpack_from("<I", found, len(found) - 26)[0]
    assert found[start : start + 495] == bytes(extension)
    with Pillow.open(tmp_path / "b.tga") as picture:
        np.testing.assert_array_equal(np.asarray(picture), repeated(noise("uint8", 4, 4, 4)))


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("squeeze", [None, 0, 9])
def test_a_png_keeps_every_sample_at_any_level(tmp_path, dtype, channels, squeeze):
    pixels = noise(dtype, channels)
    source = write(tmp_path / "a.png", pixels)
    target = retold(source, tmp_path / "b.png", 2, storage=Storage(squeeze=squeeze))
    if dtype == "uint8":
        found = np.asarray(Pillow.open(target)).reshape(18, 26, channels)
    else:
        import cv2

        found = cv2.imread(str(target), cv2.IMREAD_UNCHANGED).reshape(18, 26, -1)
        order = {1: [0], 2: [0, 3], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[channels]
        found = found[:, :, order]
    np.testing.assert_array_equal(found, repeated(pixels))


def test_a_png_of_a_higher_level_is_smaller(tmp_path):
    ramp = np.add.outer(np.arange(128), np.arange(128)).astype(np.uint8)[:, :, None]
    sizes = [
        write(tmp_path / f"{level}.png", ramp, storage=Storage(squeeze=level)).stat().st_size for level in (0, 1, 9)
    ]
    assert sizes[0] > sizes[1] > sizes[2]


def test_a_jpeg_is_as_good_as_it_is_told_to_be(tmp_path):
    ramp = np.add.outer(np.arange(128), np.arange(128)).astype(np.uint8)
    pixels = np.stack([ramp, ramp.T // 2, 255 - ramp], axis=2)
    sizes = {}
    for quality in (50, None, 95, 100):
        path = write(tmp_path / f"{quality}.jpg", pixels, storage=Storage(quality=quality))
        sizes[quality] = path.read_bytes()
        with Pillow.open(path) as picture:
            assert [layer[1:3] for layer in picture.layer] == [(1, 1)] * 3
            rms = np.sqrt(((np.asarray(picture).astype(float) - pixels) ** 2).mean())
            assert 20 * np.log10(255 / rms) > (28 if quality == 50 else 38)
    assert len(sizes[50]) < len(sizes[95]) < len(sizes[100]) and sizes[None] == sizes[95]


def test_a_webp_keeps_every_sample_also_under_alpha_zero(tmp_path):
    pixels = noise("uint8", 4)
    Pillow.fromarray(pixels).save(tmp_path / "a.webp", lossless=True, exact=True)
    with Pillow.open(retold(tmp_path / "a.webp", tmp_path / "b.webp", 2)) as picture:
        np.testing.assert_array_equal(np.asarray(picture), repeated(pixels))


@pytest.mark.parametrize("channels", [1, 3])
def test_a_bmp_keeps_every_sample(tmp_path, channels):
    pixels = noise("uint8", channels)
    Pillow.fromarray(pixels[:, :, 0] if channels == 1 else pixels).save(tmp_path / "a.bmp")
    with Pillow.open(retold(tmp_path / "a.bmp", tmp_path / "b.bmp", 2)) as picture:
        np.testing.assert_array_equal(np.asarray(picture).reshape(18, 26, channels), repeated(pixels))


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_picture_of_few_colours_becomes_exactly_those(tmp_path, channels):
    rng = np.random.default_rng(channels)
    colours = rng.integers(0, 256, (200, channels), dtype=np.uint8)
    pixels = colours[rng.integers(0, 200, (30, 40))]
    path = write(tmp_path / "a.png", pixels, indexed=True)
    with Pillow.open(path) as picture:
        assert picture.mode == "P"
        full = {1: [0, 0, 0], 2: [0, 0, 0, 1], 3: [0, 1, 2], 4: [0, 1, 2, 3]}[channels]
        mode = "RGBA" if channels in (2, 4) else "RGB"
        np.testing.assert_array_equal(np.asarray(picture.convert(mode)), pixels[:, :, full])
    assert codecs.probe(path).indexed


def test_a_bmp_of_few_colours_becomes_exactly_those(tmp_path):
    pixels = noise("uint8", 3, 5, 5)
    with Pillow.open(write(tmp_path / "a.bmp", pixels, indexed=True)) as picture:
        assert picture.mode == "P"
        np.testing.assert_array_equal(np.asarray(picture.convert("RGB")), pixels)


@pytest.mark.parametrize("channels", [3, 4])
def test_a_picture_of_many_colours_becomes_the_nearest(tmp_path, channels):
    across, down = np.meshgrid(np.linspace(0, 255, 96), np.linspace(0, 255, 96))
    pixels = np.stack([across, down, (across + down) / 2, 255 - down], axis=2).astype(np.uint8)[:, :, :channels]
    with Pillow.open(write(tmp_path / "a.png", pixels, indexed=True)) as picture:
        found = np.asarray(picture.convert("RGBA"))[:, :, :channels].astype(float)
    assert 20 * np.log10(255 / np.sqrt(((found - pixels) ** 2).mean())) > (32 if channels == 3 else 26)


@pytest.mark.parametrize(
    ("suffix", "dtype", "channels", "words"),
    [(".png", "uint16", 3, "a palette cannot hold uint16"), (".bmp", "uint8", 4, "palette of a BMP cannot hold alpha")],
)
def test_what_no_palette_can_hold_is_refused(tmp_path, suffix, dtype, channels, words):
    with pytest.raises(OutputError, match=words):
        write(tmp_path / f"a{suffix}", noise(dtype, channels), indexed=True)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".exr", ".tga", ".bmp", ".jpg", ".webp", ".hdr"])
def test_the_same_file_twice_gives_the_same_bytes(tmp_path, suffix):
    dtype = "float32" if suffix in (".exr", ".hdr") else "uint8"
    source = write(tmp_path / f"a{suffix}", np.abs(noise(dtype, 3)))
    first, second = (retold(source, tmp_path / f"{name}{suffix}", 2).read_bytes() for name in "bc")
    assert first == second
    assert codecs.probe(tmp_path / f"b{suffix}").carries == ()


def test_depth_is_told_where_the_channels_of_an_exr_differ(tmp_path):
    held = {"R": noise("float16", 1)[:, :, 0], "G": noise("float16", 1)[:, :, 0], "B": noise("float32", 1)[:, :, 0]}
    spec = codecs.probe(save_exr(tmp_path / "a.exr", {k: np.ascontiguousarray(v) for k, v in held.items()}))
    assert spec.depth is Depth.FLOAT and "float and half channels, all read as float" in spec.note
