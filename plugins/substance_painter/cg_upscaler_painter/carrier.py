"""Carries the conversation with the engine by Qt's own process, so that Painter never waits."""

from __future__ import annotations

import os
from typing import Any, Optional

from PySide6 import QtCore

from .client import Engine, Session
from .client.launch import environment
from .client.messages import Message

_TAIL = 4000
_LOOK = 1000


class Carrier(QtCore.QObject):
    """One worker and the conversation with it; a fresh one after it ended. `said` comes with each message."""

    said = QtCore.Signal(object)

    def __init__(self, parent: Optional[QtCore.QObject] = None) -> None:
        super().__init__(parent)
        self._process: Optional[QtCore.QProcess] = None
        self._session = Session()
        self._errors = b""
        self._watch = QtCore.QTimer(self)
        self._watch.setInterval(_LOOK)
        self._watch.timeout.connect(self._look)

    def ask(self, engine: Engine, request: str, *arguments: Any) -> int:
        """Ask for something by the name that `Session` has for it, and return its number."""
        if self._process is None:
            self._start(engine)
        number, data = getattr(self._session, request)(*arguments)
        self._write(data)
        return int(number)

    def cancel(self, number: int) -> None:
        self._write(self._session.cancel(number))

    def close(self, grace: int = 2000) -> None:
        """End the worker, whatever it is doing."""
        process, self._process = self._process, None
        self._watch.stop()
        if process is None:
            return
        process.blockSignals(True)
        process.write(self._session.shutdown())
        process.closeWriteChannel()
        if not process.waitForFinished(grace):
            process.kill()
            process.waitForFinished(grace)
        process.deleteLater()

    def _start(self, engine: Engine) -> None:
        process = QtCore.QProcess(self)
        variables = QtCore.QProcessEnvironment()
        for name, value in environment(os.environ).items():
            variables.insert(name, value)
        process.setProcessEnvironment(variables)
        process.readyReadStandardOutput.connect(self._hear)
        process.readyReadStandardError.connect(self._drain)
        process.finished.connect(self._ended)
        process.errorOccurred.connect(self._failed)
        self._process, self._session, self._errors = process, Session(), b""
        process.start(engine.command[0], list(engine.command[1:]))
        self._watch.start()

    def _write(self, data: bytes) -> None:
        if self._process is not None:
            self._process.write(data)

    def _hear(self) -> None:
        if self._process is not None:
            self._tell(self._session.feed(bytes(self._process.readAllStandardOutput().data())))

    def _drain(self) -> None:
        if self._process is not None:
            self._errors = (self._errors + bytes(self._process.readAllStandardError().data()))[-_TAIL:]

    def _look(self) -> None:
        self._tell(self._session.overdue())

    def _failed(self, error: QtCore.QProcess.ProcessError) -> None:
        if error == QtCore.QProcess.ProcessError.FailedToStart:
            self._gone(None, self._process.errorString() if self._process is not None else "")

    def _ended(self, code: int, status: QtCore.QProcess.ExitStatus) -> None:
        self._hear()
        self._drain()
        crashed = status == QtCore.QProcess.ExitStatus.CrashExit
        self._gone(-code if crashed else code, self._errors.decode("utf-8", "replace"))

    def _gone(self, code: Optional[int], errors: str) -> None:
        process, self._process = self._process, None
        self._watch.stop()
        if process is not None:
            process.deleteLater()
        self._tell(self._session.ended(code, errors))

    def _tell(self, messages: list[Message]) -> None:
        for message in messages:
            self.said.emit(message)
        if self._session.over and self._process is not None:
            self.close(0)
