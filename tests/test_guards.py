"""A run stops before a surprise, and lets old results stand where it is told to."""

import json
import os
import sys

import cv2
import pytest

from cg_upscaler import cli
from cg_upscaler.job import ALGORITHM, Job
from tests.fakes import noise

NAMES = ("a.png", "b.png", "c.png")


@pytest.fixture
def library(tmp_path):
    (tmp_path / "textures").mkdir()
    for seed, name in enumerate(NAMES):
        save(tmp_path / "textures" / name, seed)
    return tmp_path / "textures"


def save(path, seed):
    path.write_bytes(cv2.imencode(".png", noise(12, 10, 3, seed))[1].tobytes())
    os.utime(path, (1e9 + seed, 1e9 + seed))  # long ago, so that folders count as settled


@pytest.fixture
def call(library, tmp_path, capfd):
    def call(command, *options, model="bicubic"):
        words = (command, library, "--out", tmp_path / "out", "--model", model, *options)
        code = cli.run_cli([str(word) for word in words])
        out, err = capfd.readouterr()
        return int(code), out, err

    return call


def results(tmp_path):
    out = tmp_path / "out"
    return {path.name: path.read_bytes() for path in out.glob("*.png")}


def stands(call, *options):
    _, out, _ = call("run", "--dry-run", "--json", *options)
    return {each["stand"] for each in json.loads(out)["standings"]}


def test_a_run_that_would_write_more_than_it_may_stops_before_the_first(call, tmp_path):
    code, _, err = call("run", "--max-changes", "2")
    assert code == 2
    assert "3 textures would be written, and max-changes is 2: 3 × new" in err
    assert "cg-upscale plan" in err
    assert not results(tmp_path)


def test_reasons_are_counted(call, library, tmp_path):
    assert call("run")[0] == 0
    before = results(tmp_path)
    save(library / "a.png", 7)
    save(library / "new.png", 8)
    (tmp_path / "out" / "c.png").unlink()
    code, _, err = call("run", "--max-changes", "0")
    assert code == 2
    words = ("3 textures would be written", "1 × its source changed", "1 × new", "1 × output missing")
    assert all(each in err for each in words)
    before.pop("c.png")
    assert results(tmp_path) == before


def test_another_setting_is_a_surprise_with_its_reason(call, tmp_path):
    assert call("run")[0] == 0
    before = results(tmp_path)
    code, _, err = call("run", "--max-changes", "1", model="linear")
    assert code == 2 and "3 × model" in err
    assert results(tmp_path) == before


def test_as_many_as_may_be_written_are(call, library, tmp_path):
    assert call("run", "--max-changes", "3")[0] == 0
    assert results(tmp_path).keys() == set(NAMES)
    assert call("run", "--max-changes", "0")[0] == 0
    save(library / "a.png", 7)
    assert call("run", "--max-changes", "1")[0] == 0


def test_what_is_blocked_does_not_count(call, library, tmp_path):
    assert call("run")[0] == 0
    save(library / "a.png", 7)
    save(tmp_path / "out" / "a.png", 9)  # by hand
    code, _, err = call("run", "--max-changes", "0")
    assert code == 1 and "was changed by somebody" in err


def test_a_pinned_revision_lets_older_results_stand(call, library, tmp_path, monkeypatch):
    assert call("run")[0] == 0
    before = results(tmp_path)
    upgrade(monkeypatch)
    assert stands(call) == {"due"}
    pin = ("--pin-revision", ALGORITHM)
    assert stands(call, *pin) == {"up to date"}
    code, _, err = call("run", *pin)
    assert code == 0 and "3 up to date" in err
    assert results(tmp_path) == before


def test_a_pinned_revision_keeps_nothing_that_changed(call, library, monkeypatch):
    assert call("run")[0] == 0
    upgrade(monkeypatch)
    save(library / "a.png", 7)
    code, _, err = call("run", "--pin-revision", ALGORITHM)
    assert code == 0 and "1 upscaled" in err and "2 up to date" in err
    code, _, err = call("run", "--pin-revision", ALGORITHM)
    assert code == 0 and "3 up to date" in err


def test_a_pin_that_is_lifted_has_all_done_again(call, monkeypatch):
    assert call("run")[0] == 0
    upgrade(monkeypatch)
    assert call("run", "--pin-revision", ALGORITHM)[0] == 0
    code, _, err = call("run")
    assert code == 0 and "3 upscaled" in err


def test_without_a_pin_an_upgrade_does_all_again(call, monkeypatch):
    assert call("run")[0] == 0
    upgrade(monkeypatch)
    _, out, _ = call("plan", "--json")
    assert {each["why"] for each in json.loads(out)["standings"]} == {"cg-upscale itself changed what it makes of this"}
    code, _, err = call("run")
    assert code == 0 and "3 upscaled" in err


def test_a_revision_that_does_not_exist_yet_cannot_be_pinned(call):
    code, _, err = call("run", "--pin-revision", ALGORITHM + 1)
    assert code == 2 and "pin_revision" in err.replace("-", "_")


def upgrade(monkeypatch):
    """Let there be a newer revision of the algorithm."""
    for name, module in list(sys.modules.items()):
        if name.startswith("cg_upscaler") and getattr(module, "ALGORITHM", None) == ALGORITHM:
            monkeypatch.setattr(module, "ALGORITHM", ALGORITHM + 1)
    monkeypatch.setattr(Job.key, "__defaults__", (ALGORITHM + 1,))
