"""The flow in Painter gives the files of the command line, on every sort of texture: see tests/hosts/same.py."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from .conftest import Painter

SAME = os.environ.get("CG_UPSCALE_SAME", "")


@pytest.mark.skipif(not SAME, reason="python -m tests.hosts prepares the textures")
def test_every_sort_of_texture_becomes_the_same_file(painter: Painter, tmp_path: Path) -> None:
    place = Path(SAME)
    textures = sorted((place / "textures").iterdir())
    settings = json.loads((place / "settings.json").read_text(encoding="utf-8"))
    painter.form.model.choose(settings["model"])
    painter.form.scale.choose(str(settings["scale"]))
    painter.form.folder.set_text(str(tmp_path / "painter"))
    painter.export(*textures, texture_set="Nothing that is in a name")
    painter.dock.go.click()
    painter.wait_idle(600)
    made = {path.name for path in (tmp_path / "painter").iterdir() if path.is_file()}
    assert made == {path.name for path in (place / "cli").iterdir() if path.is_file()}, painter.told
    different = [
        name for name in made if (tmp_path / "painter" / name).read_bytes() != (place / "cli" / name).read_bytes()
    ]
    assert len(made) > 3 and different == []
