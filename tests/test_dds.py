"""What was written into a DDS file is there, as others read it too: every encoding, header, level, slice."""

from __future__ import annotations

import errno
import os
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import pytest
import texture2ddecoder
from numpy.typing import NDArray
from PIL import Image as Pillow

from cg_upscaler import codecs
from cg_upscaler.codecs import dds as package
from cg_upscaler.codecs.blocks import BLOCKS, Encoder, decode, length
from cg_upscaler.codecs.layouts import FORMATS
from cg_upscaler.errors import DiskFull, OutputError, SourceError, UnreadableImage, UnsupportedImage
from cg_upscaler.geometry import Size
from cg_upscaler.pixels.rows import to_float
from cg_upscaler.spec import Depth, Effort, ImageSpec, Storage
from tests.image_files import dds

pytest.importorskip("ispc_texcomp")

Texels = NDArray[np.generic]
SIZES = [(64, 32), (100, 60), (33, 17), (4, 4), (1, 1), (3, 9)]
DTYPES = {Depth.UINT8: np.uint8, Depth.UINT16: np.uint16, Depth.HALF: np.float16, Depth.FLOAT: np.float32}
PLAIN = sorted(name for name, format in FORMATS.items() if not format.block)
FLOORS = {"bc1": 33, "bc2": 33, "bc3": 33, "bc4": 38, "bc5": 38, "bc7": 38, "dxt2": 25, "dxt4": 25, "rxgb": 33}
"""dB that each block format keeps of a smooth picture."""


