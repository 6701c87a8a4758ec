"""Painter's log."""

from __future__ import annotations

_said: list[tuple[str, str]] = []


def info(message: str) -> None:
    _said.append(("info", message))


def warning(message: str) -> None:
    _said.append(("warning", message))


def error(message: str) -> None:
    _said.append(("error", message))
