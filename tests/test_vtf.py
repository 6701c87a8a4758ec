"""What was written into a VTF file is there, as others read it too, and what others wrote is read."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import texture2ddecoder
from numpy.typing import NDArray

from cg_upscaler import codecs
from cg_upscaler.codecs.vtf.formats import FORMATS, NUMBERS
from cg_upscaler.errors import OutputError, SourceError, TooManyPixels, UnreadableImage, UnsupportedImage
from cg_upscaler.geometry import Size
from cg_upscaler.maps import ColorSpace
from cg_upscaler.pixels.rows import to_float
from cg_upscaler.spec import Depth, ImageSpec, Storage

valve = pytest.importorskip("srctools.vtf")
pytest.importorskip("ispc_texcomp")

Texels = NDArray[np.generic]
DTYPES = {Depth.UINT8: np.uint8, Depth.UINT16: np.uint16, Depth.HALF: np.float16, Depth.FLOAT: np.float32}
NAMES = {
    "bc1": "DXT1", "bc2": "DXT3", "bc3": "DXT5", "bc5": "ATI2N", "rgba8": "RGBA8888", "abgr8": "ABGR8888",
    "gbar8": "ARGB8888", "bgra8": "BGRA8888", "bgrx8": "BGRX8888", "rgb8": "RGB888", "bgr8": "BGR888",
    "r5g6b5": "RGB565", "b5g6r5": "BGR565", "b5g5r5x1": "BGRX5551", "b5g5r5a1": "BGRA5551", "b4g4r4a4": "BGRA4444",
    "r8": "I8", "l8a8": "IA88", "a8": "A8", "uv8": "UV88",
}  # fmt: skip
"""Encodings that srctools knows, by Valve's name."""
BITS = {"r5g6b5": 5, "b5g6r5": 5, "b5g5r5x1": 5, "b5g5r5a1": 5, "b4g4r4a4": 4}
SHOWN = {"r8": [0], "l8a8": [0, 3], "a8": [3], "uv8": [0, 1], "bc5": [0, 1]}
"""Which of red, green, blue and alpha of srctools are the channels."""


def picture(size: Size, channels: int, depth: Depth = Depth.UINT8, *, seed: int = 0) -> Texels:
    """Slopes, which blocks hold well, each channel another way; alpha is half a disc, floats go beyond 1."""
    y, x = np.mgrid[: size.height, : size.width].astype(np.float32)
    planes = [0.5 + 0.4 * np.sin(x / 23 + y / (31 + 3 * at) + at + seed) for at in range(channels)]
    if channels == 4:
        planes[3] = (x + y > size.width / 2).astype(np.float32)
    pixels = np.stack(planes, axis=2)
    if depth.is_float:
        return (pixels * 3).astype(DTYPES[depth])
    return np.round(pixels * depth.levels).astype(DTYPES[depth])


def spec_of(name: str, size: Size, channels: int = 0, **storage: object) -> ImageSpec:
    format = FORMATS[name]
    count = channels or format.channels[-1]
    alpha = count - 1 if format.alpha and count in (2, 4) else None
    return ImageSpec(size, count, format.depth, "vtf", alpha=alpha, storage=Storage(name, **storage))  # type: ignore[arg-type]


def write(path: Path, spec: ImageSpec, metadata: codecs.Metadata = codecs.Metadata()) -> list[Texels]:  # noqa: B008
    """Write all pictures of a file a few rows at a time, each another."""
    made = [picture(size, spec.channels, spec.depth, seed=at) for at, size in enumerate(spec.pictures)]
    with codecs.create(path, spec, metadata) as sink:
        for pixels in made:
            for start in range(0, len(pixels), 5):
                sink.put(to_float(pixels[start : start + 5]))
        sink.commit()
    return made


def elsewhere(path: Path, **which: object) -> NDArray[np.uint8]:
    """A picture as srctools reads it: red, green, blue, alpha."""
    with path.open("rb") as file:
        frame = valve.VTF.read(file).get(**which)
        frame.load()
        return np.frombuffer(bytes(frame._data), np.uint8).reshape(frame.height, frame.width, 4)