def picture(width: int, height: int, channels: int, depth: Depth = Depth.UINT8, *, seed: int = 0) -> Texels:
    """Slopes, which blocks hold well, each channel another way; floats go beyond 1. Alpha is a disc."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    planes = [0.5 + 0.4 * np.sin(x / 23 + y / (31 + 3 * at) + at + seed) for at in range(channels)]
    if channels == 4:
        planes[3] = ((x - width / 2) ** 2 + (y - height / 2) ** 2 <= (height / 3) ** 2).astype(np.float32)
    pixels = np.stack(planes, axis=2)
    return (
        (pixels * 3).astype(DTYPES[depth]) if depth.is_float else np.round(pixels * depth.levels).astype(DTYPES[depth])
    )


def spec_of(name: str, size: Size, channels: int = 0, **storage: object) -> ImageSpec:
    format = FORMATS[name]
    count = channels or format.channels[-1]
    alpha = count - 1 if format.alpha and count in (2, 4) else None
    return ImageSpec(
        size, count, format.depth, "dds", alpha=alpha, storage=Storage(name, **storage), lossy=bool(format.block)
    )  # type: ignore[arg-type]


def write(path: Path, spec: ImageSpec, pictures: list[Texels] | None = None, block: int = 5) -> list[Texels]:
    """Write all pictures of a file a few rows at a time; unless given they are made, each another."""
    made = pictures or [
        picture(size.width, size.height, spec.channels, spec.depth, seed=at) for at, size in enumerate(spec.pictures)
    ]
    with codecs.create(path, spec) as sink:
        for pixels in made:
            for start in range(0, len(pixels), block):
                sink.put(to_float(pixels[start : start + block]))
        sink.commit()
    return made


def psnr(a: Texels, b: Texels, top: float = 255) -> float:
    error = np.square(a.astype(np.float64) - b.astype(np.float64)).mean()
    return float(10 * np.log10(top**2 / max(error, 1e-9)))


def elsewhere(name: str, blocks: bytes, size: Size) -> Texels:
    """Blocks as texture2ddecoder reads them, in the order red, green, blue, alpha. It knows no alpha in BC1."""
    made = getattr(texture2ddecoder, f"decode_{name}")(blocks, size.width, size.height)
    return np.frombuffer(made, np.uint8).reshape(size.height, size.width, 4)[:, :, [2, 1, 0, 3]]


def quantised(name: str, pixels: Texels) -> Texels:
    """What is left of 8 bits in a format of fewer."""
    masks = [mask for mask in FORMATS[name].masks or () if mask]
    if FORMATS[name].bits not in (16, 24, 32) or pixels.dtype != np.uint8 or FORMATS[name].depth is not Depth.UINT8:
        return pixels
    most = np.array([mask >> ((mask & -mask).bit_length() - 1) for mask in masks])[: pixels.shape[2]]
    if not len(most):
        return pixels
    return np.round(np.round(pixels / 255 * most) / most * 255).astype(np.uint8)


def pieces(path: Path, spec: ImageSpec, begins: int) -> list[bytes]:
    """The bytes of each picture of a file, counted by hand: slices one after another, each with its levels."""
    data, format, found = path.read_bytes(), FORMATS[spec.storage.encoding], []
    for size in spec.pictures:
        count = length(format.block, size) if format.block else size.pixels * format.bits // 8
        found.append(data[begins : begins + count])
        begins += count
    assert begins == len(data)
    return found


@pytest.mark.parametrize("shape", SIZES, ids=str)
@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("name", PLAIN)
def test_what_is_not_compressed_comes_back_to_the_bit(
    tmp_path: Path, name: str, legacy: bool, shape: tuple[int, int]
) -> None:
    size = Size(*shape)
    spec = spec_of(name, size, levels=size.levels, legacy=legacy)
    made = write(tmp_path / "a.dds", spec)
    image = codecs.read(tmp_path / "a.dds")
    assert image.spec.storage.levels == size.levels
    assert image.spec.storage.encoding == name
    for level in range(size.levels):
        np.testing.assert_array_equal(
            codecs.read_level(tmp_path / "a.dds", image.spec, level), quantised(name, made[level])
        )
    np.testing.assert_array_equal(image.pixels, quantised(name, made[0]))


@pytest.mark.parametrize("name", ["rgba8", "bgra8", "bgrx8", "bgr8", "b5g6r5", "b5g5r5a1", "b4g4r4a4", "r8", "l8a8"])
def test_another_reader_sees_the_same_uncompressed_texels(tmp_path: Path, name: str) -> None:
    spec = spec_of(name, Size(33, 17), legacy=True)
    (made,) = write(tmp_path / "a.dds", spec)
    source = oiio.ImageInput.open(str(tmp_path / "a.dds"))
    assert source is not None
    there = np.asarray(source.read_image("uint8")).reshape(17, 33, -1)
    assert np.abs(there[:, :, : made.shape[2]].astype(int) - quantised(name, made)).max() <= 1


@pytest.mark.parametrize("shape", SIZES, ids=str)
@pytest.mark.parametrize("name", ["bc1", "bc3", "bc4", "bc5", "bc7"])
def test_every_level_of_blocks_is_read_elsewhere_within_what_blocks_lose(
    tmp_path: Path, name: str, shape: tuple[int, int]
) -> None:
    size = Size(*shape)
    spec = spec_of(name, size, 3 if name in ("bc1", "bc7") else 0, levels=size.levels)
    made = write(tmp_path / "a.dds", spec)
    for data, pixels in zip(pieces(tmp_path / "a.dds", spec, 148), made, strict=True):
        there = elsewhere(name, data, Size(pixels.shape[1], pixels.shape[0]))
        assert psnr(there[:, :, : spec.channels], pixels) > FLOORS[name]
    for level, pixels in enumerate(made):
        ours = codecs.read_level(tmp_path / "a.dds", codecs.probe(tmp_path / "a.dds"), level)
        assert psnr(ours[:, :, : spec.channels], pixels) > FLOORS[name]


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("name", ["bc1", "bc2", "bc3", "bc4", "bc5", "bc7"])
def test_pillow_reads_blocks_behind_either_header(tmp_path: Path, name: str, legacy: bool) -> None:
    spec = spec_of(name, Size(100, 60), 3 if name == "bc1" else 0, levels=3, legacy=legacy)
    pixels = write(tmp_path / "a.dds", spec)[0]
    with Pillow.open(tmp_path / "a.dds") as image:
        there = np.asarray(image).reshape(60, 100, -1)[:, :, : spec.channels]
    seen = there[:, :, 3:].min(axis=2, initial=255) > 0
    assert psnr(there[seen], pixels[seen]) > FLOORS[name]


def test_bc6h_is_light_in_another_decoder_too(tmp_path: Path) -> None:
    """That gives 8 bits of what lies between 0 and 1."""
    light = picture(64, 32, 3, Depth.HALF) / np.float16(3)
    there = elsewhere("bc6", Encoder("bc6h").encode(light), Size(64, 32))[:, :, :3]
    assert psnr(there, light.astype(np.float32) * 255) > 38


@pytest.mark.parametrize("name", ["bc1", "bc2", "bc3", "dxt2", "dxt4", "rxgb", "bc7"])
@pytest.mark.parametrize("levels", [1, 4])
def test_transparency_comes_back(tmp_path: Path, name: str, levels: int) -> None:
    spec = spec_of(name, Size(64, 32), levels=levels, legacy=True)
    made = write(tmp_path / "a.dds", spec)
    image = codecs.read(tmp_path / "a.dds")
    assert (image.spec.channels, image.spec.alpha) == (4, 3)
    for level, pixels in enumerate(made):
        there = codecs.read_level(tmp_path / "a.dds", image.spec, level)
        seen = pixels[:, :, 3] == 255
        assert psnr(there[:, :, 3], pixels[:, :, 3]) > (60 if name in ("bc1", "bc2") else 38)
        if seen.any():
            assert psnr(there[seen][:, :3], pixels[seen][:, :3]) > FLOORS[name]


def test_bc1_is_transparent_exactly_where_alpha_is_less_than_half(tmp_path: Path) -> None:
    pixels = np.asarray(np.random.default_rng(0).integers(0, 256, (32, 64, 4)), np.uint8)
    write(tmp_path / "a.dds", spec_of("bc1", Size(64, 32), legacy=True), [pixels])
    for there in (codecs.read(tmp_path / "a.dds").pixels, np.asarray(Pillow.open(tmp_path / "a.dds"))):
        np.testing.assert_array_equal(there[:, :, 3], np.where(pixels[:, :, 3] >= 128, 255, 0))


def test_bc1_with_nothing_transparent_has_three_channels(tmp_path: Path) -> None:
    pixels = picture(64, 32, 4)
    pixels[:, :, 3] = 255
    write(tmp_path / "a.dds", spec_of("bc1", Size(64, 32)), [pixels])
    assert codecs.probe(tmp_path / "a.dds").channels == 3


@pytest.mark.parametrize("shape", SIZES, ids=str)
def test_bc7_without_alpha_is_opaque_everywhere(tmp_path: Path, shape: tuple[int, int]) -> None:
    for channels in (3, 4):
        pixels = picture(*shape, channels)
        pixels[:, :, 3:] = 255
        write(tmp_path / "a.dds", spec_of("bc7", Size(*shape), channels), [pixels])
        (data,) = pieces(tmp_path / "a.dds", spec_of("bc7", Size(*shape), channels), 148)
        assert (elsewhere("bc7", data, Size(*shape))[:, :, 3] == 255).all()
        assert (codecs.read(tmp_path / "a.dds").pixels[:, :, 3] == 255).all()


def test_the_mean_of_bc7_without_alpha_stays(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pixels = np.asarray(rng.integers(60, 70, (128, 128, 3)), np.uint8)
    write(tmp_path / "a.dds", spec_of("bc7", Size(128, 128), 3), [pixels])
    there = codecs.read(tmp_path / "a.dds").pixels[:, :, :3]
    assert np.abs(there.mean(axis=(0, 1)) - pixels.mean(axis=(0, 1))).max() < 0.3


def test_normals_in_bc5_stay_within_a_degree(tmp_path: Path) -> None:
    y, x = np.mgrid[:128, :128] / 9.0
    vectors = np.stack([0.4 * np.sin(x), 0.4 * np.cos(y + x / 3), np.ones_like(x)], axis=2)
    vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
    pixels = np.round((vectors[:, :, :2] + 1) * 127.5).astype(np.uint8)
    write(tmp_path / "a.dds", spec_of("bc5", Size(128, 128)), [pixels])
    (data,) = pieces(tmp_path / "a.dds", spec_of("bc5", Size(128, 128)), 148)
    there = elsewhere("bc5", data, Size(128, 128))[:, :, :2] / 127.5 - 1
    z = np.sqrt(np.maximum(0, 1 - np.square(there).sum(axis=2)))
    cosine = (np.dstack([there, z]) * vectors).sum(axis=2)
    assert np.degrees(np.arccos(np.clip(cosine, -1, 1))).mean() < 1


def test_light_in_bc6h_is_kept_in_proportion_and_what_it_cannot_hold_is_nearest(tmp_path: Path) -> None:
    light = picture(64, 32, 3, Depth.HALF) * np.float16(40)
    write(tmp_path / "a.dds", spec_of("bc6h", Size(64, 32)), [light])
    source = oiio.ImageInput.open(str(tmp_path / "a.dds"))
    there = np.asarray(source.read_image("half")).reshape(32, 64, 3)
    assert np.abs(there.astype(np.float32) / light.astype(np.float32) - 1).mean() < 0.02
    odd = light.copy()
    odd[0, 0], odd[4, 4], odd[8, 8] = -1, np.nan, 65504
    decoded = decode("bc6h", Encoder("bc6h").encode(odd), Size(64, 32))
    assert np.isfinite(decoded).all() and (decoded >= 0).all()


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize(("slices", "cube"), [(6, True), (12, True), (1, False), (3, False)])
@pytest.mark.parametrize("name", ["bc1", "bc7", "rgba8", "bgra8", "rgba16f"])
@pytest.mark.parametrize("levels", [1, 3, 6])
def test_every_slice_has_its_own_levels(
    tmp_path: Path, name: str, slices: int, cube: bool, legacy: bool, levels: int
) -> None:
    spec = spec_of(name, Size(32, 32), levels=levels, slices=slices, cube=cube, legacy=legacy)
    made = write(tmp_path / "a.dds", spec)
    image = codecs.read(tmp_path / "a.dds")
    simple = slices == (6 if cube else 1)
    found = image.spec.storage
    assert (found.levels, found.slices, found.cube) == (levels, slices, cube)
    assert found.legacy == (legacy and simple and name != "bc7")
    assert image.pixels.shape[:2] == (32 * slices, 32)
    for number in range(slices):
        for level in range(levels):
            stack = codecs.read_level(tmp_path / "a.dds", image.spec, level)
            side = 32 >> level
            there = stack[number * side : (number + 1) * side]
            pixels = made[number * levels + level]
            seen = pixels[:, :, 3] > 0  # BC1 has no colour where nothing is seen
            error = np.abs(there[seen][:, :3].astype(np.float32) - pixels[seen][:, :3]).mean() if seen.any() else 0
            assert error < (1e-6 if name == "rgba16f" else 5)


def test_a_cubemap_is_read_elsewhere_face_by_face(tmp_path: Path) -> None:
    spec = spec_of("bgra8", Size(16, 16), slices=6, cube=True, levels=5, legacy=True)
    made = write(tmp_path / "a.dds", spec)
    source = oiio.ImageInput.open(str(tmp_path / "a.dds"))
    there = np.asarray(source.read_image("uint8")).reshape(-1, 16, 4)
    faces = {np.array_equal(there[at * 16 : at * 16 + 16], made[at * 5]) for at in range(6)}
    assert faces == {True}


@pytest.mark.parametrize("srgb", [True, False])
def test_the_flag_of_colour_spaces_stays(tmp_path: Path, srgb: bool) -> None:
    for name in ("bc1", "bc3", "bc7", "rgba8"):
        write(tmp_path / "a.dds", spec_of(name, Size(8, 8), srgb=srgb, legacy=not srgb))
        found = codecs.probe(tmp_path / "a.dds").storage
        assert found.srgb is (srgb if name == "bc7" or srgb else None)
        assert found.legacy is (not srgb and name != "bc7")


@pytest.mark.parametrize("name", BLOCKS)
def test_equal_pictures_give_equal_bytes_however_their_rows_come_and_whoever_encodes(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = spec_of(name, Size(132, 70))
    pixels = [picture(132, 70, spec.channels, spec.depth)]
    files = []
    for block, together in ((1, 1 << 17), (4, 1 << 17), (70, 1 << 17), (70, 1 << 10), (7, 1 << 9)):
        monkeypatch.setattr("cg_upscaler.codecs.dds.writing._TOGETHER", together)
        write(tmp_path / "a.dds", spec, pixels, block)
        files.append((tmp_path / "a.dds").read_bytes())
    assert len(set(files)) == 1


@pytest.mark.parametrize("effort", Effort)
def test_more_effort_is_no_worse(effort: Effort) -> None:
    rng = np.random.default_rng(3)
    pixels = np.clip(picture(64, 64, 3).astype(int) + rng.integers(-20, 20, (64, 64, 3)), 0, 255).astype(np.uint8)
    least = psnr(decode("bc7", Encoder("bc7").encode(pixels), Size(64, 64))[:, :, :3], pixels)
    found = psnr(decode("bc7", Encoder("bc7", effort).encode(pixels), Size(64, 64))[:, :, :3], pixels)
    assert found >= least - 1e-6


# What cannot be


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        (spec_of("bc5", Size(8, 8), 3), "BC5 cannot hold 3 channels, only 2"),
        (replace(spec_of("bc7", Size(8, 8)), depth=Depth.UINT16), "BC7 cannot hold uint16 samples, only uint8"),
        (spec_of("bc7", Size(8, 8), slices=5, cube=True), "a cube has six square faces, not 5 of 8×8"),
        (spec_of("bc7", Size(8, 4), slices=6, cube=True), "a cube has six square faces, not 6 of 8×4"),
        (spec_of("bgr8", Size(8, 8), slices=3), "BGR8 has no code in the header of DirectX 10"),
        (replace(spec_of("r8", Size(8, 8)), storage=Storage("bc9")), "DDS has no encoding 'bc9'"),
    ],
)
def test_what_no_file_can_hold_is_refused_in_words(tmp_path: Path, spec: ImageSpec, reason: str) -> None:
    with pytest.raises(OutputError, match=reason):
        codecs.create(tmp_path / "a.dds", spec)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (dds(8, 8, bytes(64), dimension=4), "is a volume texture"),
        (dds(8, 8, bytes(64), caps2=0x200000, fourcc=b"DXT1"), "is a volume texture"),
        (dds(8, 8, bytes(64), caps2=0x200 | 0x400, fourcc=b"DXT1"), "is a cubemap that lacks faces"),
        (dds(8, 8, bytes(64), fourcc=b"BC5S"), "is a signed BC5 texture"),
        (dds(8, 8, bytes(64), dxgi=96), "is a signed BC6H texture"),
        (dds(8, 8, bytes(64), fourcc=b"YUY2"), "is of format b'YUY2', which is not handled"),
        (dds(8, 8, bytes(64), dxgi=24), "is of DXGI format 24, which is not handled"),
    ],
)
def test_what_is_not_handled_is_said(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "a.dds").write_bytes(data)
    for act in (codecs.probe, codecs.read):
        with pytest.raises(UnsupportedImage, match=message):
            act(tmp_path / "a.dds")


@pytest.mark.parametrize(
    "data",
    [
        dds(8, 8, bytes(63)),
        dds(8, 8, bytes(64), mips=4),
        dds(8, 8, bytes(64), mips=33),
        dds(8, 8, bytes(64), array=0),
        dds(8, 8, bytes(64), array=1 << 30),
        dds(8, 8, bytes(64), misc=4),
        dds(1 << 13, 1 << 13, bytes(64)),
        *(dds(8, 8, bytes(64))[:cut] for cut in (4, 20, 80, 100, 127, 128, 147, 148, 211)),
    ],
)
def test_a_file_that_is_shorter_than_it_says_is_damaged(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.dds").write_bytes(data)
    for act in (codecs.probe, codecs.read):
        with pytest.raises(UnreadableImage):
            act(tmp_path / "a.dds")


def test_a_file_that_goes_while_it_is_read_is_an_error_of_its_own(tmp_path: Path) -> None:
    write(tmp_path / "a.dds", spec_of("bc7", Size(16, 16), levels=3))
    spec = codecs.probe(tmp_path / "a.dds")
    (tmp_path / "a.dds").unlink()
    with pytest.raises(UnreadableImage, match="cannot be read"):
        codecs.read_level(tmp_path / "a.dds", spec, 1)


def test_no_room_for_a_temporary_file_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    write(tmp_path / "a.dds", spec_of("bc7", Size(16, 16)))
    monkeypatch.setattr("tempfile.mkdtemp", fail)
    with pytest.raises(UnreadableImage, match=r"cannot be decoded .*No space"):
        codecs.read(tmp_path / "a.dds")


def test_the_pixel_limit_counts_all_slices(tmp_path: Path) -> None:
    write(tmp_path / "a.dds", spec_of("bc1", Size(16, 16), slices=6, cube=True))
    assert codecs.probe(tmp_path / "a.dds", limit=6 * 256).storage.slices == 6
    with pytest.raises(SourceError, match="more than the limit"):
        codecs.probe(tmp_path / "a.dds", limit=6 * 256 - 1)


def test_levels_beyond_one_texel_are_passed_over(tmp_path: Path) -> None:
    """Some writers give ten levels to a picture that has seven."""
    spec = spec_of("bc1", Size(64, 64), 3, levels=7)
    made = write(tmp_path / "a.dds", spec)
    data = bytearray((tmp_path / "a.dds").read_bytes() + bytes(3 * 8))
    struct.pack_into("<I", data, 28, 10)
    (tmp_path / "a.dds").write_bytes(data)
    found = codecs.probe(tmp_path / "a.dds")
    assert found.storage.levels == 7
    assert psnr(codecs.read_level(tmp_path / "a.dds", found, 6), made[6]) > FLOORS["bc1"]


@pytest.mark.parametrize("step", ["write", "close"])
def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(package.SurfaceWriter, step, fail)
    with pytest.raises(DiskFull):
        write(tmp_path / "a.dds", spec_of("bc7", Size(64, 64), 3))
    assert list(tmp_path.iterdir()) == []
