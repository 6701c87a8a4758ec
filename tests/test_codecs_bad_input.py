"""A file that is not what it should be gives one error, which names it and says what to do."""

from __future__ import annotations

import contextlib
import itertools
import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from cg_upscaler import codecs
from cg_upscaler.errors import SourceError, TooManyPixels, UnreadableImage, UnsupportedImage
from cg_upscaler.geometry import Size
from cg_upscaler.spec import Depth, ImageSpec, Storage
from tests.image_files import bmp, dds, noise, png, png_chunk, psd, tga, write

SUFFIXES = [".png", ".tga", ".bmp", ".jpg", ".tif", ".exr", ".hdr", ".webp", ".psd", ".dds"]


def whole(folder: Path, suffix: str) -> Path:
    """A sound file of a container, of some kilobytes."""
    path = folder / f"whole{suffix}"
    if suffix == ".psd":
        path.write_bytes(psd(noise("uint8", 3, 40, 30)))
    elif suffix == ".tga":
        path.write_bytes(tga(40, 30, data=noise("uint8", 3, 40, 30).tobytes()))  # no footer, whose loss does no harm
    elif suffix == ".dds":
        path.write_bytes(dds(40, 32, bytes(range(256)) * 5, dxgi=98))
    else:
        write(path, noise("float32" if suffix in (".exr", ".hdr") else "uint8", 3, 40, 30))
    return path


@pytest.mark.parametrize("share", [0.0005, 0.01, 0.05, 0.3, 0.6, 0.9, 0.98])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_truncated_file_is_an_error_wherever_it_ends(tmp_path, suffix, share):
    sound = whole(tmp_path, suffix)
    codecs.read(sound)
    data = sound.read_bytes()
    path = tmp_path / f"cut{suffix}"
    path.write_bytes(data[: max(1, int(len(data) * share))])
    with pytest.raises(UnreadableImage, match=f"cut{suffix}: .*; ") as error:
        codecs.read(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_empty_file_is_an_error(tmp_path, suffix):
    (tmp_path / f"a{suffix}").touch()
    for look in (codecs.probe, codecs.read):
        with pytest.raises(UnreadableImage, match="is empty; export it again"):
            look(tmp_path / f"a{suffix}")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_of_zeros_is_an_error(tmp_path, suffix):
    (tmp_path / f"a{suffix}").write_bytes(bytes(5000))
    with pytest.raises(UnreadableImage, match="zeros"):
        codecs.read(tmp_path / f"a{suffix}")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_git_lfs_pointer_is_told_as_one(tmp_path, suffix):
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a21\nsize 12345\n"
    (tmp_path / f"a{suffix}").write_text(pointer)
    with pytest.raises(UnreadableImage, match="is a Git LFS pointer, not the image; run 'git lfs pull'"):
        codecs.probe(tmp_path / f"a{suffix}")


@pytest.mark.parametrize(("held", "claimed"), list(itertools.permutations(SUFFIXES, 2)))
def test_a_misnamed_file_is_refused_with_its_right_name(tmp_path, held, claimed):
    path = whole(tmp_path, held).rename(tmp_path / f"rock.v2{claimed}")
    with pytest.raises(UnreadableImage) as error:
        codecs.probe(path)
    if held == ".tga":  # nothing in it says so for sure
        assert "misnamed" in str(error.value)
    else:
        assert "under the name of a" in str(error.value) and f"rename it to rock.v2{held}" in str(error.value)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_text_under_an_image_name_is_refused(tmp_path, suffix):
    (tmp_path / f"a{suffix}").write_text("<!DOCTYPE html><title>404</title>" * 50)
    with pytest.raises(UnreadableImage, match="does not begin as a"):
        codecs.read(tmp_path / f"a{suffix}")


def jpeg_claiming(width: int, height: int) -> bytes:
    frame = struct.pack(">BHHB", 8, height, width, 3) + bytes([1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0])
    return b"\xff\xd8" + b"\xff\xfe\x00\x06note" + b"\xff\xff\xc2" + struct.pack(">H", 2 + len(frame)) + frame


def webp_claiming(width: int, height: int) -> bytes:
    body = b"VP8X" + struct.pack("<I4x", 10) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def tiff_claiming(width: int, height: int) -> bytes:
    tags = [(256, 4, width), (257, 4, height), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 8), (277, 3, 1)]
    tags += [(278, 4, height), (279, 4, 8)]
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return b"II*\0" + struct.pack("<IQH", 16, 0, len(tags)) + entries + bytes(4)


