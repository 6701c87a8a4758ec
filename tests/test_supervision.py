"""A run goes on whatever befalls its process, and ends in order when it is told to."""

import json
import os
import signal
import sys
import time
from pathlib import Path

import cv2
import pytest

from cg_upscaler.job import Outcome
from cg_upscaler.library.receipts import Receipts
from tests.fakes import noise
from tests.mishaps import host
from tests.torture import library as options_of_all
from tests.torture.runs import Running, _of_session, left_over, names

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks its runs, and finds them in /proc")

NAMES = ("a.png", "b.png", "c.png", "d.png")
PATIENCE = 60.0
"""Seconds after which a test that waits for something gives up."""


@pytest.fixture(scope="module")
def warm(tmp_path_factory):
    there = host(tmp_path_factory.mktemp("host"))
    yield there
    there.close()


@pytest.fixture
def library(tmp_path):
    root = tmp_path / "textures"
    root.mkdir()
    for seed, name in enumerate(NAMES):
        (root / name).write_bytes(cv2.imencode(".png", noise(12, 10, 3, seed))[1].tobytes())
    return root


@pytest.fixture
def start(library, tmp_path, warm, monkeypatch):
    running = []

    def start(*options, jobs=1, **mishaps):
        monkeypatch.setattr(options_of_all, "OPTIONS", ("--model", "bicubic", "--jobs", str(jobs)))
        env = {"MISHAPS": json.dumps(mishaps)}
        options = ("--summary", str(tmp_path / "summary.json"), "--json", *options)
        running.append(Running(library, tmp_path / "out", *options, env=env, warm=warm))
        return running[-1]

    yield start
    for each in running:
        each.kill()


@pytest.fixture
def run(start):
    def run(*options, **mishaps):
        ended = start(*options, **mishaps).wait(PATIENCE)
        assert not ended.hung and "Traceback" not in ended.err
        return ended

    return run