def psnr(a: Texels, b: Texels) -> float:
    error = np.square(a.astype(np.float64) - b.astype(np.float64)).mean()
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("levels", [1, 7])
def test_every_encoding_is_what_another_reader_sees(tmp_path: Path, name: str, levels: int) -> None:
    spec = spec_of(name, Size(64, 32), levels=levels)
    path = tmp_path / "a.vtf"
    made = write(path, spec)
    with path.open("rb") as file:
        there = valve.VTF.read(file)
    number = "DXT1_ONEBITALPHA" if name == "bc1" else NAMES[name]
    assert (there.format.name, there.mipmap_count) == (number, levels)
    read = codecs.probe(path)
    assert (read.size, read.channels, read.storage) == (spec.size, spec.channels, spec.storage)
    for level, pixels in enumerate(made):
        if FORMATS[name].block and min(pixels.shape[:2]) < 4:
            continue  # srctools shows black there
        got = elsewhere(path, mipmap=level)[:, :, SHOWN.get(name, [0, 1, 2, 3][: spec.channels])]
        own = codecs.read_level(path, read, level)
        if name == "uv8":
            got = got ^ np.uint8(128)
        if name in BITS:
            assert np.abs(got.astype(int) - pixels).max() <= 255 >> BITS[name]
            assert np.abs(own.astype(int) - pixels).max() <= (255 >> BITS[name]) / 2 + 1
        elif FORMATS[name].block:
            seen = np.ones(pixels.shape[:2], bool) if name != "bc1" else pixels[:, :, 3] > 0
            assert psnr(got[seen], pixels[seen]) > 30
            assert psnr(own[seen], pixels[seen]) > 30
        else:
            np.testing.assert_array_equal(got, pixels)
            np.testing.assert_array_equal(own, pixels)


@pytest.mark.parametrize("name", ["rgba16", "rgba16f", "r32f", "rgb32f", "rgba32f"])
def test_deep_texels_lie_in_the_file_as_they_are(tmp_path: Path, name: str) -> None:
    spec = spec_of(name, Size(8, 4), levels=4)
    made = write(tmp_path / "a.vtf", spec)
    data = (tmp_path / "a.vtf").read_bytes()
    assert data.endswith(b"".join(pixels.tobytes() for pixels in reversed(made)))
    assert struct.unpack_from("<i", data, 52)[0] == NUMBERS[name][0]
    image = codecs.read(tmp_path / "a.vtf")
    np.testing.assert_array_equal(image.pixels, made[0])
    assert image.spec.color_space is ColorSpace.LINEAR


def test_the_blocks_of_small_levels_are_there(tmp_path: Path) -> None:
    made = write(tmp_path / "a.vtf", spec_of("bc4", Size(8, 8), levels=4))
    data = (tmp_path / "a.vtf").read_bytes()
    for level, begins in enumerate((-32, -40, -48, -56)):
        side = 8 >> level
        blocks = texture2ddecoder.decode_bc4(data[begins:][: 32 if level == 0 else 8], side, side)
        got = np.frombuffer(blocks, np.uint8).reshape(side, side, 4)[:, :, 2]
        assert np.abs(got.astype(int) - made[level][:, :, 0]).max() <= 8


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("minor", [2, 3, 4, 5])
def test_what_another_writer_made_is_read(tmp_path: Path, name: str, minor: int) -> None:
    size, format = Size(32, 16), FORMATS[name]
    shown = SHOWN.get(name, [0, 1, 2, 3][: format.channels[-1]])
    pixels = np.full((16, 32, 4), 255, np.uint8)
    pixels[:, :, shown] = picture(size, len(shown))
    if name in ("r8", "l8a8"):
        pixels[:, :, :3] = pixels[:, :, :1]
    kind = "DXT1_ONEBITALPHA" if name == "bc1" else NAMES[name]
    path = theirs(tmp_path / "a.vtf", pixels, kind, minor)
    spec = codecs.probe(path)
    assert (spec.size, spec.storage.encoding, spec.storage.levels) == (size, name, 4)
    got, wanted = codecs.read(path).pixels, elsewhere(path)[:, :, shown]
    if name == "uv8":
        wanted = wanted ^ np.uint8(128)
    if name == "bc1":
        got, wanted = (part[pixels[:, :, 3] > 0] for part in (got, wanted))
    assert np.abs(got.astype(int) - wanted).max() <= (2 if format.block else name in BITS)


def theirs(path: Path, pixels: Texels, kind: str, minor: int, **more: object) -> Path:
    """A file that srctools makes."""
    made = valve.VTF(pixels.shape[1], pixels.shape[0], (7, minor), fmt=valve.ImageFormats[kind], **more)
    for frame in made._frames.values():
        if (frame.height, frame.width) == pixels.shape[:2]:
            frame.copy_from(np.ascontiguousarray(pixels).tobytes())
    with path.open("wb") as file:
        made.save(file)
    return path


