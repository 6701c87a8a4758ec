"""Widgets that fit a narrow dock: rows with a button, texts that give way, and a part that folds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6 import QtCore, QtGui, QtWidgets

_MANY = 8
"""Letters that a choice shows at least."""


def button(text: str, clicked: Callable[[], None], tip: str = "") -> QtWidgets.QPushButton:
    made = QtWidgets.QPushButton(text)
    made.setToolTip(tip)
    made.clicked.connect(lambda: clicked())
    return made


class Choice(QtWidgets.QComboBox):
    """One of several words, each with what it means."""

    def __init__(self, choices: Sequence[tuple[str, str]], tip: str) -> None:
        super().__init__()
        for word, label in choices:
            self.addItem(label, word)
        self.setToolTip(tip)
        self.setSizeAdjustPolicy(QtWidgets.QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(_MANY)
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)

    def word(self) -> str:
        return str(self.currentData())

    def choose(self, word: str) -> None:
        """Choose a word; the first where there is no such."""
        self.setCurrentIndex(max(0, self.findData(word)))

    def wheelEvent(self, event: QtGui.QWheelEvent) -> None:
        """Leave the wheel to the dock, so that scrolling through it changes no setting."""
        event.ignore()


class PathField(QtWidgets.QWidget):
    """A path that is typed, or picked with a button."""

    def __init__(self, empty: str, tip: str, pick: Callable[[QtWidgets.QWidget, str], str]) -> None:
        """`empty` is what an empty one means; `pick` asks for a path, given a parent and the present one."""
        super().__init__()
        self.line = QtWidgets.QLineEdit(placeholderText=empty)
        self.line.setToolTip(tip)
        self._pick = pick
        self.picker = QtWidgets.QToolButton()
        self.picker.setText("…")
        self.picker.setToolTip("Choose …")
        self.picker.clicked.connect(lambda: self._picked())
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(3)
        row.addWidget(self.line, 1)
        row.addWidget(self.picker)

    def text(self) -> str:
        return self.line.text().strip().strip('"')

    def set_text(self, text: str) -> None:
        self.line.setText(text)

    def _picked(self) -> None:
        path = self._pick(self, self.text())
        if path:
            self.line.setText(path)


class Line(QtWidgets.QLabel):
    """One line of text, shortened in its middle where the dock is too narrow for it."""

    def __init__(self) -> None:
        super().__init__()
        self._whole = ""
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Preferred)

    def show_text(self, text: str) -> None:
        self._whole = text
        self.setToolTip(text)
        self._fit()

    def whole(self) -> str:
        return self._whole

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        elided = self.fontMetrics().elidedText(self._whole, QtCore.Qt.TextElideMode.ElideMiddle, max(self.width(), 40))
        self.setText(elided)


class Fold(QtWidgets.QWidget):
    """A heading that shows and hides what is below it."""

    def __init__(self, title: str, content: QtWidgets.QWidget) -> None:
        super().__init__()
        self.opened = False
        self.heading = QtWidgets.QToolButton(autoRaise=True)
        self.heading.setText(title)
        self.heading.setToolButtonStyle(QtCore.Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.heading.clicked.connect(lambda: self.fold(not self.opened))
        self._content = content
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        column.addWidget(self.heading)
        column.addWidget(content)
        self.fold(False)

    def fold(self, opened: bool) -> None:
        self.opened = opened
        self.heading.setArrowType(QtCore.Qt.ArrowType.DownArrow if opened else QtCore.Qt.ArrowType.RightArrow)
        self._content.setVisible(opened)


def narrow(form: QtWidgets.QFormLayout) -> QtWidgets.QFormLayout:
    """Have a form's fields grow with the dock, and no margins of its own."""
    form.setContentsMargins(0, 0, 0, 0)
    form.setSpacing(4)
    form.setFieldGrowthPolicy(QtWidgets.QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    return form
