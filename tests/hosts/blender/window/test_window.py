"""A real Blender in a real window, where the add-on's buttons are clicked: `python -m tests.hosts.blender.window`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from stage import Stage, comes, screen

BLENDER = os.environ.get("CG_UPSCALE_BLENDER_WINDOW", "")
PICTURES = os.environ.get("CG_UPSCALE_PICTURES", "")
"""A folder to keep the pictures in, for docs/images."""

NEEDED = ("Xvfb", "import")
ENDS = 15.0
"""Seconds within which a worker ends once its Blender is gone."""

pytestmark = [
    pytest.mark.skipif(not BLENDER, reason="CG_UPSCALE_BLENDER_WINDOW names no Blender of 4.2 or later"),
    pytest.mark.skipif(not all(map(shutil.which, NEEDED)), reason="needs the programs Xvfb and import (ImageMagick)"),
]


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    with screen() as name:
        yield name


@pytest.fixture
def stage(display: str, tmp_path: Path) -> Iterator[Callable[..., Stage]]:
    stages: list[Stage] = []

    def made(*, times: int = 1) -> Stage:
        stages.append(Stage(BLENDER, display, tmp_path, times=times))
        return stages[0]

    yield made
    if PICTURES:
        for picture in tmp_path.glob("blender-panel-*.png"):
            shutil.copy(picture, PICTURES)
    for each in stages:
        assert comes(lambda each=each: not each.left(), ENDS), each.left()


def test_click_upscales_material_while_window_stays_alive(stage: Callable[..., Stage]) -> None:
    said = stage().perform("material")

    for name, (_, size, space, _) in said["before"].items():
        new, new_size, new_space, file = said["after"][name]
        assert "upscaled" in new and "_upscaled" in file
        assert new_size == [4 * side for side in size]
        assert new_space == space
    assert [space for _, _, space, _ in said["after"].values()] == ["sRGB", "Non-Color", "Non-Color"]
    assert said["undone"] == said["before"]
    assert said["redone"] == said["after"]
    assert said["toggled"] == said["before"]
    assert said["zoomed"], "a key pressed meanwhile did nothing"
    assert said["drawn"] > 10
    assert said["while_busy"]["longest"] < 2.0, "seconds for which nothing could be done"
    assert any("Upscaled Ground010" in line for line in said["reports"]), said["reports"]


def test_escape_gives_job_up_and_leaves_material_as_it_was(stage: Callable[..., Stage]) -> None:
    said = stage(times=4).perform("escape")
    assert said["after"] == said["before"] == said["again"]
    assert any("Cancelled: nothing was changed" in line for line in said["reports"]), said["reports"]


def test_undo_of_something_else_meanwhile_disturbs_nothing(stage: Callable[..., Stage]) -> None:
    said = stage().perform("undo_meanwhile")
    assert said["busy"]
    assert said["meanwhile"] == said["nodes"] - 1
    assert all("_upscaled" in file for *_, file in said["after"].values()), said


def test_undo_halfway_leaves_job_working(stage: Callable[..., Stage]) -> None:
    said = stage().perform("undo_halfway")
    assert said["busy"]
    assert all("_upscaled" in name for name, *_ in said["after"].values()), said
    assert any("Upscaled" in line for line in said["reports"]), said["reports"]


def test_window_in_which_job_began_can_be_closed(stage: Callable[..., Stage]) -> None:
    said = stage(times=4).perform("close_window")
    assert said["windows"] == 1 and said["idle"]
    assert all("_upscaled" in file for *_, file in said["after"].values())


def test_draft_is_shown_and_changes_no_material(stage: Callable[..., Stage]) -> None:
    said = stage().perform("draft")
    assert said["shown"][1] == [512, 512]
    assert said["while_busy"]["longest"] < 2.0, "seconds for which nothing could be done"
    assert said["after"] == said["before"] == said["undone"]


def test_worker_ends_with_blender_that_quits_while_busy(stage: Callable[..., Stage]) -> None:
    busy = stage(times=4)
    assert busy.perform("leave")["busy"]
    assert comes(lambda: not busy.left(), ENDS), busy.left()


def test_worker_ends_with_blender_that_is_killed_while_busy(stage: Callable[..., Stage]) -> None:
    busy = stage(times=4)
    blender = busy.start("be_killed")
    try:
        assert comes(lambda: busy.said().get("busy") or blender.poll() is not None, 120), busy.said()
        assert any("worker" in line for line in busy.left())
    finally:
        blender.kill()
        blender.wait()
    assert comes(lambda: not busy.left(), ENDS), busy.left()


def test_another_scene_can_be_loaded_while_busy(stage: Callable[..., Stage]) -> None:
    said = stage(times=4).perform("load")
    assert said["loaded"].endswith("other.blend") and said["idle"]
    assert said["before"] != said["after"]
    assert all("_upscaled" in file for *_, file in said["after"].values())


def test_addon_can_be_switched_off_while_busy(stage: Callable[..., Stage]) -> None:
    said = stage(times=4).perform("disable")
    assert said["off"] and said["on"]


def test_preferences_say_what_engine_was_found(stage: Callable[..., Stage]) -> None:
    assert "Found" in stage().perform("preferences")["found"]