def test_frames_are_slices(tmp_path: Path) -> None:
    made = write(tmp_path / "a.vtf", spec_of("bgr8", Size(16, 16), slices=3, levels=5))
    for frame in range(3):
        for level in range(5):
            got = elsewhere(tmp_path / "a.vtf", frame=frame, mipmap=level)[:, :, :3]
            np.testing.assert_array_equal(got, made[5 * frame + level])
    np.testing.assert_array_equal(codecs.read(tmp_path / "a.vtf").pixels, np.concatenate(made[::5]))


def test_faces_of_a_cube_come_in_order(tmp_path: Path) -> None:
    made = write(tmp_path / "a.vtf", spec_of("bgra8", Size(8, 8), slices=12, cube=True, levels=2))
    for number, side in enumerate(valve.CUBES):
        for frame in range(2):
            got = elsewhere(tmp_path / "a.vtf", frame=frame, side=side, mipmap=1)
            np.testing.assert_array_equal(got, made[2 * (6 * frame + number) + 1])
    assert codecs.probe(tmp_path / "a.vtf").storage.slices == 12


@pytest.mark.parametrize("minor", [2, 4])
def test_a_map_of_the_sphere_grows_with_its_cube(tmp_path: Path, minor: int) -> None:
    source = valve.VTF(8, 8, (7, minor), fmt=valve.ImageFormats.RGB888, flags=valve.VTFFlags.ENVMAP)
    for number, side in enumerate(valve.CUBES_WITH_SPHERE):
        source.get(side=side).fill(30 * number, 7, 200)
    with (tmp_path / "a.vtf").open("wb") as file:
        source.save(file)
    image = codecs.read(tmp_path / "a.vtf")
    assert image.spec.storage == Storage("rgb8", 3, 6, True)
    assert list(image.pixels[::8, 0, 0]) == [0, 30, 60, 90, 120, 150]
    made = write(tmp_path / "b.vtf", replace(image.spec, size=Size(16, 16)), image.metadata)
    for number, side in enumerate(valve.CUBES):
        np.testing.assert_array_equal(elsewhere(tmp_path / "b.vtf", side=side)[:, :, :3], made[3 * number])
    for level in range(3):
        sphere = elsewhere(tmp_path / "b.vtf", side=valve.CubeSide.SPHERE, mipmap=level)
        assert (sphere == (180, 7, 200, 255)).all()


def test_what_the_header_said_is_kept(tmp_path: Path) -> None:
    flags = valve.VTFFlags.CLAMP_S | valve.VTFFlags.NORMAL | valve.VTFFlags.ANISOTROPIC
    source = valve.VTF(64, 64, (7, 3), ref=(0.25, 0.5, 0.75), bump_scale=2.0, flags=flags, fmt=valve.ImageFormats.DXT5)
    source.first_frame_index = 3
    source.resources[valve.ResourceID.CRC] = valve.Resource(0, 0x12345678)
    source.resources[valve.ResourceID.LOD_SETTINGS] = valve.Resource(0, 0x0506)
    source.resources[valve.ResourceID.KEYVALUES] = valve.Resource(0, b'"a" { "b" "c" }')
    with (tmp_path / "a.vtf").open("wb") as file:
        source.save(file)
    image = codecs.read(tmp_path / "a.vtf")
    assert image.spec.color_space is ColorSpace.DATA
    assert image.spec.carries == image.metadata.carries == ("Valve's flags and resources",)
    write(tmp_path / "b.vtf", replace(image.spec, size=Size(256, 256)), image.metadata)
    with (tmp_path / "b.vtf").open("rb") as file:
        there = valve.VTF.read(file)
    assert there.version == (7, 3)
    assert there.flags == flags
    assert tuple(there.reflectivity) == (0.25, 0.5, 0.75)
    assert (there.bumpmap_scale, there.first_frame_index, there.mipmap_count) == (2, 3, 6)
    assert there.resources[valve.ResourceID.CRC].data == 0x12345678
    assert there.resources[valve.ResourceID.LOD_SETTINGS].data == 0x0708
    assert there.resources[valve.ResourceID.KEYVALUES].data == b'"a" { "b" "c" }'


@pytest.mark.parametrize("number", [34, 37])
def test_the_number_of_an_engine_is_kept(tmp_path: Path, number: int) -> None:
    write(tmp_path / "a.vtf", spec_of("bc5", Size(8, 8)))
    data = bytearray((tmp_path / "a.vtf").read_bytes())
    struct.pack_into("<i", data, 52, number)
    (tmp_path / "a.vtf").write_bytes(data)
    image = codecs.read(tmp_path / "a.vtf")
    write(tmp_path / "b.vtf", image.spec, image.metadata)
    assert struct.unpack_from("<i", (tmp_path / "b.vtf").read_bytes(), 52)[0] == number


