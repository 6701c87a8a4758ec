"""Knows where each host looks for plugins, on each system."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_documents_path

OLDEST_BLENDER = (4, 2)
"""The first that has extensions."""

_VERSION = re.compile(r"(\d+)\.(\d+)")


@dataclass(frozen=True, slots=True)
class Place:
    """A folder of plugins, and whose."""

    label: str
    """``Blender 4.5``."""
    folder: Path


def places(host: str, environ: Mapping[str, str] | None = None) -> list[Place]:
    """Return where a host's plugins go for this user; for Blender, one for each version that was started before."""
    environ = os.environ if environ is None else environ
    return list(_of_blender(environ) if host == "blender" else _of_painter(environ))


def _of_blender(environ: Mapping[str, str]) -> Iterator[Place]:
    # As Blender itself asks them: https://docs.blender.org/manual/en/latest/advanced/blender_directory_layout.html
    extensions, resources = environ.get("BLENDER_USER_EXTENSIONS"), environ.get("BLENDER_USER_RESOURCES")
    if extensions or resources:
        home = Path(extensions) if extensions else Path(str(resources), "extensions")
        yield Place("Blender", home / "user_default")
        return
    found = []
    for home in _homes(environ):
        for folder in home.glob("*.*") if home.is_dir() else ():
            version = _VERSION.fullmatch(folder.name)
            if version and (numbers := (int(version[1]), int(version[2]))) >= OLDEST_BLENDER:
                found.append((numbers, folder))
    for _, folder in sorted(found):
        yield Place(f"Blender {folder.name}", folder / "extensions" / "user_default")


def _homes(environ: Mapping[str, str]) -> list[Path]:
    if sys.platform == "win32":
        return [Path(environ.get("APPDATA", ""), "Blender Foundation", "Blender")]
    if sys.platform == "darwin":
        return [Path.home() / "Library" / "Application Support" / "Blender"]
    return [Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config", "blender")]


def _of_painter(environ: Mapping[str, str]) -> Iterator[Place]:
    # https://adobedocs.github.io/painter-python-api: python/plugins in the user's folder, or what this variable lists.
    named = environ.get("SUBSTANCE_PAINTER_PLUGINS_PATH", "").split(os.pathsep)[0]
    if named:
        yield Place("Substance 3D Painter", Path(named, "plugins"))
        return
    yield Place(
        "Substance 3D Painter",
        user_documents_path() / "Adobe" / "Adobe Substance 3D Painter" / "python" / "plugins",
    )
