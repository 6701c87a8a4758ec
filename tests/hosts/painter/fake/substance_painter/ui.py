"""Painter's window."""

from __future__ import annotations

from PySide6 import QtWidgets

_docks: list[QtWidgets.QDockWidget] = []


def add_dock_widget(widget: QtWidgets.QWidget, ui_modes: int = 1) -> QtWidgets.QDockWidget:
    dock = QtWidgets.QDockWidget(widget.windowTitle())
    dock.setWidget(widget)
    _docks.append(dock)
    return dock


def delete_ui_element(element: QtWidgets.QWidget) -> None:
    _docks.remove(element)
    element.deleteLater()
