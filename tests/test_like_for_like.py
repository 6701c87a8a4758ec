"""A run gives back the file that it was given, larger: other readers find in a result what was in its source."""

from __future__ import annotations

import struct
from pathlib import Path

import cv2
import numpy as np
import OpenImageIO as oiio
import pytest
import texture2ddecoder
from numpy.typing import NDArray
from PIL import Image as Pillow

from cg_upscaler import cli, codecs
from cg_upscaler.codecs.dds.header import surface
from cg_upscaler.geometry import Size
from tests.test_dds import picture, spec_of, write

pytest.importorskip("ispc_texcomp")

DEVSET = Path(__file__).parent.parent.parent / "shared" / "devset"
FOUND = sorted(DEVSET.rglob("*.dds"))

Texels = NDArray[np.generic]


@pytest.fixture
def library(tmp_path: Path) -> Path:
    (tmp_path / "textures").mkdir()
    return tmp_path / "textures"


def upscaled(library: Path, *arguments: str, code: int = 0) -> Path:
    """Run a library and return the folder of its results."""
    out = library.parent / "out"
    assert cli.run_cli(["run", str(library), "-o", str(out), "-m", "bicubic", *arguments]) == code
    return out


def by_pillow(path: Path) -> NDArray[np.int32]:
    with Pillow.open(path) as opened:
        return np.asarray(opened.convert("RGBA"), np.int32)


def by_openimageio(path: Path) -> NDArray[np.int32]:
    source = oiio.ImageInput.open(str(path))
    spec = source.spec()
    pixels = np.asarray(source.read_image("uint8"), np.int32).reshape(spec.height, spec.width, -1)
    return pixels if pixels.shape[2] == 4 else np.dstack([pixels[:, :, :3], np.full(pixels.shape[:2], 255)])


def by_texture2ddecoder(path: Path) -> NDArray[np.int32]:
    found = surface(path)
    begins, length = found.at(0, 0)
    decode = getattr(texture2ddecoder, f"decode_{found.format.block}")
    made = decode(path.read_bytes()[begins : begins + length], found.size.width, found.size.height)
    return (
        np.frombuffer(made, np.uint8)
        .reshape(found.size.height, found.size.width, 4)[:, :, [2, 1, 0, 3]]
        .astype(np.int32)
    )


