"""Engines that are missing, die, hang or talk rubbish: the dock says so, and the next request has a fresh one."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import HELLO, Painter, children

Made = Callable[[str], Path]
Export = Callable[..., list[Path]]

ABILITIES = 'say(event="abilities", id=asked["id"], device="cpu", label="a processor", models=[])\n'


def said_of_test(painter: Painter) -> str:
    painter.dock.tested.click()
    painter.wait_idle(30)
    return painter.told


def test_the_test_says_what_it_found(painter: Painter, engine: Made) -> None:
    program = engine(HELLO + "asked = heard()\n" + ABILITIES + "heard()")
    told = said_of_test(painter)
    assert "Found cg-upscaler 1.2.3: upscales on a processor (cpu), 0 models." in told
    assert "No graphics card" in told and f"{program}, named by the settings." in told


def test_the_engine_that_installed_the_plugin_is_found_without_any_setting(painter: Painter) -> None:
    told = said_of_test(painter)
    assert "Found cg-upscaler" in told and "named by the installation" in told


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("sys.exit('no module named torch')", "could not start (exit code 1): no module named torch"),
        (HELLO + "heard(); sys.exit(7)", "ended unexpectedly (exit code 7)"),
        (HELLO + "heard(); os.kill(os.getpid(), signal.SIGKILL)", "stopped by the system"),
        (HELLO + "heard(); os.kill(os.getpid(), signal.SIGSEGV)", "ended unexpectedly (signal 11)"),
        ("say(event='hello', protocol=9, version='9'); time.sleep(60)", "update the plugin"),
        ("say(event='hello', protocol=0, version='0'); time.sleep(60)", "pip install --upgrade"),
        ("say(event='hello', protocol=9, version='9')", "update the plugin"),
        ("os.write(1, os.urandom(1 << 20)); os._exit(0)", "could not start"),
        ("os.write(1, b'Hello!' * (1 << 19)); os._exit(0)", "could not start"),
        ("sys.stderr.write('x' * (1 << 22)); sys.stderr.flush(); os._exit(3)", "could not start (exit code 3)"),
        (HELLO + "asked = heard(); say(event='failed', id=asked['id'], what='no disk', fix='buy one')", "Buy one."),
    ],
)
def test_whatever_the_engine_does_the_dock_says_so(painter: Painter, engine: Made, code: str, what: str) -> None:
    before = set(children())
    engine(code)
    told = said_of_test(painter)
    assert what.lower() in told.lower(), told
    assert what.endswith(".") or len(told.splitlines()) == 2  # what it is, and what to do
    painter.plugin.close_plugin()
    assert not set(children()) - before


@pytest.mark.parametrize("named", ["/nowhere/cg-upscale", "~/nowhere", "/usr/bin/env"])
def test_an_engine_that_is_not_there_is_told_and_how_to_get_one(painter: Painter, named: str) -> None:
    painter.form.engine.set_text(named)
    told = said_of_test(painter)
    assert "named by the settings" in told and "pip install cg-upscaler" in told


def test_a_program_that_cannot_be_run_is_told(painter: Painter, engine: Made) -> None:
    program = engine("")
    program.write_text("#!/nowhere/python\n")
    assert "The engine could not start" in said_of_test(painter)
    program.chmod(0o644)
    assert "The engine could not start" in said_of_test(painter)


@pytest.mark.parametrize(
    ("code", "name", "what"),
    [(HELLO + "time.sleep(99)", "SILENT", "has not answered"), ("time.sleep(99)", "STARTING", "did not start within")],
)
def test_one_that_hangs_is_stopped(
    painter: Painter, engine: Made, monkeypatch: pytest.MonkeyPatch, code: str, name: str, what: str
) -> None:
    before = set(children())
    session = importlib.import_module("cg_upscaler_painter.client.session")
    monkeypatch.setattr(session, name, 0.5)
    engine(code)
    assert what in said_of_test(painter)
    assert not set(children()) - before


def test_after_one_that_died_the_next_request_has_a_fresh_one(painter: Painter, engine: Made, tmp_path: Path) -> None:
    once = tmp_path / "once"
    engine(
        HELLO
        + f"""
asked = heard()
if not os.path.exists({str(once)!r}):
    open({str(once)!r}, "w").close()
    os._exit(1)
