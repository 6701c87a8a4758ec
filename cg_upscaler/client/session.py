"""One conversation with a worker, whatever carries it: bytes go in, messages come out, each request gets an end."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from .lines import LINE, Rubbish, line_of, message_of
from .messages import (
    PROTOCOL,
    Abilities,
    About,
    Cancel,
    Cancelled,
    Done,
    Failed,
    Hello,
    Look,
    Looked,
    Message,
    Preview,
    Previewed,
    Progress,
    Request,
    Shutdown,
    Task,
    Upscale,
)

STARTING = 60.0
"""Seconds that a worker may take to say hello: a disk that is asleep, a virus scanner on its first day."""

SILENT = 60.0
"""Seconds for which a worker that has something to do may say nothing; it says that it is alive every few."""

STOPPING = 20.0
"""Seconds that a worker may take to give up what it is at. Then it is stopped: no file is ever half there."""

_TAIL = 20
_ENDS = (Abilities, Looked, Done, Previewed, Cancelled, Failed)


class Session:
    """Numbers requests, reads messages, and ends requests that no worker will end.

    It neither reads nor writes: who carries the bytes hands them over, asks `overdue` now and then, and says when the
    worker has `ended`. Once it is over (`over`), another one begins with another worker.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.hello: Hello | None = None
        self.over = ""
        """Why nothing more comes of this conversation, in words; empty while it goes on."""
        self._clock = clock
        self._heard = clock()
        self._begun = self._heard
        """When the first of the open requests could be begun."""
        self._number = 0
        self._open: dict[int, str] = {}
        """The requests that wait for their end, and the texture that each is at."""
        self._cancelled: dict[int, float] = {}
        """Those of them that are to be given up, and since when."""
        self._buffer = b""
        self._skipping = False
        self._rubbish: deque[str] = deque(maxlen=_TAIL)

    @property
    def busy(self) -> bool:
        """Whether a request waits for its end."""
        return bool(self._open)

    # Asking

    def about(self) -> tuple[int, bytes]:
        """Return a request's number and its bytes, which are to be sent."""
        return self._asked(About(self._next()))

    def look(self, task: Task) -> tuple[int, bytes]:
        return self._asked(Look(self._next(), task))

    def upscale(self, task: Task) -> tuple[int, bytes]:
        return self._asked(Upscale(self._next(), task))

    def preview(self, task: Task, crop: tuple[int, int, int, int], into: str) -> tuple[int, bytes]:
        return self._asked(Preview(self._next(), task, crop, into))

    def cancel(self, number: int) -> bytes:
        if number in self._open:
            self._cancelled.setdefault(number, self._clock())
        return line_of(Cancel(number))

    def shutdown(self) -> bytes:
        return line_of(Shutdown())

    # Hearing

    def feed(self, data: bytes) -> list[Message]:
        """Return the messages that are whole with these bytes. What is none is kept in case all ends badly."""
        self._heard = self._clock()
        messages: list[Message] = []
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            if self._skipping:  # the rest of one that was too long
                self._skipping = False
            elif not self.over:
                messages += self._message(line.rstrip(b"\r"))
        if len(self._buffer) > LINE:
            self._buffer, self._skipping = b"", True
            self._rubbish.append(f"a line of more than {LINE:,} bytes")
        return messages

    def overdue(self) -> list[Message]:
        """Return the failures of all requests where the worker has been silent for too long; and `over` says so."""
        now = self._clock()
        first = next(iter(self._open), 0)  # they are done in the order in which they were asked
        if first in self._cancelled and now - max(self._cancelled[first], self._begun) > STOPPING:
            return self._end("the engine did not give up in time and was stopped", "try again")
        silent = now - self._heard
        if self.over or silent <= (SILENT if self.hello else STARTING) or not (self._open or not self.hello):
            return []
        if self.hello is None:
            said = f"it printed: {self._rubbish[-1]}" if self._rubbish else "it said nothing"
            return self._end(
                f"the engine did not start within {STARTING:.0f} s ({said})",
                "check in the settings which program is started, and try 'cg-upscale doctor' in a terminal",
            )
        return self._end(
            f"the engine has not answered for {SILENT:.0f} s and was stopped",
            "try again; if it happens again, try a smaller scale or another device",
        )

    def ended(self, code: int | None, said: str = "") -> list[Message]:
        """Return the failures of all requests, now that the worker is gone. `said` is the end of its stderr."""
        if self.over:
            return []
        lines = [line.strip() for line in said.splitlines() if line.strip()] or list(self._rubbish)
        last = f": {lines[-1][:300]}" if lines else ""
        if self.hello is None:
            fix = "run 'cg-upscale doctor' in a terminal; if there is no such program, install cg-upscaler again"
            return self._end(f"the engine could not start{_of(code)}{last}", fix)
        if code in (-9, 137):
            fix = "close other programs, or choose a smaller scale: the computer may have run out of memory"
            return self._end("the engine was stopped by the system", fix)
        return self._end(f"the engine ended unexpectedly{_of(code)}{last}", "try again; what was finished is kept")

    def _message(self, line: bytes) -> list[Message]:
        if not line:
            return []
        try:
            message = message_of(line)
        except Rubbish:
            self._rubbish.append(line[:300].decode("utf-8", "replace"))
            return []
        if isinstance(message, Hello):
            self.hello = message
            if message.protocol != PROTOCOL:
                return [message, *self._end(*_mismatch(message))]
        elif isinstance(message, _ENDS):
            self._open.pop(message.id, None)
            self._cancelled.pop(message.id, None)
            self._begun = self._heard
        elif isinstance(message, Progress) and message.id in self._open:
            self._open[message.id] = message.path
        return [] if message is None else [message]

    def _end(self, what: str, fix: str) -> list[Message]:
        self.over = f"{what}; {fix}"
        ended = self._open, self._cancelled
        self._open, self._cancelled = {}, {}
        return [
            Cancelled(number) if number in ended[1] else Failed(number, what, "engine", where, fix)
            for number, where in ended[0].items()
        ]

    def _asked(self, request: Request) -> tuple[int, bytes]:
        assert not isinstance(request, Shutdown)
        if not self._open:
            self._heard = self._clock()  # it had no reason to say anything
        self._open[request.id] = ""
        return request.id, line_of(request)

    def _next(self) -> int:
        self._number += 1
        return self._number


def _mismatch(hello: Hello) -> tuple[str, str]:
    what = f"the engine (cg-upscaler {hello.version}) and this plugin do not fit together"
    older = hello.protocol < PROTOCOL
    fix = (
        "update the engine: pip install --upgrade cg-upscaler"
        if older
        else "update the plugin: run 'cg-upscale plugins install'"
    )
    return what, fix


def _of(code: int | None) -> str:
    if code is None or code == 0:
        return ""
    return f" (signal {-code})" if code < 0 else f" (exit code {code})"
