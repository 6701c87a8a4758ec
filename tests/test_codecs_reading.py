"""Files of every make are read as what they are: palettes, odd depths, layers, block compression."""

from __future__ import annotations

import struct

import numpy as np
import OpenImageIO as oiio
import pytest
from PIL import Image as Pillow

from cg_upscaler import codecs
from cg_upscaler.errors import UnsupportedImage
from cg_upscaler.maps import ColorSpace
from cg_upscaler.spec import Depth
from tests.image_files import dds, noise, packed_rows, png, png_chunk, psd, tga


def save(path, pixels, depth, names=None, *, tile=0, window=None, **attributes):
    """Write a file by OpenImageIO itself, with what the codecs never write."""
    height, width, channels = pixels.shape
    header = oiio.ImageSpec(width, height, channels, depth)
    header.channelnames = names or header.channelnames
    header.tile_width = header.tile_height = tile
    if window:
        header.x, header.y, header.full_width, header.full_height = window
    for name, value in attributes.items():
        header.attribute(name.replace("__", ":"), value)
    output = oiio.ImageOutput.create(str(path))
    assert output.open(str(path), header) and output.write_image(np.ascontiguousarray(pixels))
    output.close()
    return path


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_a_palette_png_is_read_as_its_colours(tmp_path, bits):
    rng = np.random.default_rng(bits)
    palette = rng.integers(0, 256, (1 << bits, 3), dtype=np.uint8)
    indices = rng.integers(0, 1 << bits, (5, 8))
    path = tmp_path / "a.png"
    path.write_bytes(png(8, 5, bits, 3, packed_rows(indices, bits), png_chunk(b"PLTE", palette.tobytes())))
    image = codecs.read(path)
    np.testing.assert_array_equal(image.pixels, palette[indices])
    assert image.spec.indexed and image.spec.channels == 3 and codecs.probe(path) == image.spec


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_a_palette_with_transparency_keeps_the_colours_under_it(tmp_path, bits):
    rng = np.random.default_rng(bits)
    palette = rng.integers(0, 256, (1 << bits, 4), dtype=np.uint8)
    palette[0, 3], palette[-1, 3] = 0, 255
    indices = rng.integers(0, 1 << bits, (5, 8))
    extra = png_chunk(b"PLTE", palette[:, :3].tobytes()), png_chunk(b"tRNS", palette[:-1, 3].tobytes())
    path = tmp_path / "a.png"
    path.write_bytes(png(8, 5, bits, 3, packed_rows(indices, bits), *extra))
    image = codecs.read(path)
    np.testing.assert_array_equal(image.pixels, palette[indices])
    assert image.spec.indexed and image.spec.alpha == 3


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_a_gray_png_of_few_bits_reaches_white(tmp_path, bits):
    levels = np.arange(8).reshape(1, 8) % (1 << bits)
    path = tmp_path / "a.png"
    path.write_bytes(png(8, 1, bits, 0, packed_rows(levels, bits)))
    image = codecs.read(path)
    np.testing.assert_array_equal(image.pixels[:, :, 0], levels * 255 // ((1 << bits) - 1))
    assert image.spec.depth is Depth.UINT8 and not image.spec.indexed


@pytest.mark.parametrize(("color", "channels"), [(0, 1), (2, 3)])
def test_a_transparent_colour_of_16_bits_becomes_alpha(tmp_path, color, channels):
    pixels = noise("uint16", channels, 8, 5)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    path = tmp_path / "a.png"
    path.write_bytes(png(8, 5, 16, color, rows, png_chunk(b"tRNS", pixels[0, 0].astype(">u2").tobytes())))
    image = codecs.read(path)
    np.testing.assert_array_equal(image.pixels[:, :, :-1], pixels)
    assert image.spec.alpha == channels and image.pixels[0, 0, -1] == 0 and image.pixels[0, 1, -1] == 65535


@pytest.mark.parametrize("chunk", [(b"gAMA", struct.pack(">I", 100000)), (b"sBIT", b"\5\6\5"), (b"sRGB", b"\0")])
def test_tags_of_a_png_do_not_change_its_samples(tmp_path, chunk):
    pixels = noise("uint8", 3, 8, 5)
    path = tmp_path / "a.png"
    path.write_bytes(png(8, 5, 8, 2, b"".join(b"\0" + row.tobytes() for row in pixels), png_chunk(*chunk)))
    image = codecs.read(path)
    np.testing.assert_array_equal(image.pixels, pixels)
    assert image.spec.color_space is ColorSpace.SRGB


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "P"])
@pytest.mark.parametrize("compression", [None, "tga_rle"])
def test_a_tga_is_read_whatever_its_kind(tmp_path, mode, compression):
    channels = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "P": 3}[mode]
    pixels = noise("uint8", channels, 16, 12)
    picture = Pillow.fromarray(pixels[:, :, 0] if mode == "L" else pixels)
    if mode == "P":
        picture = picture.quantize(16)
        pixels = np.asarray(picture.convert("RGB"))
    picture.save(tmp_path / "a.tga", compression=compression)
    image = codecs.read(tmp_path / "a.tga")
    np.testing.assert_array_equal(image.pixels, pixels)
    assert image.spec.alpha == {"LA": 1, "RGBA": 3}.get(mode) and image.spec.indexed == (mode == "P")


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "1"])
def test_a_bmp_is_read_whatever_its_kind(tmp_path, mode):
    channels = {"L": 1, "RGBA": 4}.get(mode, 3)
    pixels = noise("uint8", channels, 16, 12)
    picture = Pillow.fromarray(pixels[:, :, 0] if mode == "L" else pixels)
    if mode in ("P", "1"):
        picture = picture.quantize(16) if mode == "P" else picture.convert("1")
        pixels = np.asarray(picture.convert("RGB"))
    picture.save(tmp_path / "a.bmp")
    image = codecs.read(tmp_path / "a.bmp")
    np.testing.assert_array_equal(image.pixels, pixels)
    assert image.spec.indexed == (mode in ("P", "1"))


