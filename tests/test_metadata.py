"""What a file says beside its texels is in its result, and nothing that it did not say; what has no place is named."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageCms, PngImagePlugin

from cg_upscaler import codecs
from cg_upscaler.codecs.tags import Tag, built, resized, tags_of
from cg_upscaler.errors import SourceError
from cg_upscaler.spec import Depth
from tests.image_files import noise, png, png_chunk, psd, write
from tests.retold import retold

tifffile = pytest.importorskip("tifffile")

RGB_PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = b'<?xpacket begin=""?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rock/></x:xmpmeta>'
PIXELS = noise("uint8", 3)


def exif(width: int = 13, height: int = 9) -> bytes:
    block = Pillow.Exif()
    block[0x10F], block[0x112] = "Camera & Co", 6
    inner = block.get_ifd(0x8769)
    inner[0xA002], inner[0xA003], inner[0x9003] = width, height, "2020:01:02 03:04:05"
    return block.tobytes().removeprefix(b"Exif\0\0")


def chunks(path):
    data, at = path.read_bytes(), 8
    found = []
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + 8 + size]
        assert struct.unpack_from(">I", data, at + 8 + size)[0] == zlib.crc32(kind + body)
        if kind != b"IDAT":
            found.append((kind, body))
        at += size + 12
    return found


def png_with(path, *extra, color=2, pixels=PIXELS):
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    path.write_bytes(png(13, 9, 8, color, rows, *(png_chunk(*chunk) for chunk in extra)))
    return path


SAID = [
    (b"gAMA", struct.pack(">I", 45455)),
    (b"gAMA", struct.pack(">I", 100000)),
    (b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)),
    (b"sRGB", b"\1"),
    (b"cICP", b"\1\x0d\0\1"),
    (b"pHYs", struct.pack(">IIB", 2835, 3000, 1)),
    (b"pHYs", struct.pack(">IIB", 1, 2, 0)),
    (b"tEXt", b"Title\0M\xf6oss"),
    (b"zTXt", b"Comment\0\0" + zlib.compress(b"long " * 99)),
    (b"iTXt", b"Author\0\0\0de\0Autor\0" + "Übel 草".encode()),
    (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP),
    (b"iCCP", b"mine\0\0" + zlib.compress(RGB_PROFILE)),
    (b"teSt", b"private, and safe to copy"),
]


@pytest.mark.parametrize("chunk", SAID, ids=lambda chunk: chunk[0].decode())
@pytest.mark.parametrize("indexed", [False, True])
def test_a_chunk_of_a_png_is_in_its_result_as_it_was(tmp_path, chunk, indexed):
    source = png_with(tmp_path / "a.png", chunk)
    target = retold(source, tmp_path / "b.png", 2, indexed=indexed)
    assert [found for found in chunks(target) if found[0] not in (b"IHDR", b"IEND", b"PLTE", b"tRNS")] == [chunk]
    assert codecs.unkept(codecs.probe(source), "png") == ()
    with Pillow.open(target) as picture:
        np.testing.assert_array_equal(np.asarray(picture.convert("RGB"))[::2, ::2], PIXELS)


def test_all_chunks_of_a_png_stand_in_their_order(tmp_path):
    together = [SAID[0], *SAID[2:4], SAID[5], *SAID[7:11]]
    target = retold(png_with(tmp_path / "a.png", *together), tmp_path / "b.png", 2)
    assert chunks(target)[1:-1] == together


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_png_that_says_nothing_stays_silent(tmp_path, dtype, channels):
    path = write(tmp_path / "a.png", noise(dtype, channels))
    assert [kind for kind, _ in chunks(path)] == [b"IHDR", b"IEND"]
    assert codecs.probe(path).carries == ()


def test_what_follows_from_the_texels_of_a_png_is_named_and_left(tmp_path):
    extra = ((b"sBIT", b"\5\6\5"), (b"tIME", bytes(7)), (b"bKGD", bytes(6)), (b"prVW", b"unsafe to copy"))
    source = png_with(tmp_path / "a.png", *extra)
    assert codecs.unkept(codecs.probe(source), "png") == ("significant bits", "chunk prVW")
    assert [kind for kind, _ in chunks(retold(source, tmp_path / "b.png"))] == [b"IHDR", b"IEND"]


def full_png(path):
    info = PngImagePlugin.PngInfo()
    info.add_text("Title", "Moss")
    info.add_text("Author", "Smith")
    info.add_itxt("XML:com.adobe.xmp", XMP.decode())
    Pillow.fromarray(PIXELS).save(
        path, pnginfo=info, icc_profile=RGB_PROFILE, exif=b"Exif\0\0" + exif(), dpi=(300, 150)
    )


def full_jpg(path):
    picture = Pillow.fromarray(PIXELS)
    picture.save(path, icc_profile=RGB_PROFILE, exif=b"Exif\0\0" + exif(), dpi=(300, 150), xmp=XMP, comment="Moss")


def full_webp(path):
    picture = Pillow.fromarray(PIXELS)
    picture.save(path, lossless=True, icc_profile=RGB_PROFILE, exif=b"Exif\0\0" + exif(), xmp=XMP)


def full_tif(path):
    tags = [(315, "s", 0, "Smith", True), (700, "B", len(XMP), XMP, True)]
    tags += [(34675, "B", len(RGB_PROFILE), RGB_PROFILE, True), (274, "H", 1, 6, True)]
    tifffile.imwrite(
        path,
        PIXELS,
        photometric="rgb",
        extratags=tags,
        resolution=(300, 150),
        resolutionunit=2,
        description="Moss",
        metadata=None,
    )


MAKERS = {"png": full_png, "jpg": full_jpg, "webp": full_webp, "tif": full_tif}


@pytest.mark.parametrize("source", list(MAKERS))
@pytest.mark.parametrize("target", ["png", "jpg", "webp", "tif"])
def test_profile_xmp_exif_text_and_resolution_travel_between_containers(tmp_path, source, target):
    first, second = tmp_path / f"a.{source}", tmp_path / f"b.{target}"
    MAKERS[source](first)
    spec = codecs.probe(first)
    assert {"ICC profile", "XMP", "orientation"} <= set(spec.carries)
    retold(first, second, 2, depth=spec.depth)
    lost = codecs.unkept(spec, target)
    with Pillow.open(second) as picture:
        assert sorted(picture.size) == [18, 26]  # Pillow turns a TIFF as its tag says
        assert picture.info["icc_profile"] == RGB_PROFILE
        assert picture.getexif()[0x112] == 6
        if source != "tif":
            assert picture.getexif()[0x10F] == "Camera & Co"
            inner = picture.getexif().get_ifd(0x8769)
            assert (inner[0xA002], inner[0xA003], inner[0x9003]) == (26, 18, "2020:01:02 03:04:05")
        assert XMP in second.read_bytes()
        if source != "webp":
            if target == "webp":
                assert {"resolution", "text"} >= set(lost) >= {"resolution"}
            else:
                assert picture.info["dpi"] == pytest.approx((300, 150), abs=0.02) and lost == ()
                assert b"Moss" in second.read_bytes()
    assert codecs.probe(second).carries == tuple(word for word in codecs.probe(second).carries if word != "gamma")


def test_a_tiff_keeps_tags_that_nobody_knows(tmp_path):
    tags = [(65000, "d", 2, (1.5, -2.5), True), (65001, "s", 0, "rock", True), (270, "s", 0, "Möss".encode(), True)]
    for order in "<>":
        source, target = tmp_path / "a.tif", tmp_path / "b.tif"
        tifffile.imwrite(source, PIXELS, photometric="rgb", extratags=tags, byteorder=order, software="Maker 7")
        with tifffile.TiffFile(retold(source, target, 2)) as file:
            found = {tag.code: tag.value for tag in file.pages[0].tags.values()}
        assert found[65000] == (1.5, -2.5) and found[65001] == "rock"
        assert (found[305], found[256], found[257]) == ("Maker 7", 26, 18)
        assert 306 not in found or found[306]


def test_a_big_tiff_is_read_with_its_tags(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", PIXELS, photometric="rgb", bigtiff=True, description="Moss")
    with tifffile.TiffFile(retold(tmp_path / "a.tif", tmp_path / "b.tif")) as file:
        assert file.pages[0].description == "Moss"
        assert not file.is_bigtiff


def test_a_tiff_says_nothing_of_who_wrote_it_nor_when(tmp_path):
    with tifffile.TiffFile(write(tmp_path / "a.tif", PIXELS)) as file:
        assert not {270, 305, 306, 315} & set(file.pages[0].tags.keys())


def test_what_holds_for_a_tiffs_own_size_is_named_and_left(tmp_path):
    tags = [(33550, "d", 3, (1.0, 1.0, 0.0), True), (37724, "B", 4, b"8BIM", True)]
    tifffile.imwrite(tmp_path / "a.tif", PIXELS, photometric="rgb", extratags=tags)
    assert set(codecs.unkept(codecs.probe(tmp_path / "a.tif"), "tif")) == {"place on a map", "Photoshop layers"}
    with tifffile.TiffFile(retold(tmp_path / "a.tif", tmp_path / "b.tif", 2)) as file:
        assert not {33550, 37724} & set(file.pages[0].tags.keys())


def test_texels_of_a_turned_picture_stay_where_they_are(tmp_path):
    full_jpg(tmp_path / "a.jpg")
    with Pillow.open(retold(tmp_path / "a.jpg", tmp_path / "b.png")) as picture:
        assert picture.size == (13, 9) and picture.getexif()[0x112] == 6


def test_segments_of_a_jpeg_come_back_as_they_were(tmp_path):
    Pillow.fromarray(PIXELS).save(tmp_path / "a.jpg", comment="Moss", icc_profile=RGB_PROFILE)
    data = bytearray((tmp_path / "a.jpg").read_bytes())
    photoshop = b"Photoshop 3.0\0" + b"8BIM\4\4\0\0\0\0\0\0"
    data[20:20] = b"\xff\xed" + struct.pack(">H", len(photoshop) + 2) + photoshop
    data[20:20] = b"\xff\xe5\0\x07hello"
    (tmp_path / "a.jpg").write_bytes(data)
    assert codecs.unkept(codecs.probe(tmp_path / "a.jpg"), "jpg") == ("APP5 segment",)
    found = retold(tmp_path / "a.jpg", tmp_path / "b.jpg").read_bytes()
    assert photoshop in found and b"hello" not in found
    with Pillow.open(BytesIO(found)) as picture:
        assert (picture.info["comment"], picture.info["icc_profile"]) == (b"Moss", RGB_PROFILE)


def test_a_long_profile_goes_into_a_jpeg_in_parts(tmp_path):
    profile = RGB_PROFILE + bytes(200_000)
    png_with(tmp_path / "a.png", (b"iCCP", b"x\0\0" + zlib.compress(profile)))
    with Pillow.open(retold(tmp_path / "a.png", tmp_path / "b.jpg")) as picture:
        assert picture.info["icc_profile"] == profile


def test_a_profile_of_colours_is_not_put_on_a_gray_picture(tmp_path):
    gray = noise("uint8", 1)
    source = png_with(tmp_path / "a.png", (b"iCCP", b"x\0\0" + zlib.compress(RGB_PROFILE)), color=0, pixels=gray)
    for suffix in ("png", "jpg", "tif"):
        with Pillow.open(retold(source, tmp_path / f"b.{suffix}")) as picture:
            assert "icc_profile" not in picture.info


def test_a_psd_hands_its_profile_on(tmp_path):
    def resource(number, data):
        return (
            b"8BIM" + struct.pack(">H", number) + b"\0\0" + struct.pack(">I", len(data)) + data + bytes(len(data) % 2)
        )

    pixels = noise("uint8", 4)
    data = psd(pixels)
    block = resource(1039, RGB_PROFILE) + resource(1005, struct.pack(">IHHIHH", 300 << 16, 1, 1, 150 << 16, 1, 1))
    (tmp_path / "a.psd").write_bytes(data[:30] + struct.pack(">I", len(block)) + block + data[34:])
    spec = codecs.probe(tmp_path / "a.psd")
    assert spec.carries == ("ICC profile", "resolution") and spec.channels == 4
    with Pillow.open(retold(tmp_path / "a.psd", tmp_path / "b.png", 2)) as picture:
        assert picture.info["icc_profile"] == RGB_PROFILE
        assert picture.info["dpi"] == pytest.approx((300, 150), abs=0.02)
        np.testing.assert_array_equal(np.asarray(picture)[::2, ::2], pixels)


def test_a_bmp_keeps_its_resolution(tmp_path):
    Pillow.fromarray(PIXELS).save(tmp_path / "a.bmp", dpi=(300, 150))
    with Pillow.open(retold(tmp_path / "a.bmp", tmp_path / "b.bmp", 2)) as picture:
        assert picture.info["dpi"] == pytest.approx((300, 150), abs=0.02)


def test_a_radiance_file_keeps_the_lines_of_its_header(tmp_path):
    plain = write(tmp_path / "a.hdr", np.abs(noise("float32", 3))).read_bytes()
    lines = b"# moss\nEXPOSURE=2.5\nPRIMARIES=0.64 0.33 0.3 0.6 0.15 0.06 0.3333 0.3333\n"
    at = plain.index(b"\n") + 1
    (tmp_path / "a.hdr").write_bytes(plain[:at] + lines + plain[at:])
    assert codecs.probe(tmp_path / "a.hdr").carries == ("text",)
    assert retold(tmp_path / "a.hdr", tmp_path / "b.hdr").read_bytes() == plain[:at] + lines + plain[at:]


def test_attributes_of_an_exr_come_back_byte_for_byte(tmp_path):
    exr = pytest.importorskip("OpenEXR")
    header = {
        "compression": exr.ZIP_COMPRESSION,
        "type": exr.scanlineimage,
        "chromaticities": (0.7, 0.3, 0.2, 0.7, 0.1, 0.05, 0.31, 0.33),
        "timeCode": exr.TimeCode(1, 2, 3, 4, False, False, False, False, False, False, 1, 2, 3, 4, 5, 6, 7, 8),
        "owner": "Smith",
        "capDate": "2020:01:02 03:04:05",
        "a name of more than thirty-one letters": "long",
        "vector": np.array([1, 2.5], np.float64),
        "number": np.array([2.5], np.float64),
        "names": ["a", "bc"],
        "worldToCamera": np.eye(4, dtype=np.float32),
        "pixelAspectRatio": 2.0,
        "screenWindowWidth": 3.0,
    }
    exr.File(header, {"RGB": noise("float16", 3)}).write(str(tmp_path / "a.exr"))
    found = attributes(retold(tmp_path / "a.exr", tmp_path / "b.exr", 2))
    stored = attributes(tmp_path / "a.exr")
    changed = {"dataWindow", "displayWindow", "type"}
    assert {name: found.get(name) for name in stored if name not in changed} == {
        name: value for name, value in stored.items() if name not in changed
    }
    assert set(found) <= set(stored)
    assert exr.File(str(tmp_path / "b.exr")).header()["names"] == ["a", "bc"]
    assert codecs.unkept(codecs.probe(tmp_path / "a.exr"), "exr") == ()
    assert "attributes" in codecs.unkept(codecs.probe(tmp_path / "a.exr"), "tif")


def attributes(path):
    data, at, found = path.read_bytes(), 8, {}
    while data[at]:
        name, kind, _ = data[at : at + 400].split(b"\0", 2)
        at += len(name) + len(kind) + 2
        size = struct.unpack_from("<i", data, at)[0]
        found[name.decode()] = (kind, data[at + 4 : at + 4 + size])
        at += 4 + size
    return found


def test_an_exr_says_nothing_that_its_source_does_not(tmp_path):
    found = attributes(write(tmp_path / "a.exr", noise("float16", 3)))
    assert set(found) == {
        *("channels", "compression", "dataWindow", "displayWindow", "lineOrder"),
        *("pixelAspectRatio", "screenWindowCenter", "screenWindowWidth"),
    }


def test_text_of_a_png_becomes_attributes_of_an_exr(tmp_path):
    exr = pytest.importorskip("OpenEXR")
    full_png(tmp_path / "a.png")
    header = exr.File(str(retold(tmp_path / "a.png", tmp_path / "b.exr", depth=Depth.HALF))).header()
    assert (header["artist"], header["Title"]) == ("Smith", "Moss")
    assert codecs.unkept(codecs.probe(tmp_path / "a.png"), "exr") == (
        *("ICC profile", "EXIF", "XMP", "resolution", "orientation"),
    )


def test_lists_of_tags_that_point_at_each_other_end():
    entries = b"".join(struct.pack("<HHII", 0x8769, 4, 1, 8 + 2 * (i % 2)) for i in range(4000))
    block = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 4000) + entries + bytes(4)
    assert len(tags_of(block)) < 10
    assert len(resized(block, 1, 1)) == len(block)


def test_sides_in_exif_follow_the_picture_in_either_order_of_bytes():
    for order, mark in (("<", b"II*\0"), (">", b"MM\0*")):
        entries = struct.pack(order + "H", 1) + struct.pack(order + "HHII", 0x8769, 4, 1, 26) + bytes(4)
        inner = struct.pack(order + "H", 1) + struct.pack(order + "HHIHH", 0xA002, 3, 1, 13, 0) + bytes(4)
        block = mark + struct.pack(order + "I", 8) + entries + inner
        tag = tags_of(resized(block, 70000, 9))[0].below[0]
        assert (tag.code, int(tag.number)) == (0xA002, 70000)


def test_tags_survive_being_built():
    tags = (
        Tag(270, 2, 5, b"Moss\0"),
        Tag(0x8769, 4, 1, b"", (Tag(0x9003, 2, 3, b"ab\0"), Tag(0xA002, 4, 1, b"\1\0\0\0"))),
    )
    assert tags_of(built(tags)) == tags


def test_damaged_metadata_is_an_error_of_ours_or_is_left_out(tmp_path):
    """Every byte of what surrounds the texels is changed in turn: nothing else is ever raised, and nothing hangs."""
    for name, make in MAKERS.items():
        make(tmp_path / f"whole.{name}")
        data = (tmp_path / f"whole.{name}").read_bytes()
        path = tmp_path / f"a.{name}"
        for at in range(0, len(data), max(1, len(data) // 150)):
            path.write_bytes(data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :])
            try:
                image = codecs.read(path)
            except SourceError:
                continue
            assert image.pixels.size
