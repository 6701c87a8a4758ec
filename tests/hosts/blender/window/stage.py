"""Sets up a real Blender with a window on a screen of its own, with the add-on installed by Blender's own command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[3]
TEXTURES = ROOT / "examples" / "textures" / "environment" / "ground"
SIZE = (1280, 540)
"""Of the window, which fills its screen."""

LIMIT = 300
"""Seconds after which a Blender is killed, whatever it does."""

_MARK = "CG_UPSCALER_WINDOW_TEST"
"""A variable of Blender and of all that it starts, by which a test finds what is left of them."""


@contextmanager
def screen() -> Iterator[str]:
    """Hold a screen that nobody sees, and yield its name."""
    size = f"{SIZE[0]}x{SIZE[1]}x24"
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", size, "-nolisten", "tcp", "-noreset"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        try:
            yield f":{server.stdout.readline().strip()}"
        finally:
            server.terminate()


class Stage:
    """A Blender with settings of its own, and a folder for what acts make and say."""

    def __init__(self, blender: str, display: str, folder: Path, *, times: int = 1) -> None:
        """`times` is how much larger than the examples the maps of the scene are, each way."""
        self.folder = folder
        self._blender = blender
        self._mark = uuid.uuid4().hex
        self._environment = {
            **{name: value for name, value in os.environ.items() if name not in ("CG_UPSCALE", "WAYLAND_DISPLAY")},
            "BLENDER_USER_RESOURCES": str(folder / "blender"),
            "DISPLAY": display,
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache")),
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "OMP_NUM_THREADS": "1",
            "CG_UPSCALER_SPEEDS": "",
            _MARK: self._mark,
        }
        engine = folder / "venv" / "bin"
        engine.mkdir(parents=True)
        os.symlink(Path(sys.executable).with_name("cg-upscale"), engine / "cg-upscale")
        self._call(str(engine / "cg-upscale"), "plugins", "build", "blender", "--to", str(folder))
        (packed,) = folder.glob("*.zip")
        command = ("--command", "extension", "install-file", "--repo", "user_default", "--enable", str(packed))
        self._call(blender, *command)
        script = ("--python-exit-code", "1", "--python", str(HERE / "scene.py"))
        given = (str(folder), str(TEXTURES), "~/venv/bin/cg-upscale", str(times))
        self._call(blender, "--background", *script, "--", *given)

    def start(self, act: str) -> subprocess.Popen[bytes]:
        """Open the scene in a window, and have an act of `acts.py` performed there."""
        command = [self._blender, str(self.folder / "scene.blend"), "--enable-event-simulate", "-noaudio"]
        command += ["--window-geometry", "0", "0", *map(str, SIZE)]
        command += ["--python", str(HERE / "acts.py"), "--", act, str(self.folder)]
        log = (self.folder / f"{act}.log").open("wb")
        with log:
            return subprocess.Popen(command, env=self._environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def perform(self, act: str) -> dict[str, Any]:
        """Do all of an act, and return what it said. Raises `AssertionError` where either broke off."""
        blender = self.start(act)
        try:
            code = blender.wait(LIMIT)
        except subprocess.TimeoutExpired:
            code = None
            blender.kill()
            blender.wait()
        said = self.said()
        tail = (self.folder / f"{act}.log").read_text(errors="replace")[-3000:]
        assert "broken" not in said, f"{said['broken']}\nBlender said:\n{tail}"
        assert code == 0 and said.get("over"), f"Blender ended with {code}, after {said}:\n{tail}"
        assert "Traceback" not in tail, tail
        return said

    def said(self) -> dict[str, Any]:
        """Return what the act has said so far."""
        file = self.folder / "said.json"
        return dict(json.loads(file.read_text())) if file.is_file() else {}

    def left(self) -> list[str]:
        """Return the command lines of all processes that Blender and what it started have left."""
        found = []
        for place in Path("/proc").glob("[0-9]*"):
            try:
                if f"{_MARK}={self._mark}".encode() in (place / "environ").read_bytes().split(b"\0"):
                    found.append((place / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
            except OSError:
                continue  # it ended meanwhile, or is somebody else's
        return [line for line in found if line]

    def _call(self, *command: str) -> None:
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, timeout=LIMIT)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"


def comes(true: Callable[[], object], seconds: float) -> bool:
    """Wait for something, and tell whether it came in time."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True