"""
        + ABILITIES
        + "heard()"
    )
    assert "ended unexpectedly" in said_of_test(painter)
    assert "Found cg-upscaler 1.2.3" in said_of_test(painter)


def test_one_that_went_idle_and_ended_is_started_again(painter: Painter, engine: Made) -> None:
    engine(HELLO + "asked = heard()\n" + ABILITIES + 'say(event="bye", why="idle")')
    assert "Found" in said_of_test(painter)
    painter.wait(lambda: painter.dock._carrier._process is None)
    assert "Found" in said_of_test(painter)


def test_another_engine_in_the_settings_replaces_the_running_one(painter: Painter, engine: Made) -> None:
    program = engine(HELLO + "asked = heard()\n" + ABILITIES + "heard()")
    assert "1.2.3" in said_of_test(painter)
    other = program.with_name("cg-upscale-next")
    other.write_text(program.read_text().replace("1.2.3", "4.5.6"))
    other.chmod(0o755)
    painter.form.engine.set_text(str(other))
    assert "4.5.6" in said_of_test(painter)


def test_one_that_reads_nothing_holds_nobody_up(painter: Painter, engine: Made, tmp_path: Path) -> None:
    engine(HELLO + "time.sleep(99)")
    files = [tmp_path / f"{number:0120}.png" for number in range(2000)]
    for file in files:
        file.touch()
    painter.export(*files)
    painter.dock.go.click()  # more than a pipe holds
    painter.wait(lambda: painter.dock._carrier.hello is not None)
    assert painter.dock.busy
    painter.dock._carrier.close(10)


def test_nothing_of_painter_leaks_into_the_engine(
    painter: Painter, engine: Made, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("PYTHONHOME", "QT_PLUGIN_PATH", "LD_LIBRARY_PATH"):
        monkeypatch.setitem(os.environ, name, "/opt/painter")
    seen = tmp_path / "seen"
    code = f"open({str(seen)!r}, 'w').write(' '.join(os.environ))\n" + HELLO + "asked = heard()\n" + ABILITIES
    program = engine(code)
    program.write_text(program.read_text())
    assert "Found" in said_of_test(painter)
    names = seen.read_text().split()
    assert "HOME" in names and not {"PYTHONHOME", "QT_PLUGIN_PATH", "LD_LIBRARY_PATH"} & set(names)


def test_cancelling_in_the_middle_and_the_next_job_works(painter: Painter, export: Export, tmp_path: Path) -> None:
    """With the real engine, in the middle of a texture."""
    files = export("Robot_Body_BaseColor.png", "Robot_Body_Emissive.png")
    painter.form.model.choose("realesrgan-x4plus")
    painter.form.scale.choose("8")
    painter.export(*files)
    painter.dock.go.click()
    painter.wait(lambda: painter.dock.bar.value() > 0)
    painter.dock.stop.click()
    painter.dock.stop.click()  # impatient
    assert painter.dock.state.whole() == "Cancelling …"
    painter.wait_idle(30)
    assert "Cancelled" in painter.told
    painter.form.model.choose("bicubic")
    painter.form.scale.choose("2")
    painter.dock.go.click()
    painter.wait_idle()
    assert "2 upscaled." in painter.told


def test_progress_grows_and_names_the_texture(painter: Painter, engine: Made, export: Export) -> None:
    (file,) = export("Robot_Body_BaseColor.png")
    engine(
        HELLO
        + """
asked = heard()
path = asked["task"]["textures"][0]["path"]
for share in (0.25, 0.75):
    say(event="progress", id=asked["id"], share=share, path=path, done=0, of=1)
    heard()
"""
    )
    painter.export(file)
    painter.dock.go.click()
    assert painter.dock.state.whole() == "Starting the engine …" and painter.dock.bar.maximum() == 0
    painter.wait(lambda: painter.dock.bar.value() == 250)
    assert painter.dock.state.whole() == "1 of 1: Robot_Body_BaseColor.png"
    assert not painter.dock.go.isEnabled() and painter.dock.stop.isVisible()
    painter.dock._carrier.cancel(99)  # lets it go on
    painter.wait(lambda: painter.dock.bar.value() == 750)
