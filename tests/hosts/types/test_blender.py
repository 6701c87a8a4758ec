"""Holds the Blender add-on to the types that the stubs give Blender's modules."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

STRICT = ("--strict", "--disable-error-code", "valid-type", "--config-file", "")
"""Properties are annotated by calls, as Blender wants them, which are no types."""


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("addons")
    command = [os.environ["CG_UPSCALE"], "plugins", "install", "blender", "--to", str(place)]
    subprocess.run(command, check=True, capture_output=True)
    return place


def checked(place: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mypy", *STRICT, "--cache-dir", str(place / ".cache"), "-p", "cg_upscaler"]
    return subprocess.run(command, cwd=place, capture_output=True, text=True)


def test_the_add_on_keeps_to_the_types_of_blender(installed: Path) -> None:
    said = checked(installed)
    assert said.returncode == 0, said.stdout + said.stderr


def test_a_wrong_call_of_blender_is_found_out(installed: Path, tmp_path: Path) -> None:
    copy = tmp_path / "cg_upscaler"
    shutil.copytree(installed / "cg_upscaler", copy)
    (copy / "wrong.py").write_text("import bpy\n\nbpy.data.images.load(7)\n")
    said = checked(tmp_path)
    assert said.returncode == 1 and "wrong.py:3" in said.stdout, said.stdout + said.stderr
