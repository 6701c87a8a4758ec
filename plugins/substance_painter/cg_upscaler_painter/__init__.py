"""CG Upscaler for Substance 3D Painter: what was just exported, upscaled by the engine beside it."""

from __future__ import annotations

import os
from typing import Any

import shiboken6
import substance_painter as painter
from PySide6 import QtWidgets

from .dock import Dock
from .exports import exported

_dock: Dock | None = None
_place: QtWidgets.QWidget | None = None


def start_plugin() -> None:
    """Called by Painter when the plugin is switched on."""
    global _dock, _place
    if _dock is not None:
        return
    _dock = Dock(os.path.dirname(os.path.abspath(__file__)), on_file=_import)
    _place = painter.ui.add_dock_widget(_dock)
    painter.event.DISPATCHER.connect_strong(painter.event.ExportTexturesEnded, _exported)


def close_plugin() -> None:
    """Called by Painter when the plugin is switched off, and when Painter ends."""
    global _dock, _place
    dock, place, _dock, _place = _dock, _place, None, None
    if dock is None:
        return
    painter.event.DISPATCHER.disconnect(painter.event.ExportTexturesEnded, _exported)
    if not shiboken6.isValid(dock):  # Painter took its window down before, and the engine with it
        return
    dock.close_down()
    if place is not None:
        painter.ui.delete_ui_element(place)


def _exported(event: Any) -> None:
    good = (painter.export.ExportStatus.Success, painter.export.ExportStatus.Warning)
    if _dock is not None and event.status in good:
        textures = exported(event.textures, _project())
        if textures:
            _dock.came.emit(textures)


def _project() -> str:
    path = painter.project.file_path() if painter.project.is_open() else None
    return os.path.splitext(os.path.basename(path))[0] if path else ""


def _import(paths: list[str]) -> None:
    """Bring files into the open project, as soon as Painter is at leisure."""
    if not painter.project.is_open():
        _say("No project is open, so nothing was imported. The result is in its folder.", bad=True)
        return
    painter.project.execute_when_not_busy(lambda: _imported(paths))


def _imported(paths: list[str]) -> None:
    for path in paths:
        name = os.path.basename(path)
        if not painter.project.is_open():
            _say(f"The project was closed, so {name} was not imported. It is in its folder.", bad=True)
            continue
        try:
            resource = painter.resource.import_project_resource(path, painter.resource.Usage.TEXTURE)
            painter.resource.show_resources_in_ui([resource])
        except Exception as error:  # whatever Painter has against it, the artist is to hear of it
            _say(f"Painter did not import {name}: {error}", bad=True)
        else:
            _say(f"{name} was imported as a texture of this project.")


def _say(text: str, *, bad: bool = False) -> None:
    (painter.logging.warning if bad else painter.logging.info)(f"CG Upscaler: {text}")
    if _dock is not None:
        _dock.say(text, bad=bad)
