"""The template for render farms is one: its specification's own tools take it, and run it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from cg_upscaler.cli import run_cli
from cg_upscaler.library.farm import MOST_SHARDS, Farming, template

pytest.importorskip("openjd.cli", reason="openjd-cli is not installed: pip install openjd-cli")


def openjd(*arguments: str | Path, cwd: Path) -> dict[str, Any]:
    """Run the specification's tool, and return what it says; `cg-upscale` is found beside this Python."""
    command = [sys.executable, "-m", "openjd", *map(str, arguments), "--output", "json"]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120)
    said = json.loads(done.stdout[done.stdout.index("{") :]) if "{" in done.stdout else {}
    return {"code": done.returncode, "all": done.stdout + done.stderr, **said}


def written(folder: Path, text: str) -> Path:
    file = folder / "job.yaml"
    file.write_text(text, encoding="utf-8")
    return file


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


def test_paths_are_absolute_and_may_hold_anything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / 'a "game": #1.yaml'
    config.write_text("scale: 2\n", encoding="utf-8")
    assert run_cli(["farm-template", "tex tures", "--config", str(config), "--shards", "3"]) == 0
    said = yaml.safe_load(capsys.readouterr().out)
    defaults = {each["name"]: each.get("default") for each in said["parameterDefinitions"]}
    assert defaults == {"Source": str(Path("tex tures").absolute()), "Output": None, "Config": str(config), "Shards": 3}
