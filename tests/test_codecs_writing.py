"""A file appears whole or not at all: whatever fails, the old one stands and nothing else is left."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from cg_upscaler import codecs
from cg_upscaler.codecs import atomic, oiio, pillow
from cg_upscaler.codecs.exr_writer import ExrWriter
from cg_upscaler.errors import DiskFull, OutputError, UnreadableImage
from tests.image_files import noise, spec_for, write

WRITTEN = [".png", ".tga", ".bmp", ".jpg", ".tif", ".exr", ".hdr", ".webp"]
if find_spec("ispc_texcomp"):
    WRITTEN.append(".dds")


def rows(height: int) -> np.ndarray:
    return np.full((height, 13, 3), 0.25, np.float32)


def begin(path: Path):
    dtype = "float32" if path.suffix in (".exr", ".hdr") else "uint8"
    return codecs.create(path, spec_for(noise(dtype, 3), path.suffix))


@pytest.fixture(params=WRITTEN)
def target(tmp_path, request):
    """A path at which an old file stands."""
    path = tmp_path / f"rock{request.param}"
    path.write_bytes(b"old")
    return path


def assert_untouched(target: Path) -> None:
    assert target.read_bytes() == b"old"
    assert list(target.parent.iterdir()) == [target]


def test_nothing_is_seen_before_commit(target):
    sink = begin(target)
    sink.put(rows(9))
    assert target.read_bytes() == b"old"
    sink.commit()
    assert codecs.read(target).spec.size.height == 9
    assert list(target.parent.iterdir()) == [target]
    sink.discard()
    assert codecs.probe(target).size.height == 9


def test_a_finished_file_can_be_read_and_put_elsewhere_or_discarded(target):
    for place in (target.parent / "aside" / target.name, None):
        sink = begin(target)
        sink.put(rows(9))
        assert codecs.read(sink.finish()).spec.size.height == 9
        assert sink.finish().parent == target.parent
        with pytest.raises(ValueError, match="closed"):
            sink.put(rows(1))
        if place is not None:
            sink.commit(place)
            assert codecs.read(place).spec.size.height == 9
        sink.discard()
        assert target.read_bytes() == b"old"
    assert {path.name for path in target.parent.iterdir()} == {target.name, "aside"}


@pytest.mark.parametrize("filled", [0, 4, 9])
def test_a_discarded_file_leaves_no_trace(target, filled):
    sink = begin(target)
    sink.put(rows(filled))
    sink.discard()
    sink.discard()
    assert_untouched(target)
    with pytest.raises(ValueError, match="closed"):
        sink.put(rows(1))


@pytest.mark.parametrize("filled", [0, 8])
def test_a_file_with_rows_missing_cannot_be_committed(target, filled):
    sink = begin(target)
    sink.put(rows(filled))
    with pytest.raises(OutputError, match=f"only {filled} of 9 rows"):
        sink.commit()
    assert_untouched(target)


def test_an_exception_in_between_discards(target):
    def interrupted():
        with begin(target) as sink:
            sink.put(rows(3))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert_untouched(target)


@pytest.mark.parametrize("bad", [np.zeros((10, 13, 3)), np.zeros((1, 12, 3)), np.zeros((1, 13, 4)), np.zeros((13, 3))])
def test_rows_that_do_not_fit_are_a_mistake_of_the_caller(tmp_path, bad):
    with begin(tmp_path / "a.png") as sink, pytest.raises(ValueError, match="do not fit"):
        sink.put(bad.astype(np.float32))
    assert list(tmp_path.iterdir()) == []


def test_folders_are_made(tmp_path):
    path = write(tmp_path / "a" / "b" / "c.png", noise("uint8", 3))
    assert codecs.probe(path).channels == 3


@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_disk_that_fills_up_is_told_and_nothing_is_left(target, monkeypatch, after):
    free = iter([1 << 30] * after)
    monkeypatch.setattr("cg_upscaler.codecs.sink.free_bytes", lambda path: next(free, 100))

    def work():
        sink = begin(target)
        sink.put(rows(9))
        sink.commit()

    with pytest.raises(DiskFull, match=r"rock\.\w+: no space is left on its disk; free some") as error:
        work()
    assert error.value.where == str(target)
    assert_untouched(target)


@pytest.mark.parametrize(
    ("writer", "suffix"), [(oiio.RowWriter, ".png"), (pillow.WholeWriter, ".jpg"), (ExrWriter, ".exr")]
)
@pytest.mark.parametrize("step", ["write", "close"])
@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [
        (errno.ENOSPC, DiskFull, "no space is left"),
        (errno.EACCES, OutputError, "may not be written; check the permissions"),
        (errno.EIO, OutputError, "cannot be written"),
    ],
)
def test_a_failing_write_leaves_the_old_file(tmp_path, monkeypatch, writer, suffix, step, number, kind, words):
    path = tmp_path / f"rock{suffix}"
    path.write_bytes(b"old")

    def fail(*args):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(writer, step, fail)
    with pytest.raises(kind, match=words):
        write(path, noise("float32" if suffix == ".exr" else "uint8", 3))
    assert_untouched(path)


def test_a_png_whose_end_is_lost_is_noticed(tmp_path, monkeypatch):
    """OpenImageIO calls it a success when the disk is full for the last bytes."""
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    closed = oiio.RowWriter.close

    def lose_the_end(self):
        self._output.close()
        self._path.write_bytes(self._path.read_bytes()[:-5])
        closed(self)

    monkeypatch.setattr(oiio.RowWriter, "close", lose_the_end)
    with pytest.raises(OutputError):
        write(path, noise("uint8", 3))
    assert_untouched(path)


def test_a_failing_replacement_leaves_the_old_file(target, monkeypatch):
    def fail(*args):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "replace", fail)
    sink = begin(target)
    sink.put(rows(9))
    with pytest.raises(OutputError, match="may not be written; check the permissions of its folder"):
        sink.commit()
    assert_untouched(target)


@pytest.mark.parametrize(("tries", "comes"), [(3, True), (99, False)])
def test_a_file_that_another_program_has_open_for_a_moment_is_waited_for(tmp_path, monkeypatch, tries, comes):
    """As Windows says it, where no file is replaced that somebody reads."""
    target = tmp_path / "rock.png"
    target.write_bytes(b"old")
    real, pauses = os.replace, []

    def replace(source, to):
        if len(pauses) < tries:
            error = PermissionError(errno.EACCES, "The process cannot access the file", str(to))
            error.winerror = 32
            raise error
        real(source, to)

    monkeypatch.setattr(atomic.os, "replace", replace)
    monkeypatch.setattr(atomic.time, "sleep", pauses.append)
    if comes:
        atomic.write_bytes(target, b"new")
        assert target.read_bytes() == b"new"
        assert tuple(pauses) == atomic.PAUSES[:tries]
        return
    with pytest.raises(OutputError, match="whether another program has it open"):
        atomic.write_bytes(target, b"new")
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["rock.png"]


def test_a_folder_that_may_not_be_written_is_told(target, monkeypatch):
    def refuse(self, *args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied")

    for method in ("touch", "open"):
        monkeypatch.setattr(Path, method, refuse)
    if target.suffix not in (".jpg", ".webp"):  # which Python writes; the others are opened by OpenImageIO
        monkeypatch.setattr(oiio.oiio.ImageOutput, "open", lambda *args: False)
    with pytest.raises(OutputError, match="may not be written"):
        begin(target)


def test_a_read_only_file_is_left_alone(target):
    target.chmod(0o444)
    with pytest.raises(OutputError, match="is read-only; make it writable"):
        begin(target)
    target.chmod(0o644)
    assert_untouched(target)


def test_a_folder_in_the_way_is_told(tmp_path):
    (tmp_path / "a.png").mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        begin(tmp_path / "a.png")


def test_a_file_where_a_folder_should_be_is_told(tmp_path):
    (tmp_path / "a").write_text("file")
    with pytest.raises(OutputError, match="cannot be written"):
        begin(tmp_path / "a" / "b.png")


def test_text_appears_whole(tmp_path):
    place = tmp_path / "a" / "why.json"
    for text in ("first, and longer", "späteres\n"):
        codecs.write_text(place, text)
        assert place.read_bytes() == text.encode("utf-8")
    assert list(place.parent.iterdir()) == [place]


def test_a_copy_is_byte_for_byte_and_replaces(tmp_path):
    source, target = tmp_path / "source.dds", tmp_path / "out" / "copy.dds"
    source.write_bytes(os.urandom(3_000_000))
    for _ in range(2):
        codecs.copy_file(source, target)
        assert target.read_bytes() == source.read_bytes()
    assert list(target.parent.iterdir()) == [target]


def test_a_copy_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    source, target = tmp_path / "source.png", tmp_path / "out" / "copy.png"
    target.parent.mkdir()
    target.write_bytes(b"old")
    with pytest.raises(UnreadableImage, match=r"source\.png: cannot be read"):
        codecs.copy_file(source, target)
    assert_untouched(target)
    source.write_bytes(b"new")

    def fill_up(read, write, size):
        write.write(b"n")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(atomic.shutil, "copyfileobj", fill_up)
    with pytest.raises(DiskFull, match=r"copy\.png"):
        codecs.copy_file(source, target)
    assert_untouched(target)


DIES = """
import os, sys
from pathlib import Path
import numpy as np
from cg_upscaler import codecs
from cg_upscaler.geometry import Size
from cg_upscaler.spec import Depth, ImageSpec
sink = codecs.create(Path(sys.argv[1]), ImageSpec(Size(64, 64), 3, Depth.UINT8, "png"))
sink.put(np.zeros((32, 64, 3), np.float32))
os._exit(1)
"""


def test_what_a_killed_run_left_is_swept_and_nothing_else(tmp_path):
    out = tmp_path / "out"
    mine = write(out / "done.png", noise("uint8", 3))
    foreign = out / ".someone.cgtmp.png"
    foreign.write_bytes(b"not named as ours are")
    subprocess.run([sys.executable, "-c", DIES, str(out / "deep" / "killed.png")], check=False)
    assert len(list((out / "deep").iterdir())) == 1
    with begin(out / "alive.png") as sink:
        sink.put(rows(9))
        assert codecs.sweep(out) == 1
        sink.commit()
    assert sorted(path.name for path in out.rglob("*") if path.is_file()) == sorted(
        [mine.name, foreign.name, "alive.png"]
    )
    assert codecs.sweep(out) == 0


def test_other_machines_keep_their_temporaries_for_a_day(tmp_path):
    path = tmp_path / ".rock.0123abcd-1-89abcdef.cgtmp.png"
    path.touch()
    assert codecs.sweep(tmp_path) == 0
    old = path.stat().st_mtime - atomic.STALE - 60
    os.utime(path, (old, old))
    assert codecs.sweep(tmp_path) == 1


def test_a_folder_that_is_not_there_needs_no_sweep(tmp_path):
    assert codecs.sweep(tmp_path / "nowhere") == 0


def test_temporaries_are_beside_the_target_with_its_suffix(tmp_path):
    temporary = atomic.Temporary(tmp_path / "rock.v2.png")
    assert temporary.path.parent == tmp_path and temporary.path.suffix == ".png"
    assert atomic.NAME.match(temporary.path.name)
    assert temporary.path != atomic.Temporary(tmp_path / "rock.v2.png").path


def test_threads_do_not_disturb_each_other(tmp_path):
    pictures = {f"{i}{suffix}": noise("uint8", 4, 40 + i, 30) for i in range(4) for suffix in (".png", ".tga", ".tif")}
    failures = []

    def work(name):
        try:
            np.testing.assert_array_equal(codecs.read(write(tmp_path / name, pictures[name])).pixels, pictures[name])
            (tmp_path / f"bad-{name}").write_bytes((tmp_path / name).read_bytes()[:100])
            with pytest.raises(UnreadableImage, match=f"bad-{name}"):
                codecs.read(tmp_path / f"bad-{name}")
        except BaseException as error:
            failures.append((name, error))

    threads = [threading.Thread(target=work, args=(name,)) for name in pictures]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
