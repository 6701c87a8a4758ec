"""KTX 2 files hold what was put into them, as their specification says and as others decode it."""

from __future__ import annotations

import struct
import zlib
from math import lcm
from pathlib import Path

import numpy as np
import opengl_basisu
import pytest
import zstandard

from cg_upscaler import cli, codecs
from cg_upscaler.codecs.ktx2.formats import VULKAN
from cg_upscaler.codecs.layouts import FORMATS
from cg_upscaler.errors import OutputError, SourceError, UnreadableImage, UnsupportedImage
from cg_upscaler.geometry import Size
from cg_upscaler.pixels.rows import to_float
from cg_upscaler.spec import Depth, ImageSpec, Storage
from tests.test_dds import FLOORS, Texels, elsewhere, picture, psnr, quantised

PLAIN = [name for name in VULKAN if not FORMATS[name].block]
SIZES = [(64, 32), (33, 17), (4, 4), (1, 1), (3, 9)]


def spec_of(name: str, size: Size, channels: int = 0, **storage: object) -> ImageSpec:
    format = FORMATS.get(name)
    depth = Depth.UINT8 if format is None else format.depth
    count = channels or (4 if format is None else format.channels[-1])
    return ImageSpec(size, count, depth, "ktx2", alpha=3 if count == 4 else None, storage=Storage(name, **storage))  # type: ignore[arg-type]


def write(path: Path, spec: ImageSpec, block: int = 5) -> list[Texels]:
    made = [
        picture(size.width, size.height, spec.channels, spec.depth, seed=at) for at, size in enumerate(spec.pictures)
    ]
    with codecs.create(path, spec) as sink:
        for pixels in made:
            for start in range(0, len(pixels), block):
                sink.put(to_float(pixels[start : start + block]))
        sink.commit()
    return made


def levels_of(data: bytes) -> list[bytes]:
    """The bytes of each level, found by the index as the specification has it."""
    count = struct.unpack_from("<I", data, 40)[0]
    places = [struct.unpack_from("<3Q", data, 80 + 24 * at) for at in range(count)]
    return [data[begins : begins + length] for begins, length, _ in places]


@pytest.mark.parametrize("shape", SIZES, ids=str)
@pytest.mark.parametrize("name", PLAIN)
def test_what_is_not_compressed_comes_back_to_the_bit(tmp_path: Path, name: str, shape: tuple[int, int]) -> None:
    size = Size(*shape)
    spec = spec_of(name, size, levels=size.levels, srgb=False)
    made = write(tmp_path / "a.ktx2", spec)
    image = codecs.read(tmp_path / "a.ktx2")
    assert (image.spec.storage, image.spec.channels, image.spec.depth) == (spec.storage, spec.channels, spec.depth)
    for level in range(size.levels):
        there = codecs.read_level(tmp_path / "a.ktx2", image.spec, level)
        np.testing.assert_array_equal(there, quantised(name, made[level]))


@pytest.mark.parametrize("shape", SIZES, ids=str)
@pytest.mark.parametrize("name", ["bc1", "bc3", "bc4", "bc5", "bc7"])
def test_blocks_of_every_level_are_decoded_elsewhere(tmp_path: Path, name: str, shape: tuple[int, int]) -> None:
    size = Size(*shape)
    spec = spec_of(name, size, 3 if name in ("bc1", "bc7") else 0, levels=size.levels, srgb=name in ("bc1", "bc7"))
    made = write(tmp_path / "a.ktx2", spec)
    for blocks, pixels in zip(levels_of((tmp_path / "a.ktx2").read_bytes()), made, strict=True):
        there = elsewhere(name, blocks, Size(pixels.shape[1], pixels.shape[0]))
        assert psnr(there[:, :, : spec.channels], pixels) > FLOORS[name]
    found = codecs.probe(tmp_path / "a.ktx2")
    assert found.storage == spec.storage
    assert found.channels == (3 if name == "bc1" else FORMATS[name].channels[-1])


