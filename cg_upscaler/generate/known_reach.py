"""Finds how far a model looks: remembered on this machine by the hash of its weights, or else measured."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from cg_upscaler.backends import Network
from cg_upscaler.codecs import write_text
from cg_upscaler.errors import OutputError
from cg_upscaler.generate.reach import detailed, measured_reach
from cg_upscaler.spec import DeviceInfo, ModelInfo, Precision, Reach

REVISION = 1
"""Goes up whenever measuring would find something else; what was remembered before is then measured anew."""


def reach_on(device: DeviceInfo) -> Callable[[ModelInfo], Reach]:
    """Return what plans ask for the reach of models that do not say it themselves. Only measuring loads a model."""

    def ask(model: ModelInfo) -> Reach:
        def load() -> Network:
            from cg_upscaler.backends.opening import open_network

            return open_network(model, device)

        return known_reach(model, load)

    return ask


def known_reach(model: ModelInfo, load: Callable[[], Network], precision: Precision = Precision.FLOAT32) -> Reach:
    """Return a model's reach as it was measured once, on this machine, with these weights and in this precision.

    A memory that is damaged is measured anew, and one that cannot be written is done without. Raises what loading and
    running a model raise.
    """
    place = _place(model.weights, precision)
    remembered = place and _read(place)
    if remembered:
        return remembered
    found = measured_reach(load(), detailed(model.channels or 3), precision)
    if place:
        with contextlib.suppress(OutputError):
            write_text(place, json.dumps({"revision": REVISION, **found._asdict()}) + "\n")
    return found


def cache_folder() -> Path | None:
    """Return where this machine keeps what can be found out again: `CG_UPSCALE_CACHE`, or the platform's own place."""
    said = os.environ.get("CG_UPSCALE_CACHE")
    if said:
        return Path(said).absolute()
    try:
        home = Path.home()
    except RuntimeError:  # an account without one
        return None
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "cg-upscale" / "Cache"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "cg-upscale"
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (base if base.is_absolute() else home / ".cache") / "cg-upscale"


def _place(weights: str, precision: Precision) -> Path | None:
    """Return where it is remembered, a file each, so that runs side by side lose nothing of each other's."""
    folder = cache_folder()
    return folder / "reach" / f"{weights}-{precision.value}.json" if folder and weights else None


def _read(place: Path) -> Reach | None:
    try:
        said = json.loads(place.read_text(encoding="utf-8"))
        revision, texels, note = said["revision"], said["texels"], said["note"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    sound = revision == REVISION and type(texels) is int and texels >= 0 and isinstance(note, str)
    return Reach(texels, note) if sound else None