def until(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def outcomes(ended):
    return {receipt["name"]: receipt["outcome"] for receipt in json.loads(ended.out)["receipts"]}


def errors(tmp_path):
    return {each["name"]: each["error"] for each in json.loads((tmp_path / "summary.json").read_text())["failed"]}


def counts(tmp_path):
    run = json.loads((tmp_path / "summary.json").read_text())["run"]
    return {name: run[name] for name in ("done", "current", "failed", "cancelled")}


ALL_BUT_B = ["a.png", "c.png", "d.png"]


@pytest.mark.parametrize("how", ["SIGKILL", "SIGSEGV"])
def test_a_run_goes_on_in_a_fresh_process_and_counts_what_the_first_did(run, tmp_path, how):
    ended = run(making={"c.png": f"once {how}"})
    assert ended.code == 0
    assert "going on with a fresh one" in ended.err
    assert outcomes(ended) == dict.fromkeys(NAMES, "done")
    assert counts(tmp_path) == {"done": 4, "current": 0, "failed": 0, "cancelled": 0}
    assert names(tmp_path / "out") == sorted(NAMES) and not left_over(tmp_path / "out")


def test_what_was_up_to_date_before_is_not_counted_as_done_by_a_run_that_goes_on(run, library, tmp_path):
    run()
    (library / "c.png").write_bytes((library / "d.png").read_bytes())
    time.sleep(1.1)  # the record knows seconds
    ended = run(making={"c.png": "once SIGKILL"})
    assert ended.code == 0
    assert outcomes(ended) == {**dict.fromkeys(NAMES, "current"), "c.png": "done"}


@pytest.mark.parametrize("where", ["making", "looking"])
def test_a_texture_that_crashes_the_process_twice_is_set_aside_and_the_others_are_done(run, tmp_path, where):
    ended = run(**{where: {"b.png": "SIGSEGV"}})
    assert ended.code == 1
    assert ended.err.count("going on with a fresh one") == 2
    assert "failed: b.png: the process ended on it twice (signal 11: Segmentation fault); skip it" in ended.err
    assert names(tmp_path / "out") == ALL_BUT_B
    assert counts(tmp_path) == {"done": 3, "current": 0, "failed": 1, "cancelled": 0}
    again = run(**{where: {"b.png": "once SIGSEGV"}})  # it is tried again by the next run
    assert again.code == 0 and (tmp_path / "out" / "b.png").is_file()


def test_two_textures_that_crash_the_process_are_both_set_aside(run, tmp_path):
    ended = run(making={"b.png": "SIGSEGV", "d.png": "SIGKILL"})
    assert ended.code == 1
    assert names(tmp_path / "out") == ["a.png", "c.png"]
    assert errors(tmp_path).keys() == {"b.png", "d.png"}
    assert "as for want of memory" in errors(tmp_path)["d.png"]


def test_a_process_that_ends_with_no_texture_on_its_way_is_given_up(run, tmp_path):
    ended = run(ending="SIGSEGV")
    assert ended.code == 3
    assert "ended twice (signal 11: Segmentation fault) with no texture on its way" in ended.err
    assert run().code == 0


def test_a_bug_is_told_with_a_log_and_not_tried_again(run, tmp_path):
    ended = run(making={"b.png": "bug"})
    assert ended.code == 3
    assert "please report it with" in ended.err and "a fresh one" not in ended.err
    log = ended.err.rpartition("please report it with ")[2].strip()
    assert "RuntimeError: a bug" in Path(log).read_text()


def test_the_work_ends_with_the_process_that_looks_after_it(start, run, tmp_path):
    running = start(making={"c.png": "waits"})
    until((tmp_path / "making-c.png").exists)
    os.kill(running.number, signal.SIGKILL)
    until(lambda: not _of_session(running.number))
    assert names(tmp_path / "out") == ["a.png", "b.png"]
    with Receipts(tmp_path / "out", read_only=True) as receipts:
        assert [entry.receipt.outcome for entry in receipts.entries()] == [Outcome.DONE] * 2
    ended = run()
    assert outcomes(ended) == {"a.png": "current", "b.png": "current", "c.png": "done", "d.png": "done"}
    assert not left_over(tmp_path / "out")


def test_sigterm_lets_end_what_is_on_its_way_and_begins_nothing_more(start, run, tmp_path):
    running = start(jobs=2, making={"a.png": "waits", "b.png": "waits"})
    until(lambda: (tmp_path / "making-a.png").exists() and (tmp_path / "making-b.png").exists())
    running.signal(signal.SIGTERM)
    until(lambda: "ending:" in running.said())
    (tmp_path / "go").touch()
    ended = running.wait(PATIENCE)
    assert ended.code == 130
    assert outcomes(ended) == {"a.png": "done", "b.png": "done", "c.png": "cancelled", "d.png": "cancelled"}
    assert "2 upscaled, 2 not begun" in ended.err
    assert counts(tmp_path) == {"done": 2, "current": 0, "failed": 0, "cancelled": 2}
    ended = run()
    assert ended.code == 0
    assert outcomes(ended) == {"a.png": "current", "b.png": "current", "c.png": "done", "d.png": "done"}


@pytest.mark.parametrize("whom", ["the parent", "all"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_told_to_end_while_it_plans_ends_and_is_not_begun_again(start, tmp_path, number, whom):
    running = start(looking={"b.png": "waits"})
    until((tmp_path / "looking-b.png").exists)
    (os.kill if whom == "the parent" else os.killpg)(running.number, number)
    until(lambda: "interrupted" in running.said() or not running.lives or (tmp_path / "go").touch())
    ended = running.wait(PATIENCE)
    assert ended.code == 130
    assert "cg-upscale: interrupted" in ended.err and "a fresh one" not in ended.err and "Traceback" not in ended.err


@pytest.mark.parametrize("whom", ["the parent", "all"])
def test_ctrl_c_stops_what_is_on_its_way_and_keeps_what_ended(start, run, tmp_path, whom):
    running = start(making={"b.png": "slow"})
    until((tmp_path / "making-b.png").exists)
    (os.kill if whom == "the parent" else os.killpg)(running.number, signal.SIGINT)
    ended = running.wait(PATIENCE)
    assert ended.code == 130
    assert "cg-upscale: interrupted" in ended.err and "Traceback" not in ended.err
    assert names(tmp_path / "out") == ["a.png"] and not left_over(tmp_path / "out")
    assert outcomes(run())["a.png"] == "current"


def test_a_hang_up_ends_a_run_in_order(start, tmp_path):
    running = start(making={"a.png": "waits"})
    until((tmp_path / "making-a.png").exists)
    running.signal(signal.SIGHUP)
    until(lambda: "ending:" in running.said())
    (tmp_path / "go").touch()
    ended = running.wait(PATIENCE)
    assert ended.code == 130
    assert outcomes(ended)["a.png"] == "done"


def test_a_texture_that_takes_too_long_fails_in_words_and_others_are_done(run, tmp_path):
    ended = run("--time-limit", "2", making={"b.png": "slow"})
    assert ended.code == 1
    assert names(tmp_path / "out") == ALL_BUT_B
    assert "took longer than the 2 s" in errors(tmp_path)["b.png"] and "--time-limit" in errors(tmp_path)["b.png"]
    assert "a fresh one" not in ended.err


def test_a_texture_that_does_not_react_at_its_limit_is_set_aside_and_others_are_done(run, tmp_path):
    ended = run("--time-limit", "2", making={"b.png": "stuck"})
    assert ended.code == 1
    assert ended.err.count("ended (a texture did not end); going on with a fresh one") == 1
    assert names(tmp_path / "out") == ALL_BUT_B
    assert "did not end within its time limit, and did not react" in errors(tmp_path)["b.png"]


@pytest.mark.parametrize(("option", "failed"), [(("--fail-fast",), 1), (("--max-failures", "2"), 2)])
def test_after_so_many_failures_nothing_more_is_begun(run, tmp_path, option, failed):
    ended = run(*option, making=dict.fromkeys(NAMES, "fails"))
    assert ended.code == 1
    assert list(outcomes(ended).values()) == ["failed"] * failed + ["cancelled"] * (4 - failed)
    assert f"{4 - failed} not begun" in ended.err and f"{failed} FAILED" in ended.err
    assert run().code == 0


def test_fewer_failures_than_are_allowed_stop_nothing(run, tmp_path):
    ended = run("--max-failures", "2", making={"a.png": "fails"})
    assert ended.code == 1
    assert names(tmp_path / "out") == ["b.png", "c.png", "d.png"]