def test_the_flag_against_mips_goes_with_them(tmp_path: Path) -> None:
    write(tmp_path / "flat.vtf", spec_of("bgr8", Size(8, 8)))
    flat = codecs.read(tmp_path / "flat.vtf")
    write(tmp_path / "more.vtf", spec_of("bgr8", Size(8, 8), levels=4), flat.metadata)
    more = codecs.read(tmp_path / "more.vtf")
    write(tmp_path / "again.vtf", spec_of("bgr8", Size(8, 8)), more.metadata)
    flags = [struct.unpack_from("<I", path.read_bytes(), 20)[0] & 0x100 for path in sorted(tmp_path.iterdir())]
    assert flags == [0x100, 0x100, 0]


@pytest.mark.parametrize(("name", "flag"), [("bgr8", 0), ("bgra8", 0x2000), ("bc1", 0x1000), ("a8", 0x2000)])
def test_a_new_file_says_whether_it_has_alpha(tmp_path: Path, name: str, flag: int) -> None:
    write(tmp_path / "a.vtf", spec_of(name, Size(8, 8)))
    assert struct.unpack_from("<I", (tmp_path / "a.vtf").read_bytes(), 20)[0] & 0x3000 == flag


def test_a_new_file_has_a_small_picture_and_its_mean_light(tmp_path: Path) -> None:
    y, x = np.mgrid[:128, :64]
    pixels = ((x + y)[:, :, None] / 192 * [250, 180, 90]).astype(np.uint8)
    with codecs.create(tmp_path / "a.vtf", spec_of("bgr8", Size(64, 128))) as sink:
        for start in range(0, 128, 5):
            sink.put(to_float(pixels[start : start + 5]))
        sink.commit()
    with (tmp_path / "a.vtf").open("rb") as file:
        there = valve.VTF.read(file)
        there._low_res.load()
    assert (there._low_res.width, there._low_res.height) == (8, 16)
    small = np.frombuffer(bytes(there._low_res._data), np.uint8).reshape(16, 8, 4)[:, :, :3]
    light = np.power(pixels / 255, 2.2)
    mean = np.power(light.reshape(16, 8, 8, 8, 3).mean(axis=(1, 3)), 1 / 2.2) * 255
    assert psnr(small, mean) > 32
    np.testing.assert_allclose(tuple(there.reflectivity), light.mean(axis=(0, 1)), rtol=1e-5)


def test_equal_pictures_give_equal_bytes_however_rows_come(tmp_path: Path) -> None:
    spec = spec_of("bc3", Size(64, 64))
    pixels = to_float(picture(spec.size, 4))
    files = []
    for step in (3, 64):
        with codecs.create(tmp_path / f"{step}.vtf", spec) as sink:
            for start in range(0, 64, step):
                sink.put(pixels[start : start + step])
            sink.commit()
        files.append((tmp_path / f"{step}.vtf").read_bytes())
    assert files[0] == files[1]


@pytest.mark.parametrize(("minor", "begins"), [(0, 64), (1, 64), (2, 80)])
def test_headers_of_old_versions_are_read_and_kept(tmp_path: Path, minor: int, begins: int) -> None:
    head = struct.pack(
        "<4s3I2HI2H4x3f4xfiBi2B", b"VTF\0", 7, minor, begins, 4, 2, 0, 1, 0, 1, 0.5, 0, 1, 2, 1, -1, 0, 0
    )
    texels = bytes(range(24))
    (tmp_path / "a.vtf").write_bytes(head.ljust(begins, b"\0") + texels)
    image = codecs.read(tmp_path / "a.vtf")
    assert image.pixels.tobytes() == texels
    with codecs.create(tmp_path / "b.vtf", image.spec, image.metadata) as sink:
        sink.put(to_float(image.pixels))
        sink.commit()
    again = bytearray((tmp_path / "b.vtf").read_bytes())
    assert again[:20] == (tmp_path / "a.vtf").read_bytes()[:20]
    assert again[begins:] == texels