@pytest.mark.skipif(not FOUND, reason="there is no devset beside the repository")
@pytest.mark.parametrize("source", FOUND, ids=[path.name for path in FOUND])
def test_dds_files_of_games_come_back_as_such_and_all_readers_agree(source: Path, library: Path) -> None:
    (library / source.name).write_bytes(source.read_bytes())
    result = upscaled(library) / source.name
    before, after = source.read_bytes()[:128], result.read_bytes()[:128]
    assert before[76:108] == after[76:108]  # the pixel format, whole
    (height, width), (tall, wide) = (struct.unpack_from("<II", head, 12) for head in (before, after))
    assert (wide, tall) == (4 * width, 4 * height)
    levels, more = (struct.unpack_from("<I", head, 28)[0] for head in (before, after))
    assert more == levels + 2 == max(wide, tall).bit_length()
    pillow, openimageio, other = by_pillow(result), by_openimageio(result), by_texture2ddecoder(result)
    assert np.abs(pillow - openimageio).max() <= 2
    assert np.abs(pillow - other)[:, :, :3].max() <= 2
    reduced = cv2.resize(pillow[:, :, :3].astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    assert np.abs(reduced - by_pillow(source)[:, :, :3]).mean() < 6


def sphere(side: int) -> list[Texels]:
    """The six faces of a cube that shows a smooth function of direction, +X -X +Y -Y +Z -Z, as Direct3D has them."""
    across, down = np.meshgrid((np.arange(side) + 0.5) / side * 2 - 1, (np.arange(side) + 0.5) / side * 2 - 1)
    one = np.ones_like(across)
    toward = [
        (one, -down, -across), (-one, -down, across), (across, one, down),
        (across, -one, -down), (across, -down, one), (-across, -down, -one),
    ]  # fmt: skip
    faces = []
    for axes in toward:
        direction = np.stack(axes, axis=2)
        direction /= np.linalg.norm(direction, axis=2, keepdims=True)
        colour = 0.5 + 0.25 * direction + 0.2 * np.sin(5 * direction[:, :, [1, 2, 0]])
        faces.append(np.round(np.dstack([colour, one]) * 255).astype(np.uint8))
    return faces


def test_the_faces_of_a_cubemap_meet_as_well_as_they_go_on_inside(library: Path) -> None:
    faces = sphere(32)
    spec = spec_of("bgra8", Size(32, 32), slices=6, cube=True, legacy=True)
    write(library / "sky_color.dds", spec, faces)
    result = upscaled(library) / "sky_color.dds"
    found = codecs.read(result)
    assert (found.spec.storage.slices, found.spec.storage.cube, found.spec.size) == (6, True, Size(128, 128))
    assert result.read_bytes()[112:116] == struct.pack("<I", 0xFE00)
    stack = found.pixels.reshape(6, 128, 128, 4)[:, :, :, :3].astype(float)
    right = np.abs(stack[4][:, -1] - stack[0][:, 0]).max()  # +Z goes on at its right in +X
    above = np.abs(stack[4][0] - stack[2][-1]).max()  # and above in +Y
    turned = np.abs(stack[0][0] - stack[2][::-1, -1]).max()  # +X goes on above in +Y, turned
    inside = np.abs(np.diff(stack[4], axis=1)).max()
    assert max(right, above, turned) <= 2 * inside + 1


def test_an_array_comes_back_as_one_each_layer_with_its_levels(library: Path) -> None:
    spec = spec_of("bc7", Size(16, 16), slices=3, levels=5, srgb=True)
    made = write(library / "rock_color.dds", spec)
    found = codecs.read(upscaled(library) / "rock_color.dds")
    assert (found.spec.storage.slices, found.spec.storage.levels, found.spec.storage.srgb) == (3, 7, True)
    for number in range(3):
        layer = found.pixels[number * 64 : (number + 1) * 64, :, :3].astype(np.float32)
        reduced = cv2.resize(layer, (16, 16), interpolation=cv2.INTER_AREA)
        assert np.abs(reduced - made[number * 5][:, :, :3]).mean() < 12


@pytest.mark.parametrize("kept", [True, False])
def test_mip_levels_made_by_hand_keep_their_size_or_are_replaced_when_asked(
    library: Path, kept: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    spec = spec_of("bgra8", Size(64, 64), levels=7, legacy=True)
    pictures = [picture(size.width, size.height, 4) for size in spec.pictures]
    for level in range(1, 7):
        pictures[level][:, :, :3] = (255 - 40 * level, 0, 30 * level)  # colour-coded, to see which is shown
        pictures[level][:, :, 3] = 255
    pictures[0][:, :, 3] = 255
    write(library / "rock_color.dds", spec, pictures)
    asked = "keep" if kept else "replace"
    config = library.parent / "game.yaml"
    config.write_text(f"source: textures\nformat: {{own_mips: {asked}}}\n")
    out = library.parent / "out"
    assert cli.run_cli(["plan", "-c", str(config), "-m", "bicubic"]) == 0
    assert "its mip levels were made by hand: " + ("kept" if kept else "replaced") in capfd.readouterr().out
    assert cli.run_cli(["run", "-c", str(config), "-o", str(out), "-m", "bicubic"]) == 0
    found = codecs.probe(out / "rock_color.dds")
    assert found.storage.levels == 9
    for level in range(3, 9):  # level 3 of 256 texels is level 1 of 64
        there = codecs.read_level(out / "rock_color.dds", found, level)
        assert np.array_equal(there, pictures[level - 2]) is kept
    for level in (1, 2):
        reduced = cv2.resize(pictures[0].astype(np.float32), (256 >> level,) * 2, interpolation=cv2.INTER_AREA)
        there = codecs.read_level(out / "rock_color.dds", found, level)
        assert np.abs(there - reduced).mean() < 8


def test_a_conversion_makes_the_chain_anew_and_leaves_the_first_level_alone(library: Path) -> None:
    spec = spec_of("bgra8", Size(32, 32), legacy=True)
    (made,) = write(library / "rock_color.dds", spec)
    out = library.parent / "out"
    assert cli.run_cli(["convert", str(library), "-o", str(out), "--mips", "full"]) == 0
    found = codecs.read(out / "rock_color.dds")
    assert (found.spec.storage.levels, found.spec.storage.encoding, found.spec.storage.legacy) == (6, "bgra8", True)
    np.testing.assert_array_equal(found.pixels, made)


@pytest.mark.parametrize("convention", ["directx", "opengl"])
def test_a_conversion_turns_normals_exactly(library: Path, convention: str) -> None:
    pixels = picture(32, 32, 3) // 4 + 96
    pixels[:, :, 2] = 240
    assert cv2.imwrite(str(library / "rock_normal_gl.png"), pixels[:, :, ::-1])
    out = library.parent / "out"
    assert cli.run_cli(["convert", str(library), "-o", str(out), "--normals", convention]) == 0
    there = np.asarray(Pillow.open(out / "rock_normal_gl.png"))
    expected = pixels.copy()
    if convention == "directx":
        expected[:, :, 1] = 255 - expected[:, :, 1]
    np.testing.assert_array_equal(there, expected)


def test_normals_become_bc5_and_masks_bc4_of_their_own_accord(library: Path) -> None:
    normal = picture(32, 32, 3) // 4 + 96
    normal[:, :, 2] = 240
    assert cv2.imwrite(str(library / "rock_normal.png"), normal[:, :, ::-1])
    assert cv2.imwrite(str(library / "rock_rough.png"), picture(32, 32, 1))
    out = upscaled(library, "--format", "dds")
    assert codecs.probe(out / "rock_normal.dds").note == "BC5, 8 mips"
    assert codecs.probe(out / "rock_rough.dds").note == "BC4, 8 mips"
    there = codecs.read(out / "rock_normal.dds")
    for level in range(8):  # every level holds unit vectors, as far as two channels can
        vectors = codecs.read_level(out / "rock_normal.dds", there.spec, level) / 127.5 - 1
        assert (np.square(vectors).sum(axis=2) < 1).all()


@pytest.mark.parametrize(("encoding", "channels"), [("bc1", 4), ("bc7", 3), ("bc3", 4), ("bc7", 4)])
def test_what_blocks_lose_is_measured_whatever_they_are_read_as(library: Path, encoding: str, channels: int) -> None:
    pixels = picture(16, 16, channels)
    pixels[:, :, 3:] = np.arange(200, 216, dtype=np.uint8)[:, None, None]  # nowhere clear, so BC1 has no holes
    assert cv2.imwrite(str(library / "rock_color.png"), pixels[:, :, [2, 1, 0, 3][:channels]])
    for least, code in ((10, 0), (70, 4)):
        config = library.parent / "game.yaml"
        config.write_text(
            f"source: textures\nalpha: mask\nquality: {{min_encoding: {least}}}\n"
            f"format: {{container: dds, encoding: {encoding}}}\n"
        )
        out = library.parent / f"out{least}"
        assert cli.run_cli(["run", "-c", str(config), "-o", str(out), "-m", "bicubic"]) == code
