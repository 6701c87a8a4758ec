"""The plugin in Painter: exports are upscaled, results imported, and nothing is left when it is switched off."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import shiboken6
from PySide6 import QtWidgets

from .conftest import HELLO, Painter, children, cli

Export = Callable[..., list[Path]]
Made = Callable[[str], Path]

DONE = """
def done(asked):
    results = []
    for each in asked["task"]["textures"]:
        output = each["path"] + ".made"
        open(output, "w").close()
        results.append(dict(path=each["path"], outcome="done", output=output, kind="height", width=2, height=2))
    say(event="done", id=asked["id"], results=results)
"""


def test_an_export_is_upscaled_by_itself_where_that_is_wished(painter: Painter, export: Export) -> None:
    files = export("Robot_Body_BaseColor.png", "Robot_Body_Normal.png")
    painter.form.automatic.setChecked(True)
    painter.export(*files)
    painter.wait_idle()
    assert [path.name for path in sorted(files[0].parent.glob("*_upscaled.png"))] == [
        "Robot_Body_BaseColor_upscaled.png",
        "Robot_Body_Normal_upscaled.png",
    ]
    assert "Robot_Body_Normal_upscaled.png: normal, 256×256" in painter.told
    assert "2 upscaled." in painter.told


def test_an_export_waits_for_the_button_otherwise(painter: Painter, export: Export, tmp_path: Path) -> None:
    files = export("Robot_Body_BaseColor.png", "Robot_Body_Normal.png")
    painter.export(*files)
    painter.app.processEvents()
    assert not painter.dock.busy and painter.dock.last.text() == "2 files were exported last."
    painter.form.folder.set_text(str(tmp_path / "large"))
    painter.dock.go.click()
    assert painter.dock.busy
    painter.wait_idle()
    assert sorted(path.name for path in (tmp_path / "large").glob("*.png")) == sorted(path.name for path in files)
    assert painter.fake.resource._imported == []  # that is for files chosen by hand


def test_results_are_the_very_files_of_the_command_line(painter: Painter, export: Export, tmp_path: Path) -> None:
    files = export("Robot_Body_BaseColor.png", "Robot_Body_Normal_OpenGL.png")
    painter.form.model.choose("realesrgan-x4plus")
    painter.form.scale.choose("2")
    painter.form.fidelity.choose("0.5")
    painter.form.edges.choose("mirror")
    painter.form.folder.set_text(str(tmp_path / "dock"))
    painter.export(*files)
    painter.dock.go.click()
    painter.wait_idle(300)
    config = tmp_path / "game.yaml"
    config.write_text("model: realesrgan-x4plus\nscale: 2\nfidelity: 0.5\nedges: mirror\n")
    cli("run", files[0].parent, "--config", config, "--out", tmp_path / "cli", "-q", cwd=tmp_path)
    for file in files:
        assert (tmp_path / "dock" / file.name).read_bytes() == (tmp_path / "cli" / file.name).read_bytes()


def test_results_are_never_upscaled_again(painter: Painter, export: Export) -> None:
    """Neither by the next export into the same folder, nor as a file that is chosen."""
    files = export("Robot_Body_BaseColor.png")
    painter.form.automatic.setChecked(True)
    for _ in range(2):
        painter.export(*files)
        painter.wait_idle()
    assert "up to date already" in painter.told
    result = files[0].with_name("Robot_Body_BaseColor_upscaled.png")
    painter.export(result)
    painter.wait_idle()
    assert "was written by cg-upscale itself" in painter.told
    assert sorted(path.name for path in files[0].parent.glob("*.png")) == [files[0].name, result.name]


def test_a_chosen_file_is_upscaled_and_imported(
    painter: Painter, export: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    (file,) = export("decal.png")
    painter.upscale_file(file, monkeypatch)
    painter.wait_idle()
    result = str(file.with_name("decal_upscaled.png"))
    assert painter.fake.resource._imported == [(result, painter.fake.resource.Usage.TEXTURE)]
    assert [each.handle for each in painter.fake.resource._shown] == [result]
    assert "decal_upscaled.png was imported" in painter.told


@pytest.mark.parametrize("when", ["before", "while it is busy"])
def test_nothing_is_imported_without_an_open_project(
    painter: Painter, engine: Made, export: Export, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    engine(HELLO + DONE + "done(heard())\nheard()")
    monkeypatch.setattr(painter.fake.project, "_busy", when != "before")
    if when == "before":
        monkeypatch.setattr(painter.fake.project, "_open", None)
    painter.upscale_file(export("decal.png")[0], monkeypatch)
    painter.wait_idle()
    if when != "before":
        monkeypatch.setattr(painter.fake.project, "_open", None)
        for later in painter.fake.project._later:
            later()
    assert painter.fake.resource._imported == []
    assert "not imported" in painter.told or "nothing was imported" in painter.told
    assert painter.fake.logging._said[-1][0] == "warning"


def test_a_file_that_is_chosen_while_an_export_begins_is_not_forgotten_in_silence(
    painter: Painter, engine: Made, export: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine(WAITS)
    file, first = export("decal.png", "a_Body_Height.png")
    painter.form.automatic.setChecked(True)

    def chosen(*_: object) -> tuple[str, str]:
        painter.export(first)
        return str(file), ""

    monkeypatch.setattr(QtWidgets.QFileDialog, "getOpenFileName", chosen)
    painter.dock.choose.click()
    assert "Choose decal.png again" in painter.told
    go(first)
    painter.wait_idle()
    assert painter.fake.resource._imported == []


def test_what_painter_has_against_a_file_is_told(
    painter: Painter, engine: Made, export: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine(HELLO + DONE + "done(heard())\nheard()")
    monkeypatch.setattr(painter.fake.resource, "_refuses", "unknown format")
    painter.upscale_file(export("decal.png")[0], monkeypatch)
    painter.wait_idle()
    assert "Painter did not import decal.png.made: unknown format" in painter.told


@pytest.mark.parametrize("status", ["Error", "Cancelled"])
def test_an_export_that_failed_does_nothing(painter: Painter, export: Export, status: str) -> None:
    painter.form.automatic.setChecked(True)
    painter.export(*export("Robot_Body_BaseColor.png"), status=status)
    painter.app.processEvents()
    assert not painter.dock.busy and "Nothing was exported" in painter.dock.last.text()


def test_an_export_of_no_files_does_nothing_and_keeps_the_last(painter: Painter, export: Export) -> None:
    painter.export(*export("Robot_Body_BaseColor.png"))
    painter.form.automatic.setChecked(True)
    painter.export()
    painter.app.processEvents()
    assert not painter.dock.busy and painter.dock.last.text() == "1 file was exported last."


def test_an_export_with_warnings_counts(painter: Painter, engine: Made, export: Export) -> None:
    engine(HELLO + DONE + "done(heard())\nheard()")
    painter.form.automatic.setChecked(True)
    painter.export(*export("Robot_Body_BaseColor.png"), status="Warning")
    painter.wait_idle()
    assert "1 upscaled." in painter.told


def test_it_does_not_matter_on_which_thread_painter_tells(painter: Painter, engine: Made, export: Export) -> None:
    engine(HELLO + DONE + "done(heard())\nheard()")
    painter.form.automatic.setChecked(True)
    files = export("Robot_Body_BaseColor.png")
    thread = threading.Thread(target=lambda: painter.export(*files))
    thread.start()
    thread.join()
    assert not painter.dock.busy  # it is for the thread of Qt to begin
    painter.wait(lambda: "1 upscaled." in painter.told)


# Exports while something is being done

WAITS = (
    HELLO
    + DONE
    + """
