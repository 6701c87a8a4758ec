"""The dock: settings, two actions, progress, and what came of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from PySide6 import QtCore, QtGui, QtWidgets

from . import tips
from .carrier import Carrier
from .client import Abilities, Cancelled, Done, Engine, Failed, Hello, NoEngine, Progress, find_engine
from .fields import Line, button
from .form import Form
from .told import GOOD, Told, Tone, failure, found, lines, sentence, summary

Textures = Mapping[str, dict[str, Any]]
"""Paths, each with what is known of it."""

Finished = Callable[[list[str]], None]
"""Told which files were made."""

_FULL = 1000


class Dock(QtWidgets.QWidget):
    """What the artist sees. It knows nothing of Painter, which tells it what was exported."""

    came = QtCore.Signal(object)
    """Textures that were exported just now. A signal, so that whichever thread Painter tells it on does not matter."""

    _ended = QtCore.Signal()

    def __init__(self, folder: str, on_file: Finished | None = None, store: QtCore.QSettings | None = None) -> None:
        """`folder` is the plugin's; `on_file` is told what became of a file that was chosen by hand."""
        super().__init__()
        self.setObjectName("cg_upscaler_dock")
        self.setWindowTitle("CG Upscaler")
        self._folder, self._on_file = folder, on_file
        self._exported: dict[str, dict[str, Any]] = {}
        self._waiting: dict[str, dict[str, Any]] = {}
        self._number: int | None = None
        self._then: Finished | None = None
        self._engine: Engine | None = None
        self._results = ""
        self._carrier = Carrier(self)
        self._carrier.said.connect(self._hear)
        self.came.connect(self.exported)
        self._ended.connect(self._next, QtCore.Qt.ConnectionType.QueuedConnection)
        self._build(store or QtCore.QSettings("cg-upscaler", "painter"))

    @property
    def busy(self) -> bool:
        return self._number is not None

    # What Painter tells

    def exported(self, textures: Textures) -> None:
        """Take what was exported just now; upscale it where that is to go by itself, after what is being done."""
        self._exported = dict(textures)
        if self.form.automatic.isChecked() and textures:
            self._waiting.update(textures)
            if not self.busy:
                self.told.clear()
        self._next()

    def say(self, text: str, *, bad: bool = False) -> None:
        self.told.say(text, Tone.BAD if bad else Tone.PLAIN)

    def close_down(self) -> None:
        """End the engine, which may take two seconds. The dock is not used any more after this."""
        self.form.keep()
        self._waiting.clear()
        self._number = None
        self._carrier.close()

    # What the artist does

    def upscale_exported(self) -> None:
        if not self.busy:
            self.told.clear()
            self._upscale(self._exported, None)

    def upscale_file(self) -> None:
        path, _ = QtWidgets.QFileDialog.getOpenFileName(self, "Choose a texture to upscale and import")
        if path and self.busy:  # an export began while the dialog was open
            self.say(f"Choose {os.path.basename(path)} again when the export is done.", bad=True)
        elif path:
            self.told.clear()
            self._upscale({os.path.abspath(path): {}}, self._on_file)

    def test(self) -> None:
        """Start the engine and tell what it is."""
        if not self.busy:
            self.told.clear()
            self._ask("about")

    def cancel(self) -> None:
        if self._number is not None:
            self._waiting.clear()
            self.state.show_text("Cancelling …")
            self.stop.setEnabled(False)
            self._carrier.cancel(self._number)

    def open_results(self) -> None:
        QtGui.QDesktopServices.openUrl(QtCore.QUrl.fromLocalFile(self._results))

    def _next(self) -> None:
        """Begin what waits, if nothing is being done. What came of the one before stays told."""
        if self._waiting and not self.busy:
            textures, self._waiting = self._waiting, {}
            self._upscale(textures, None)
        self._show_exported()

    def _upscale(self, textures: Textures, then: Finished | None) -> None:
        lacks = "" if textures else "Nothing was exported yet in this session."
        there = {path: known for path, known in textures.items() if os.path.isfile(path)}
        lacks = lacks or self.form.lacks() or ("" if there else "The exported files are gone. Export again.")
        if lacks:
            self.say(lacks, bad=True)
            return
        for path in textures.keys() - there.keys():
            self.say(f"{os.path.basename(path)} is gone, and was left out. Export again.", bad=True)
        self._then = then
        self._ask("upscale", self.form.task(there))

    def _ask(self, request: str, *arguments: Any) -> None:
        self.form.keep()
        try:
            self._engine = find_engine(self.form.engine.text(), beside=self._folder)
        except NoEngine as error:
            self._waiting.clear()
            self.say(sentence(str(error)), bad=True)
            return
        self._number = self._carrier.ask(self._engine, request, *arguments)
        self.bar.setRange(0, 0)
        self.state.show_text("Starting the engine …" if self._carrier.hello is None else "Looking at the textures …")
        self._enable()

    # What the engine says

    def _hear(self, message: Any) -> None:
        if self._number is None or getattr(message, "id", self._number) != self._number:
            return
        if isinstance(message, Hello):
            self.state.show_text("Looking at the textures …")
        elif isinstance(message, Progress):
            self._show_progress(message)
        elif isinstance(message, Done):
            self._done(message)
        elif isinstance(message, Abilities) and self._engine is not None:
            self._end(found(message, self._engine, self._carrier.hello))
        elif isinstance(message, Cancelled):
            self._end("Cancelled. What was finished stays.")
        elif isinstance(message, Failed):
            self._end(failure(message), bad=True)

    def _show_progress(self, progress: Progress) -> None:
        self.bar.setRange(0, _FULL)
        self.bar.setValue(round(progress.share * _FULL))
        if self.stop.isEnabled():
            which = f"{min(progress.done + 1, progress.of)} of {progress.of}"
            self.state.show_text(f"{which}: {os.path.basename(progress.path)}")

    def _done(self, message: Done) -> None:
        outputs = [each.output for each in message.results if each.outcome in GOOD]
        if outputs:
            self._results = os.path.dirname(outputs[0])
        then, self._then = self._then, None
        for each in message.results:
            for text, tone in lines(each):
                self.told.say(text, tone)
        bad = any(each.outcome not in (*GOOD, "skipped") for each in message.results)
        if then is not None and outputs:
            then(outputs)
        self._end(f"{summary(message)}.", bad=bad, tone=Tone.SUM)

    def _end(self, text: str, *, bad: bool = False, tone: Tone = Tone.PLAIN) -> None:
        self._number, self._then = None, None
        self.told.say(text, Tone.BAD if bad else tone)
        self._enable()
        self._ended.emit()

    # Its looks

    def _build(self, store: QtCore.QSettings) -> None:
        self.tested = button("Test the engine", self.test, tips.TEST)
        self.form = Form(store, self.tested)
        self.last = QtWidgets.QLabel(wordWrap=True)
        self.go = button("Upscale last export", self.upscale_exported, tips.EXPORTED)
        self.choose = button("Upscale a file and import it …", self.upscale_file, tips.CHOOSE)
        self.state = Line()
        self.bar = QtWidgets.QProgressBar(textVisible=False)
        self.stop = button("Cancel", self.cancel, tips.CANCEL)
        self.told = Told()
        self.shown = button("Open the folder of results", self.open_results, tips.OPEN)
        inside = QtWidgets.QWidget()
        column = QtWidgets.QVBoxLayout(inside)
        column.setContentsMargins(6, 6, 6, 6)
        for widget in (self.form, self.last, self.go, self.choose, self.state, self.bar, self.stop):
            column.addWidget(widget)
        column.addWidget(self.told, 1)
        column.addWidget(self.shown)
        scroll = QtWidgets.QScrollArea(widgetResizable=True)
        scroll.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inside)
        whole = QtWidgets.QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(scroll)
        self._show_exported()
        self._enable()

    def _enable(self) -> None:
        for widget in (self.go, self.choose, self.tested):
            widget.setEnabled(not self.busy)
        for shown in (self.stop, self.bar, self.state):
            shown.setVisible(self.busy)
        self.stop.setEnabled(self.busy)
        self.shown.setVisible(bool(self._results))

    def _show_exported(self) -> None:
        count = len(self._exported)
        text = f"{count} file{'s were' if count > 1 else ' was'} exported last."
        if self._waiting:
            text += " It is upscaled next." if count == 1 else " They are upscaled next."
        self.last.setText(text if count else "Nothing was exported yet in this session.")