HUGE = {
    ".png": png(100_000, 100_000, 8, 2, bytes(1000)),
    ".tga": tga(60_000, 60_000, data=bytes(1000)),
    ".bmp": bmp(100_000, 100_000, bytes(1000)),
    ".dds": dds(100_000, 100_000, bytes(1000)),
    ".psd": b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, 100_000, 100_000, 8, 3) + bytes(1000),
    ".jpg": jpeg_claiming(60_000, 60_000),
    ".webp": webp_claiming(100_000, 100_000),
}
UNFILLED = {
    ".tif": tiff_claiming(100_000, 100_000),
    ".hdr": b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 17000 +X 17000\n" + bytes(1000),
}


@pytest.mark.parametrize("suffix", HUGE)
def test_an_absurd_size_is_refused_by_the_header(tmp_path, suffix):
    path = tmp_path / f"huge{suffix}"
    path.write_bytes(HUGE[suffix])
    for look in (codecs.probe, codecs.read):
        with pytest.raises(TooManyPixels, match=r"claims \d+×\d+ texels, more than the limit of 268435456"):
            look(path)


@pytest.mark.parametrize("suffix", UNFILLED)
def test_a_header_that_claims_far_more_than_the_file_holds_is_refused(tmp_path, suffix):
    path = tmp_path / f"huge{suffix}"
    path.write_bytes(UNFILLED[suffix])
    with pytest.raises(UnreadableImage, match="corrupt or malicious header"):
        codecs.probe(path)


GREEDY = """
import sys, psutil
from pathlib import Path
from cg_upscaler import codecs
from cg_upscaler.errors import TooManyPixels
before = psutil.Process().memory_info().rss
for path in Path(sys.argv[1]).iterdir():
    try:
        codecs.read(path)
        raise SystemExit(f"{path} was read")
    except TooManyPixels:
        pass
print(psutil.Process().memory_info().rss - before >> 20)
"""


def test_no_memory_is_taken_for_an_absurd_size(tmp_path):
    for suffix, data in HUGE.items():
        (tmp_path / f"huge{suffix}").write_bytes(data)
    child = subprocess.run([sys.executable, "-c", GREEDY, str(tmp_path)], capture_output=True, text=True, check=True)
    assert int(child.stdout) < 40  # MiB


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_limit_is_the_callers(tmp_path, suffix):
    path = whole(tmp_path, suffix)
    size = codecs.probe(path).size
    assert codecs.read(path, limit=size.pixels).size == size
    with pytest.raises(TooManyPixels):
        codecs.read(path, limit=size.pixels - 1)


def test_a_png_that_unpacks_to_more_than_it_claims_gives_what_it_claims(tmp_path):
    path = tmp_path / "bomb.png"
    path.write_bytes(png(4, 4, 8, 0, bytes(50_000_000)))
    assert codecs.read(path).pixels.shape == (4, 4, 1)


@pytest.mark.parametrize("size", [(0, 5), (5, 0)])
def test_a_size_of_nothing_is_an_error(tmp_path, size):
    for suffix, make in ((".bmp", bmp), (".tga", tga)):
        path = tmp_path / f"a{suffix}"
        path.write_bytes(make(*size) + bytes(500))
        with pytest.raises(UnreadableImage, match=f"a{suffix}: "):
            codecs.probe(path)


def test_damaged_pixels_are_an_error(tmp_path):
    path = whole(tmp_path, ".png")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(UnreadableImage, match="damaged"):
        codecs.read(path)


def test_a_jpeg_with_trailing_bytes_is_whole(tmp_path):
    path = whole(tmp_path, ".jpg")
    path.write_bytes(path.read_bytes() + b"appended by a camera")
    assert codecs.read(path).pixels.shape == (30, 40, 3)


def test_a_jpeg_cut_after_its_thumbnail_is_not_taken_for_whole(tmp_path):
    picture = Pillow.fromarray(noise("uint8", 3, 64, 64))
    thumbnail = whole(tmp_path, ".jpg").read_bytes()
    picture.save(tmp_path / "a.jpg", exif=b"Exif\0\0" + thumbnail)
    data = (tmp_path / "a.jpg").read_bytes()
    (tmp_path / "a.jpg").write_bytes(data[:-40])
    with pytest.raises(UnreadableImage, match="truncated"):
        codecs.read(tmp_path / "a.jpg")


def test_a_suffix_that_is_not_known_is_unsupported(tmp_path):
    (tmp_path / "a.xcf").write_bytes(b"gimp xcf")
    with pytest.raises(UnsupportedImage, match=r"a.xcf: '.xcf' is not a suffix that is read; use one of .png"):
        codecs.probe(tmp_path / "a.xcf")


def test_a_folder_and_a_missing_file_are_errors(tmp_path):
    (tmp_path / "a.png").mkdir()
    with pytest.raises(UnreadableImage, match="is a folder"):
        codecs.probe(tmp_path / "a.png")
    with pytest.raises(UnreadableImage, match="there is no such file"):
        codecs.read(tmp_path / "b.png")


