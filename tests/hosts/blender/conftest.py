"""What tests in Blender begin with: an empty scene, and the add-on installed from its zip as an artist does it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

bpy = pytest.importorskip("bpy")
import addon_utils  # noqa: E402 (comes with bpy)

MODULE = "bl_ext.user_default.cg_upscaler"
TEXTURES = Path(__file__).resolve().parents[3] / "examples" / "textures"


def pytest_sessionstart(session: pytest.Session) -> None:
    if not os.environ.get("CG_UPSCALE"):
        pytest.exit("run these by python -m tests.hosts, which says where the engine is", returncode=4)


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip that an artist installs."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([os.environ["CG_UPSCALE"], "plugins", "build", "blender", "--to", folder], check=True)
    (made,) = folder.glob("*.zip")
    return made


@pytest.fixture(scope="session")
def installed(archive: Path) -> Iterator[None]:
    bpy.ops.extensions.package_install_files(
        filepath=str(archive), repo="user_default", enable_on_install=True, overwrite=True
    )
    yield
    addon_utils.disable(MODULE)


@pytest.fixture
def addon(installed: None) -> Callable[[str], ModuleType]:
    """The add-on in an empty scene; gives its modules by name."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)  # with its worker, which is warm
    return lambda name: import_module(f"{MODULE}.{name}")


@pytest.fixture
def own(addon: Any) -> Any:
    """The settings of the scene, for something quick."""
    settings = bpy.context.scene.cg_upscaler
    settings.model, settings.scale = "bicubic", "2"
    return settings


@pytest.fixture
def preferences(addon: Any) -> Any:
    return bpy.context.preferences.addons[MODULE].preferences


@pytest.fixture
def texture(tmp_path: Path) -> Callable[..., Any]:
    """Copies one of the examples and loads it, as colour or as data."""

    def loaded(name: str, *, space: str = "sRGB", folder: str = "art", called: str = "") -> Any:
        path = tmp_path / folder / (called or name)
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(next(TEXTURES.rglob(name)), path)
        image = bpy.data.images.load(str(path))
        image.colorspace_settings.name = space
        return image

    return loaded


@pytest.fixture
def engine(tmp_path: Path, preferences: Any) -> Iterator[Callable[[str], None]]:
    """Has the add-on use an engine that says and does what a few lines of Python do."""

    def used(lines: str) -> None:
        path = tmp_path / "cg-upscale.py"
        path.write_text(f"#!{sys.executable}\nimport json, os, signal, sys, time\n{_SAY}{lines}\n")
        path.chmod(0o755)
        preferences.engine = str(path)

    yield used
    preferences.engine = ""


_SAY = """
def say(**said): print(json.dumps(said), flush=True)
def hear(): return json.loads(sys.stdin.readline() or '{"do": "shutdown"}')
say(event="hello", protocol=1, version="0")
"""
