"""Eyes and hands in Blender's window: finds buttons, presses them, takes pictures."""

from __future__ import annotations

import json
import subprocess
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bpy

PATIENCE = 120.0
"""Seconds that anything may take that is waited for."""

_BEAT = 0.03
"""Seconds between two looks."""

Act = Iterator[None]
"""What yields whenever Blender is to go on by itself for a moment."""


class Robot:
    """Works in the first window, on behalf of one act."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: dict[str, Any] = {"beats": 0, "longest": 0.0}
        """What the test is told: how often Blender came round, the longest wait between, and what acts add."""
        self.at = 0, 0
        """Where the last button was found."""
        self._last = time.monotonic()

    def area(self, kind: str) -> Any:
        return next(area for area in self.window.screen.areas if area.type == kind)

    @property
    def window(self) -> Any:
        return bpy.context.window_manager.windows[0]

    def event(self, kind: str, value: str, x: int, y: int, **keys: bool) -> None:
        self.window.event_simulate(type=kind, value=value, x=x, y=y, **keys)

    def rest(self, beats: int = 3) -> Act:
        for _ in range(beats):
            yield

    def until(self, what: str, true: Callable[[], object]) -> Act:
        """Wait for something. Raises `AssertionError` where it does not come."""
        end = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < end, f"it never came: {what}"
            yield

    def key(self, kind: str, area: Any, **keys: bool) -> Act:
        """Press a key with the mouse in the middle of an area."""
        x, y = _middle(region(area, "WINDOW"))
        self.event("MOUSEMOVE", "NOTHING", x, y)
        yield from self.rest()
        self.event(kind, "PRESS", x, y, **keys)
        self.event(kind, "RELEASE", x, y, **keys)
        yield from self.rest()

    def press(self, area: Any, command: str, *, within: str = "UI") -> Act:
        """Find the button of a command by going over a region with the mouse, and click on it."""
        yield from self.find(area, command, within=within)
        x, y = self.at
        self.event("LEFTMOUSE", "PRESS", x, y)
        yield from self.rest(2)
        self.event("LEFTMOUSE", "RELEASE", x, y)
        yield from self.rest(1)

    def find(self, area: Any, command: str, *, within: str = "UI") -> Act:
        """Bring the mouse over the button of a command. Raises `AssertionError` where there is none to press."""
        place = region(area, within)
        step = int(max(4, bpy.context.preferences.system.ui_scale * 8))
        columns = [int(place.width * part) for part in (0.5, 0.2, 0.8)] + list(range(5 * step, place.width, 5 * step))
        passed = []
        for across in columns:
            for down in range(step, place.height, step):
                x, y = place.x + across, place.y + place.height - down
                self.event("MOUSEMOVE", "NOTHING", x, y)
                yield from self.rest(2)
                under = self._under(area, place)
                if command in under:
                    self.at = x, y
                    return
                if under and under not in passed:
                    passed.append(under)
        raise AssertionError(f"no button for {command}; there are {passed}")

    def _under(self, area: Any, place: Any) -> str:
        """Return the Python command of the button under the mouse, which Blender puts on the clipboard."""
        with bpy.context.temp_override(window=self.window, area=area, region=place):
            if not bpy.ops.ui.copy_python_command_button.poll():
                return ""
            bpy.context.window_manager.clipboard = ""
            bpy.ops.ui.copy_python_command_button()
        return str(bpy.context.window_manager.clipboard)

    def aside(self) -> Act:
        """Take the mouse to where it shows nothing, and have all drawn anew."""
        self.event("MOUSEMOVE", "NOTHING", *_middle(region(self.window.screen.areas[0], "WINDOW")))
        for area in self.window.screen.areas:
            area.tag_redraw()
        yield from self.rest(8)

    def picture(self, name: str, area: Any, *, low: int = 0) -> None:
        """Take a picture of the window's width, from the top of an area down to `low`, in 256 colours or fewer."""
        high = area.y + area.height
        crop = f"{self.window.width}x{high - low}+0+{self.window.height - high}"
        command = ["import", "-window", "root", "-crop", crop, "+repage"]
        command += ["+dither", "-colors", "256", "-strip", "-define", "png:compression-level=9"]
        subprocess.run([*command, f"PNG8:{self.folder / name}"], check=True)
        self._last = time.monotonic()  # which took a while, and is none of the add-on's doing

    def perform(self, act: Act) -> None:
        """Do an act, and tell the test how it went; then end Blender, unless the act left it to the test."""
        bpy.app.timers.register(lambda: self._beat(act), first_interval=1.0, persistent=True)

    def tell(self, **said: Any) -> None:
        """Say something to the test, at once."""
        self.said.update(said)
        new = self.folder / "said.new"
        new.write_text(json.dumps(self.said, indent=1))
        new.replace(self.folder / "said.json")

    def _beat(self, act: Act) -> float | None:
        now = time.monotonic()
        self.said["beats"] += 1
        self.said["longest"] = max(self.said["longest"], now - self._last)
        self._last = now
        try:
            next(act)
        except StopIteration:
            self.tell(over=True)
        except Exception:
            self.tell(broken=traceback.format_exc())
            subprocess.run(["import", "-window", "root", str(self.folder / "broken.png")], check=False)
        else:
            return _BEAT
        bpy.ops.wm.quit_blender()
        return None


def region(area: Any, kind: str) -> Any:
    return next(region for region in area.regions if region.type == kind)


def _middle(place: Any) -> tuple[int, int]:
    return place.x + place.width // 2, place.y + place.height // 2
