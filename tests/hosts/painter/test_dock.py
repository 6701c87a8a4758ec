"""The dock's settings: what they come to, that they are remembered and explained, and what mistakes in them say."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6 import QtCore, QtGui, QtWidgets

from .conftest import HELLO, Painter, cli

Export = Callable[..., list[Path]]
Made = Callable[[str], Path]

FILE = "/game/export/Robot_Body_Normal.png"


def task(painter: Painter, *paths: str) -> Any:
    return painter.form.task({path: {"kind": "normal"} for path in paths or (FILE,)})


def test_what_is_known_of_a_file_goes_along(painter: Painter) -> None:
    (texture,) = task(painter).textures
    assert (texture.path, texture.given) == (FILE, {"kind": "normal"})


def test_settings_come_to_what_the_engine_calls_them(painter: Painter) -> None:
    form = painter.form
    form.model.choose("realesrgan-x4plus-anime")
    form.scale.choose("4")
    form.edges.choose("wrap")
    form.alpha.choose("cutout")
    form.fidelity.choose("0.25")
    form.suffix.setText(" _4k ")
    assert task(painter).settings == {
        "model": "realesrgan-x4plus-anime",
        "scale": 4,
        "edges": "wrap",
        "alpha": "cutout",
        "fidelity": 0.25,
        "suffix": "_4k",
    }


def test_what_is_automatic_is_left_to_the_engine(painter: Painter) -> None:
    painter.form.model.choose("")
    painter.form.scale.choose("")
    assert task(painter).settings == {"suffix": "_upscaled"}


@pytest.mark.parametrize("folder", ["", "/game/export", "/game/other/../export/"])
def test_results_beside_the_exports_never_have_their_names(painter: Painter, folder: str) -> None:
    painter.form.folder.set_text(folder)
    assert (task(painter).into, task(painter).settings["suffix"]) == ("", "_upscaled")


def test_results_in_a_folder_keep_the_names_unless_a_suffix_is_wished(painter: Painter, tmp_path: Path) -> None:
    painter.form.folder.set_text(f'"{tmp_path}"')  # as a file manager copies it
    assert task(painter).into == str(tmp_path) and "suffix" not in task(painter).settings
    painter.form.suffix.setText("_4k")
    assert task(painter).settings["suffix"] == "_4k"


def test_a_weights_file_of_ones_own_is_the_model_and_asked_for_where_it_lacks(painter: Painter, export: Export) -> None:
    painter.form.model.choose("file")
    assert painter.form.file.isVisibleTo(painter.dock)
    painter.export(*export("Robot_Body_BaseColor.png"))
    painter.dock.go.click()
    assert not painter.dock.busy and "Choose the model's file" in painter.told
    painter.form.file.set_text("/models/mine.pth")
    assert task(painter).settings["model"] == "/models/mine.pth"
    painter.form.model.choose("bicubic")
    assert not painter.form.file.isVisibleTo(painter.dock)


def test_settings_are_remembered(painter: Painter) -> None:
    form = painter.form
    for choice, word in ((form.model, "file"), (form.scale, "8"), (form.edges, "clamp"), (form.alpha, "mask")):
        choice.choose(word)
    form.fidelity.choose("0")
    for field in (form.file, form.folder, form.config, form.engine):
        field.set_text(f"/ü/{id(field)}")
    form.suffix.setText("_x")
    form.automatic.setChecked(True)
    before = task(painter), form.engine.text()
    painter.plugin.close_plugin()
    painter.start()
    assert (task(painter), painter.form.engine.text()) == before
    assert painter.form.automatic.isChecked() and painter.form.model.word() == "file"


def test_settings_of_a_later_version_do_no_harm(painter: Painter) -> None:
    painter.form._store.setValue("model", "gone")
    painter.form._store.setValue("scale", "16")
    painter.form._store.sync()
    painter.form._recall()
    assert (painter.form.model.word(), painter.form.scale.word()) == ("auto", "2")


def test_every_setting_says_what_it_does(painter: Painter) -> None:
    fields = painter.dock.findChildren(QtWidgets.QComboBox)
    fields += painter.form.findChildren(QtWidgets.QLineEdit) + painter.dock.findChildren(QtWidgets.QAbstractButton)
    without = [field for field in fields if not field.toolTip() and field is not painter.form.more.heading]
    assert len(fields) > 15 and without == []


def test_the_wheel_over_a_choice_scrolls_and_changes_nothing(painter: Painter) -> None:
    at = QtCore.QPointF(5, 5)
    event = QtGui.QWheelEvent(
        at,
        at,
        QtCore.QPoint(0, -120),
        QtCore.QPoint(0, -120),
        QtCore.Qt.MouseButton.NoButton,
        QtCore.Qt.KeyboardModifier.NoModifier,
        QtCore.Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QtWidgets.QApplication.sendEvent(painter.form.scale, event)
    assert painter.form.scale.word() == "2" and not event.isAccepted()


@pytest.mark.parametrize("name", ["file", "config", "engine", "folder"])
def test_paths_can_be_picked_and_a_dialog_that_is_closed_changes_nothing(
    painter: Painter, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    answers = ["/picked/ü", ""]
    dialog = QtWidgets.QFileDialog
    monkeypatch.setattr(dialog, "getOpenFileName", lambda *_: (answers.pop(0), ""))
    monkeypatch.setattr(dialog, "getExistingDirectory", lambda *_: answers.pop(0))
    field = getattr(painter.form, name)
    for _ in range(2):
        field.picker.click()
        assert field.text() == "/picked/ü"


def test_the_button_opens_the_folder_of_results(
    painter: Painter, engine: Made, export: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(QtGui.QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    done = '{"path": path, "outcome": "done", "output": "/large/ü b/x.png", "kind": "height", "width": 1, "height": 2}'
    engine(
        HELLO
        + f"""
