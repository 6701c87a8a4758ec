"""Carries the conversation with the engine by Qt's own process, so that Painter never waits."""

from __future__ import annotations

import os
from typing import Any

from PySide6 import QtCore

from .client import Engine, Hello, Session
from .client.launch import environment
from .client.messages import Message

GRACE = 2000
"""Milliseconds for which closing waits. Painter stands still meanwhile, and ends with the plugin: so not long."""

_KILLED = 5000
_TAIL = 4000
_LOOK = 1000


class Carrier(QtCore.QObject):
    """One worker and the conversation with it; a fresh one after it ended. `said` comes with each message.

    Qt opens no console window for it on Windows, as its parent has none.
    """

    said = QtCore.Signal(object)

    def __init__(self, parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        self._process: QtCore.QProcess | None = None
        self._engine: Engine | None = None
        self._session = Session()
        self._errors = b""
        self._watch = QtCore.QTimer(self)
        self._watch.setInterval(_LOOK)
        self._watch.timeout.connect(self._look)

    @property
    def hello(self) -> Hello | None:
        """What the engine said of itself, once it did."""
        return self._session.hello

    def ask(self, engine: Engine, request: str, *arguments: Any) -> int:
        """Ask for something by the name that `Session` has for it, and return its number.

        Its end comes later, by `said`, whatever happens. Another engine than last time's replaces that.
        """
        if self._process is not None and engine != self._engine:
            self.close()
        process = self._process
        fresh = None if process is not None else self._fresh()
        number, data = getattr(self._session, request)(*arguments)
        if fresh is not None:  # begun after asking: where it fails at once, there is a request to fail
            self._engine = engine
            fresh.start(engine.command[0], list(engine.command[1:]))
        self._write(data)
        return int(number)

    def cancel(self, number: int) -> None:
        self._write(self._session.cancel(number))

    def close(self, grace: int = GRACE) -> None:
        """End the worker, whatever it is doing: by word, and after `grace` milliseconds by force.

        Nothing is half written then, as results appear whole or not at all.
        """
        process, self._process = self._process, None
        self._watch.stop()
        if process is None:
            return
        process.blockSignals(True)
        if process.state() != QtCore.QProcess.ProcessState.NotRunning:
            process.write(self._session.shutdown())
            process.closeWriteChannel()
            if not process.waitForFinished(grace):
                process.kill()
                process.waitForFinished(_KILLED)
        process.deleteLater()

    def _fresh(self) -> QtCore.QProcess:
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
        self._watch.start()
        return process

    def _write(self, data: bytes) -> None:
        process = self._process
        if process is not None and process.state() != QtCore.QProcess.ProcessState.NotRunning:
            process.write(data)

    def _hear(self) -> None:
        if self._process is not None:
            self._tell(self._session.feed(bytes(self._process.readAllStandardOutput().data())))

    def _drain(self) -> None:
        if self._process is not None:
            self._errors = (self._errors + bytes(self._process.readAllStandardError().data()))[-_TAIL:]

    def _look(self) -> None:
        self._tell(self._session.overdue())

    def _failed(self, error: QtCore.QProcess.ProcessError) -> None:
        process = self._process
        if error == QtCore.QProcess.ProcessError.FailedToStart and process is not None:
            why = process.errorString()  # later, as Windows says it before `ask` has returned the number
            QtCore.QTimer.singleShot(0, lambda: self._gone(process, None, why))

    def _ended(self, code: int, status: QtCore.QProcess.ExitStatus) -> None:
        self._hear()
        self._drain()
        crashed = status == QtCore.QProcess.ExitStatus.CrashExit
        if self._process is not None:  # what it said last may have ended the conversation
            self._gone(self._process, -code if crashed else code, self._errors.decode("utf-8", "replace"))

    def _gone(self, process: QtCore.QProcess, code: int | None, errors: str) -> None:
        if process is not self._process:
            return
        self._process = None
        self._watch.stop()
        process.deleteLater()
        self._tell(self._session.ended(code, errors))

    def _tell(self, messages: list[Message]) -> None:
        session = self._session
        if session.over and self._process is not None:
            self.close(0)  # first: what hears of it may ask a fresh one
        for message in messages:
            self.said.emit(message)
