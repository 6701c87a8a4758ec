# SPDX-License-Identifier: GPL-3.0-or-later
"""One thing that the engine is asked to do: followed step by step, without ever waiting, until it is over."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from . import engine
from .client import Cancelled, Client, Failed, Message, NoEngine, Progress

running: Work | None = None
"""What is being done, for panels to show. There is one at most: all would hear the same engine."""

last: list[Line] = []
"""How the last upscaling went, for panels to show."""


@dataclass(frozen=True)
class Line:
    """What became of one image."""

    text: str
    good: bool = True


class Work:
    """One press of a button. `step` it until it is `over`."""

    def __init__(self) -> None:
        """Raises `NoEngine`."""
        self.share = 0.0
        self.text = "Starting …"
        self.problems: list[str] = []
        self.over = False
        self.cancelled = False
        self._client: Client = engine.client()
        self._number: int | None = None
        self._place = Path(tempfile.mkdtemp(prefix="cg-upscaler-"))

    def step(self) -> None:
        """Do what there is to do now, and return at once."""
        if self.over:
            return
        if self._number is None:
            try:
                self._number = self.ask(self._client)
            except NoEngine as error:
                self.problems.append(str(error))
            if self._number is None:
                self.end()
                return
        for message in self._client.messages():
            if not self.over and getattr(message, "id", None) == self._number:
                self._hear(message)

    def ask(self, client: Client) -> int | None:
        """Ask for what comes next, and return the request's number; None once there is nothing left to ask for."""
        raise NotImplementedError

    def take(self, answer: Message) -> None:
        """Use what a request ended with, where that is neither `Failed` nor `Cancelled`."""
        raise NotImplementedError

    def progressed(self, progress: Progress) -> None:
        """Note how far it is."""
        self.share = progress.share

    def cancel(self) -> None:
        """Give it up. What was finished stays; `over` comes with one of the next steps."""
        self.text = "Cancelling …"
        if self._number is not None:
            self._client.cancel(self._number)
        else:
            self.cancelled = True
            self.end()

    def abandon(self) -> None:
        """Leave it where it is: Blender, the scene or the add-on ends."""
        if not self.over:
            if self._number is not None:
                self._client.cancel(self._number)
            self.cancelled = True
            self.end()

    def end(self) -> None:
        """Be over, and leave no file behind."""
        self.over = True
        shutil.rmtree(self._place, ignore_errors=True)

    def _hear(self, message: Message) -> None:
        if isinstance(message, Progress):
            self.progressed(message)
            return
        self._number = None
        if isinstance(message, Cancelled):
            self.cancelled = True
            self.end()
        elif isinstance(message, Failed):
            where = f"{Path(message.where).name}: " if message.where else ""
            self.problems.append(f"{where}{message.what}" + (f"; {message.fix}" if message.fix else ""))
            self.end()
        else:
            self.take(message)


def drop() -> None:
    """Leave what is being done where it is."""
    global running
    if running is not None:
        running.abandon()
    running = None
