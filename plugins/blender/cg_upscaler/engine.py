# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps one worker at hand for all of Blender, and ends it with the add-on."""

from __future__ import annotations

import atexit
from pathlib import Path
from typing import Any

import bpy

from .client import Client, Engine, find_engine

_client: Client | None = None
_engine: Engine | None = None


def preferences() -> Any:
    """Return the add-on's preferences; None where it is used without being installed, as in a script."""
    preferences: Any = bpy.context.preferences
    addon = preferences.addons.get(__package__)
    return None if addon is None else addon.preferences


def client() -> Client:
    """Return the client of the engine that the preferences name, a fresh one where they changed. Raises `NoEngine`."""
    global _client, _engine
    own = preferences()
    named = bpy.path.abspath(own.engine) if own is not None and own.engine else ""
    engine = find_engine(named, beside=str(Path(__file__).parent))
    if _client is None or engine != _engine:
        close()
        _client, _engine = Client(engine), engine
    return _client


def close() -> None:
    """End the worker. At Blender's exit it ends by itself, as its stdin does."""
    global _client, _engine
    if _client is not None:
        _client.close(grace=0.5)
    _client = _engine = None


def register() -> None:
    atexit.register(close)


def unregister() -> None:
    atexit.unregister(close)
    close()
