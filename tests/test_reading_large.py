"""What is large is decoded by rows into a file without a name, and takes no more memory than a part of it."""

from __future__ import annotations

import errno
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from cg_upscaler import codecs
from cg_upscaler.codecs import decode
from cg_upscaler.errors import DiskFull, UnreadableImage
from cg_upscaler.geometry import Size
from tests.image_files import noise, write
from tests.test_codecs_reading import save

CASES = [(".png", "uint16"), (".tif", "uint16"), (".exr", "float16")]


@pytest.fixture
def everything_is_large(monkeypatch):
    monkeypatch.setattr(decode, "IN_MEMORY", 0)
    monkeypatch.setattr(decode, "BLOCK", 200)


@pytest.mark.parametrize(("suffix", "dtype"), [*CASES, (".tif", "float32"), (".png", "uint8")])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_large_picture_is_the_same_picture(tmp_path, everything_is_large, suffix, dtype, channels):
    path = write(tmp_path / f"a{suffix}", noise(dtype, channels, 61, 47))
    small, large = codecs.read(path), codecs.read(path, scratch=tmp_path / "scratch")
    assert isinstance(large.pixels, np.memmap) and not isinstance(small.pixels, np.memmap)
    assert large.spec == small.spec and large.metadata == small.metadata
    np.testing.assert_array_equal(large.pixels, small.pixels, strict=False)
    np.testing.assert_array_equal(large.rows(3, 9), small.rows(3, 9), strict=True)
    assert not large.pixels.flags.writeable
    assert list((tmp_path / "scratch").iterdir()) == []


@pytest.mark.parametrize(("suffix", "depth", "dtype"), [(".tif", "uint16", "uint16"), (".exr", "half", "float16")])
def test_a_large_tiled_picture_is_the_same_picture(tmp_path, everything_is_large, suffix, depth, dtype):
    path = save(tmp_path / f"a{suffix}", noise(dtype, 3, 61, 47), depth, tile=16)
    np.testing.assert_array_equal(codecs.read(path, scratch=tmp_path).pixels, codecs.read(path).pixels)


def test_large_layers_stand_below_each_other(tmp_path, everything_is_large):
    names = ("B", "G", "R", "key.B", "key.G", "key.R")
    path = save(tmp_path / "a.exr", noise("float16", 6, 61, 47), "half", names)
    large = codecs.read(path, scratch=tmp_path)
    assert large.pixels.shape == (94, 61, 3)
    np.testing.assert_array_equal(large.pixels, codecs.read(path).pixels)


def test_premultiplied_colour_of_a_large_picture_becomes_straight(tmp_path, everything_is_large):
    pixels = noise("uint8", 4, 61, 47)
    pixels[:, :, :3] = np.minimum(pixels[:, :, :3], pixels[:, :, 3:])
    path = save(tmp_path / "a.tif", pixels, "uint8")
    large = codecs.read(path, scratch=tmp_path)
    assert "premultiplied" in large.spec.note
    np.testing.assert_array_equal(large.pixels, codecs.read(path).pixels)


@pytest.mark.parametrize(("suffix", "dtype"), CASES)
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_large_picture_that_ends_early_is_an_error(tmp_path, everything_is_large, suffix, dtype, share):
    path = write(tmp_path / f"a{suffix}", noise(dtype, 3, 61, 147))
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    (tmp_path / "scratch").mkdir()
    with pytest.raises(UnreadableImage, match=r"truncated or damaged|truncated: there are"):
        codecs.read(path, scratch=tmp_path / "scratch")
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_full_disk_is_told(tmp_path, everything_is_large, monkeypatch):
    path = write(tmp_path / "a.png", noise("uint8", 3))

    class Full:
        def __enter__(self):
            return self

        def __exit__(self, *args):
            pass

        def write(self, data):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(decode.tempfile, "TemporaryFile", lambda dir: Full())
    with pytest.raises(DiskFull, match=r"no room to decode 13×9 texels into .*; free some"):
        codecs.read(path, scratch=tmp_path)


CHILD = """
import sys, threading
from pathlib import Path
import numpy as np
from cg_upscaler import codecs
from cg_upscaler.codecs import decode

decode.IN_MEMORY = 1 << 26

def anonymous():
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("RssAnon")).split()[1]) >> 10

peak, done = 0, threading.Event()
def watch():
    global peak
    while not done.wait(0.002):
        peak = max(peak, anonymous())

folder, suffix = Path(sys.argv[1]), sys.argv[2]
codecs.read(folder / f"small{suffix}", scratch=folder)
before = anonymous()
watcher = threading.Thread(target=watch)
watcher.start()
image = codecs.read(folder / f"large{suffix}", scratch=folder)
total = 0
for start in range(0, image.size.height, 256):
    total += float(image.rows(start, start + 256).sum(dtype=np.float64))
done.set()
watcher.join()
print(peak - before, image.spec.bytes >> 20, type(image.pixels).__name__, total > 0)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads what Linux tells of a process")
@pytest.mark.parametrize(("suffix", "dtype"), CASES)
def test_a_large_picture_takes_little_memory(tmp_path, suffix, dtype):
    write(tmp_path / f"small{suffix}", noise(dtype, 4, 64, 64))
    row = np.linspace(0, 1, 4096 * 4, dtype=np.float32).reshape(1, 4096, 4)
    spec = codecs.probe(tmp_path / f"small{suffix}")
    with codecs.create(tmp_path / f"large{suffix}", replace(spec, size=Size(4096, 4608))) as sink:
        for _ in range(36):
            sink.put(np.repeat(row, 128, axis=0))
        sink.commit()
    child = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path), suffix], capture_output=True, text=True, check=True
    )
    grown, size, kind, seen = child.stdout.split()
    assert (int(size), kind, seen) == (144, "memmap", "True")
    assert int(grown) < 100  # MiB: some blocks of it, and rows as floats; all of it would be 144