def test_a_16_bit_tga_with_alpha_is_refused_rather_than_read_without(tmp_path):
    path = tmp_path / "leaf.tga"
    path.write_bytes(tga(4, 4, bits=16, flags=0x21, data=bytes(32)))
    with pytest.raises(UnsupportedImage, match="save it with 32 bits"):
        codecs.probe(path)


def test_jpegs_are_read_gray_colour_progressive_and_cmyk(tmp_path):
    ramp = np.tile(np.arange(0, 256, 8, dtype=np.uint8), (16, 1))
    colour = np.stack([ramp, ramp[:, ::-1], ramp // 2], axis=2)
    Pillow.fromarray(ramp).save(tmp_path / "gray.jpg", quality=95)
    Pillow.fromarray(colour).save(tmp_path / "prog.jpeg", quality=95, progressive=True, subsampling=0)
    Pillow.fromarray(255 - colour).convert("CMYK").save(tmp_path / "cmyk.jpg", quality=95)
    assert codecs.read(tmp_path / "gray.jpg").pixels.shape == (16, 32, 1)
    progressive = codecs.read(tmp_path / "prog.jpeg")
    assert np.abs(progressive.pixels.astype(int) - colour).max() < 16 and progressive.spec.container == "jpg"
    cmyk = codecs.read(tmp_path / "cmyk.jpg")
    assert np.abs(cmyk.pixels.astype(int) - (255 - colour)).max() < 16 and cmyk.spec.note == "CMYK, read as RGB"


def test_a_turned_photograph_is_noted_and_its_texels_stay(tmp_path):
    picture = Pillow.fromarray(noise("uint8", 3, 16, 8))
    exif = picture.getexif()
    exif[0x112] = 6
    picture.save(tmp_path / "a.jpg", exif=exif)
    spec = codecs.probe(tmp_path / "a.jpg")
    assert (spec.size.width, spec.size.height) == (16, 8) and "orientation" in spec.carries


@pytest.mark.parametrize("how", [{"tile": 16}, {"planarconfig": "separate"}, {"compression": "lzw"}])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16", "float32"])
def test_a_tiff_is_read_tiled_planar_and_packed(tmp_path, how, dtype):
    pixels = noise(dtype, 4, 40, 24)
    depth = {"float16": "half", "float32": "float"}.get(dtype, dtype)
    image = codecs.read(save(tmp_path / "a.tiff", pixels, depth, oiio__UnassociatedAlpha=1, **how))
    np.testing.assert_array_equal(image.pixels, pixels, strict=True)
    assert (image.spec.container, image.spec.depth.value, image.spec.note) == ("tif", depth, "")


def test_premultiplied_alpha_is_made_straight(tmp_path):
    stored = np.array([[[50, 100, 25, 128], [9, 8, 7, 0], [10, 20, 30, 255]]], np.uint8)
    image = codecs.read(save(tmp_path / "a.tif", stored, "uint8"))  # OpenImageIO's own default: associated
    assert image.pixels.tolist() == [[[100, 199, 50, 128], [9, 8, 7, 0], [10, 20, 30, 255]]]
    assert "premultiplied" in image.spec.note


@pytest.mark.parametrize(("kind", "colour"), [(3, [50, 100, 25]), (4, [100, 199, 50])])
def test_a_tga_that_says_its_alpha_is_premultiplied_is_made_straight(tmp_path, kind, colour):
    extension = struct.pack("<H", 495) + bytes(492) + bytes([kind])
    texel = bytes([25, 100, 50, 128])
    footer = struct.pack("<II", 22, 0) + b"TRUEVISION-XFILE.\0"
    path = tmp_path / "a.tga"
    path.write_bytes(tga(1, 1, bits=32, flags=0x28, data=texel + extension + footer))
    image = codecs.read(path)
    assert image.pixels.tolist() == [[[*colour, 128]]]
    assert ("premultiplied" in image.spec.note) == (kind == 4)


@pytest.mark.parametrize(
    ("pixels", "depth", "reason"),
    [
        (np.zeros((4, 4, 6), np.uint8), "uint8", "6 channels"),
        (np.zeros((4, 4, 1), np.float64), "double", "double samples"),
        (np.zeros((4, 4, 1), np.uint32), "uint", "samples"),
    ],
)
def test_a_tiff_of_samples_that_are_not_handled_is_refused(tmp_path, pixels, depth, reason):
    with pytest.raises(UnsupportedImage, match=reason):
        codecs.probe(save(tmp_path / "a.tif", pixels, depth))


def test_a_tiff_of_several_pages_says_that_the_first_is_read(tmp_path):
    first, second = (Pillow.fromarray(noise("uint8", channels, 8, 8)) for channels in (3, 4))
    first.save(tmp_path / "a.tif", save_all=True, append_images=[second])
    image = codecs.read(tmp_path / "a.tif")
    np.testing.assert_array_equal(image.pixels, np.asarray(first))
    assert image.spec.note == "the first of several images is read"


@pytest.mark.parametrize(
    ("names", "chosen", "alpha", "left"),
    [
        (("R", "G", "B"), "RGB", None, ()),
        (("B", "G", "R", "A"), "RGBA", 3, ()),
        (("Y",), "Y", None, ()),
        (("R", "G", "B", "A", "Z", "id"), "RGBA", 3, ("channel Z", "channel id")),
        (("a.R", "a.G", "a.B", "a.A", "b.Y"), ("a.", "RGBA"), 3, ("channel b.Y",)),
        (("Z", "view.R", "view.G", "view.B", "view.A"), ("view.", "RGBA"), 3, ("channel Z",)),
        (("X", "Y", "Z"), "XYZ", None, ()),
    ],
)
def test_an_exr_gives_the_channels_of_its_first_picture_in_order(tmp_path, names, chosen, alpha, left):
    pixels = noise("float16", len(names))
    prefix, letters = chosen if isinstance(chosen, tuple) else ("", chosen)
    image = codecs.read(save(tmp_path / "a.exr", pixels, "half", names))
    wanted = [names.index(prefix + letter) for letter in letters]
    np.testing.assert_array_equal(image.pixels, pixels[:, :, wanted])
    assert image.spec.alpha == alpha
    assert codecs.unkept(image.spec, "exr") == left
    assert image.spec.note == ("its channels are X, Y, Z" if "X" in names else "")
    assert image.spec.color_space is ColorSpace.LINEAR


def test_an_exr_without_a_picture_is_refused(tmp_path):
    names = ("a", "b", "c", "d", "e")
    with pytest.raises(UnsupportedImage, match="5 channels"):
        codecs.probe(save(tmp_path / "a.exr", noise("float16", 5), "half", names))


@pytest.mark.parametrize(("compression", "lossy"), [("dwab", True), ("b44", True), ("zip", False), ("piz", False)])
def test_an_exr_says_whether_it_lost_anything(tmp_path, compression, lossy):
    path = save(tmp_path / "a.exr", noise("float16", 3, 64, 64), "half", compression=compression)
    assert codecs.probe(path).lossy is lossy


def test_the_data_window_of_an_exr_is_read(tmp_path):
    pixels = noise("float32", 3)
    image = codecs.read(save(tmp_path / "a.exr", pixels, "float", window=(2, 3, 20, 24)))
    np.testing.assert_array_equal(image.pixels, pixels)
    assert "display window" in image.spec.carries and "display window" in codecs.unkept(image.spec, "png")


def test_numbers_that_are_none_are_read_as_they_are(tmp_path):
    pixels = np.array([[[np.nan], [np.inf], [-np.inf]]], np.float32)
    np.testing.assert_array_equal(codecs.read(save(tmp_path / "a.exr", pixels, "float")).pixels, pixels)


@pytest.mark.parametrize("channels", [3, 4])
def test_a_webp_says_whether_it_lost_anything(tmp_path, channels):
    pixels = noise("uint8", channels, 16, 16)
    Pillow.fromarray(pixels).save(tmp_path / "exact.webp", lossless=True, exact=True)
    Pillow.fromarray(pixels).save(tmp_path / "lossy.webp", quality=80)
    exact, lossy = (codecs.read(tmp_path / f"{name}.webp") for name in ("exact", "lossy"))
    np.testing.assert_array_equal(exact.pixels, pixels)
    assert (exact.spec.lossy, lossy.spec.lossy) == (False, True)
    assert exact.spec.channels == lossy.spec.channels == channels


@pytest.mark.parametrize("suffix", [".webp", ".png"])
def test_an_animation_is_refused(tmp_path, suffix):
    frames = [Pillow.fromarray(noise("uint8", 4, 16, 16)), Pillow.fromarray(noise("uint8", 3, 16, 16))]
    frames[0].save(tmp_path / f"a{suffix}", save_all=True, append_images=frames[1:])
    with pytest.raises(UnsupportedImage, match="is an animation"):
        codecs.probe(tmp_path / f"a{suffix}")


@pytest.mark.parametrize(
    ("dtype", "channels"), [("uint8", 1), ("uint8", 3), ("uint8", 4), ("uint16", 1), ("uint16", 3)]
)
def test_a_psd_keeps_its_channels_and_depth(tmp_path, dtype, channels):
    pixels = noise(dtype, channels)
    path = tmp_path / "a.psd"
    path.write_bytes(psd(pixels))
    image = codecs.read(path)
    np.testing.assert_array_equal(image.pixels, pixels, strict=True)
    assert image.spec.alpha == (3 if channels == 4 else None) and codecs.probe(path) == image.spec


@pytest.mark.parametrize(("dtype", "channels"), [("uint8", 2), ("uint8", 5), ("uint16", 4)])
def test_a_psd_whose_channels_would_be_lost_is_refused(tmp_path, dtype, channels):
    path = tmp_path / "a.psd"
    path.write_bytes(psd(noise(dtype, channels)))
    with pytest.raises(UnsupportedImage, match="save it as PNG or TIFF"):
        codecs.probe(path)


BLOCKS = [
    ("BC1", 8, 4, {"fourcc": b"DXT1"}),
    ("BC2", 16, 4, {"fourcc": b"DXT3"}),
    ("BC3", 16, 4, {"fourcc": b"DXT5"}),
    ("BC4", 8, 1, {"fourcc": b"ATI1"}),
    ("BC5", 16, 2, {"fourcc": b"ATI2"}),
    ("BC4", 8, 1, {"dxgi": 80}),
    ("BC5", 16, 2, {"dxgi": 83}),
    ("BC7", 16, 4, {"dxgi": 98}),
    ("BC7", 16, 4, {"dxgi": 99}),
]


@pytest.mark.parametrize(("name", "size", "channels", "how"), BLOCKS)
def test_block_compression_is_decoded_as_pillow_does(tmp_path, name, size, channels, how):
    data = np.random.default_rng(0).integers(0, 256, size * 12, dtype=np.uint8).tobytes()
    path = tmp_path / "a.dds"
    path.write_bytes(dds(14, 11, data, mips=1, **how))
    image = codecs.read(path)
    with Pillow.open(path) as picture:
        expected = np.asarray(picture).reshape(11, 14, -1)[:, :, :channels]
    assert np.abs(image.pixels.astype(int) - expected).max() <= 1  # decoders round differently
    assert (image.spec.channels, image.spec.note, image.spec.lossy) == (channels, f"{name}, no mips", True)
    assert image.spec.alpha == (3 if channels == 4 else None)


def test_premultiplied_block_compression_is_made_straight(tmp_path):
    half = bytes([0x77] * 8)  # BC2 alpha: 7 of 15 throughout
    gray = struct.pack("<HHI", 0x39E7, 0x39E7, 0)  # 7 of 31, 15 of 63, 7 of 31
    path = tmp_path / "a.dds"
    path.write_bytes(dds(4, 4, half + gray, fourcc=b"DXT2"))
    image = codecs.read(path)
    assert image.pixels[0, 0, 3] == 119 and np.abs(image.pixels[0, 0, :3] - 255 * 58 / 119).max() < 10
    assert "premultiplied" in image.spec.note


def test_bc6h_is_half_floats_of_linear_light(tmp_path):
    path = tmp_path / "sky.dds"
    path.write_bytes(dds(8, 8, bytes(range(64)), dxgi=95))
    image = codecs.read(path)
    assert image.pixels.shape == (8, 8, 3) and image.pixels.dtype == np.float16
    assert image.spec.color_space is ColorSpace.LINEAR and image.spec.note == "BC6H, no mips"


def test_the_first_level_of_a_mip_chain_is_read(tmp_path):
    level = bytes([255, 255, 0, 0, 0, 0, 0, 0]) * 4  # two equal texels of color 0 and black: all color 0
    path = tmp_path / "a.dds"
    path.write_bytes(dds(8, 8, level + bytes(24), fourcc=b"DXT1", mips=4))
    image = codecs.read(path)
    assert image.pixels.shape == (8, 8, 3) and image.pixels.min() == 255
    assert image.spec.note == "BC1, 4 mips"
