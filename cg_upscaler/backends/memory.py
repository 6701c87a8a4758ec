"""Says how much memory a device has free now, as a process in a container sees it."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

_PROC = Path("/proc")  # both Linux only
_CGROUPS = Path("/sys/fs/cgroup")

_UNLIMITED = 1 << 60
"""What version 1 of cgroups says where there is no limit is some number above this, which depends on the page size."""


def free_bytes(device_name: str = "cpu") -> int | None:
    """Return the bytes that can be allocated on a device, by torch's name for it, or None where that is not known.

    It may say how many jobs run at once and never how one is done: equal jobs give equal pixels whatever is free.
    Apple's ``mps`` shares the memory of the CPU.
    """
    if device_name.startswith("cuda"):
        import torch

        free, _ = torch.cuda.mem_get_info(torch.device(device_name))
        return int(free)
    if platform.system() == "Linux":
        available = _number(_PROC / "meminfo", "MemAvailable:")
        return None if available is None else max(0, min(1024 * available, *_left_in_cgroups(), 1 << 62))
    return _elsewhere()


def _elsewhere() -> int | None:
    """Return what psutil says, where it is installed: the standard library does not know."""
    try:
        return int(import_module("psutil").virtual_memory().available)
    except ImportError:
        return None


def _left_in_cgroups() -> Iterator[int]:
    """Yield what is left of each limit that a container or a job scheduler has set upon this process.

    A limit of any group binds all groups within it. Cached files count as used and are given up when memory is short.
    """
    try:
        lines = (_PROC / "self" / "cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        number, controllers, path = line.split(":", 2)
        if number == "0":
            root, limit, usage, cached = _CGROUPS, "memory.max", "memory.current", "inactive_file "
        elif "memory" in controllers.split(","):
            root, limit, usage = _CGROUPS / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes"
            cached = "total_inactive_file "
        else:
            continue
        # Within a container the path may be the one outside: what is not there is passed over, and the root is its own.
        parts = [part for part in path.split("/") if part not in ("", "..")]
        for depth in range(len(parts) + 1):
            folder = root.joinpath(*parts[:depth])
            most, used = _number(folder / limit), _number(folder / usage)
            if most is not None and used is not None and most < _UNLIMITED:
                yield most - used + (_number(folder / "memory.stat", cached) or 0)


def _number(file: Path, word: str = "") -> int | None:
    """Return the number that follows a word at the start of a line, or None where there is no such file or number."""
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        first = line.removeprefix(word).split()[:1]
        if line.startswith(word) and first and first[0].isdigit():
            return int(first[0])
    return None
