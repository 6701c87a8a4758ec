"""The add-on as `cg-upscale plugins install` leaves it: Blender lists it, and switched on it finds its engine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("bpy")

SCRIPT = """
import bpy, addon_utils
name = "bl_ext.user_default.cg_upscaler"
assert name in [module.__name__ for module in addon_utils.modules(refresh=True)], "not listed"
assert bpy.ops.preferences.addon_enable(module=name) == {"FINISHED"}
assert bpy.ops.cg_upscaler.test() == {"FINISHED"}
print("FOUND", bpy.context.preferences.addons[name].preferences.found)
addon_utils.disable(name)
"""


def test_put_in_place_it_needs_nothing_but_the_tick(tmp_path: Path) -> None:
    """In a Blender of a user who never installed anything, without a word of the engine in the environment."""
    environ = {**os.environ, "BLENDER_USER_RESOURCES": str(tmp_path / "user"), "PATH": os.defpath}
    program = environ.pop("CG_UPSCALE")
    said = subprocess.run([program, "plugins", "install", "blender"], env=environ, capture_output=True, text=True)
    assert said.returncode == 0 and str(tmp_path / "user" / "extensions" / "user_default") in said.stdout
    ran = subprocess.run([sys.executable, "-c", SCRIPT], env=environ, capture_output=True, text=True, timeout=120)
    assert "FOUND Found: upscales on" in ran.stdout, ran.stdout + ran.stderr
