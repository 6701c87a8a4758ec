"""Connects to Ray, quietly, and leaves it as it was found."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ray

from cg_upscaler.errors import UsageError

_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",  # where Ray is started here: it sends no statistics to its makers
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
_FIX = "start one with `ray start --head`, or check the address"

_ANSWER = 10.0
"""Seconds within which a cluster's port is to answer."""


@contextmanager
def session(address: str | None) -> Iterator[None]:
    """Be connected, or stay so where the process is already. Raises `UsageError` where nothing answers."""
    if ray.is_initialized():
        yield
        return
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    _require_answer(address or os.environ.get("RAY_ADDRESS", ""))
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (Exception, SystemExit) as error:  # Ray's own, the standard library's, gRPC's; and it may give up like that
        what = f"no Ray answers ({_first_line(error)})"
        raise UsageError(what, where=address, fix=_FIX) from error
    try:
        yield
    finally:
        ray.shutdown()


def nodes() -> list[dict[str, Any]]:
    """Return what Ray says of its nodes that are there."""
    every: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
    return [node for node in every if node["Alive"]]


def has_gpus() -> bool:
    """Whether any node offers a GPU."""
    return any(node["Resources"].get("GPU", 0) >= 1 for node in nodes())


def _require_answer(address: str) -> None:
    """Raise `UsageError` where nobody listens: Ray itself would wait for minutes."""
    host, colon, port = address.rpartition("://")[2].rpartition(":")
    if not colon or not port.isdigit():
        return
    try:
        socket.create_connection((host, int(port)), timeout=_ANSWER).close()
    except OSError as error:
        raise UsageError(f"no Ray answers ({error.strerror or error})", where=address, fix=_FIX) from error


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__).rstrip(".")
