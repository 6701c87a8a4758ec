"""Finds the engine, and says how it is started so that nothing of its host leaks into it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "CG_UPSCALE"
"""The environment variable that may name the engine."""

NOTE = "engine.json"
"""Beside a plugin: where the engine is, as `cg-upscale plugins install` wrote it."""

_COMMAND = "cg-upscale"
_LEAKS = ("PYTHON", "QT_", "LD_LIBRARY_PATH", "DYLD_", "VIRTUAL_ENV", "__PYVENV")
"""What the variables begin with by which a host makes other programs load its own libraries."""

_KEPT = ("PYTHONUTF8",)

_HOW = (
    "install it ('pip install cg-upscaler'), then run 'cg-upscale plugins install', or name it in the settings: "
    "the file 'cg-upscale', or the Python that it was installed for"
)


class NoEngine(Exception):
    """The engine was not found. Its text says where it was looked for, and what to do."""


@dataclass(frozen=True)
class Engine:
    """A way to start the worker."""

    command: tuple[str, ...]
    said_by: str
    """Who said where it is: ``the settings``, ``CG_UPSCALE``, ``the installation``, ``PATH``."""


def find_engine(named: str = "", *, beside: str = "", environ: Mapping[str, str] | None = None) -> Engine:
    """Return the engine that the settings name, or else the environment, a note `beside` the plugin, or PATH.

    `named` is the file ``cg-upscale``, a Python, or a folder that holds one of them, such as a virtual environment. Who
    comes first decides: what is named and is not there is no reason to take another. Raises `NoEngine`.
    """
    environ = os.environ if environ is None else environ
    noted = _noted(beside)
    for path, said_by in ((named, "the settings"), (environ.get(VARIABLE, ""), VARIABLE), (noted, "the installation")):
        if path.strip():
            return Engine(_command(path.strip().strip('"'), said_by), said_by)
    found = shutil.which(_COMMAND, path=environ.get("PATH"))
    if found is None:
        raise NoEngine(f"cg-upscale was not found on this computer; {_HOW}")
    return Engine((found, "worker"), "PATH")


def environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment for the worker: the host's, without what would bend its Python and its libraries."""
    environ = os.environ if environ is None else environ
    kept = {name: value for name, value in environ.items() if name in _KEPT or not name.upper().startswith(_LEAKS)}
    return {**kept, "PYTHONUTF8": "1"}


def flags() -> int:
    """Return the flags for `subprocess.Popen` under which no console window opens on Windows."""
    return getattr(subprocess, "CREATE_NO_WINDOW", 0) if sys.platform == "win32" else 0


def note_engine(folder: str, python: str) -> Path:
    """Leave word in a plugin's folder of where the engine is, and return the note's path."""
    note = Path(folder) / NOTE
    note.write_text(json.dumps({"engine": python}) + "\n", encoding="utf-8")
    return note


def _command(path: str, said_by: str) -> tuple[str, ...]:
    place = Path(os.path.expandvars(path)).expanduser()
    for file in _candidates(place):
        if not file.is_file():
            continue
        if file.stem.lower().startswith(_COMMAND):
            return str(file), "worker"
        if file.stem.lower().startswith("python"):
            return str(file), "-I", "-u", "-m", "cg_upscaler.cli", "worker"
        raise NoEngine(f"{place}, named by {said_by}, is neither 'cg-upscale' nor a Python; {_HOW}")
    raise NoEngine(f"{place}, named by {said_by}, is not there or holds no cg-upscale; {_HOW}")


def _candidates(place: Path) -> list[Path]:
    names = (f"{_COMMAND}.exe", _COMMAND, "python.exe", "python3", "python")
    return [place, *(place / folder / name for folder in ("Scripts", "bin", ".") for name in names)]


def _noted(folder: str) -> str:
    try:
        said = json.loads((Path(folder) / NOTE).read_text(encoding="utf-8")) if folder else {}
        return said["engine"] if isinstance(said, dict) and isinstance(said.get("engine"), str) else ""
    except (OSError, ValueError):
        return ""
