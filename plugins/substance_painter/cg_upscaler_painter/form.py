"""The settings, as the artist sees them, and what they come to in a request to the engine."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from PySide6 import QtCore, QtWidgets

from . import tips
from .client import Task, Texture
from .fields import Choice, Fold, PathField, narrow

OWN_FILE = "file"
"""The word of the choice by which a file is the model."""

BESIDE = "_upscaled"
"""What is put behind names where a result would otherwise have its source's."""

MODELS = (
    ("auto", "Automatic"),
    ("cg-color-x4", "cg-color"),
    ("realesrgan-x4plus", "Real-ESRGAN x4plus"),
    ("realesrgan-x4plus-anime", "Real-ESRGAN anime"),
    ("realesr-animevideov3", "Compact (draft)"),
    ("bicubic", "Bicubic (no AI)"),
    (OWN_FILE, "A file of my own …"),
    ("", "As configured"),
)
SCALES = (("2", "2×"), ("3", "3×"), ("4", "4×"), ("8", "8×"), ("", "As configured"))
EDGES = (("", "Automatic"), ("wrap", "Tile (wrap)"), ("mirror", "Mirror"), ("clamp", "Continue (clamp)"))
ALPHAS = (
    ("", "Automatic"),
    ("cutout", "Cut-out"),
    ("blend", "Soft transparency"),
    ("premultiplied", "Premultiplied"),
    ("mask", "A mask (data)"),
    ("opaque", "None (opaque)"),
)
FIDELITIES = (
    ("", "Automatic"),
    ("1", "1 – as the source"),
    ("0.75", "0.75"),
    ("0.5", "0.5"),
    ("0.25", "0.25"),
    ("0", "0 – as the AI likes"),
)


class Form(QtWidgets.QWidget):
    """All settings. Remembered in `store` by `keep`."""

    def __init__(self, store: QtCore.QSettings, test: QtWidgets.QPushButton) -> None:
        """`test` is put beside the engine's path."""
        super().__init__()
        self._store = store
        self.model = Choice(MODELS, tips.MODEL)
        self.file = PathField("a .pth or .safetensors file", tips.FILE, _weights)
        self.scale = Choice(SCALES, tips.SCALE)
        self.folder = PathField("beside the exports", tips.FOLDER, _folder)
        self.edges = Choice(EDGES, tips.EDGES)
        self.alpha = Choice(ALPHAS, tips.ALPHA)
        self.fidelity = Choice(FIDELITIES, tips.FIDELITY)
        self.suffix = QtWidgets.QLineEdit(placeholderText=f"{BESIDE} beside exports")
        self.suffix.setToolTip(tips.SUFFIX)
        self.config = PathField("none", tips.CONFIG, _yaml)
        self.engine = PathField("found by itself", tips.ENGINE, _program)
        self.automatic = QtWidgets.QCheckBox("Upscale after every export")
        self.automatic.setToolTip(tips.AUTOMATIC)
        self.more = Fold("More settings", _form((*self._further(), ("", test))))
        self._first = _form((("Model", self.model), ("", self.file), ("Scale", self.scale), ("Folder", self.folder)))
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for widget in (self._first, self.more, self.automatic):
            column.addWidget(widget)
        self.model.currentIndexChanged.connect(lambda _: self._show_file())
        self._recall()
        self._show_file()

    def task(self, textures: Mapping[str, dict[str, Any]]) -> Task:
        """Return the request for files, each with what is known of it."""
        into = self.folder.text()
        beside = not into or any(_same(into, os.path.dirname(path)) for path in textures)
        settings: dict[str, Any] = {}
        model = self.file.text() if self.model.word() == OWN_FILE else self.model.word()
        for name, word in (("model", model), ("edges", self.edges.word()), ("alpha", self.alpha.word())):
            if word:
                settings[name] = word
        if self.scale.word():
            settings["scale"] = int(self.scale.word())
        if self.fidelity.word():
            settings["fidelity"] = float(self.fidelity.word())
        suffix = self.suffix.text().strip() or (BESIDE if beside else "")
        if suffix and (self.suffix.text().strip() or not self.config.text()):
            settings["suffix"] = suffix
        listed = tuple(Texture(path, dict(known)) for path, known in textures.items())
        return Task(listed, settings, "" if beside else os.path.abspath(into), self.config.text())

    def lacks(self) -> str:
        """Return what is to be filled in before anything can be upscaled, in words; empty if nothing."""
        if self.model.word() == OWN_FILE and not self.file.text():
            return "Choose the model's file first, below Model."
        return ""

    def keep(self) -> None:
        """Remember all settings for the next start."""
        for name, choice in self._choices().items():
            self._store.setValue(name, choice.word())
        for name, field in self._paths().items():
            self._store.setValue(name, field.text())
        self._store.setValue("suffix", self.suffix.text())
        self._store.setValue("automatic", "true" if self.automatic.isChecked() else "false")
        self._store.setValue("more", "true" if self.more.opened else "false")

    def _recall(self) -> None:
        for name, choice in self._choices().items():
            choice.choose(self._kept(name, str(choice.itemData(0))))
        for name, field in self._paths().items():
            field.set_text(self._kept(name))
        self.suffix.setText(self._kept("suffix"))
        self.automatic.setChecked(self._kept("automatic") == "true")
        self.more.fold(self._kept("more") == "true")

    def _kept(self, name: str, otherwise: str = "") -> str:
        return str(self._store.value(name, otherwise) or "")

    def _choices(self) -> dict[str, Choice]:
        choices = {"model": self.model, "scale": self.scale, "edges": self.edges}
        return {**choices, "alpha": self.alpha, "fidelity": self.fidelity}

    def _paths(self) -> dict[str, PathField]:
        return {"file": self.file, "folder": self.folder, "config": self.config, "engine": self.engine}

    def _further(self) -> tuple[tuple[str, QtWidgets.QWidget], ...]:
        return (
            ("Borders", self.edges),
            ("Alpha", self.alpha),
            ("Fidelity", self.fidelity),
            ("Suffix", self.suffix),
            ("Config", self.config),
            ("Engine", self.engine),
        )

    def _show_file(self) -> None:
        self.file.setVisible(self.model.word() == OWN_FILE)


def _form(rows: Iterable[tuple[str, QtWidgets.QWidget]]) -> QtWidgets.QWidget:
    made = QtWidgets.QWidget()
    form = narrow(QtWidgets.QFormLayout(made))
    for label, field in rows:
        form.addRow(label, field)
    return made


def _same(path: str, other: str) -> bool:
    return os.path.normcase(os.path.abspath(path)) == os.path.normcase(os.path.abspath(other))


def _weights(parent: QtWidgets.QWidget, path: str) -> str:
    return _file(parent, "Choose a model", path, "Models (*.pth *.safetensors)")


def _yaml(parent: QtWidgets.QWidget, path: str) -> str:
    return _file(parent, "Choose a configuration", path, "Configurations (*.yaml *.yml)")


def _program(parent: QtWidgets.QWidget, path: str) -> str:
    return _file(parent, "Choose cg-upscale, or the Python that it was installed for", path, "")


def _file(parent: QtWidgets.QWidget, title: str, path: str, kinds: str) -> str:
    return QtWidgets.QFileDialog.getOpenFileName(parent, title, path, kinds)[0]


def _folder(parent: QtWidgets.QWidget, path: str) -> str:
    return QtWidgets.QFileDialog.getExistingDirectory(parent, "Choose a folder for results", path)