while asked := heard():
    say(event="progress", id=asked["id"], share=0.5, path=asked["task"]["textures"][0]["path"], done=0, of=1)
    while not os.path.exists(asked["task"]["textures"][0]["path"] + ".go"): time.sleep(0.01)
    done(asked)
"""
)


def go(path: Path) -> None:
    Path(f"{path}.go").touch()


def test_exports_while_one_is_upscaled_are_taken_up_after_it(painter: Painter, engine: Made, export: Export) -> None:
    engine(WAITS)
    first, second, third = export("a_Body_Height.png", "b_Body_Height.png", "c_Body_Height.png")
    painter.form.automatic.setChecked(True)
    painter.export(first)
    painter.wait(lambda: painter.dock.bar.value() > 0)
    painter.export(second)
    painter.export(third)
    painter.app.processEvents()
    assert "upscaled next" in painter.dock.last.text()
    for path in (first, second, third):
        go(path)
    painter.wait_idle()
    assert all(Path(f"{path}.made").exists() for path in (first, second, third))
    assert "2 upscaled." in painter.told


def test_what_came_of_one_stays_told_when_the_next_begins_by_itself(
    painter: Painter, engine: Made, export: Export
) -> None:
    engine(
        HELLO
        + DONE
        + """
first = heard()
while not os.path.exists(first["task"]["textures"][0]["path"] + ".go"): time.sleep(0.01)
say(event="failed", id=first["id"], what="the disk is full", fix="make room")
while asked := heard(): done(asked)
"""
    )
    first, second = export("a_Body_Height.png", "b_Body_Height.png")
    painter.form.automatic.setChecked(True)
    painter.export(first)
    painter.export(second)
    go(first)
    painter.wait_idle()
    assert "The disk is full." in painter.told and "1 upscaled." in painter.told


def test_without_automatic_an_export_while_busy_is_offered_after(
    painter: Painter, engine: Made, export: Export
) -> None:
    engine(WAITS)
    first, second = export("a_Body_Height.png", "b_Body_Height.png")
    painter.export(first)
    painter.dock.go.click()
    painter.export(second)
    go(first)
    go(second)
    painter.wait_idle()
    assert not Path(f"{second}.made").exists()
    painter.dock.go.click()
    painter.wait_idle()
    assert Path(f"{second}.made").exists()


def test_cancelling_gives_up_what_waits_too_and_the_button_still_offers_it(
    painter: Painter, engine: Made, export: Export
) -> None:
    engine(
        HELLO
        + DONE
        + """
