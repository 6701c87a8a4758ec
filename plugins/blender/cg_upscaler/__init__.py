# SPDX-License-Identifier: GPL-3.0-or-later
"""CG Upscaler for Blender: textures of a scene upscaled by the engine beside it, each map as what it is."""

from __future__ import annotations

from . import engine, following, operators, panels, settings

_PARTS = (engine, settings, following, operators, panels)


def register() -> None:
    for part in _PARTS:
        part.register()


def unregister() -> None:
    for part in reversed(_PARTS):
        part.unregister()
