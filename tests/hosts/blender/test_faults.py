"""What goes wrong, and how things end: engines that are missing, die or are given up, and the add-on switched off."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import addon_utils
import bpy
import pytest
from conftest import MODULE
from scenes import Shading

HOLDING = "say(event='progress', id=task['id'], share=0.25, path=task['task']['textures'][0]['path'], done=0, of=1)"


@pytest.fixture
def node(addon: Any, own: Any, texture: Any) -> Any:
    return Shading().picture(texture("icon-banana.png"))


@pytest.fixture
def upscaling(addon: Any, node: Any) -> Any:
    """The work of a press of the button, not followed by anything yet."""
    settings, made = addon("settings"), addon("upscaling")
    work = made.Upscaling([made.Target(node.image)], settings.told(bpy.context))
    yield work
    work.abandon()


def step_until(work: Any, wanted: Callable[[], bool]) -> None:
    while not wanted():
        work.step()


def unchanged(node: Any) -> bool:
    return node.image.name == "icon-banana.png" and len(bpy.data.images) == 1


def workers() -> list[str]:
    """Return the commands of all children of this process that are an engine."""
    listing = ["ps", "-ww", "--ppid", str(os.getpid()), "-o", "args="]  # as wide as they are, whatever COLUMNS says
    listed = subprocess.run(listing, capture_output=True, text=True)
    return [line for line in listed.stdout.splitlines() if "worker" in line]


def test_a_missing_engine_is_said(node: Any, preferences: Any) -> None:
    preferences.engine = "/nowhere"
    try:
        for press in (bpy.ops.cg_upscaler.image, bpy.ops.cg_upscaler.preview):
            with pytest.raises(RuntimeError, match="/nowhere, named by the settings, is not there"):
                press(name="icon-banana.png")
        with pytest.raises(RuntimeError, match="/nowhere"):
            bpy.ops.cg_upscaler.test()
        assert preferences.found.startswith("/nowhere")
    finally:
        preferences.engine = ""
    assert unchanged(node)


def test_an_engine_that_cannot_be_started_is_said(node: Any, preferences: Any, tmp_path: Path) -> None:
    path = tmp_path / "cg-upscale"
    path.write_text("no program")
    preferences.engine = str(path)
    with pytest.raises(RuntimeError, match="cannot be started"):
        bpy.ops.cg_upscaler.image(name="icon-banana.png")
    preferences.engine = ""
    assert unchanged(node) and bpy.ops.cg_upscaler.image.poll()


def test_an_engine_that_dies_in_the_middle_changes_nothing(node: Any, engine: Any, addon: Any) -> None:
    engine(f"task = hear(); {HOLDING}; sys.exit('the card fell off')")
    with pytest.raises(RuntimeError, match=r"the engine ended unexpectedly.*the card fell off"):
        bpy.ops.cg_upscaler.image(name="icon-banana.png")
    assert unchanged(node) and addon("work").running is None
    assert "the card fell off" in addon("work").last[0].text


def test_a_killed_engine_is_started_again(node: Any, engine: Any, preferences: Any) -> None:
    engine("task = hear(); os.kill(os.getpid(), signal.SIGKILL)")
    with pytest.raises(RuntimeError, match="stopped by the system"):
        bpy.ops.cg_upscaler.image(name="icon-banana.png")
    preferences.engine = ""
    assert bpy.ops.cg_upscaler.image(name="icon-banana.png") == {"FINISHED"}


def test_cancel_changes_nothing(node: Any, engine: Any, upscaling: Any, addon: Any, own: Any) -> None:
    engine(f"task = hear(); {HOLDING}; stop = hear(); say(event='cancelled', id=stop['id']); hear()")
    made = addon("upscaling")
    work = made.Upscaling([made.Target(node.image)], addon("settings").told(bpy.context))
    step_until(work, lambda: work.share > 0)
    assert (work.share, work.text, work.over) == (0.25, "icon-banana.png (1 of 1)", False)
    addon("work").running = work
    assert not bpy.ops.cg_upscaler.image.poll() and bpy.ops.cg_upscaler.cancel() == {"FINISHED"}
    assert work.text == "Cancelling …" and not work.over
    step_until(work, lambda: work.over)
    addon("work").running = None
    assert work.report() == ("WARNING", "Cancelled: nothing was changed") and unchanged(node)


def test_cancel_before_anything_was_asked_is_the_end(upscaling: Any) -> None:
    upscaling.cancel()
    assert upscaling.over and upscaling.cancelled


def test_an_image_that_is_removed_meanwhile_is_told(node: Any, upscaling: Any) -> None:
    upscaling.step()
    bpy.data.images.remove(node.image)
    step_until(upscaling, lambda: upscaling.over)
    assert upscaling.problems == ["icon-banana.png was renamed or removed meanwhile; press the button again"]


def test_an_undo_meanwhile_does_no_harm(node: Any, upscaling: Any) -> None:
    bpy.ops.ed.undo_push(message="one")
    bpy.data.materials.new("spare")
    bpy.ops.ed.undo_push(message="two")
    upscaling.step()
    bpy.ops.ed.undo()
    step_until(upscaling, lambda: upscaling.over)
    assert upscaling.problems == [] and len(upscaling.made) == 1


def test_loading_a_scene_gives_up_what_is_being_done(upscaling: Any, addon: Any, tmp_path: Path) -> None:
    upscaling.step()
    place, work = upscaling._place, addon("work")
    work.running = upscaling
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    assert work.running is None and upscaling.over and not place.exists()


def test_no_file_is_left_behind(node: Any, addon: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temp"))
    (tmp_path / "temp").mkdir()
    node.image.pack()
    assert bpy.ops.cg_upscaler.image(name="icon-banana.png") == {"FINISHED"}
    assert bpy.ops.cg_upscaler.preview(name="icon-banana.png") == {"FINISHED"}
    bpy.data.images.new("tiles", 8, 8, tiled=True)
    with pytest.raises(RuntimeError, match="UDIM"):
        bpy.ops.cg_upscaler.preview(name="tiles")
    assert list((tmp_path / "temp").iterdir()) == []


def test_the_test_button_says_what_it_found(preferences: Any) -> None:
    assert bpy.ops.cg_upscaler.test() == {"FINISHED"}
    assert preferences.found.startswith("Found: upscales on ") and preferences.found.endswith(" models")


def test_switched_off_it_leaves_nothing(node: Any, addon: Any) -> None:
    assert bpy.ops.cg_upscaler.image(name="icon-banana.png") == {"FINISHED"}
    assert workers()
    try:
        addon_utils.disable(MODULE)
        assert workers() == []
        assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("cg-upscale")]
        assert not [name for name in dir(bpy.types) if "CGUPSCALER" in name]
        assert not hasattr(bpy.types.Scene, "cg_upscaler")
        handlers = [each for name in dir(bpy.app.handlers) if isinstance(each := getattr(bpy.app.handlers, name), list)]
        assert not [each for listed in handlers for each in listed if each.__module__.startswith(MODULE)]
    finally:
        addon_utils.enable(MODULE, default_set=True)
    bpy.context.scene.cg_upscaler.model = "bicubic"
    assert bpy.ops.cg_upscaler.image(name="icon-banana.png") == {"FINISHED"}


def test_the_worker_goes_with_its_blender(installed: None, texture: Any, tmp_path: Path) -> None:
    texture("icon-banana.png")
    script = (
        "import bpy, json, os, subprocess\nimport addon_utils\n"
        f"addon_utils.enable({MODULE!r}, default_set=True)\n"
        "bpy.context.scene.cg_upscaler.model = 'bicubic'\n"
        f"image = bpy.data.images.load({str(tmp_path / 'art' / 'icon-banana.png')!r})\n"
        "bpy.ops.cg_upscaler.image(name=image.name)\n"
        "ps = ['ps', '-ww', '--ppid', str(os.getpid()), '-o', 'pid=,args=']\n"
        "said = subprocess.run(ps, capture_output=True, text=True).stdout\n"
        "print(json.dumps([int(line.split()[0]) for line in said.splitlines() if 'worker' in line]))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    (pid,) = json.loads(done.stdout.splitlines()[-1])
    assert not Path(f"/proc/{pid}").exists() or "State:\tZ" in Path(f"/proc/{pid}/status").read_text()