def test_opaque_dxt1_has_three_channels(tmp_path: Path) -> None:
    write(tmp_path / "a.vtf", spec_of("bc1", Size(8, 8), channels=3))
    assert codecs.probe(tmp_path / "a.vtf").channels == 3
    assert struct.unpack_from("<i", (tmp_path / "a.vtf").read_bytes(), 52)[0] == 13


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({63: b"\2\0"}, UnsupportedImage),
        ({52: b"\7\0\0\0"}, UnsupportedImage),
        ({52: b"\x63\0\0\0"}, UnsupportedImage),
        ({8: b"\6\0\0\0"}, UnsupportedImage),
        ({4: b"\1\0\0\0"}, UnsupportedImage),
        ({16: b"\0\0"}, UnreadableImage),
        ({24: b"\0\0"}, UnreadableImage),
        ({56: b"\0"}, UnreadableImage),
        ({56: b"\xff"}, UnreadableImage),
        ({68: b"\xff\xff\xff\xff"}, UnreadableImage),
        ({24: b"\xff\xff"}, UnreadableImage),
        ({84: b"\xff\xff\xff\xff"}, UnreadableImage),
    ],
)
def test_a_header_that_is_wrong_says_so(tmp_path: Path, change: dict[int, bytes], error: type[SourceError]) -> None:
    write(tmp_path / "a.vtf", spec_of("bc3", Size(16, 16), levels=5))
    data = bytearray((tmp_path / "a.vtf").read_bytes())
    for at, new in change.items():
        data[at : at + len(new)] = new
    if 84 in change:  # the place of the pictures, behind that of the small one
        data[92:96] = change[84]
    (tmp_path / "a.vtf").write_bytes(data)
    for work in (codecs.probe, codecs.read):
        with pytest.raises(error):
            work(tmp_path / "a.vtf")


def test_a_file_that_ends_early_is_damaged(tmp_path: Path) -> None:
    write(tmp_path / "a.vtf", spec_of("bc1", Size(16, 16), levels=5))
    data = (tmp_path / "a.vtf").read_bytes()
    for length in [*range(120), len(data) - 1]:
        (tmp_path / "b.vtf").write_bytes(data[:length])
        with pytest.raises(UnreadableImage):
            codecs.read(tmp_path / "b.vtf")


def test_no_change_of_a_header_breaks_the_reader(tmp_path: Path) -> None:
    write(tmp_path / "a.vtf", spec_of("bgra8", Size(8, 8), slices=6, cube=True, levels=4))
    data = (tmp_path / "a.vtf").read_bytes()
    rng = np.random.default_rng(0)
    raised = 0
    for _ in range(500):
        changed = bytearray(data)
        for _ in range(rng.integers(1, 4)):
            changed[rng.integers(4, 100)] = rng.integers(256)
        (tmp_path / "b.vtf").write_bytes(changed)
        try:
            image = codecs.read(tmp_path / "b.vtf", limit=1 << 16)
            assert image.pixels.shape[:2] == (image.size.height, image.size.width)
        except SourceError:
            raised += 1
    assert raised > 50


def test_frames_count_against_the_limit(tmp_path: Path) -> None:
    write(tmp_path / "a.vtf", spec_of("r8", Size(16, 16), slices=8))
    with pytest.raises(TooManyPixels):
        codecs.probe(tmp_path / "a.vtf", limit=1024)
    assert codecs.probe(tmp_path / "a.vtf", limit=2048).storage.slices == 8


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (ImageSpec(Size(8, 8), 3, Depth.HALF, "vtf"), "no format for 3 channels of half"),
        (ImageSpec(Size(8, 8), 3, Depth.UINT8, "vtf", storage=Storage("bc7")), "no encoding 'bc7'"),
        (ImageSpec(Size(8, 4), 3, Depth.UINT8, "vtf", storage=Storage("bgr8", 1, 6, True)), "six square faces"),
        (ImageSpec(Size(8, 8), 4, Depth.UINT8, "vtf", storage=Storage("bgr8")), "cannot hold 4 channels"),
    ],
)
def test_what_cannot_be_written_is_refused_in_words(tmp_path: Path, spec: ImageSpec, words: str) -> None:
    with pytest.raises(OutputError, match=words):
        codecs.create(tmp_path / "a.vtf", spec)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["bc3", "bgra8"])
def test_without_an_encoder_of_blocks_nothing_is_begun(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also what is in no blocks has a small picture that is."""
    monkeypatch.setattr("cg_upscaler.codecs.vtf.formats.find_spec", lambda _: None)
    with pytest.raises(OutputError, match=r'pip install "cg-upscaler\[dds\]"'):
        codecs.create(tmp_path / "a.vtf", spec_of(name, Size(8, 8)))
    assert list(tmp_path.iterdir()) == []
