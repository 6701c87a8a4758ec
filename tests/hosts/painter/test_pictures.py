"""The dock is looked at: by tests, for what is cut off, and with `--pictures DIR` by people."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from PySide6 import QtCore, QtWidgets

from . import shots
from .conftest import Painter

Export = Callable[..., list[Path]]


@pytest.fixture
def pictures(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return Path(request.config.getoption("--pictures") or tmp_path)


def test_pictures_of_the_dock_idle_in_progress_done_and_with_an_error(
    painter: Painter, export: Export, pictures: Path
) -> None:
    shots.darken(painter.app)
    place = painter.fake.ui._docks[-1]
    window = QtWidgets.QMainWindow()
    window.addDockWidget(QtCore.Qt.DockWidgetArea.RightDockWidgetArea, place)
    window.show()
    painter.form.model.choose("realesrgan-x4plus")
    files = export("Robot_Body_BaseColor.png", "Robot_Body_Normal.png", "Robot_Body_Emissive.png")

    def shoot(name: str, height: int = shots.HEIGHT) -> None:
        window.resize(shots.WIDTH, height)
        painter.app.processEvents()
        assert place.width() == shots.WIDTH  # nothing in it needs more
        shots.save(place, str(pictures / f"painter-{name}.png"))

    painter.export(*files)
    shoot("idle")
    painter.form.more.heading.click()
    shoot("settings", shots.HEIGHT + 120)
    painter.form.more.heading.click()
    painter.dock.go.click()
    painter.wait(lambda: painter.dock.bar.value() > 400)
    shoot("progress")
    painter.wait_idle(120)
    shoot("done")
    painter.form.engine.set_text("/opt/moved/cg-upscale")
    painter.dock.go.click()
    shoot("error")
    window.removeDockWidget(place)
    place.setParent(None)
    for name in ("idle", "settings", "progress", "done", "error"):
        assert 2000 < (pictures / f"painter-{name}.png").stat().st_size < 40_000


@pytest.mark.parametrize("opened", [False, True])
def test_nothing_is_cut_off_in_a_narrow_dock(painter: Painter, opened: bool) -> None:
    painter.form.more.fold(opened)
    painter.form.model.choose("file")
    painter.dock.exported({f"/x/{'long' * 40}_BaseColor.png": {}})
    painter.dock.state.show_text(f"1 of 1: {'long' * 40}_BaseColor.png")
    for shown in (painter.dock.state, painter.dock.bar, painter.dock.stop, painter.dock.shown):
        shown.setVisible(True)
    place = painter.fake.ui._docks[-1]
    place.resize(280, 400)
    painter.app.processEvents()
    assert place.width() == 280
    inside = painter.dock.go.parentWidget()
    for widget in inside.findChildren(QtWidgets.QWidget):
        if widget.isVisibleTo(inside) and not isinstance(widget.parentWidget(), QtWidgets.QAbstractScrollArea):
            right = widget.mapTo(painter.dock, widget.rect().topRight()).x()
            assert right < painter.dock.width(), (type(widget).__name__, right)
        if isinstance(widget, (QtWidgets.QPushButton, QtWidgets.QCheckBox)) and widget.isVisibleTo(inside):
            assert widget.width() >= widget.fontMetrics().horizontalAdvance(widget.text()), widget.text()


def test_what_shows_is_what_is_meant(plugin: ModuleType, app: QtWidgets.QApplication, painter: Painter) -> None:
    assert painter.dock.stop.isHidden() and painter.dock.bar.isHidden() and painter.dock.shown.isHidden()
    assert not painter.form.edges.isVisibleTo(painter.dock)
    painter.form.more.heading.click()
    assert painter.form.edges.isVisibleTo(painter.dock)
