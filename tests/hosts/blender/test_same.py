"""Whatever the kind of file: the operator makes the very files that the command line makes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

bpy = pytest.importorskip("bpy")

SAME = os.environ.get("CG_UPSCALE_SAME", "")
"""What `tests.hosts.same` left."""


@pytest.mark.skipif(not SAME, reason="left out by --quick")
def test_every_texture_of_the_devset_becomes_the_file_of_the_command_line(addon: Any, tmp_path: Path) -> None:
    textures, theirs = Path(SAME, "textures"), Path(SAME, "cli")
    settings = json.loads(Path(SAME, "settings.json").read_text("utf-8"))
    own = bpy.context.scene.cg_upscaler
    own.model, own.scale = settings["model"], str(settings["scale"])
    own.where, own.folder = "FOLDER", str(tmp_path / "larger")
    material = bpy.data.materials.new("All")
    material.use_nodes = True
    for path in sorted(textures.iterdir()):
        node = material.node_tree.nodes.new("ShaderNodeTexImage")
        node.image = bpy.data.images.load(str(path))
    bpy.ops.cg_upscaler.material(name="All")
    expected = {path.name: path.read_bytes() for path in theirs.iterdir() if path.is_file()}
    made = {path.name: path.read_bytes() for path in (tmp_path / "larger").iterdir() if path.is_file()}
    assert len(expected) > 10 and made.keys() == expected.keys()
    assert [name for name in expected if made[name] != expected[name]] == []
