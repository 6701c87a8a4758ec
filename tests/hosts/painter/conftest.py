"""Painter's side for tests: the plugin as it is installed, a fake Painter around it, and engines real and made up."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parents[2] / "examples" / "textures"
UPSCALE = os.environ.pop("CG_UPSCALE", "") or shutil.which("cg-upscale") or ""
"""The program. Not in the environment any more: the plugin is to find it by what its installation wrote."""

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(HERE / "fake"))

from PySide6 import QtCore, QtWidgets  # noqa: E402  (after the platform is chosen)

QtCore.QStandardPaths.setTestModeEnabled(True)

HELLO = 'say(event="hello", protocol=1, version="1.2.3")\n'
_HEAD = f"""#!{sys.executable}
import json, os, signal, sys, time
def say(**words): print(json.dumps(words), flush=True)
def heard(): return json.loads(sys.stdin.readline() or "{{}}")
"""


@pytest.fixture(scope="session")
def app() -> QtWidgets.QApplication:
    found = QtWidgets.QApplication.instance() or QtWidgets.QApplication([])
    assert isinstance(found, QtWidgets.QApplication)
    return found


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of plugins into which `cg-upscale plugins install` put this one."""
    place = tmp_path_factory.mktemp("plugins")
    subprocess.run([UPSCALE, "plugins", "install", "painter", "--to", str(place)], check=True, capture_output=True)
    return place


@pytest.fixture(scope="session")
def plugin(installed: Path, app: QtWidgets.QApplication) -> ModuleType:
    sys.path.insert(0, str(installed))
    return importlib.import_module("cg_upscaler_painter")


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep settings and the fake's memory apart from those of other tests."""
    import substance_painter as painter

    QtCore.QSettings.setPath(
        QtCore.QSettings.Format.NativeFormat, QtCore.QSettings.Scope.UserScope, str(tmp_path / "settings")
    )
    monkeypatch.setattr(painter.project, "_open", "/projects/Robot.spp")
    monkeypatch.setattr(painter.project, "_busy", False)
    monkeypatch.setattr(painter.resource, "_refuses", "")
    for kept in (painter.project._later, painter.resource._imported, painter.resource._shown, painter.logging._said):
        kept.clear()


class Painter:
    """The plugin switched on in the fake Painter, and an artist at it."""

    def __init__(self, plugin: ModuleType, app: QtWidgets.QApplication) -> None:
        import substance_painter

        self.fake = substance_painter
        self.plugin, self.app = plugin, app

    @property
    def dock(self) -> Any:
        return self.plugin._dock

    @property
    def form(self) -> Any:
        return self.dock.form

    @property
    def told(self) -> str:
        return str(self.dock.told.toPlainText())

    def start(self) -> Painter:
        self.plugin.start_plugin()
        self.dock.resize(300, 700)
        self.fake.ui._docks[-1].show()
        return self

    def export(self, *paths: Path, texture_set: str = "Body", status: str = "Success") -> None:
        """Have Painter tell that it exported files."""
        kind = self.fake.event.ExportTexturesEnded
        textures = {(texture_set, ""): [str(path) for path in paths]}
        self.fake.event.DISPATCHER._happened(kind(self.fake.export.ExportStatus[status], "", textures))

    def wait(self, until: Callable[[], object], limit: float = 60.0) -> None:
        """Let Qt work until something is so."""
        end = time.monotonic() + limit
        while not until():
            self.app.processEvents(QtCore.QEventLoop.ProcessEventsFlag.AllEvents, 50)
            assert time.monotonic() < end, f"told: {self.told}" if self.dock else "the plugin is closed"

    def wait_idle(self, limit: float = 60.0) -> None:
        self.wait(lambda: not self.dock.busy and not self.dock._waiting, limit)

    def upscale_file(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Choose a file by the second action's dialog."""
        monkeypatch.setattr(QtWidgets.QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
        self.dock.choose.click()


@pytest.fixture
def painter(plugin: ModuleType, app: QtWidgets.QApplication) -> Iterator[Painter]:
    """Yield the plugin switched on, set to the fastest model."""
    made = Painter(plugin, app).start()
    made.form.model.choose("bicubic")
    yield made
    plugin.close_plugin()
    app.sendPostedEvents(None, QtCore.QEvent.Type.DeferredDelete)


@pytest.fixture
def engine(painter: Painter, tmp_path: Path) -> Callable[[str], Path]:
    """Return what makes an engine out of a script, and names it in the settings."""

    def write(code: str) -> Path:
        program = tmp_path / "made up" / "cg-upscale"
        program.parent.mkdir(exist_ok=True)
        program.write_text(_HEAD + code)
        program.chmod(0o755)
        painter.form.engine.set_text(str(program))
        return program

    return write


@pytest.fixture
def export(tmp_path: Path) -> Callable[..., list[Path]]:
    """Return what puts real textures into a folder, under the names of an export."""

    def copy(*names: str, folder: Path | None = None) -> list[Path]:
        folder = folder or tmp_path / "export"
        folder.mkdir(parents=True, exist_ok=True)
        return [_copied(name, folder / name) for name in names]

    return copy


def _copied(name: str, to: Path) -> Path:
    ground = EXAMPLES / "environment" / "ground"
    source = ground / ("Ground010_1K_Normal.png" if "Normal" in name else "Ground010_1K_Color.png")
    shutil.copyfile(source, to)
    return to


def cli(*arguments: str | Path, cwd: Path) -> None:
    """Run the command line."""
    subprocess.run([UPSCALE, *map(str, arguments)], check=True, cwd=cwd, capture_output=True)


def children() -> Sequence[str]:
    """Return the numbers of this process's children that are alive, as Linux has them."""
    return [
        pid
        for task in Path("/proc/self/task").iterdir()
        for pid in (task / "children").read_text().split()
        if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    ]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--pictures", default="", help="The folder for pictures of the dock.")
