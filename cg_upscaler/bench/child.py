"""The process that `trial` starts: reads what to run from stdin, and writes its peak of memory to stdout as JSON."""

from __future__ import annotations

import json
import os
import re
import sys
from importlib import import_module
from pathlib import Path

import numpy as np

from cg_upscaler.bench.peer import Setting
from cg_upscaler.bench.table import PEERS
from cg_upscaler.wire import from_plain


def main() -> None:
    given = json.load(sys.stdin)
    setting = from_plain(Setting, given["setting"])
    peer = next(peer for peer in PEERS if peer.name == given["peer"])
    problem = None
    try:
        run = peer.over(peer.runtime.load(setting).run, setting)
        with np.load(given["pictures"]) as pictures:
            for name in pictures.files:
                run(pictures[name])
    except Exception as error:
        problem = str(error) or type(error).__name__
    sys.stdout.write("\n" + json.dumps({"bytes": _peak(setting.device.name), "problem": problem}) + "\n")
    sys.stdout.flush()
    os._exit(0)  # some runtimes crash while Python takes them down


def _peak(device: str) -> int | None:
    if device.startswith("cuda"):
        if "torch" not in sys.modules:
            return None  # another runtime's allocator, which is not asked
        import torch

        return torch.cuda.max_memory_reserved(torch.device(device))
    # Not `getrusage` on Linux: a process inherits there what its parent held when it was started.
    status = Path("/proc/self/status")
    if status.is_file():
        found = re.search(r"^VmHWM:\s*(\d+) kB", status.read_text(), re.MULTILINE)
        return 1024 * int(found[1]) if found else None
    if sys.platform == "win32":
        try:
            return int(import_module("psutil").Process().memory_info().peak_wset)
        except ImportError:
            return None
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # macOS says it in bytes


if __name__ == "__main__":
    main()
