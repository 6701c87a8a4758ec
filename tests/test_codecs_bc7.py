"""A BC7 DDS says what was written, within what its blocks lose, and is whole or not there at all."""

from __future__ import annotations

import errno
import os
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from cg_upscaler import codecs
from cg_upscaler.codecs import bc7
from cg_upscaler.errors import DiskFull, OutputError
from cg_upscaler.geometry import Size
from cg_upscaler.maps import ColorSpace
from cg_upscaler.pixels.rows import to_float
from cg_upscaler.spec import Depth, ImageSpec
from tests.image_files import write

pytest.importorskip("ispc_texcomp")

SIZES = [(256, 128), (100, 60), (257, 129), (4, 4), (1, 1), (3, 9)]


def picture(width: int, height: int, channels: int) -> NDArray[np.uint8]:
    """Slopes and an edge, which BC7 holds well, each channel another way."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    planes = [127 + 100 * np.sin(x / 23 + y / (11 + 3 * channel) + channel) for channel in range(channels)]
    pixels = np.stack(planes, axis=2)
    pixels[(x + y) % 64 > 40] *= 0.5
    return np.round(pixels).astype(np.uint8)


def psnr(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    error = np.square(a.astype(np.float64) - b).mean()
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_what_was_written_is_read_back_within_the_error_of_bc7(tmp_path, width, height, channels):
    pixels = picture(width, height, channels)
    path = write(tmp_path / "a.dds", pixels)
    image = codecs.read(path)
    assert (image.spec.size, image.spec.channels, image.spec.lossy) == (Size(width, height), 4, True)
    assert "BC7, no mips" in image.spec.note
    assert psnr(image.pixels[:, :, :channels], pixels) > 40
    assert path.stat().st_size == 148 + bc7.length(Size(width, height))


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_what_has_no_alpha_is_opaque_everywhere(tmp_path, width, height):
    assert (codecs.read(write(tmp_path / "a.dds", picture(width, height, 3))).pixels[:, :, 3] == 255).all()


def test_the_mean_of_what_has_no_alpha_stays(tmp_path):
    pixels = picture(256, 128, 3)
    image = codecs.read(write(tmp_path / "a.dds", pixels))
    assert np.abs(image.pixels[:, :, :3].mean((0, 1)) - pixels.mean((0, 1))).max() < 0.1


def test_colour_under_no_alpha_is_kept(tmp_path):
    pixels = picture(64, 32, 4)
    pixels[:, :32, 3], pixels[:, 32:, 3] = 0, 255
    image = codecs.read(write(tmp_path / "a.dds", pixels))
    assert psnr(image.pixels[:, :32, :3], pixels[:, :32, :3]) > 35
    assert np.abs(image.pixels[:, :, 3].astype(int) - pixels[:, :, 3]).max() <= 4


@pytest.mark.parametrize(("space", "code"), [(ColorSpace.SRGB, 99), (ColorSpace.LINEAR, 98), (ColorSpace.DATA, 98)])
def test_only_srgb_colour_is_marked_as_srgb(tmp_path, space, code):
    path = write(tmp_path / "a.dds", picture(8, 8, 3), color_space=space)
    assert struct.unpack_from("<I", path.read_bytes(), 128) == (code,)


def test_bytes_do_not_depend_on_how_rows_are_fed(tmp_path):
    pixels = picture(61, 43, 4)
    files = [write(tmp_path / f"{block}.dds", pixels, block) for block in (1, 2, 3, 4, 5, 7, 16, 43)]
    assert len({path.read_bytes() for path in files}) == 1


def test_no_more_than_a_stripe_waits(tmp_path):
    writer = bc7.BlockWriter(tmp_path / "a.dds", "dds", ImageSpec(Size(16, 400), 3, Depth.UINT8, "dds"))
    for start in range(0, 398, 3):
        writer.write(picture(16, 400, 3)[start : start + 3])
        assert len(writer._waiting) < bc7.SIDE
    writer.abort()


@pytest.mark.parametrize(("height", "words"), [(0, "only 0 of 20"), (19, "only 19 of 20")])
def test_a_file_with_rows_missing_leaves_nothing(tmp_path, height, words):
    sink = codecs.create(tmp_path / "a.dds", ImageSpec(Size(20, 20), 4, Depth.UINT8, "dds"))
    sink.put(to_float(picture(20, 20, 4)[:height]))
    with pytest.raises(OutputError, match=words):
        sink.commit()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("step", ["write", "close"])
def test_a_disk_that_fills_up_leaves_the_old_file(tmp_path, monkeypatch, step):
    path = tmp_path / "a.dds"
    path.write_bytes(b"old")

    def fail(*args: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(bc7.BlockWriter, step, fail)
    with pytest.raises(DiskFull, match="no space is left"):
        write(path, picture(20, 20, 3))
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("depth", "channels"), [(Depth.UINT16, 3), (Depth.HALF, 4), (Depth.FLOAT, 3), (Depth.UINT8, 1), (Depth.UINT8, 2)]
)
def test_what_bc7_does_not_hold_is_refused(tmp_path: Path, depth: Depth, channels: int) -> None:
    with pytest.raises(OutputError, match="DDS cannot hold"):
        codecs.create(tmp_path / "a.dds", ImageSpec(Size(4, 4), channels, depth, "dds"))
    assert list(tmp_path.iterdir()) == []


def test_an_encoder_that_is_not_installed_is_named_with_the_way_to_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ispc_texcomp", None)
    with pytest.raises(OutputError, match=r"pip install cg-upscaler\[dds\]"):
        write(tmp_path / "a.dds", picture(4, 4, 3))
    assert list(tmp_path.iterdir()) == []
