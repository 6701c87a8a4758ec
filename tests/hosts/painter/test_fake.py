"""Holds the fake Painter, and the plugin, to what the public stubs say of the real one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from .conftest import HERE


def run(*command: str | Path, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a module in a folder of its own, so that nothing but what is named is read."""
    words = [sys.executable, "-m", *map(str, command)]
    return subprocess.run(words, cwd=cwd, env={**os.environ, **environ}, capture_output=True, text=True)


def compared(fake: Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    options = ("substance_painter", "--concise", "--allowlist", HERE / "left_out.txt")
    return run("mypy.stubtest", *options, cwd=cwd, PYTHONPATH=str(fake))


def test_the_fake_is_like_the_real_one_in_all_that_it_has(tmp_path: Path) -> None:
    said = compared(HERE / "fake", tmp_path)
    assert said.returncode == 0, said.stdout + said.stderr


def test_a_wrong_fake_is_found_out(tmp_path: Path) -> None:
    shutil.copytree(HERE / "fake", tmp_path / "fake")
    event = tmp_path / "fake" / "substance_painter" / "event.py"
    event.write_text(event.read_text().replace("textures: dict", "files: dict"))
    said = compared(tmp_path / "fake", tmp_path)
    assert said.returncode == 1 and "ExportTexturesEnded" in said.stdout, said.stdout + said.stderr


def test_the_plugin_keeps_to_the_types_of_painter_and_qt(installed: Path, tmp_path: Path) -> None:
    """`installed` has the client beside it, as Painter sees it."""
    options = ("--strict", "--warn-unreachable", "-p", "cg_upscaler_painter")
    said = run("mypy", *options, cwd=tmp_path, MYPYPATH=str(installed))
    assert said.returncode == 0, said.stdout + said.stderr


def test_a_wrong_call_of_painter_is_found_out(installed: Path, tmp_path: Path) -> None:
    shutil.copytree(installed / "cg_upscaler_painter", tmp_path / "cg_upscaler_painter")
    module = tmp_path / "cg_upscaler_painter" / "__init__.py"
    module.write_text(module.read_text().replace("import_project_resource(path,", "import_project_resource("))
    said = run("mypy", "--strict", "-p", "cg_upscaler_painter", cwd=tmp_path)
    assert said.returncode == 1 and "import_project_resource" in said.stdout, said.stdout + said.stderr
