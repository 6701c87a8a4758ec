"""What an artist saves is upscaled, once it has been left alone, and nothing ends that but whoever watches."""

import json
import os
import shutil
import signal
import sys
import threading
import time

import cv2
import pytest

from cg_upscaler import cli
from cg_upscaler.cli import saves, watching
from cg_upscaler.cli.how import How
from cg_upscaler.cli.watching import Stop, Watching
from cg_upscaler.flight.turn import turn
from cg_upscaler.generate import pool
from cg_upscaler.library.config import load
from cg_upscaler.library.receipts import FOLDER, Receipts
from tests.fakes import noise
from tests.mishaps import host
from tests.torture.runs import _of_session

PATIENCE = 60.0
"""Seconds after which a test that waits for something gives up."""
SETTLE = 0.2


def png(seed=0, width=10):
    return cv2.imencode(".png", noise(12, width, 3, seed))[1].tobytes()


def until(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def width(path):
    """Return a picture's width; 0 where there is none yet."""
    return cv2.imread(str(path)).shape[1] if path.exists() else 0


@pytest.fixture
def library(tmp_path):
    (tmp_path / "textures" / "wall").mkdir(parents=True)
    (tmp_path / "textures" / "rock.png").write_bytes(png())
    return tmp_path / "textures"


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


class Watched:
    """A library that is watched on a thread of its own."""

    def __init__(self, capfd, monkeypatch, settle, **settings):
        self._capfd, self._said = capfd, ""
        self.runs = 0
        """How many there were, the first included."""
        go = watching.go

        def counted(*args):
            self.runs += 1
            return go(*args)

        monkeypatch.setattr(watching, "go", counted)
        self.stop, self.error = Stop(), None
        config = load(None, model="bicubic", **settings)
        self.watching = Watching(config, How(), settle, self.stop)
        self.thread = threading.Thread(target=self._run)
        self.thread.start()
        until(lambda: "watching " in self.said() or not self.thread.is_alive())

    def said(self):
        self._said += self._capfd.readouterr().err
        return self._said

    def end(self):
        self.stop.set()
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive() and self.error is None

    def _run(self):
        try:
            self.watching.run()
        except BaseException as error:
            self.error = error


@pytest.fixture
def watch(library, out, capfd, monkeypatch):
    started = []

    def watch(settle=SETTLE, **settings):
        settings = {
            "source": library,
            **({} if {"beside", "overwrite"} & settings.keys() else {"output": out}),
            **settings,
        }
        started.append(Watched(capfd, monkeypatch, settle, **settings))
        return started[-1]

    yield watch
    for each in started:
        each.end()


def test_all_is_done_at_first_and_then_what_is_saved(watch, library, out):
    watched = watch()
    assert width(out / "rock.png") == 40
    (library / "wall" / "brick.png").write_bytes(png(1))
    until(lambda: width(out / "wall" / "brick.png") == 40)
    (library / "rock.png").write_bytes(png(2, width=20))
    until(lambda: width(out / "rock.png") == 80)
    watched.end()
    with Receipts(out, read_only=True) as receipts:
        assert [entry.receipt.name for entry in receipts.entries()] == ["rock.png", "wall/brick.png"]


def test_a_save_by_renaming_is_a_save(watch, library, out):
    watch()
    (library / ".rock.png.part").write_bytes(png(2, width=20))
    os.replace(library / ".rock.png.part", library / "rock.png")
    until(lambda: width(out / "rock.png") == 80)
    (library / "rock.png.tmp").write_bytes(png(2, width=30))
    os.replace(library / "rock.png.tmp", library / "rock.png")
    until(lambda: width(out / "rock.png") == 120)


def test_many_saves_in_a_row_give_one_run(watch, library, out):
    watched = watch(settle=1.0)
    for seed in range(10):
        (library / "rock.png").write_bytes(png(seed, width=11 + seed))
    until(lambda: width(out / "rock.png") == 80)
    assert watched.runs == 2
    (library / "rock.png").write_bytes(png(width=30))
    until(lambda: width(out / "rock.png") == 120)
    assert watched.runs == 3


def test_generators_are_kept(watch, library, out, monkeypatch):
    made = []
    real = pool.Pool
    monkeypatch.setattr(pool, "Pool", lambda device: made.append(device) or real(device))
    watch()
    (library / "rock.png").write_bytes(png(width=20))
    until(lambda: width(out / "rock.png") == 80)
    assert len(made) == 1


def test_what_is_only_half_saved_is_tried_again_without_a_word(watch, library, out):
    watched = watch()
    whole = png(3, width=20)
    (library / "half.png").write_bytes(whole[:200])
    until(lambda: watched.runs == 2)
    with (library / "half.png").open("ab") as file:
        file.write(whole[200:])
    until(lambda: width(out / "half.png") == 80)
    assert "failed" not in watched.said().lower()


def test_what_stays_broken_is_told_once_and_ends_nothing(watch, library, out, monkeypatch):
    monkeypatch.setattr(watching, "AGAIN", 0.3)
    watched = watch()
    (library / "broken.png").write_bytes(png()[:200])
    until(lambda: "failed: broken.png" in watched.said())
    (library / "rock.png").write_bytes(png(width=20))
    until(lambda: width(out / "rock.png") == 80)
    (library / "broken.png").write_bytes(png(width=20))
    until(lambda: width(out / "broken.png") == 80)
    assert watched.said().count("failed: ") == 1


@pytest.mark.parametrize("how", ["beside", "inside"])
def test_its_own_results_are_nothing_to_watch(watch, library, how):
    settings = {"beside": True, "suffix": "_4x"} if how == "beside" else {"output": library / "results"}
    watched = watch(**settings)
    result = library / "rock_4x.png" if how == "beside" else library / "results" / "rock.png"
    for count in (1, 2, 3):
        (library / "rock.png").write_bytes(png(width=10 + 5 * count))
        until(lambda count=count: width(result) == 40 + 20 * count)
        until(lambda: not watched.stop._running)
    assert watched.runs == 4
    found = {path.name for path in library.rglob("*.png")}
    assert found == {"rock.png", result.name}


def test_what_replaces_its_source_is_done_again_only_when_that_is_saved_again(watch, library):
    watched = watch(overwrite=True)
    assert width(library / "rock.png") == 40
    for count in (1, 2):
        (library / "rock.png").write_bytes(png(width=10 + 5 * count))
        until(lambda count=count: width(library / "rock.png") == 40 + 20 * count)
    until(lambda: not watched.stop._running)
    assert watched.runs == 3


def test_what_is_gone_is_noted_and_its_result_stays(watch, library, out):
    watched = watch()
    (library / "rock.png").unlink()
    until(lambda: "gone: rock.png" in watched.said())
    (library / "new.png").write_bytes(png())
    until((out / "new.png").exists)
    assert (out / "rock.png").exists()


def test_a_folder_that_is_moved_in_is_done(watch, library, out, tmp_path):
    (tmp_path / "aside" / "deep").mkdir(parents=True)
    (tmp_path / "aside" / "deep" / "moss.png").write_bytes(png(4))
    watch()
    (tmp_path / "aside").rename(library / "aside")
    until(lambda: width(out / "aside" / "deep" / "moss.png") == 40)


def test_a_single_file_is_watched_alone(watch, library, out):
    watched = watch(source=library / "rock.png")
    (library / "other.png").write_bytes(png())
    (library / "part").write_bytes(png(width=20))
    os.replace(library / "part", library / "rock.png")
    until(lambda: width(out / "rock.png") == 80)
    assert not (out / "other.png").exists()
    assert watched.runs == 2


def test_an_empty_library_is_waited_for(watch, library, out):
    (library / "rock.png").unlink()
    watched = watch()
    assert watched.runs == 0
    (library / "rock.png").write_bytes(png())
    until(lambda: width(out / "rock.png") == 40)


def test_errors_and_bugs_end_nothing(watch, library, out, monkeypatch):
    watched = watch()
    counted, failures = watching.go, [OSError(5, "Input/output error"), RuntimeError("a bug")]

    def failing(*args):
        if failures:
            raise failures.pop(0)
        return counted(*args)

    monkeypatch.setattr(watching, "go", failing)
    (library / "rock.png").write_bytes(png(width=15))
    until(lambda: "Input/output error" in watched.said())
    (library / "rock.png").write_bytes(png(width=16))
    until(lambda: "please report it with" in watched.said())
    (library / "rock.png").write_bytes(png(width=20))
    until(lambda: width(out / "rock.png") == 80)


def test_another_run_can_go_in_between_and_is_waited_for(watch, library, out):
    watched = watch()
    with turn(out / FOLDER, out, None):  # which it does not hold as it watches
        (library / "rock.png").write_bytes(png(width=20))
        until(lambda: not watched.watching._saves._waiting.times and "rock.png" in watched.watching._complaints.fresh)
        assert watched.runs == 1 and width(out / "rock.png") == 40
    until(lambda: width(out / "rock.png") == 80)


def test_it_ends_while_it_waits_for_another_run(watch, library, out):
    watched = watch()
    with turn(out / FOLDER, out, None):
        (library / "rock.png").write_bytes(png(width=20))
        until(lambda: "rock.png" in watched.watching._complaints.fresh)
        watched.end()
    assert width(out / "rock.png") == 40


@pytest.mark.parametrize("why", ["a network drive", "no inotify"])
def test_where_the_system_tells_of_no_changes_they_are_looked_for(watch, library, out, monkeypatch, why):
    def refuse(*paths, **more):
        raise OSError(28, "OS file watch limit reached")

    monkeypatch.setattr(saves, "_POLL", 0.1)
    monkeypatch.setattr(saves.watchfiles, "watch", refuse)
    monkeypatch.setattr(saves, "on_network", lambda folder: why == "a network drive")
    watched = watch()
    assert ("looking for them instead" in watched.said()) == (why == "no inotify")
    for count in (1, 2, 3):  # also within a second
        (library / "rock.png").write_bytes(png(width=10 + 5 * count))
        until(lambda count=count: width(out / "rock.png") == 40 + 20 * count)
    (library / "moved").mkdir()
    (library / "rock.png").rename(library / "moved" / "rock.png")
    until(lambda: width(out / "moved" / "rock.png") == 100)
    assert "gone: rock.png" in watched.said()


def test_a_library_that_goes_away_is_waited_for(watch, library, out, tmp_path):
    watched = watch()
    library.rename(tmp_path / "elsewhere")
    until(lambda: "waiting for it to come back" in watched.said())
    shutil.copytree(tmp_path / "elsewhere", tmp_path / "copy")
    (tmp_path / "copy" / "rock.png").write_bytes(png(width=20))
    (tmp_path / "copy").rename(library)
    until(lambda: width(out / "rock.png") == 80)
    (library / "rock.png").write_bytes(png(width=30))
    until(lambda: width(out / "rock.png") == 120)


def test_what_cannot_begin_is_told_as_by_a_run(tmp_path, library, capfd):
    assert cli.run_cli(["watch", str(tmp_path / "nowhere"), "--out", str(tmp_path / "out")]) == 2
    assert "no such file or folder" in capfd.readouterr().err
    assert cli.run_cli(["watch", str(library), "--out", str(tmp_path / "out"), "--shard", "1/2"]) == 2
    assert "leave out --shard" in capfd.readouterr().err


@pytest.fixture(scope="module")
def warm(tmp_path_factory):
    there = host(tmp_path_factory.mktemp("host"))
    yield there
    there.close()


@pytest.mark.skipif(sys.platform != "linux", reason="forks its runs, and finds them in /proc")
class TestProcess:
    """Watching as a process of its own, looked after by another."""

    @pytest.fixture
    def start(self, warm, library, out, tmp_path):
        started, files = [], []

        def start(**mishaps):
            files.extend((tmp_path / name).open("wb+") for name in ("stdout", "stderr"))
            words = ["watch", str(library), "--out", str(out), "--model", "bicubic", "--settle", str(SETTLE)]
            env = {"MISHAPS": json.dumps(mishaps), "TMPDIR": str(tmp_path), "CG_UPSCALER_SPEEDS": ""}
            started.append(warm.start(words, env, tmp_path, files))
            return started[-1]

        yield start
        for process in started:
            if _of_session(process):
                os.killpg(process, signal.SIGKILL)
        for file in files:
            file.close()

    @staticmethod
    def said(tmp_path):
        return (tmp_path / "stderr").read_text()

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    @pytest.mark.parametrize("whom", ["the parent", "all"])
    def test_it_ends_in_order_when_told_to(self, start, warm, tmp_path, out, number, whom):
        process = start()
        until(lambda: "watching " in self.said(tmp_path))
        (os.kill if whom == "the parent" else os.killpg)(process, number)
        assert warm.wait(process) == 0
        assert "Traceback" not in self.said(tmp_path) and "interrupted" not in self.said(tmp_path)
        assert width(out / "rock.png") == 40

    def test_sigterm_lets_end_what_is_on_its_way(self, start, warm, library, out, tmp_path):
        process = start(making={"new.png": "waits"})
        until(lambda: "watching " in self.said(tmp_path))
        (library / "new.png").write_bytes(png())
        until((tmp_path / "making-new.png").exists)
        os.kill(process, signal.SIGTERM)
        (tmp_path / "go").touch()
        assert warm.wait(process) == 0
        assert width(out / "new.png") == 40

    def test_ctrl_c_stops_what_is_on_its_way(self, start, warm, library, out, tmp_path):
        process = start(making={"new.png": "slow"})
        until(lambda: "watching " in self.said(tmp_path))
        (library / "new.png").write_bytes(png())
        until((tmp_path / "making-new.png").exists)
        os.kill(process, signal.SIGINT)
        assert warm.wait(process) == 0
        assert [path.name for path in out.iterdir() if path.name != FOLDER] == ["rock.png"]

    def test_it_goes_on_in_a_fresh_process_when_a_texture_crashes_it(self, start, warm, library, out, tmp_path):
        process = start(making={"new.png": "SIGSEGV"})
        until(lambda: "watching " in self.said(tmp_path))
        (library / "new.png").write_bytes(png())
        until(lambda: "the process ended on it twice" in self.said(tmp_path))
        (library / "rock.png").write_bytes(png(width=20))
        until(lambda: width(out / "rock.png") == 80)
        os.kill(process, signal.SIGTERM)
        assert warm.wait(process) == 0
