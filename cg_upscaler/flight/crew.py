"""Runs tasks on a few threads, as many at once as memory holds, and tells of them on the thread that asked for it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Event as Flag
from typing import Generic, TypeVar

from cg_upscaler.errors import Cancelled, OutOfMemory, OutputError

T = TypeVar("T")
M = TypeVar("M")

_LISTEN = 0.5
"""Seconds after which the waiting thread looks up: on Windows, Ctrl-C does not reach one that waits for ever."""


@dataclass(eq=False, slots=True)
class Flight(Generic[M]):
    """One task on its way, as its own thread sees it."""

    say: Callable[[M], None]
    """Says something to the thread that waits. Raises `Cancelled` once the run is to stop."""
    again: bool = False
    """It ran out of memory beside others, and is done again alone."""
    accompanied: bool = False
    """Others are, or were, on their way with it, and hold memory that it might have had."""
    check: Callable[[], None] | None = None
    """Called at each `tell`; may raise, and end the task by that."""
    waited: float = 0.0
    """Seconds for which nobody had time for it. They count towards no limit."""

    def tell(self, message: M) -> None:
        """Say something, and stop here where the run, or this task, is to stop."""
        if self.check is not None:
            self.check()
        self.say(message)


@dataclass(eq=False, slots=True)
class _Landed(Generic[T]):
    index: int
    result: T | None = None
    error: BaseException | None = None
    """Ends the run. Where there is none and no result either, the task is put back."""


class Crew(Generic[T, M]):
    """Does tasks 0 … n - 1, begun in this order. For one run.

    A task that raises `OutOfMemory` or `MemoryError` beside others is put back and done again alone, and from then on
    fewer run at once. What else one raises ends the run.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        work: Callable[[int, Flight[M]], T],
        *,
        hear: Callable[[M], None],
        keep: Callable[[int, T], None],
        land: Callable[[int, T], None],
        jobs: int,
        memory: int,
        alone: Sequence[int] = (),
    ) -> None:
        """At most `jobs` tasks run at once, whose `sizes` come to no more than `memory` bytes; a larger one runs alone.

        Those of `alone` come last, each by itself.

        `hear` is given what flights tell. Of what each task returns `keep` is told first, also while the run is being
        stopped, and `land` then. All on the thread that calls `run`.
        """
        self._sizes, self._work, self._hear, self._keep, self._land = sizes, work, hear, keep, land
        self._jobs, self._memory = max(1, jobs), memory
        apart = set(alone)
        self._waiting = deque(index for index in range(len(sizes)) if index not in apart)
        self._put_back = deque[int]()
        self._alone = deque(sorted(apart))
        self._draining = Flag()
        self._flying: dict[int, Flight[M]] = {}
        self._said: SimpleQueue[M | _Landed[T]] = SimpleQueue()  # has no end, so that no thread ever waits to be heard
        self._stop = Flag()
        self._results: dict[int, T] = {}

    def drain(self) -> None:
        """Begin no further task. May be called from any thread and from a signal handler."""
        self._draining.set()

    def run(self) -> dict[int, T]:
        """Return the results by the number of the task: of all, unless it was to `drain`.

        Whatever `hear`, `land` or a task raises, KeyboardInterrupt too, is raised here when the threads have ended:
        no further task is begun, those on their way are stopped as they next `tell`, and what had ended is kept.
        """
        pool = ThreadPoolExecutor(self._jobs, "cg-upscale")
        try:
            while self._begin(pool):
                self._take(self._next())
        finally:
            self._stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            self._keep_the_rest()
        return self._results

    # On the thread that waits

    def _begin(self, pool: ThreadPoolExecutor) -> bool:
        """Send off what may go now. Return whether anything is on its way."""
        if self._draining.is_set():
            return bool(self._flying)
        while self._waiting and not self._put_back and self._has_room(self._sizes[self._waiting[0]]):
            self._send(pool, self._waiting.popleft())
        if self._put_back and not self._flying:
            self._send(pool, self._put_back.popleft(), again=True)
        if self._alone and not self._flying and not self._waiting:
            self._send(pool, self._alone.popleft())
        return bool(self._flying)

    def _has_room(self, size: int) -> bool:
        if not self._flying:
            return True
        if any(flight.again for flight in self._flying.values()):
            return False
        return len(self._flying) < self._jobs and self._held() + size <= self._memory

    def _held(self) -> int:
        return sum(self._sizes[index] for index in self._flying)

    def _send(self, pool: ThreadPoolExecutor, index: int, *, again: bool = False) -> None:
        flight = Flight(self._tell, again)
        self._flying[index] = flight
        if len(self._flying) > 1:
            for other in self._flying.values():
                other.accompanied = True
        pool.submit(self._fly, index, flight)

    def _next(self) -> M | _Landed[T]:
        while True:
            with suppress(Empty):
                return self._said.get(timeout=_LISTEN)

    def _take(self, said: M | _Landed[T]) -> None:
        if not isinstance(said, _Landed):
            self._hear(said)
            return
        held = self._held()
        del self._flying[said.index]
        if said.error is not None:
            raise said.error
        if said.result is None:
            self._memory = min(self._memory, held * 3 // 4)  # one fewer of four that are equal
            self._put_back.append(said.index)
        else:
            self._results[said.index] = said.result
            self._keep(said.index, said.result)
            self._land(said.index, said.result)

    def _keep_the_rest(self) -> None:
        """Keep what ended while the run was being stopped. It stops for a reason, which is not to be hidden."""
        while not self._said.empty():
            said = self._said.get()
            if isinstance(said, _Landed) and said.result is not None:
                with suppress(OutputError):
                    self._keep(said.index, said.result)

    # On the threads that work

    def _tell(self, message: M) -> None:
        if self._stop.is_set():
            raise Cancelled
        self._said.put(message)

    def _fly(self, index: int, flight: Flight[M]) -> None:
        landed = _Landed[T](index)
        try:
            if not self._stop.is_set():
                landed.result = self._work(index, flight)
        except (OutOfMemory, MemoryError) as error:
            if not flight.accompanied:
                landed.error = error  # else dropped here: by its traceback it holds all that the task held
        except BaseException as error:
            landed.error = error
        self._said.put(landed)