@pytest.mark.parametrize(("slices", "cube"), [(6, True), (12, True), (3, False)])
@pytest.mark.parametrize("name", ["rgba8", "bc7", "rgba16f"])
def test_levels_hold_all_slices_one_after_another(tmp_path: Path, name: str, slices: int, cube: bool) -> None:
    spec = spec_of(name, Size(16, 16), levels=5, slices=slices, cube=cube, srgb=False)
    made = write(tmp_path / "a.ktx2", spec)
    found = codecs.probe(tmp_path / "a.ktx2")
    assert (found.storage.slices, found.storage.cube, found.storage.levels) == (slices, cube, 5)
    for number in range(slices):
        for level in range(5):
            side = 16 >> level
            there = codecs.read_level(tmp_path / "a.ktx2", found, level)[number * side : (number + 1) * side]
            error = np.abs(there.astype(np.float32) - made[number * 5 + level].astype(np.float32)).mean()
            assert error < (6 if name == "bc7" else 1e-6)


@pytest.mark.parametrize("name", VULKAN)
@pytest.mark.parametrize("srgb", [True, False])
def test_the_header_is_as_the_specification_has_it(tmp_path: Path, name: str, srgb: bool) -> None:
    spec = spec_of(name, Size(20, 12), levels=3, srgb=srgb)
    write(tmp_path / "a.ktx2", spec)
    data = (tmp_path / "a.ktx2").read_bytes()
    number, type_size, width, height, depth, layers, faces, levels, scheme = struct.unpack_from("<9I", data, 12)
    has_curve = len(VULKAN[name]) > 1
    assert number == VULKAN[name][1 if srgb and has_curve else 0]
    assert (width, height, depth, layers, faces, levels, scheme) == (20, 12, 0, 0, 1, 3, 0)
    format = FORMATS[name]
    unit = {0: 8 if name in ("bc1", "bc4") else 16}.get(format.bits, format.bits // 8)
    assert type_size == (1 if format.block else format.depth.bits // 8)
    begins, described, said, length, packed, packed_length = struct.unpack_from("<4I2Q", data, 48)
    assert (begins, packed, packed_length) == (80 + 24 * 3, 0, 0)
    total, kind, version, size = struct.unpack_from("<2I2H", data, begins)
    assert (total, kind, version, size) == (described, 0, 2, described - 4)
    model, primaries, transfer, flags, side, _, _, _, plane = struct.unpack_from("<9B", data, begins + 12)
    assert (primaries, transfer, flags, side, plane) == (
        1,
        2 if srgb and has_curve else 1,
        0,
        3 if format.block else 0,
        unit,
    )
    assert model == {"bc1": 128, "bc2": 129, "bc3": 130, "bc4": 131, "bc5": 132, "bc6h": 133, "bc7": 134}.get(name, 1)
    at, there = said, {}
    while at < said + length:
        (count,) = struct.unpack_from("<I", data, at)
        key, _, value = data[at + 4 : at + 4 + count].partition(b"\0")
        there[key] = value
        at += 4 + count + -count % 4
    assert list(there) == sorted(there) and there[b"KTXorientation"] == b"rd\0"
    places = [struct.unpack_from("<3Q", data, 80 + 24 * level) for level in range(3)]
    assert places[2][0] < places[1][0] < places[0][0]  # the smallest lies first
    assert all(place % lcm(unit, 4) == 0 for place, _, _ in places)


@pytest.mark.parametrize("scheme", [2, 3])
def test_packed_levels_are_unpacked(tmp_path: Path, scheme: int) -> None:
    spec = spec_of("rgba8", Size(32, 16), levels=2, srgb=False)
    made = write(tmp_path / "a.ktx2", spec)
    data = bytearray((tmp_path / "a.ktx2").read_bytes())
    first = min(struct.unpack_from("<Q", data, 80 + 24 * level)[0] for level in range(2))
    tail = b""
    for level, plain in enumerate(levels_of(bytes(data))):
        packed = zstandard.compress(plain) if scheme == 2 else zlib.compress(plain)
        struct.pack_into("<3Q", data, 80 + 24 * level, first + len(tail), len(packed), len(plain))
        tail += packed
    struct.pack_into("<I", data, 44, scheme)
    (tmp_path / "b.ktx2").write_bytes(bytes(data[:first]) + tail)
    image = codecs.read(tmp_path / "b.ktx2")
    np.testing.assert_array_equal(image.pixels, made[0])
    np.testing.assert_array_equal(codecs.read_level(tmp_path / "b.ktx2", image.spec, 1), made[1])
    (tmp_path / "b.ktx2").write_bytes(bytes(data[:first]) + tail[:-8])
    with pytest.raises(UnreadableImage):
        codecs.read(tmp_path / "b.ktx2")
    broken = bytearray(bytes(data[:first]) + tail)
    broken[first : first + 30] = bytes(30)
    broken[-40:] = bytes(40)
    (tmp_path / "b.ktx2").write_bytes(broken)
    with pytest.raises(UnreadableImage):
        codecs.read(tmp_path / "b.ktx2")


@pytest.mark.parametrize("name", ["uastc", "etc1s"])
@pytest.mark.parametrize("channels", [3, 4])
def test_basis_universal_is_read_elsewhere_level_by_level(tmp_path: Path, name: str, channels: int) -> None:
    pytest.importorskip("alktx2")
    spec = spec_of(name, Size(64, 32), channels, levels=4, srgb=True)
    made = write(tmp_path / "a.ktx2", spec)
    there = opengl_basisu.open(tmp_path / "a.ktx2")
    assert (there.width, there.height, there.levels, there.srgb, there.has_alpha) == (64, 32, 4, True, channels == 4)
    floor = 36 if name == "uastc" else 26
    for level, pixels in enumerate(made[:2]):
        assert psnr(there.transcode("rgba8", level).data[:, :, :3], pixels[:, :, :3]) > floor
    image = codecs.read(tmp_path / "a.ktx2")
    assert (image.spec.storage.encoding, image.spec.channels, image.spec.storage.levels) == (name, channels, 4)
    assert psnr(image.pixels[:, :, :3], made[0][:, :, :3]) > floor


def test_a_run_gives_a_ktx2_back_and_a_conversion_makes_one(tmp_path: Path) -> None:
    library = tmp_path / "in"
    library.mkdir()
    write(library / "rock_color.ktx2", spec_of("bc7", Size(32, 32), 3, levels=6, srgb=True))
    assert cli.run_cli(["run", str(library), "-o", str(tmp_path / "out"), "-m", "bicubic", "-s", "2"]) == 0
    found = codecs.probe(tmp_path / "out" / "rock_color.ktx2")
    assert (found.size, found.storage) == (Size(64, 64), Storage("bc7", levels=7, srgb=True))
    pytest.importorskip("alktx2")
    args = ["--format", "ktx2", "--encoding", "uastc"]
    assert cli.run_cli(["convert", str(library), "-o", str(tmp_path / "basis"), *args]) == 0
    assert codecs.probe(tmp_path / "basis" / "rock_color.ktx2").storage.encoding == "uastc"


@pytest.mark.parametrize("cut", [0, 11, 12, 40, 79, 80, 100, 200, 400, -1])
def test_a_file_cut_short_is_damaged(tmp_path: Path, cut: int) -> None:
    write(tmp_path / "a.ktx2", spec_of("rgba8", Size(32, 16), levels=3))
    (tmp_path / "a.ktx2").write_bytes((tmp_path / "a.ktx2").read_bytes()[:cut])
    for act in (codecs.probe, codecs.read):
        with pytest.raises(UnreadableImage):
            act(tmp_path / "a.ktx2")


@pytest.mark.parametrize(
    ("offset", "value", "error"),
    [
        (12, 1000, UnsupportedImage),
        (24, 1 << 31, SourceError),
        (28, 4, UnsupportedImage),
        (32, 1 << 30, SourceError),
        (36, 5, SourceError),
        (40, 33, SourceError),
        (40, 9, SourceError),
        (44, 9, UnsupportedImage),
        (80, 1 << 40, SourceError),
    ],
)
def test_a_field_that_cannot_be_is_told(tmp_path: Path, offset: int, value: int, error: type[Exception]) -> None:
    write(tmp_path / "a.ktx2", spec_of("rgba8", Size(32, 16), levels=3))
    data = bytearray((tmp_path / "a.ktx2").read_bytes())
    struct.pack_into("<Q" if value >> 32 else "<I", data, offset, value)
    (tmp_path / "a.ktx2").write_bytes(data)
    with pytest.raises(error):
        codecs.read(tmp_path / "a.ktx2")


def test_what_cannot_be_held_is_refused(tmp_path: Path) -> None:
    for spec in (
        spec_of("bgr8", Size(4, 4)),
        spec_of("uastc", Size(4, 4), slices=6, cube=True),
        spec_of("bc5", Size(4, 4), 3),
    ):
        with pytest.raises(OutputError):
            codecs.create(tmp_path / "a.ktx2", spec)