first, then = heard(), heard()
say(event="cancelled", id=first["id"])
while asked := heard(): done(asked)
"""
    )
    first, second = export("a_Body_Height.png", "b_Body_Height.png")
    painter.form.automatic.setChecked(True)
    painter.export(first)
    painter.export(second)
    painter.dock.stop.click()
    painter.wait_idle()
    assert "Cancelled" in painter.told and not Path(f"{second}.made").exists()
    painter.dock.go.click()
    painter.wait_idle()
    assert Path(f"{second}.made").exists()


def test_files_that_are_gone_are_told(painter: Painter, engine: Made, export: Export) -> None:
    engine(HELLO + DONE + "done(heard())\nheard()")
    kept, gone = export("a_Body_Height.png", "b_Body_Height.png")
    painter.export(kept, gone)
    gone.unlink()
    painter.dock.go.click()
    painter.wait_idle()
    assert "b_Body_Height.png is gone" in painter.told and "1 upscaled." in painter.told
    kept.unlink()
    painter.dock.go.click()
    assert not painter.dock.busy and "Export again" in painter.told


# Off and on


def test_switching_it_off_leaves_nothing(plugin: ModuleType, app: QtWidgets.QApplication, apart: None) -> None:
    made = Painter(plugin, app).start()
    plugin.close_plugin()
    assert made.fake.event.DISPATCHER._to == [] and made.fake.ui._docks == [] and plugin._dock is None
    plugin.close_plugin()  # as Painter may, when it ends


def test_switching_it_on_twice_makes_one_dock(painter: Painter) -> None:
    painter.plugin.start_plugin()
    assert len(painter.fake.ui._docks) == 1 and len(painter.fake.event.DISPATCHER._to) == 1


@pytest.mark.parametrize("idle", [True, False])
def test_switching_it_off_ends_the_engine_idle_or_busy(
    painter: Painter, export: Export, idle: bool, tmp_path: Path
) -> None:
    before = set(children())
    if not idle:
        painter.form.model.choose("realesrgan-x4plus")
        painter.form.scale.choose("8")
    painter.export(*export("Robot_Body_BaseColor.png"))
    painter.dock.go.click()
    painter.wait(lambda: painter.dock.bar.value() > 0 or not painter.dock.busy)
    if idle:
        painter.wait_idle()
    assert painter.dock.busy is not idle
    assert set(children()) - before
    painter.plugin.close_plugin()
    assert not set(children()) - before
    assert not list((tmp_path / "export").glob("*.tmp*"))


def test_painter_may_take_its_window_down_first(painter: Painter, engine: Made, export: Export) -> None:
    before = set(children())
    engine(WAITS)
    painter.export(*export("a_Body_Height.png"))
    painter.dock.go.click()
    painter.wait(lambda: painter.dock.bar.value() > 0)
    shiboken6.delete(painter.fake.ui._docks.pop())
    painter.plugin.close_plugin()
    assert not set(children()) - before and painter.fake.event.DISPATCHER._to == []


def test_it_works_again_after_it_was_switched_off_and_on(painter: Painter, engine: Made, export: Export) -> None:
    program = engine(WAITS)
    (file,) = export("a_Body_Height.png")
    painter.export(file)
    painter.dock.go.click()
    painter.wait(lambda: painter.dock.bar.value() > 0)
    painter.plugin.close_plugin()
    painter.start()
    assert painter.form.engine.text() == str(program)  # remembered
    go(file)
    painter.export(file)
    painter.dock.go.click()
    painter.wait_idle()
    assert "1 upscaled." in painter.told
