"""What an artist gets as a file: fit for Blender's own validator, and whole."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import bpy
import pytest

TOOL = Path(bpy.utils.resource_path("LOCAL"), "scripts", "addons_core", "bl_pkg", "cli", "blender_ext.py")


def by_blender(*command: str | Path) -> str:
    done = subprocess.run([sys.executable, TOOL, *command], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_blender_finds_the_zip_valid(archive: Path) -> None:
    assert "Success" in by_blender("validate", archive)


def test_blender_builds_the_installed_folder(tmp_path: Path) -> None:
    command = [os.environ["CG_UPSCALE"], "plugins", "install", "blender", "--to", tmp_path]
    subprocess.run(command, check=True, capture_output=True)
    assert "Success" in by_blender("validate", tmp_path / "cg_upscaler")
    by_blender("build", "--source-dir", tmp_path / "cg_upscaler", "--output-filepath", tmp_path / "built.zip")
    assert "engine.json" in zipfile.ZipFile(tmp_path / "built.zip").namelist()


def test_a_package_that_is_not_valid_is_found_so(tmp_path: Path) -> None:
    (tmp_path / "blender_manifest.toml").write_text('schema_version = "1.0.0"\n')
    with pytest.raises(AssertionError):
        by_blender("validate", tmp_path)


def test_the_zip_holds_its_licence_and_the_client(archive: Path) -> None:
    with zipfile.ZipFile(archive) as zipped:
        names = zipped.namelist()
        licence = zipped.read("LICENSE").decode()
    assert "GNU GENERAL PUBLIC LICENSE" in licence and "Version 3, 29 June 2007" in licence and len(licence) > 30_000
    assert {"__init__.py", "blender_manifest.toml", "client/launch.py", "client/session.py"} <= {*names}
    assert not [name for name in names if "__pycache__" in name or name.startswith("tests")]
