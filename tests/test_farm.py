"""The template for render farms is one: its specification's own tools take it, and run it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from cg_upscaler.cli import run_cli
from cg_upscaler.library.farm import MOST_SHARDS, Farming, template
from cg_upscaler.library.receipts import FOLDER, Receipts
from tests.fakes import noise
from tests.test_engine import save

pytest.importorskip("openjd.cli", reason="openjd-cli is not installed: pip install openjd-cli")


def openjd(*arguments: str | Path, cwd: Path) -> dict[str, Any]:
    """Run the specification's tool, and return what it says; `cg-upscale` is found beside this Python."""
    command = [sys.executable, "-m", "openjd", *map(str, arguments), "--output", "json"]
    paths = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": paths, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300, env=environment)
    said = json.loads(done.stdout[done.stdout.index("{") :]) if "{" in done.stdout else {}
    return {"code": done.returncode, "all": done.stdout + done.stderr, **said}


def written(folder: Path, text: str) -> Path:
    file = folder / "job.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def tree(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file() and FOLDER not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


@pytest.mark.parametrize("shards", [1, 16, MOST_SHARDS])
def test_the_template_keeps_to_the_specification(tmp_path: Path, shards: int) -> None:
    file = written(tmp_path, template(Farming(shards, Path("/a library"), Path("/out"), Path("/game.yaml"))))
    said = openjd("check", file, cwd=tmp_path)
    assert said["code"] == 0, said["all"]


def test_a_template_without_paths_keeps_to_it_too(tmp_path: Path) -> None:
    said = openjd("check", written(tmp_path, template(Farming(4))), cwd=tmp_path)
    assert said["code"] == 0, said["all"]


def test_the_check_would_notice(tmp_path: Path) -> None:
    text = template(Farming(4)).replace("dependsOn: Upscale", "dependsOn: Nothing")
    assert openjd("check", written(tmp_path, text), cwd=tmp_path)["code"] != 0


def test_paths_may_hold_anything_and_absolute_ones_are_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "game.yaml"
    config.write_text("scale: 2\n", encoding="utf-8")
    assert run_cli(["farm-template", 'a "set": #1', "--config", str(config), "--shards", "3"]) == 0
    said = yaml.safe_load(capsys.readouterr().out)
    defaults = {each["name"]: each.get("default") for each in said["parameterDefinitions"]}
    assert defaults == {"Source": 'a "set": #1', "Output": None, "Config": None, "Shards": 3}


@pytest.mark.skipif(os.name == "nt", reason="sessions of another user need rights there")
def test_a_farm_gives_what_one_run_gives_and_tells_of_failures_at_the_end(tmp_path: Path) -> None:
    library = tmp_path / "textures"
    for number in range(4):
        save(library / f"stone{number}_color.png", noise(16, 16 + number, 3, seed=number))
    config = tmp_path / "game.yaml"
    config.write_text("model: bicubic\ndevice: cpu\n", encoding="utf-8")
    assert run_cli(["run", str(library), "--out", str(tmp_path / "alone"), "--config", str(config), "-q"]) == 0
    (library / "broken_color.png").write_bytes((library / "stone0_color.png").read_bytes()[:200])
    file = written(tmp_path, template(Farming(2, Path("textures"), Path("out"), Path("game.yaml"))))
    said = openjd("run", file, cwd=tmp_path)
    assert said["code"] != 0, said["all"]  # by the step that merges, and so after all others
    assert tree(tmp_path / "out") == tree(tmp_path / "alone"), said["all"]
    with Receipts(tmp_path / "out", read_only=True) as receipts:
        assert len(list(receipts.entries())) >= 4
