"""Carries a conversation by threads: for hosts that have no event loop of their own, and for scripts."""

from __future__ import annotations

import contextlib
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterator
from queue import Empty, SimpleQueue
from types import TracebackType

from .launch import Engine, NoEngine, environment, flags
from .messages import Abilities, Cancelled, Done, Failed, Looked, Message, Previewed, Task
from .session import Session

GRACE = 5.0
"""Seconds that a worker has to end by itself."""

_TAIL = 40
_LOOK = 0.05


class _Worker:
    """One process, with threads that read what it says. Never blocks whoever writes to it for long."""

    def __init__(self, engine: Engine) -> None:
        try:
            self._process = subprocess.Popen(
                engine.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment(),
                creationflags=flags(),
                bufsize=0,
            )
        except OSError as error:
            raise NoEngine(
                f"{engine.command[0]}, named by {engine.said_by}, cannot be started: {error.strerror or error}"
            ) from error
        self.heard: SimpleQueue[bytes] = SimpleQueue()
        self._said: deque[bytes] = deque(maxlen=_TAIL)
        self._sending: SimpleQueue[bytes | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=work, name=f"cg-upscale {work.__name__}", daemon=True)
            for work in (self._hear, self._drain, self._send)
        ]
        for thread in self._threads:
            thread.start()

    def send(self, data: bytes) -> None:
        self._sending.put(data)

    def code(self) -> int | None:
        """Return how it ended, once it has and all that it said was heard; else None."""
        if self._process.poll() is None or any(thread.is_alive() for thread in self._threads[:2]):
            return None
        return self._process.returncode

    def said(self) -> str:
        return b"".join(self._said).decode("utf-8", "replace")

    def stop(self, grace: float) -> None:
        """End it: by closing its stdin, and after `grace` seconds by force. Waits for it."""
        self._sending.put(None)
        try:
            self._process.wait(grace)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for thread in self._threads:
            thread.join(GRACE)

    def _hear(self) -> None:
        assert self._process.stdout is not None
        with contextlib.suppress(OSError, ValueError), self._process.stdout as pipe:
            while data := pipe.read(1 << 16):
                self.heard.put(data)

    def _drain(self) -> None:
        assert self._process.stderr is not None
        with contextlib.suppress(OSError, ValueError), self._process.stderr as pipe:
            while data := pipe.read(1 << 12):
                self._said.append(data)

    def _send(self) -> None:
        """Write what is to be sent: on a thread, since a worker that reads nothing would hold up its host."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError, ValueError), self._process.stdin as pipe:
            while (data := self._sending.get()) is not None:
                while data:  # a pipe without a buffer may take but a part
                    data = data[pipe.write(data) :]


class Client:
    """A worker at hand: started when something is first asked of it, and again after it ended.

    Ask on one thread, and call `messages` there now and then; no call waits, but for `answers` and `close`.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._session = Session()
        self._worker: _Worker | None = None

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def busy(self) -> bool:
        return self._session.busy

    def about(self) -> int:
        """Ask for `Abilities`. Like all that asks: returns the request's number, and raises `NoEngine`."""
        self._start()
        return self._sent(*self._session.about())

    def look(self, task: Task) -> int:
        self._start()
        return self._sent(*self._session.look(task))

    def upscale(self, task: Task) -> int:
        self._start()
        return self._sent(*self._session.upscale(task))

    def preview(self, task: Task, crop: tuple[int, int, int, int], into: str) -> int:
        self._start()
        return self._sent(*self._session.preview(task, crop, into))

    def cancel(self, number: int) -> None:
        if self._worker is not None:
            self._worker.send(self._session.cancel(number))

    def messages(self) -> list[Message]:
        """Return what came since the last call. Where the worker is gone, open requests end as `Failed`."""
        worker = self._worker
        if worker is None:
            return []
        code = worker.code()  # before what it said is taken, of which then nothing can be left
        found: list[Message] = []
        with contextlib.suppress(Empty):
            while True:
                found += self._session.feed(worker.heard.get_nowait())
        found += self._session.overdue()
        if code is not None:
            found += self._session.ended(code, worker.said())
            self._worker = None
            worker.stop(0)
        elif self._session.over:
            self._worker = None
            worker.stop(0)
        return found

    def answers(self, number: int) -> Iterator[Message]:
        """Yield the messages of a request until its end, waiting for them."""
        while True:
            for message in self.messages():
                if getattr(message, "id", number) != number:
                    continue
                yield message
                if isinstance(message, (Abilities, Looked, Done, Previewed, Cancelled, Failed)):
                    return
            time.sleep(_LOOK)

    def close(self, grace: float = GRACE) -> None:
        """End the worker, whatever it is doing."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.send(self._session.shutdown())
            worker.stop(grace)

    def _start(self) -> None:
        if self._worker is None:
            self._worker, self._session = _Worker(self._engine), Session()

    def _sent(self, number: int, data: bytes) -> int:
        assert self._worker is not None
        self._worker.send(data)
        return number
