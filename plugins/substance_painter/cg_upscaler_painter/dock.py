"""The dock: settings, two actions, progress, and what came of it."""

from __future__ import annotations

import html
import os
from typing import Any, Callable, Mapping, Optional

from PySide6 import QtCore, QtWidgets

from .carrier import Carrier
from .client import Abilities, Cancelled, Done, Engine, Failed, NoEngine, Progress, Task, Texture, find_engine

MODELS = (
    ("realesrgan-x4plus", "Real-ESRGAN x4plus"),
    ("realesrgan-x4plus-anime", "Real-ESRGAN anime"),
    ("realesr-animevideov3", "Real-ESRGAN compact (draft)"),
    ("bicubic", "Bicubic (no generator)"),
)
_GOOD = ("done", "copied", "current")

Finished = Callable[[list[str]], None]
"""Told which files were made."""


class Dock(QtWidgets.QWidget):
    """What the artist sees. It knows nothing of Painter, which tells it what was exported."""

    def __init__(self, folder: str, on_file: Optional[Finished] = None, store: Optional[QtCore.QSettings] = None) -> None:
        """`folder` is the plugin's; `on_file` is told what became of a file that was chosen by hand."""
        super().__init__()
        self.setObjectName("cg_upscaler_dock")
        self.setWindowTitle("CG Upscaler")
        self._folder, self._on_file = folder, on_file
        self._store = store or QtCore.QSettings("cg-upscaler", "painter")
        self._exported: dict[str, dict[str, Any]] = {}
        self._number: Optional[int] = None
        self._then: Optional[Finished] = None
        self._carrier = Carrier(self)
        self._carrier.said.connect(self._hear)
        self._build()

    # What Painter tells

    def exported(self, textures: Mapping[str, dict[str, Any]]) -> None:
        """Take what was exported just now; upscale it where that is to go by itself."""
        self._exported = dict(textures)
        self._show_exported()
        if self.automatic.isChecked() and textures:
            self.upscale_exported()

    def close_down(self) -> None:
        """End the engine. The dock is not used any more after this."""
        self._keep()
        self._carrier.close()

    # What the artist does

    def upscale_exported(self) -> None:
        self._upscale(self._exported, None)

    def upscale_file(self) -> None:
        path, _ = QtWidgets.QFileDialog.getOpenFileName(self, "Choose a texture to upscale and import")
        if path:
            self._upscale({path: {}}, self._on_file)

    def test(self) -> None:
        self._ask("about")

    def cancel(self) -> None:
        if self._number is not None:
            self.state.setText("Cancelling …")
            self._carrier.cancel(self._number)

    @property
    def busy(self) -> bool:
        return self._number is not None

    def _upscale(self, textures: Mapping[str, dict[str, Any]], then: Optional[Finished]) -> None:
        if self.busy:
            return
        self._keep()
        self.result.clear()
        if not textures:
            self._say("Nothing was exported yet in this session.", bad=True)
            return
        settings: dict[str, Any] = {"model": self.model.currentData(), "scale": int(self.scale.currentData())}
        into = self.into.text().strip()
        if not into:
            settings["suffix"] = self.suffix.text().strip() or "_upscaled"
        task = Task(tuple(Texture(path, known) for path, known in textures.items()), settings, into)
        self._then = then
        self._ask("upscale", task)

    def _ask(self, request: str, *arguments: Any) -> None:
        try:
            engine: Engine = find_engine(self.engine.text(), beside=self._folder)
            self._number = self._carrier.ask(engine, request, *arguments)
        except NoEngine as error:
            self._say(str(error), bad=True)
            return
        self.state.setText("Starting the engine …")
        self.bar.setValue(0)
        self._enable()

    # What the engine says

    def _hear(self, message: Any) -> None:
        if getattr(message, "id", self._number) != self._number or self._number is None:
            return
        if isinstance(message, Progress):
            self.bar.setValue(round(message.share * 1000))
            self.state.setText(f"{os.path.basename(message.path)} ({min(message.done + 1, message.of)} of {message.of})")
        elif isinstance(message, Done):
            self._done(message)
        elif isinstance(message, Abilities):
            self._end(f"Found: upscales on {message.label} ({message.device}), with {len(message.models)} models")
        elif isinstance(message, Cancelled):
            self._end("Cancelled. What was finished stays.")
        elif isinstance(message, Failed):
            where = f"{os.path.basename(message.where)}: " if message.where else ""
            self._end(f"{where}{message.what}" + (f"; {message.fix}" if message.fix else ""), bad=True)

    def _done(self, message: Done) -> None:
        good = [each for each in message.results if each.outcome in _GOOD]
        bad = [each for each in message.results if each.outcome not in _GOOD]
        self._end(f"{len(good)} upscaled" + (f", {len(bad)} not" if bad else ""), bad=bool(bad))
        for each in good:
            self._say(f"{os.path.basename(each.output)}: {each.kind.replace('_', ' ')}, {each.width}×{each.height}")
        for each in bad:
            self._say(each.error or f"{os.path.basename(each.path)}: {each.outcome}", bad=True)
        then, self._then = self._then, None
        if then is not None and good:
            then([each.output for each in good])

    def _end(self, text: str, *, bad: bool = False) -> None:
        self._number = None
        self.state.setText("")
        self.bar.setValue(0)
        self._enable()
        self._say(text, bad=bad)

    def _say(self, text: str, *, bad: bool = False) -> None:
        color = ' style="color:#e07a5f"' if bad else ""
        self.result.append(f"<span{color}>{html.escape(text)}</span>")

    # Its looks

    def _build(self) -> None:
        self.model = QtWidgets.QComboBox()
        for name, label in MODELS:
            self.model.addItem(label, name)
        self.scale = QtWidgets.QComboBox()
        for factor in ("2", "4"):
            self.scale.addItem(f"{factor}×", factor)
        self.suffix = QtWidgets.QLineEdit(placeholderText="_upscaled")
        self.into = QtWidgets.QLineEdit(placeholderText="beside the exported files")
        self.engine = QtWidgets.QLineEdit(placeholderText="found by itself")
        self.automatic = QtWidgets.QCheckBox("Upscale after every export")
        self.tested = _button("Test", self.test)
        self.go = _button("Upscale last export", self.upscale_exported)
        self.choose = _button("Upscale a file and import it …", self.upscale_file)
        self.stop = _button("Cancel", self.cancel)
        self.last = QtWidgets.QLabel(wordWrap=True)
        self.state = QtWidgets.QLabel()
        self.bar = QtWidgets.QProgressBar(maximum=1000, textVisible=False)
        self.result = QtWidgets.QTextEdit(readOnly=True)
        form = QtWidgets.QFormLayout()
        engine = QtWidgets.QHBoxLayout()
        engine.addWidget(self.engine)
        engine.addWidget(self.tested)
        for label, field in (("Model", self.model), ("Scale", self.scale), ("Suffix", self.suffix), ("Folder", self.into)):
            form.addRow(label, field)
        form.addRow("Engine", engine)
        column = QtWidgets.QVBoxLayout(self)
        column.addLayout(form)
        for widget in (self.automatic, self.last, self.go, self.choose, self.state, self.bar, self.stop, self.result):
            column.addWidget(widget)
        self._recall()
        self._show_exported()
        self._enable()

    def _enable(self) -> None:
        for button in (self.go, self.choose, self.tested):
            button.setEnabled(not self.busy)
        self.stop.setVisible(self.busy)
        self.bar.setVisible(self.busy)
        self.state.setVisible(self.busy)

    def _show_exported(self) -> None:
        count = len(self._exported)
        self.last.setText(f"{count} files were exported last." if count else "Nothing was exported yet in this session.")

    def _recall(self) -> None:
        self.model.setCurrentIndex(max(0, self.model.findData(self._store.value("model", MODELS[0][0]))))
        self.scale.setCurrentIndex(max(0, self.scale.findData(self._store.value("scale", "2"))))
        for name, field in self._texts().items():
            field.setText(str(self._store.value(name, "")))
        self.automatic.setChecked(str(self._store.value("automatic", "false")) == "true")

    def _keep(self) -> None:
        self._store.setValue("model", self.model.currentData())
        self._store.setValue("scale", self.scale.currentData())
        for name, field in self._texts().items():
            self._store.setValue(name, field.text())
        self._store.setValue("automatic", "true" if self.automatic.isChecked() else "false")

    def _texts(self) -> dict[str, QtWidgets.QLineEdit]:
        return {"suffix": self.suffix, "folder": self.into, "engine": self.engine}


def _button(text: str, clicked: Callable[[], None]) -> QtWidgets.QPushButton:
    button = QtWidgets.QPushButton(text)
    button.clicked.connect(lambda: clicked())
    return button
