"""The worker's end of the pipes: requests come in on a thread of their own, so that a cancellation is heard at once."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import BinaryIO

from cg_upscaler.client.lines import LINE, Rubbish, line_of, request_of
from cg_upscaler.client.messages import Alive, Cancel, Failed, Message, Request, Shutdown

ALIVE = 5.0
"""Seconds between signs of life while something is being done."""

GRACE = 10.0
"""Seconds after which a worker ends that is told to and does not: nothing that it writes is ever half there."""


class Channel:
    """Takes the process's stdin and stdout for the protocol. What anything else prints goes to stderr.

    For one conversation. `next` is for the thread that works; everything else may be called from any.
    """

    def __init__(self, source: BinaryIO, sink: BinaryIO, leave: Callable[[int], None] = os._exit) -> None:
        """`leave` ends the process at once."""
        self._source, self._sink, self._leave = source, sink, leave
        self._sending = threading.Lock()
        self._waiting: SimpleQueue[Request | None] = SimpleQueue()
        self._cancelled: set[int] = set()
        self._over = threading.Event()
        self._busy = False
        self.why = ""
        """Why the conversation is over, as `Bye` says it."""

    def open(self) -> None:
        """Begin to read."""
        for work in (self._read, self._breathe):
            threading.Thread(target=work, name=f"worker {work.__name__}", daemon=True).start()

    def next(self, idle: float | None) -> Request | None:
        """Return what is to be done next, waiting for it; None where there will be nothing, or was not for so long."""
        self._busy = False
        if self._over.is_set():
            return None
        try:
            request = self._waiting.get(timeout=idle)
        except Empty:
            self.why = self.why or "idle"
            return None
        self._busy = request is not None
        return request

    def is_cancelled(self, number: int) -> bool:
        """Whether a request is to be given up."""
        return self._over.is_set() or number in self._cancelled

    def say(self, message: Message) -> None:
        """Send a message. A host that is gone hears nothing, and that is no error: its end is noticed by reading."""
        line = line_of(message)
        with self._sending:
            try:
                self._sink.write(line)
                self._sink.flush()
            except (OSError, ValueError):
                self._end("alone")

    def _read(self) -> None:
        while True:
            try:
                line = self._source.readline(LINE + 1)
            except (OSError, ValueError):
                line = b""
            if not line:
                return self._end("alone")
            if len(line) > LINE:
                while line and not line.endswith(b"\n"):
                    line = self._source.readline(LINE)
                self.say(Failed(0, f"a line has more than {LINE:,} bytes", "usage", fix="ask for less at once"))
                continue
            if not line.strip():
                continue
            try:
                request = request_of(line)
            except Rubbish as error:
                self.say(Failed(0, str(error), "usage", fix="see docs/worker.md"))
                continue
            if isinstance(request, Shutdown):
                return self._end("asked")
            if isinstance(request, Cancel):
                self._cancelled.add(request.id)
            else:
                self._waiting.put(request)

    def _end(self, why: str) -> None:
        self.why = self.why or why
        self._over.set()
        self._waiting.put(None)
        last = threading.Timer(GRACE, self._leave, (0,))
        last.daemon = True
        last.start()

    def _breathe(self) -> None:
        while not self._over.wait(ALIVE):
            if self._busy:
                self.say(Alive())


def standard() -> Channel:
    """Return the channel on this process's stdin and stdout, which nobody else has from here on."""
    source, sink = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    sys.stdout.flush()
    os.dup2(2, 1)
    return Channel(open(source, "rb"), open(sink, "wb", buffering=0))