asked = heard()
path = asked["task"]["textures"][0]["path"]
say(event="done", id=asked["id"], results=[{done}])
heard()"""
    )
    painter.export(*export("Robot_Body_BaseColor.png"))
    painter.dock.go.click()
    painter.wait_idle()
    painter.dock.shown.click()
    assert opened == ["/large/ü b"]


def test_what_became_of_each_texture_is_told(painter: Painter, engine: Made, export: Export) -> None:
    engine(
        HELLO
        + """
asked = heard()
say(event="done", id=asked["id"], results=[
    dict(path="/x/a.png", outcome="done", output="/o/a.png", kind="base_color", width=4, height=2, notes=["a note"]),
    dict(path="/x/b.png", outcome="current", output="/o/b.png", kind="normal", width=4, height=2),
    dict(path="/x/c.png", outcome="skipped"),
    dict(path="/x/d.png", outcome="rejected", output="/o/_rejected/d.png"),
    dict(path="/x/e.png", outcome="failed", error="/x/e.png: is <broken> & torn"),
])
heard()"""
    )
    painter.export(*export("Robot_Body_BaseColor.png"))
    painter.dock.go.click()
    painter.wait_idle()
    assert painter.told.splitlines() == [
        "a.png: base color, 4×2",
        "a note",
        "b.png: normal, 4×2 (up to date already)",
        "c.png: left out by the configuration",
        "d.png: did not keep to the quality that the configuration asks for",
        "/x/e.png: is <broken> & torn",
        "2 upscaled, 1 left out, 2 not.",
    ]


# With the real engine


def test_a_projects_configuration_holds_and_results_go_where_it_says(
    painter: Painter, export: Export, tmp_path: Path
) -> None:
    files = export("Robot_Body_BaseColor.png", "Robot_Body_Normal.png", "Robot_Body_Emissive.png")
    config = tmp_path / "game.yaml"
    config.write_text(
        "source: export\noutput: large\nmodel: bicubic\nscale: 4\nrules:\n- {match: '*_Emissive.*', skip: not wanted}\n"
    )
    painter.form.model.choose("")
    painter.form.scale.choose("")
    painter.form.config.set_text(str(config))
    painter.export(*files)
    painter.dock.go.click()
    painter.wait_idle()
    assert "Robot_Body_BaseColor.png: base color, 512×512" in painter.told and "1 left out" in painter.told
    names = sorted(path.name for path in (tmp_path / "large").glob("*.png"))
    assert names == ["Robot_Body_BaseColor.png", "Robot_Body_Normal.png"]
    cli("run", "--config", config, "--out", tmp_path / "cli", "-q", cwd=tmp_path)
    for name in names:
        assert (tmp_path / "cli" / name).read_bytes() == (tmp_path / "large" / name).read_bytes()


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda form, place: form.config.set_text(str(place / "gone.yaml")), "gone.yaml"),
        (lambda form, place: form.config.set_text(str(_written(place / "bad.yaml", "scael: 2"))), "scale"),
        (lambda form, place: (form.model.choose("file"), form.file.set_text(str(place / "gone.pth"))), "gone.pth"),
        (lambda form, place: form.folder.set_text(str(_written(place / "a file", ""))), "a file"),
        (lambda form, place: form.folder.set_text("/proc/large"), "/proc/large"),
        (lambda form, place: form.suffix.setText("/../x"), "suffix"),
    ],
    ids=[
        "no configuration",
        "a wrong configuration",
        "no model",
        "a file for a folder",
        "a folder of the system",
        "suffix",
    ],
)
def test_mistakes_are_told_in_words(
    painter: Painter, export: Export, tmp_path: Path, change: Callable[[Any, Path], object], what: str
) -> None:
    painter.export(*export("Robot_Body_BaseColor.png"))
    change(painter.form, tmp_path)
    painter.dock.go.click()
    painter.wait_idle()
    assert what in painter.told.lower() and "bug" not in painter.told and "Traceback" not in painter.told, painter.told
    assert "1 upscaled" not in painter.told


def test_paths_may_be_long_and_of_any_language(painter: Painter, export: Export, tmp_path: Path) -> None:
    folder = tmp_path / "Ünïcode 日本語" / ("long" * 40) / ("long" * 15) / 'c\'est "ça" & <b>'
    (file,) = export("Роbot_Körper_BaseColor.png", folder=folder)
    assert len(os.fsencode(file)) > 300
    painter.form.automatic.setChecked(True)
    painter.export(file, texture_set="Körper")
    painter.wait_idle()
    assert (folder / "Роbot_Körper_BaseColor_upscaled.png").is_file(), painter.told
    assert "Роbot_Körper_BaseColor_upscaled.png: base color, 256×256" in painter.told


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path
