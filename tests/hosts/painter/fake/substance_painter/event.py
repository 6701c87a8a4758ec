"""Tells callbacks of what happens."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from .export import ExportStatus


@dataclasses.dataclass(frozen=True)
class Event:
    """Anything that happens."""


@dataclasses.dataclass(frozen=True)
class ExportTexturesEnded(Event):
    status: ExportStatus
    message: str
    textures: dict[tuple[str, str], list[str]]


class Dispatcher:
    def __init__(self) -> None:
        self._to: list[tuple[type[Event], Callable[[Event], Any]]] = []

    def connect(self, event_cls: type[Event], callback: Callable[[Event], Any]) -> None:
        raise AssertionError("keeps a weak reference only: a callback may be gone before it is called")

    def connect_strong(self, event_cls: type[Event], callback: Callable[[Event], Any]) -> None:
        self._to.append((event_cls, callback))

    def disconnect(self, event_cls: type[Event], callback: Callable[[Event], Any]) -> None:
        self._to.remove((event_cls, callback))

    def _happened(self, event: Event) -> None:
        for event_cls, callback in list(self._to):
            if isinstance(event, event_cls):
                callback(event)


DISPATCHER = Dispatcher()
