# SPDX-License-Identifier: GPL-3.0-or-later
"""CG Upscaler for Blender: textures of a scene upscaled by the engine beside it, each map as what the nodes use it for."""

from __future__ import annotations

from . import engine, operators, panels, settings

_PARTS = (settings, operators, panels, engine)


def register() -> None:
    for part in _PARTS:
        part.register()


def unregister() -> None:
    for part in reversed(_PARTS):
        part.unregister()
