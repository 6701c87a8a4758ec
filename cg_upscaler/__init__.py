"""Upscales the textures of games and films, each map as what it is.

    from cg_upscaler import Upscaler
    larger = Upscaler().array(pixels, kind="base_color")

What the vocabulary holds (kinds, jobs, errors) is imported from its own modules and loads neither numpy nor torch;
`Upscaler` loads the engine when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cg_upscaler.api import Upscaler

__all__ = ["Upscaler"]


def __getattr__(name: str) -> Any:
    if name == "Upscaler":
        from cg_upscaler.api import Upscaler

        return Upscaler
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
