"""Makes the pictures of docs/painter.md: the dock as it is installed, the real engine, example textures, no Painter.

    python -m tests.hosts painter -- -k pictures --pictures docs/images

Painter's own look is not public: a dark Fusion palette stands for it.
"""

from __future__ import annotations

from PySide6 import QtGui, QtWidgets

_GREY = 51
"""Of Painter's panels, of 255."""

WIDTH, HEIGHT = 300, 470
"""Pixels of a dock between others."""


def darken(app: QtWidgets.QApplication) -> None:
    """Give all widgets colours much like Painter's."""
    app.setStyle("Fusion")
    role = QtGui.QPalette.ColorRole
    palette = QtGui.QPalette()
    for which, grey in (
        (role.Window, _GREY),
        (role.Base, 38),
        (role.AlternateBase, _GREY),
        (role.Button, 66),
        (role.ToolTipBase, 30),
        (role.WindowText, 214),
        (role.Text, 214),
        (role.ButtonText, 214),
        (role.ToolTipText, 214),
        (role.BrightText, 255),
        (role.PlaceholderText, 128),
        (role.Light, 90),
        (role.Midlight, 78),
        (role.Mid, 40),
        (role.Dark, 32),
        (role.Shadow, 20),
    ):
        palette.setColor(which, QtGui.QColor(grey, grey, grey))
    palette.setColor(role.Highlight, QtGui.QColor(55, 120, 190))
    palette.setColor(role.HighlightedText, QtGui.QColor(255, 255, 255))
    for which in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QtGui.QPalette.ColorGroup.Disabled, which, QtGui.QColor(112, 112, 112))
    app.setPalette(palette)


def save(widget: QtWidgets.QWidget, path: str) -> None:
    """Save a widget as a PNG, as small as one gets."""
    if not widget.grab().toImage().convertToFormat(QtGui.QImage.Format.Format_RGB888).save(path, "PNG", 0):
        raise OSError(f"{path} cannot be written")
