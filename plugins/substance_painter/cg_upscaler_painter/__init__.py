"""CG Upscaler for Substance 3D Painter: what was just exported, upscaled by the engine beside it."""

from __future__ import annotations

import os
from typing import Any, Optional

import substance_painter as painter

from .dock import Dock
from .exports import exported

_dock: Optional[Dock] = None
_places: list[Any] = []


def start_plugin() -> None:
    """Called by Painter when the plugin is switched on."""
    global _dock
    _dock = Dock(os.path.dirname(os.path.abspath(__file__)), on_file=_import)
    _places.append(painter.ui.add_dock_widget(_dock))
    painter.event.DISPATCHER.connect_strong(painter.event.ExportTexturesEnded, _exported)


def close_plugin() -> None:
    """Called by Painter when the plugin is switched off, and when it ends."""
    global _dock
    painter.event.DISPATCHER.disconnect(painter.event.ExportTexturesEnded, _exported)
    if _dock is not None:
        _dock.close_down()
    for place in _places:
        painter.ui.delete_ui_element(place)
    _places.clear()
    _dock = None


def _exported(event: Any) -> None:
    good = (painter.export.ExportStatus.Success, painter.export.ExportStatus.Warning)
    if _dock is not None and event.status in good:
        _dock.exported(exported(event.textures, _project()))


def _project() -> str:
    path = painter.project.file_path() if painter.project.is_open() else None
    return os.path.splitext(os.path.basename(path))[0] if path else ""


def _import(paths: list[str]) -> None:
    if not painter.project.is_open():
        painter.logging.warning("CG Upscaler: no project is open, so nothing was imported")
        return
    for path in paths:
        painter.resource.import_project_resource(path, painter.resource.Usage.TEXTURE)
