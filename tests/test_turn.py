"""One run at a time writes into an output folder, and says so to the others."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import cv2
import pytest

from cg_upscaler import cli
from cg_upscaler.errors import Cancelled, UsageError
from cg_upscaler.flight.turn import turn
from cg_upscaler.library.receipts import FOLDER
from tests.fakes import noise

PATIENCE = 60.0
HOLD = """
import sys, time
from pathlib import Path
from cg_upscaler.flight.turn import turn
with turn(Path(sys.argv[1]), Path("out"), None):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def library(tmp_path):
    root = tmp_path / "textures"
    root.mkdir()
    (root / "rock.png").write_bytes(cv2.imencode(".png", noise(12, 10, 3))[1].tobytes())
    os.utime(root / "rock.png", (1e9, 1e9))
    return root


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.fixture
def hold(out):
    """Have another process hold the turn."""
    holding = []

    def hold():
        holding.append(
            subprocess.Popen([sys.executable, "-c", HOLD, str(out / FOLDER)], stdout=subprocess.PIPE, text=True)
        )
        assert holding[-1].stdout.readline() == "held\n"
        return holding[-1]

    yield hold
    for process in holding:
        process.kill()
        process.wait()
        process.stdout.close()


def run(capfd, library, out, *options):
    code = cli.run_cli(["run", str(library), "--out", str(out), "--model", "bicubic", *map(str, options)])
    return int(code), capfd.readouterr().err


def test_a_second_run_refuses_and_says_who_is_there(hold, library, out, capfd):
    process = hold()
    code, err = run(capfd, library, out)
    assert code == 2
    assert f"{out}: another run is writing to this folder: process {process.pid} on " in err
    assert "--wait" in err
    assert not list(out.glob("*.png"))


def test_a_run_waits_so_long_and_then_refuses(hold, library, out, capfd):
    process = hold()
    code, err = run(capfd, library, out, "--wait", "0.3")
    assert code == 2
    assert f"waiting for another run to end: process {process.pid}" in err
    assert "another run is writing" in err


def test_a_run_that_waited_finds_all_done(library, out, capfd):
    assert run(capfd, library, out)[0] == 0
    held, done = threading.Event(), threading.Event()

    def holding():
        with turn(out / FOLDER, out, None):
            held.set()
            done.wait(PATIENCE)

    thread = threading.Thread(target=holding)
    thread.start()
    held.wait(PATIENCE)
    threading.Timer(0.5, done.set).start()
    code, err = run(capfd, library, out, "--wait", PATIENCE)
    thread.join()
    assert code == 0
    assert "waiting for another run to end" in err and "1 up to date" in err


def test_kill_frees_the_turn(hold, library, out, capfd):
    process = hold()
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    code, err = run(capfd, library, out)
    assert code == 0 and "1 upscaled" in err and "waiting" not in err


def test_what_a_killed_run_left_of_who_it_was_does_not_matter(hold, library, out, capfd):
    hold()
    (out / FOLDER / "run.json").write_text("{", encoding="utf-8")
    code, err = run(capfd, library, out)
    assert code == 2 and "an unknown process" in err


def test_shards_do_not_wait_for_each_other(hold, library, out, capfd):
    hold()
    code, _ = run(capfd, library, out, "--shard", "1/1")
    assert code == 0


def test_who_watches_waits_until_told_not_to(hold, out):
    hold()
    asked = threading.Event()
    threading.Timer(0.3, asked.set).start()
    start = time.monotonic()
    with pytest.raises(Cancelled), turn(out / FOLDER, out, None, until=asked.is_set):
        pass
    assert asked.is_set() and time.monotonic() - start < PATIENCE


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_output_folder_is_refused_in_words(library, out, capfd):
    out.mkdir()
    out.chmod(0o555)
    code, err = run(capfd, library, out)
    out.chmod(0o755)
    assert code == 2
    assert "cannot be made or locked: Permission denied; choose another --out, or a --state" in err


def test_a_folder_that_may_not_be_made_is_refused_in_words(tmp_path, monkeypatch):
    def refuse(self, *args, **more):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with (
        pytest.raises(UsageError, match=r"Permission denied; choose another --out, or a --state"),
        turn(tmp_path / "state", tmp_path, None),
    ):
        pass


@pytest.mark.parametrize("which", ["out", "record"])
def test_a_file_where_a_folder_is_to_be_is_refused_in_words(library, out, capfd, which):
    place = out if which == "out" else out / FOLDER
    place.parent.mkdir(exist_ok=True)
    place.write_text("")
    code, err = run(capfd, library, out)
    assert code == 2
    assert str(place) in err and "Traceback" not in err and "choose another --out" in err
    assert place.read_text() == ""


def test_a_disk_that_knows_no_locks_is_refused_in_words(tmp_path, monkeypatch):
    def refuse(self, *args, **more):
        raise NotImplementedError("FileSystem does not appear to support flock")

    monkeypatch.setattr("cg_upscaler.flight.turn.FileLock.acquire", refuse)
    with (
        pytest.raises(UsageError, match=r"does not appear to support flock.*--state on a disk of this machine"),
        turn(tmp_path / "state", tmp_path, None),
    ):
        pass
