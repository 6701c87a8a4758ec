"""Every row of the tables in docs/formats.md, exported by the command line and read by others than this package."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow

from cg_upscaler import cli
from cg_upscaler.codecs.layouts import FORMATS
from tests.image_files import write

DOCS = Path(__file__).parent.parent / "docs" / "formats.md"
WIDTH, HEIGHT = 32, 16

Check = Callable[[Path], None]


@dataclass(frozen=True)
class Row:
    """A row of the table: what it is called there, how it is asked for, from what, and what must come of it."""

    name: str
    arguments: str
    check: Check
    source: str = "colour"
    result: str = ""


def smooth(channels: int, dtype: str = "uint8") -> NDArray[np.generic]:
    """Slopes that survive any encoder, another in each channel; alpha is a disc, all or nothing."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    planes = [0.5 + 0.4 * np.sin(x / (9 + channel) + y / 7 + channel) for channel in range(channels)]
    if channels == 4:
        planes[3] = ((x - 16) ** 2 + (y - 8) ** 2 < 49).astype(np.float32)
    pixels = np.stack(planes, axis=2)
    return pixels.astype(dtype) if dtype == "float32" else np.round(pixels * np.iinfo(dtype).max).astype(dtype)


SOURCES = {
    "colour": ("rock_color.png", smooth(3)),
    "cut-out": ("leaf_color.png", smooth(4)),
    "deep": ("rock_color.png", smooth(3, "uint16")),
    "mask": ("rock_rough.png", smooth(1)),
    "normal": ("rock_normal.png", np.dstack([smooth(2) // 4 + 96, np.full((HEIGHT, WIDTH), 240, np.uint8)])),
    "light": ("sky.exr", smooth(3, "float32") * 4),
}


def pil(mode: str, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Check:
    def check(path: Path) -> None:
        with Pillow.open(path) as picture:
            picture.load()
            assert (picture.mode, picture.size) == (mode, size)

    return check


def attribute(name: str, value: object, depth: str = "", channels: int = 0) -> Check:
    def check(path: Path) -> None:
        source = oiio.ImageInput.open(str(path))
        assert source is not None, oiio.geterror()
        spec = source.spec()
        found = spec.getattribute(name) if name else value
        assert (found, spec.width, spec.height) == (value, WIDTH, HEIGHT)
        assert not depth or str(spec.format) == depth
        assert not channels or spec.nchannels == channels

    return check


def dds(fourcc: bytes, levels: int) -> Check:
    def check(path: Path) -> None:
        head = path.read_bytes()[:148]
        assert head[84:88] == fourcc
        assert max(1, struct.unpack_from("<I", head, 28)[0]) == levels
        with Pillow.open(path) as picture:
            picture.load()
            assert picture.size == (WIDTH, HEIGHT)

    return check


def dxgi(code: int) -> Check:
    def check(path: Path) -> None:
        head = path.read_bytes()[:148]
        assert (head[84:88], struct.unpack_from("<I", head, 128)[0]) == (b"DX10", code)

    return check


def near(source: str) -> Check:
    """The picture is that of the source, as Pillow reads both."""

    def check(path: Path) -> None:
        with Pillow.open(path) as picture:
            there = np.asarray(picture.convert("RGB"), np.float32)
        assert np.abs(there - SOURCES[source][1][:, :, :3]).mean() < 3

    return check


def both(*checks: Check) -> Check:
    def check(path: Path) -> None:
        for one in checks:
            one(path)

    return check


def zlib_level(level: int) -> Check:
    """The level's hint stands in the header of the zlib stream."""

    def check(path: Path) -> None:
        data = path.read_bytes()
        at = data.index(b"IDAT") + 4
        assert data[at + 1] >> 6 == {0: 0, 1: 0, 6: 2, 9: 3}[level]
        assert zlib.decompressobj().decompress(data[at : at + 4096]) is not None

    return check


def jpeg_quality(most: int, least: int) -> Check:
    def check(path: Path) -> None:
        with Pillow.open(path) as picture:
            assert least <= max(picture.quantization[0]) <= most  # type: ignore[attr-defined]

    return check


EXR = ("none", "rle", "zip", "zips", "piz", "pxr24", "b44", "b44a", "dwaa", "dwab")

ROWS = (
    Row("PNG, 8 bits", "--format png --depth 8", both(pil("RGB"), near("colour")), "deep"),
    Row("PNG, 16 bits", "--format png --depth 16", attribute("", None, "uint16", 3)),
    Row("PNG, indexed", "--format png --channels indexed", pil("P")),
    Row("PNG, compression level", "--format png --png-level 9 --depth 16", zlib_level(9)),
    Row("TGA", "--format tga --encoding none", both(pil("RGB"), near("colour"))),
    Row("TGA, RLE", "--format tga --encoding rle", both(attribute("compression", "rle"), near("colour"))),
    Row("BMP", "--format bmp", both(pil("RGB"), near("colour"))),
    Row("BMP, indexed", "--format bmp --channels indexed", pil("P")),
    Row("JPEG, quality", "--format jpg --jpeg-quality 60", jpeg_quality(110, 60)),
    Row("WebP, lossless", "--format webp", both(pil("RGB"), near("colour"))),
    Row("TIFF, 8 bits", "--format tif", attribute("compression", "zip", "uint8", 3)),
    Row("TIFF, 16 bits", "--format tif --depth 16", attribute("", None, "uint16", 3)),
    Row("TIFF, float", "--format tif --depth 32", attribute("", None, "float", 3)),
    Row("TIFF, compression", "--format tif --encoding lzw", attribute("compression", "lzw", "uint8", 3)),
    Row("Radiance HDR", "--format hdr --depth 32", attribute("", None, "float", 3), "light"),
    Row("OpenEXR, half", "--format exr --depth half", attribute("", None, "half", 3)),
    Row("OpenEXR, float", "--format exr --depth 32", attribute("", None, "float", 3)),
    *(
        Row(f"OpenEXR, {name}", f"--format exr --depth half --encoding {name}", attribute("compression", name, "half"))
        for name in EXR
    ),
    Row("DDS, BC1 (DXT1)", "--format dds --encoding bc1 --header legacy --mips full", dds(b"DXT1", 6)),
    Row("DDS, BC1 with one bit of alpha", "--format dds --encoding bc1 --header legacy", dds(b"DXT1", 6), "cut-out"),
    Row("DDS, BC2 (DXT3)", "--format dds --encoding bc2 --header legacy", dds(b"DXT3", 6), "cut-out"),
    Row("DDS, BC3 (DXT5)", "--format dds --encoding bc3 --header legacy", dds(b"DXT5", 6), "cut-out"),
    Row("DDS, BC4", "--format dds --encoding bc4", dxgi(80), "mask"),
    Row("DDS, BC5", "--format dds --encoding bc5", dxgi(83), "normal"),
    Row("DDS, BC6H", "--format dds --encoding bc6h", dxgi(95), "light"),
    Row("DDS, BC7", "--format dds --encoding bc7", dxgi(99)),
    Row("DDS, uncompressed", "--format dds --encoding rgba8 --channels rgba", dxgi(29)),
    Row("Mip levels: none", "--format dds --encoding bc1 --header legacy --mips none", dds(b"DXT1", 1)),
    Row("Mip levels: full", "--format dds --encoding bc1 --header legacy --mips full", dds(b"DXT1", 6)),
    Row("Mip levels: to 4×4", "--format dds --encoding bc1 --header legacy --mips 4x4", dds(b"DXT1", 3)),
    Row("Mip levels: a share", "--format dds --encoding bc1 --header legacy --mips 0.5", dds(b"DXT1", 3)),
    Row("Channels: RGBA", "--format png --channels rgba", pil("RGBA")),
    Row("Channels: RGB", "--format png --channels rgb", pil("RGB"), "cut-out"),
    Row("Channels: grayscale", "--format png --channels gray", pil("L")),
    Row("Channels: letters", "--format png --channels bgr", pil("RGB")),
    Row("Prefix", "--prefix hd_", pil("RGB"), result="hd_rock_color.png"),
    Row("Suffix", "--suffix _4x", pil("RGB"), result="rock_color_4x.png"),
    Row("Beside the source", "--beside --suffix _new", pil("RGB"), result="../textures/rock_color_new.png"),
    Row(
        "Over the source", "--overwrite --depth 16", attribute("", None, "uint16"), result="../textures/rock_color.png"
    ),
)


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_an_export_is_what_its_row_says(row: Row, tmp_path: Path) -> None:
    name, pixels = SOURCES[row.source]
    write(tmp_path / "textures" / name, pixels)
    (tmp_path / "out").mkdir()
    elsewhere = [] if "--beside" in row.arguments or "--overwrite" in row.arguments else ["-o", str(tmp_path / "out")]
    changed = row.arguments.split()
    if row.arguments.startswith("--prefix") or "--suffix" in row.arguments:
        changed += ["--depth", "8", "--png-level", "1"]
        command = ["run", str(tmp_path / "textures"), "-m", "bicubic", "-s", "2"]
        changed = row.arguments.split()
    else:
        command = ["convert", str(tmp_path / "textures")]
    assert cli.run_cli([*command, *elsewhere, *changed]) == 0
    container = re.search(r"--format (\w+)", row.arguments)
    suffix = f".{container[1]}" if container else Path(name).suffix
    result = tmp_path / "out" / (row.result or Path(name).with_suffix(suffix))
    if command[0] == "run":
        pil("RGB", (2 * WIDTH, 2 * HEIGHT))(result)
    else:
        row.check(result)


def test_every_row_of_the_table_is_tested_and_every_test_has_its_row() -> None:
    text = DOCS.read_text(encoding="utf-8")
    exports = text[text.index("## What can be exported") : text.index("## Like for like")]
    rows = re.findall(r"^\| ([^|`]+?) \|", exports, re.MULTILINE)
    assert [row for row in rows if row not in ("what", "---")] == [row.name for row in ROWS]


def test_results_are_never_written_over_a_file_of_somebody_unless_told(tmp_path: Path) -> None:
    name, pixels = SOURCES["colour"]
    write(tmp_path / "textures" / name, pixels)
    foreign = tmp_path / "out" / name
    foreign.parent.mkdir()
    foreign.write_bytes(b"mine")
    args = ["run", str(tmp_path / "textures"), "-o", str(tmp_path / "out"), "-m", "bicubic"]
    assert cli.run_cli(args) == 1
    assert foreign.read_bytes() == b"mine"
    assert cli.run_cli([*args, "--force"]) == 0
    pil("RGB", (4 * WIDTH, 4 * HEIGHT))(foreign)


def test_every_encoding_of_dds_has_its_row() -> None:
    text = DOCS.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| [^|]+ \| ([^|]+) \|$", text, re.MULTILINE)
    assert [(name, dxgi) for name, _, dxgi in rows] == [
        (name, ", ".join(map(str, format.dxgi)) or "–") for name, format in FORMATS.items()
    ]