def test_a_file_that_may_not_be_read_is_an_error(tmp_path, monkeypatch):
    path = whole(tmp_path, ".png")
    opened = Path.open

    def refuse(self: Path, *args, **kwargs):
        if self == path:
            raise PermissionError(13, "Permission denied", str(self))
        return opened(self, *args, **kwargs)

    monkeypatch.setattr(Path, "open", refuse)  # a mode of 0 does not keep an administrator out
    with pytest.raises(UnreadableImage, match="may not be read; check the file's permissions"):
        codecs.probe(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes in folders there")
def test_a_pipe_does_not_hang_the_run(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(UnreadableImage, match="is no file"):
        codecs.probe(tmp_path / "a.png")


def test_hostile_bytes_end_in_an_error_and_nothing_else(tmp_path):
    rng = np.random.default_rng(0)
    for suffix in SUFFIXES:
        data = np.frombuffer(whole(tmp_path, suffix).read_bytes(), np.uint8)
        for _ in range(30):
            bad = data.copy()
            bad[rng.integers(0, min(len(bad), 200), 4)] = rng.integers(0, 256, 4)
            path = tmp_path / f"bad{suffix}"
            path.write_bytes(bad.tobytes())
            with contextlib.suppress(SourceError):
                codecs.read(path, limit=1 << 16)


def test_a_chunk_that_claims_to_be_endless_is_an_error(tmp_path):
    path = tmp_path / "a.png"
    data = png(4, 4, 8, 0, bytes(20), png_chunk(b"tEXt", b"a\0b"))
    path.write_bytes(data.replace(struct.pack(">I", 3) + b"tEXt", struct.pack(">I", 0xFFFFFFF0) + b"tEXt"))
    with pytest.raises(UnreadableImage, match="truncated"):
        codecs.probe(path)


@pytest.mark.parametrize("suffix", [".dds", ".ktx2", ".vtf"])
def test_more_slices_than_any_graphics_card_takes_are_refused_before_they_cost_time(tmp_path, suffix):
    spec = ImageSpec(Size(1, 1), 4, Depth.UINT8, suffix[1:], alpha=3, storage=Storage("rgba8", slices=2049))
    path = tmp_path / f"many{suffix}"
    with codecs.create(path, spec) as sink:
        for _ in range(2049):
            sink.put(np.ones((1, 1, 4), np.float32))
        sink.commit()
    for look in (codecs.probe, codecs.read):
        with pytest.raises(UnsupportedImage, match="2049 slices, more than the 2048"):
            look(path)


def test_a_webp_that_ends_where_its_flags_should_stand_is_truncated(tmp_path):
    (tmp_path / "a.webp").write_bytes(b"RIFF" + struct.pack("<I", 30) + b"WEBPVP8X" + struct.pack("<I", 10))
    for look in (codecs.probe, codecs.read):
        with pytest.raises(UnreadableImage, match=r"truncated|ends inside"):
            look(tmp_path / "a.webp")


TIGHT = """
import resource, sys
from pathlib import Path
from cg_upscaler import codecs
from cg_upscaler.errors import UnreadableImage
codecs.read(Path(sys.argv[1]))
used = int(next(line for line in open("/proc/self/status") if line.startswith("VmSize")).split()[1]) << 10
resource.setrlimit(resource.RLIMIT_AS, (used + (256 << 20),) * 2)
try:
    codecs.probe(Path(sys.argv[2]))
except UnreadableImage as error:
    print(error.what)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="a process cannot be held to its memory there")
@pytest.mark.parametrize("at", [26, 30, 42], ids=["colours", "resources", "a resource"])
def test_a_psd_whose_sections_claim_to_be_endless_takes_no_memory_for_them(tmp_path, at):
    sound = whole(tmp_path, ".psd")
    data = bytearray(sound.read_bytes())
    resource = b"8BIM" + struct.pack(">HHI", 1039, 0, 16) + bytes(16)
    data[30:34] = struct.pack(">I", len(resource)) + resource
    struct.pack_into(">I", data, at, 0x7FFFFFFF)
    (tmp_path / "bad.psd").write_bytes(data)
    command = [sys.executable, "-c", TIGHT, str(sound), str(tmp_path / "bad.psd")]
    child = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "truncated" in child.stdout


def test_memory_that_ends_is_said_in_our_words(tmp_path, monkeypatch):
    path = whole(tmp_path, ".png")

    def ask(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("cg_upscaler.codecs.decode.whole", ask)
    with pytest.raises(UnreadableImage, match=r"whole.png: takes more memory to read than there is; "):
        codecs.read(path)
