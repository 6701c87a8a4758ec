"""Tells machines and devices apart without asking torch, which takes two seconds to say what it runs on."""

from __future__ import annotations

import glob
import os
import platform
import sys
from functools import lru_cache
from importlib import metadata
from pathlib import Path

_VISIBLE = ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "ZE_AFFINITY_MASK")
_NODES = ("/dev/nvidia[0-9]*", "/dev/kfd", "/dev/dri/renderD*")
_DRIVER = Path("/proc/driver/nvidia/version")
_CPU = Path("/proc/cpuinfo")


@lru_cache(maxsize=1)
def identity() -> str:
    """Return what devices there are and which torch drives them, as text that is equal as long as all of it is."""
    try:
        torch = metadata.version("torch")
    except metadata.PackageNotFoundError:
        torch = ""
    parts = [torch, platform.machine(), platform.processor(), sys.platform, *_processor(), _text(_DRIVER)]
    parts += [f"{name}={os.environ.get(name, '')}" for name in _VISIBLE]
    parts += [node for pattern in _NODES for node in sorted(glob.glob(pattern))]
    return "\n".join(parts)


def _processor() -> list[str]:
    """Return what Linux says of the first processor: its name, and the instructions that it knows."""
    first = _text(_CPU).partition("\n\n")[0].splitlines()
    return [line for line in first if line.startswith(("model name", "flags", "Features", "CPU part"))]


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
