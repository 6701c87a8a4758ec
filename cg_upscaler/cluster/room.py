"""Lets textures be worked on side by side in one process, or one of them by itself, with all of its memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

from cg_upscaler.flight.crew import Flight
from cg_upscaler.job import Event


class Room:
    """Where flights are. Shared by the threads of a process."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._inside: list[Flight[Event]] = []
        self._reserved = False

    @contextmanager
    def beside(self, flight: Flight[Event]) -> Iterator[None]:
        """Be there with others, and know whether there were any."""
        with self._changed:
            self._changed.wait_for(lambda: not self._reserved)
            self._inside.append(flight)
            if len(self._inside) > 1:
                for each in self._inside:
                    each.accompanied = True
        try:
            yield
        finally:
            with self._changed:
                self._inside.remove(flight)
                self._changed.notify_all()

    @contextmanager
    def alone(self, flight: Flight[Event]) -> Iterator[None]:
        """Be there when all others have left, and keep them out."""
        with self._changed:
            self._changed.wait_for(lambda: not self._reserved)
            self._reserved = True
            self._changed.wait_for(lambda: not self._inside)
            flight.accompanied = False
        try:
            yield
        finally:
            with self._changed:
                self._reserved = False
                self._changed.notify_all()
